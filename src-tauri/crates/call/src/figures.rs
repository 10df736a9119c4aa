//! How long things take in a call, turn by turn.

use audio::EchoFigures;
use serde::Serialize;
use ts_rs::TS;

/// Turns that are remembered.
const TURNS: usize = 32;

/// The end of a voice this near to the end of a turn, in ms, is the same end.
const SAME_MS: u64 = 1_000;

/// The newest turn comes last; of each figure the last 32.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// From the capture callback that brought the last of a 20 ms frame until the frame was handed to
    /// the operating system's socket, in ms: the mean over your turn.
    pub voice_to_wire_ms: Vec<f32>,
    /// From the first sound of a reply out of the socket until the ear meets it, the device's own
    /// latency included, in ms.
    pub wire_to_ear_ms: Vec<f32>,
    /// From the end of your speech until the ear meets the reply, in ms.
    pub answer_ms: Vec<f32>,
    /// The canceller's, of this moment.
    pub echo: EchoFigures,
}

/// What is being timed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stopwatch {
    /// When the first sound of a reply came that has not sounded yet.
    first_sound: Option<u64>,
    /// When you last fell silent, if no reply has sounded since.
    spoke_until: Option<u64>,
    /// When the local detector last heard a voice.
    voice_until: Option<u64>,
    /// Sum and number of the means that were measured during your turn.
    sent: (f32, u32),
}

impl Stopwatch {
    pub(crate) fn frame_left(&mut self, lag_ms: f32) {
        self.sent = (self.sent.0 + lag_ms, self.sent.1 + 1);
    }

    /// The local detector's voice ended at `at`.
    pub(crate) fn voice_ended(&mut self, at: u64) {
        self.voice_until = Some(at);
    }

    /// Your turn is over: you fell silent at `at`, or when the local detector says, if that is about then.
    /// Gives the mean of what was measured meanwhile, in ms.
    pub(crate) fn turn_over(&mut self, at: u64) -> Option<f32> {
        let heard = self.voice_until.take().filter(|heard| heard.abs_diff(at) < SAME_MS);
        self.spoke_until = Some(heard.unwrap_or(at));
        let (sum, count) = std::mem::take(&mut self.sent);
        (count > 0).then(|| sum / count as f32)
    }

    /// The next reply answers something that was not spoken.
    pub(crate) fn nothing_spoken(&mut self) {
        self.spoke_until = None;
    }

    pub(crate) fn sound_came(&mut self, now: u64) {
        self.first_sound.get_or_insert(now);
    }

    /// The ear meets the reply: since its first sound, and since you fell silent, in ms.
    pub(crate) fn heard(&mut self, now: u64) -> (Option<f32>, Option<f32>) {
        let since = |at: u64| now.saturating_sub(at) as f32;
        (self.first_sound.take().map(since), self.spoke_until.take().map(since))
    }

    /// The reply is not going to be heard.
    pub(crate) fn silenced(&mut self) {
        self.first_sound = None;
    }
}

/// Adds the newest turn.
pub(crate) fn push(turns: &mut Vec<f32>, ms: Option<f32>) {
    let Some(ms) = ms else { return };
    if turns.len() == TURNS {
        turns.remove(0);
    }
    turns.push(ms);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_turns_are_remembered() {
        let mut turns = Vec::new();
        (0..100).for_each(|n| push(&mut turns, Some(n as f32)));
        push(&mut turns, None);
        assert_eq!((turns.len(), turns[0], turns[31]), (TURNS, 68.0, 99.0));
    }

    #[test]
    fn the_local_detector_knows_better_when_you_fell_silent() {
        let mut watch = Stopwatch::default();
        watch.voice_ended(4_700);
        assert_eq!(watch.turn_over(4_500), None);
        watch.sound_came(5_500);
        watch.sound_came(6_000);
        assert_eq!(watch.heard(5_540), (Some(40.0), Some(840.0)));
        assert_eq!(watch.heard(9_000), (None, None), "each is told once");
        watch.frame_left(2.0);
        watch.frame_left(4.0);
        assert_eq!(watch.turn_over(9_000), Some(3.0));
    }
}
