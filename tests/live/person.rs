//! Somebody who speaks over the agent, as loud as it comes back from the loudspeaker.

use anyhow::Result;

use crate::desk::Desk;

/// What is said; each with several voices.
const WORDS: [&str; 8] = [
    "Wait a moment, that is not what I asked for.",
    "Stop, please, I have heard enough of this.",
    "Sorry, can I say something about that?",
    "No, no, go back to the beginning.",
    "Hold on, somebody is at the door.",
    "Let me interrupt you there for a second.",
    "Thank you, but I meant the other one.",
    "Excuse me, which day was that again?",
];

pub(crate) struct Person<'a> {
    desk: &'a Desk,
    /// Loudness at the microphone, dBFS.
    dbfs: f32,
}

impl<'a> Person<'a> {
    pub(crate) fn new(desk: &'a Desk, dbfs: f32) -> Self {
        Self { desk, dbfs }
    }

    pub(crate) fn speak(&self, number: u32) -> Result<rig::Utterance> {
        let path = self.desk.path("person.wav");
        rig::speech(WORDS[number as usize % WORDS.len()], &path)?;
        let (mut samples, rate) = rig::wav::read_mono(&path)?;
        // Every other speaker is higher by a tone or so.
        let rate = if number.is_multiple_of(2) { rate } else { rate * 9 / 8 };
        let gain = 10_f32.powf((self.dbfs - rig::rms_dbfs(&samples)) / 20.0);
        samples.iter_mut().for_each(|sample| *sample = (*sample * gain).clamp(-1.0, 1.0));
        rig::wav::write_mono(&path, &samples, rate)?;
        self.desk.sound.speak_async(&path)
    }
}
