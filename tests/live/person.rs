//! Somebody who speaks over the agent, as loud as it comes back from the loudspeaker.

use std::path::PathBuf;

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
    said: Vec<PathBuf>,
}

impl<'a> Person<'a> {
    /// `dbfs` is how loud they are at the microphone; they have `sentences` to say. Everything is made beforehand: somebody who speaks takes
    /// no time of the computer that listens.
    pub(crate) fn new(desk: &'a Desk, dbfs: f32, sentences: usize) -> Result<Self> {
        let mut said = Vec::new();
        for (number, words) in WORDS.iter().cycle().take(sentences).enumerate() {
            let path = desk.path(&format!("person-{number}.wav"));
            rig::speech(words, &path)?;
            let (mut samples, rate) = rig::wav::read_mono(&path)?;
            // Every other speaker is higher by a tone or so, and the second round the other way about.
            let higher = !(number + number / WORDS.len()).is_multiple_of(2);
            let rate = if higher { rate * 9 / 8 } else { rate };
            let gain = 10_f32.powf((dbfs - rig::rms_dbfs(&samples)) / 20.0);
            samples.iter_mut().for_each(|sample| *sample = (*sample * gain).clamp(-1.0, 1.0));
            rig::wav::write_mono(&path, &samples, rate)?;
            said.push(path);
        }
        Ok(Self { desk, said })
    }

    pub(crate) fn speak(&self, number: u32) -> Result<rig::Utterance> {
        self.desk.sound.speak_async(&self.said[number as usize % self.said.len()])
    }
}
