//! What the line is to carry and has not taken yet, in the order in which it was said.

use std::collections::VecDeque;

use audio::WIRE_RATE_HZ;
use realtime::{ClientEvent, Line, LineClosed};
use tokio::time::Instant;

/// Events other than sound that may wait for a line; more, and it counts as lost.
const EVENTS: usize = 64;
/// Sound that may wait, in ms: all that is kept over a gap, and as much again while a line is slow. A
/// line that takes nothing at all is noticed long before.
const VOICE_MS: u64 = 60_000;
/// What the line's own queue holds when it takes no more, in ms: 128 frames of 20 ms.
const IN_LINE_MS: u64 = 2_560;

#[derive(Debug, Default)]
pub(crate) struct Unsent {
    events: VecDeque<(Option<Instant>, ClientEvent)>,
    samples: usize,
}

impl Unsent {
    pub(crate) fn push(&mut self, event: ClientEvent) {
        self.samples += samples_of(&event);
        self.events.push_back((None, event));
    }

    /// A frame whose last sample was captured at `since`.
    pub(crate) fn push_voice(&mut self, audio: Vec<i16>, since: Option<Instant>) {
        self.samples += audio.len();
        self.events.push_back((since, ClientEvent::InputAudioAppend { audio }));
    }

    /// Hands over what the line takes.
    pub(crate) fn leave(&mut self, line: &Line) {
        while let Some((since, event)) = self.events.front() {
            match line.try_send_since(*since, event.clone()) {
                Ok(()) => {
                    self.samples -= samples_of(event);
                    self.events.pop_front();
                }
                // A closed line says so itself.
                Err(LineClosed::Full | LineClosed::Closed) => return,
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How much sound waits, in ms, what waits inside the line included.
    pub(crate) fn voice_ms(&self) -> u64 {
        match self.samples {
            0 => 0,
            samples => samples as u64 * 1_000 / u64::from(WIRE_RATE_HZ) + IN_LINE_MS,
        }
    }

    pub(crate) fn is_too_much(&self) -> bool {
        let others = self.events.iter().filter(|(_, event)| samples_of(event) == 0).count();
        others > EVENTS || self.voice_ms() > VOICE_MS
    }
}

fn samples_of(event: &ClientEvent) -> usize {
    match event {
        ClientEvent::InputAudioAppend { audio } => audio.len(),
        _ => 0,
    }
}
