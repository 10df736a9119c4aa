//! What the microphone heard and the server may not have: kept, so that no word is lost with a line.

use std::collections::VecDeque;

use audio::{FRAME_MS, FRAME_SAMPLES};

/// What is kept at most, in frames of 20 ms: 30 s, 1.44 MB. Longer than a sentence, and shorter than
/// anybody goes on talking to a window that says *Reconnecting*.
const MOST: usize = 1_500;
/// What before a voice belongs to it, in frames: 340 ms, as much as the session asks the server to take.
const PREFIX: usize = 17;
/// Fewer frames of voice than this are a click and no word: 100 ms.
const A_WORD: usize = 5;
/// Frames of one message on the wire: 500 ms, 32 KB as base64.
const MESSAGE: usize = 25;

/// The last things said, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Speech {
    frames: VecDeque<Kept>,
    /// How many of them, from the oldest on, belong to a turn that the server has ended.
    ended: usize,
    /// Frames without a voice at the end.
    pause: usize,
    gap: Option<Gap>,
}

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    samples: Box<[i16; FRAME_SAMPLES]>,
    voice: bool,
}

/// What has come since the line broke.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Gap {
    /// A pause longer than this says no more than one as long, in frames.
    longest_pause: usize,
    said: u64,
    lost: u64,
}

/// How much was said in a gap, in ms of voice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) said_ms: u64,
    /// What was kept no longer, this gap's or from before it.
    pub(crate) lost_ms: u64,
}

