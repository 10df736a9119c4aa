//! What a microphone's sound says about itself, whatever the gate makes of it. Nothing of the sound
//! leaves this place.

use crate::level::rms_dbfs;
use crate::port::{Gate, Report};

/// Steps (10 ms) of digital zeros until a microphone counts as dead. A living one always has noise.
const DEAD: u32 = 300;
/// Steps of voice, silences taken off, until somebody counts as speaking.
const SPEAKING: u32 = 30;
/// Steps until the same speaking is told again.
const AGAIN: u32 = 1_000;
/// What is quieter is no voice, in dBFS.
const QUIETEST_VOICE: f32 = -45.0;
/// By how much a voice is louder than the room, in dB.
const ABOVE_ROOM: f32 = 15.0;
/// How fast the room may become louder, in dB per step: 2 dB a second.
const ROOM_RISES: f32 = 0.02;

#[derive(Debug)]
pub(crate) struct Ears {
    zeros: u32,
    dead: bool,
    room_dbfs: f32,
    voice: u32,
    /// Steps since speaking was told.
    quiet_for: u32,
}

impl Default for Ears {
    fn default() -> Self {
        Self { zeros: 0, dead: false, room_dbfs: -60.0, voice: 0, quiet_for: AGAIN }
    }
}

impl Ears {
    /// About 10 ms as the device gave them.
    pub(crate) fn raw(&mut self, samples: &[f32]) -> Option<Report> {
        let zeros = samples.iter().all(|&sample| sample == 0.0);
        self.zeros = if zeros { self.zeros.saturating_add(1) } else { 0 };
        let dead = self.zeros >= DEAD;
        (std::mem::replace(&mut self.dead, dead) != dead).then_some(Report::Zeros { dead })
    }

    /// 10 ms without the loudspeaker's echo, before the gate.
    pub(crate) fn clean(&mut self, sound: &[f32], gate: Gate) -> Option<Report> {
        let level = rms_dbfs(sound);
        let threshold = (self.room_dbfs + ABOVE_ROOM).max(QUIETEST_VOICE);
        self.room_dbfs = level.min(self.room_dbfs + ROOM_RISES);
        self.quiet_for = self.quiet_for.saturating_add(1);
        if gate != Gate::Silent {
            (self.voice, self.quiet_for) = (0, AGAIN);
            return None;
        }
        self.voice = if level > threshold { self.voice + 1 } else { self.voice.saturating_sub(1) };
        if self.voice < SPEAKING {
            return None;
        }
        self.voice = 0;
        let due = self.quiet_for >= AGAIN;
        if due {
            self.quiet_for = 0;
        }
        due.then_some(Report::SpokenUnheard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(level_dbfs: f32) -> Vec<f32> {
        vec![10f32.powf(level_dbfs / 20.0); 480]
    }

    /// After how many steps of the levels, over and over, speaking is told.
    fn told(ears: &mut Ears, levels: &[f32], steps: usize, gate: Gate) -> Vec<usize> {
        (0..steps).filter(|at| ears.clean(&step(levels[at % levels.len()]), gate).is_some()).collect()
    }

    #[test]
    fn speaking_while_muted_is_told_soon_and_then_seldom() {
        let mut ears = Ears::default();
        assert!(told(&mut ears, &[-70.0], 200, Gate::Silent).is_empty());
        // Two thirds voice, one third pauses.
        let found = told(&mut ears, &[-30.0, -25.0, -65.0], 1_500, Gate::Silent);
        assert!(found.len() == 2 && found[0] < 150 && found[1] - found[0] >= 1_000, "{found:?}");
    }

    #[test]
    fn an_open_gate_a_short_noise_and_a_loud_room_are_no_speaking() {
        assert!(told(&mut Ears::default(), &[-20.0], 500, Gate::Open).is_empty());
        let mut ears = Ears::default();
        assert!(told(&mut ears, &[-70.0], 100, Gate::Silent).is_empty());
        assert!(told(&mut ears, &[-20.0], 20, Gate::Silent).is_empty(), "a knock");
        assert!(told(&mut ears, &[-70.0], 100, Gate::Silent).is_empty());
        let mut loud = Ears { room_dbfs: -40.0, ..Ears::default() };
        assert!(told(&mut loud, &[-38.0, -40.0], 500, Gate::Silent).is_empty(), "a fan");
    }

    #[test]
    fn only_digital_zeros_for_long_are_a_dead_microphone() {
        let mut ears = Ears::default();
        let mut heard = |samples: &[f32], steps: usize| -> Vec<(usize, bool)> {
            (0..steps)
                .filter_map(|at| match ears.raw(samples) {
                    Some(Report::Zeros { dead }) => Some((at, dead)),
                    _ => None,
                })
                .collect()
        };
        let (zeros, faint) = ([0.0; 480], [1e-7; 480]);
        assert!(heard(&faint, 1_000).is_empty());
        assert!(heard(&zeros, 299).is_empty());
        assert!(heard(&faint, 1).is_empty());
        assert_eq!(heard(&zeros, 1_000), [(299, true)]);
        assert_eq!(heard(&faint, 10), [(0, false)]);
    }
}
