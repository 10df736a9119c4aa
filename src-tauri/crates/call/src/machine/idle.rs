//! A line on which nobody says anything: it is warned about, counted down, and hung up.

use super::{Phase, Turn};
use crate::event::{Ending, Event, Quiet};
use crate::setup::Idle;

/// For how long nobody has spoken, typed or been heard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stillness {
    /// Milliseconds with the line ready.
    ms: u64,
    /// The time that passes now is quiet.
    counts: bool,
    told: Option<Quiet>,
}

impl super::State {
    pub(super) fn quiet(&self) -> Option<Quiet> {
        self.stillness.told
    }

    /// With the practice agent no money runs.
    fn idle(&self) -> Option<Idle> {
        Some(self.setup.idle).filter(|idle| idle.hang_up && !self.setup.practice)
    }

    /// When the quiet has something new to say.
    pub(super) fn quiet_due(&self) -> Option<u64> {
        let idle = self.idle().filter(|_| self.stillness.counts)?;
        let left = match self.stillness.told {
            // Up to the next whole second of the countdown.
            Some(_) => idle.whole_ms().saturating_sub(self.stillness.ms + 1) % 1_000 + 1,
            None => idle.after_ms().saturating_sub(self.stillness.ms),
        };
        Some(self.clock_at + left)
    }

    /// Somebody speaks, is heard, or is waited for.
    fn stirs(&self) -> bool {
        self.hearing
            || self.controls.talking
            || self.tail_until.is_some()
            || self.awaiting.is_some()
            || self.tool.is_some()
            || !self.replies.is_quiet()
    }
}

impl Turn<'_> {
    pub(super) fn stay(&mut self) {
        self.state.stillness.ms = 0;
    }

    /// What follows from the quiet of the last `passed` ms.
    pub(super) fn settle_idle(&mut self, passed: u64) {
        let live = self.state.phase == Phase::Live;
        let stirs = self.state.stirs();
        let still = &mut self.state.stillness;
        if still.counts {
            still.ms += passed;
        }
        still.counts = live && !stirs;
        if live && stirs {
            still.ms = 0;
        }
        let quiet = match self.state.idle() {
            Some(idle) if live => self.count_down(idle),
            _ => None,
        };
        if self.state.stillness.told != quiet {
            self.state.stillness.told = quiet;
            self.tell(Event::Quiet { quiet });
        }
    }

    fn count_down(&mut self, idle: Idle) -> Option<Quiet> {
        let (after, whole) = (idle.after_ms(), idle.whole_ms());
        let still = &mut self.state.stillness;
        if still.ms < after {
            return None;
        }
        if still.told.is_none() {
            // Whatever the clock did meanwhile, nobody is hung up on without the whole countdown.
            still.ms = after;
        }
        let for_ms = still.ms;
        if for_ms >= whole {
            self.end(Ending::Quiet { for_ms: whole });
            return None;
        }
        // Whole seconds, so that the countdown is told once a second.
        Some(Quiet { after_ms: after, hang_up_in_ms: (whole - for_ms).div_ceil(1_000) * 1_000 })
    }
}