impl Speech {
    /// A frame of 20 ms at 24 kHz, a voice from `voice_from_dbfs` (RMS) on.
    pub(crate) fn hear(&mut self, samples: Box<[i16; FRAME_SAMPLES]>, voice_from_dbfs: f32) {
        let voice = level_dbfs(&samples) >= voice_from_dbfs;
        self.frames.push_back(Kept { samples, voice });
        // What was sent or dropped since is no part of the pause that is still kept.
        self.pause = if voice { 0 } else { (self.pause + 1).min(self.frames.len()) };
        if let Some(gap) = &mut self.gap {
            gap.said += u64::from(voice);
            if self.pause > gap.longest_pause {
                self.pause = gap.longest_pause;
                let at = self.frames.len() - self.pause - 1;
                self.frames.remove(at);
                self.ended -= usize::from(at < self.ended);
            }
        }
        if self.frames.len() > MOST {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.frames.pop_front() else { return };
        self.ended = self.ended.saturating_sub(1);
        if let Some(gap) = &mut self.gap {
            gap.lost += u64::from(oldest.voice);
        }
    }

    /// Everything so far is a turn that the server has heard to its end.
    pub(crate) fn turn_ended(&mut self) {
        self.ended = self.frames.len();
    }

    /// What belongs to an ended turn is not needed any more.
    pub(crate) fn forget_ended(&mut self) {
        self.frames.drain(..self.ended);
        self.ended = 0;
    }

    /// Keeps the newest `ms` only.
    pub(crate) fn trim(&mut self, ms: u64) {
        let most = usize::try_from(ms / FRAME_MS).unwrap_or(MOST);
        while self.frames.len() > most {
            self.drop_oldest();
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self { gap: self.gap, ..Self::default() };
    }

    /// The line broke. A pause is kept up to `longest_pause_ms`.
    pub(crate) fn begin_gap(&mut self, longest_pause_ms: u64) {
        let longest_pause = usize::try_from(longest_pause_ms / FRAME_MS).unwrap_or(MOST).min(MOST);
        self.gap = Some(Gap { longest_pause, ..Gap::default() });
    }

    /// How much was said since the line broke. Nothing is counted from now on.
    pub(crate) fn end_gap(&mut self) -> Said {
        let Gap { said, lost, .. } = self.gap.take().unwrap_or_default();
        Said { said_ms: said * FRAME_MS, lost_ms: lost * FRAME_MS }
    }

    /// A voice is among what is kept.
    pub(crate) fn has_voice(&self) -> bool {
        self.frames.iter().filter(|kept| kept.voice).count() >= A_WORD
    }

    /// What is kept, from shortly before the first voice on, in messages of up to 500 ms. It stays kept:
    /// the line that takes it may break too.
    pub(crate) fn messages(&self) -> Vec<Vec<i16>> {
        let first = self.frames.iter().position(|kept| kept.voice).unwrap_or(0);
        let frames: Vec<&Kept> = self.frames.iter().skip(first.saturating_sub(PREFIX)).collect();
        let whole = |part: &[&Kept]| part.iter().flat_map(|kept| kept.samples.iter().copied()).collect();
        frames.chunks(MESSAGE).map(whole).collect()
    }
}

/// RMS in dBFS; silence is [`audio::SILENCE_DBFS`].
fn level_dbfs(samples: &[i16; FRAME_SAMPLES]) -> f32 {
    let power: f64 = samples.iter().map(|&sample| (f64::from(sample) / 32_768.0).powi(2)).sum();
    let rms = (power / FRAME_SAMPLES as f64).sqrt();
    (20.0 * rms.log10()).max(f64::from(audio::SILENCE_DBFS)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM_DBFS: f32 = -40.0;

    /// `value` tells frames apart; from 1,000 on they are a voice.
    fn hear(speech: &mut Speech, value: i16, frames: usize) {
        (0..frames).for_each(|_| speech.hear(Box::new([value; FRAME_SAMPLES]), FROM_DBFS));
    }

    fn frames_of(speech: &Speech) -> Vec<i16> {
        let samples: Vec<i16> = speech.messages().concat();
        samples.chunks(FRAME_SAMPLES).map(|frame| frame[0]).collect()
    }

    #[test]
    fn thirty_seconds_are_kept_and_what_is_lost_is_the_oldest_and_counted() {
        let mut speech = Speech::default();
        speech.begin_gap(1_000);
        hear(&mut speech, 1_000, 100);
        hear(&mut speech, 2_000, MOST);
        assert_eq!(frames_of(&speech), vec![2_000; MOST]);
        assert_eq!(speech.end_gap(), Said { said_ms: 32_000, lost_ms: 2_000 });
        assert_eq!(speech.end_gap(), Said::default(), "it is told once");
    }

    #[test]
    fn silence_takes_no_room_in_a_gap_but_a_pause_remains_one() {
        let mut speech = Speech::default();
        speech.begin_gap(200);
        hear(&mut speech, 1_000, 10);
        hear(&mut speech, 1, 5_000);
        hear(&mut speech, 2, 4);
        hear(&mut speech, 3_000, 10);
        let mut wanted = vec![1_000; 10];
        wanted.extend([1; 6]);
        wanted.extend([2; 4]);
        wanted.extend([3_000; 10]);
        assert_eq!(frames_of(&speech), wanted, "the end of the pause is kept: a word may begin in it");
    }

    #[test]
    fn it_begins_shortly_before_the_voice_and_goes_in_messages_of_half_a_second() {
        let mut speech = Speech::default();
        hear(&mut speech, 1, 100);
        hear(&mut speech, 1_000, 40);
        let messages = speech.messages();
        assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [12_000, 12_000, 7 * FRAME_SAMPLES]);
        assert_eq!(frames_of(&speech).iter().filter(|&&value| value == 1).count(), PREFIX);
        assert!(speech.has_voice());
    }

    #[test]
    fn an_ended_turn_goes_as_a_whole_and_nothing_else_with_it() {
        let mut speech = Speech::default();
        hear(&mut speech, 1_000, 10);
        speech.turn_ended();
        hear(&mut speech, 2_000, 6);
        speech.forget_ended();
        assert_eq!(frames_of(&speech), [2_000; 6]);
        speech.forget_ended();
        speech.trim(60);
        assert_eq!(frames_of(&speech), [2_000; 3]);
        assert!(!speech.has_voice(), "a click is no word");
        speech.clear();
        assert!(speech.messages().is_empty());
    }
}
