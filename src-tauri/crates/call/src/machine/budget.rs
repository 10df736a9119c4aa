//! The daily cap in a running call: it warns, and never cuts anything.

use super::Turn;
use crate::budget::Standing;
use crate::event::ProblemCode;

/// The day's spending as this call knows it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    /// The estimate when the day began.
    from: f64,
    /// What has been said of the cap.
    told: Standing,
}

impl Turn<'_> {
    pub(super) fn new_day(&mut self, spent: f64) {
        self.state.setup.spent_today = spent;
        self.state.day.from = self.state.cost().unwrap_or_default().estimate;
    }

    /// Says once what the cap has come to; a notice that was put away stays away until there is more to say.
    pub(super) fn settle_budget(&mut self) {
        let Some(cost) = self.state.cost().filter(|_| self.state.live_since.is_some()) else { return };
        let spent = self.state.setup.spent_today + cost.estimate - self.state.day.from;
        let standing = match self.state.is_ended() {
            // What is said of a running call is true of no other.
            true => Standing::Within,
            false => self.state.setup.money.standing(spent),
        };
        if std::mem::replace(&mut self.state.day.told, standing) == standing {
            return;
        }
        match self.state.setup.money.notice(standing, spent) {
            Some(problem) => self.notice(problem),
            None => self.notice_gone(ProblemCode::DailyCap),
        }
    }
}
