//! A sound server of one's own.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Ends a test that waits for something that never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// One desk at a time: the sound server is found through the process's environment.
pub(crate) static DESK: Mutex<()> = Mutex::new(());

pub(crate) struct Desk {
    pub(crate) sound: rig::Sound,
    folder: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Desk {
    pub(crate) fn new() -> Result<Self> {
        let alone = DESK.lock().unwrap_or_else(PoisonError::into_inner);
        // What is tested is the engine, not how a machine that compiles beside it shares its time.
        rig::real_time(true);
        let sound = rig::Sound::start()?;
        adopt(&sound.env());
        Ok(Self { sound, folder: tempfile::tempdir()?, _alone: alone })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The server carries out a closing a moment after it was told.
    pub(crate) fn await_microphone_let_go(&self) -> Result<()> {
        await_true("nobody records", || Ok(self.sound.source_outputs()?.is_empty()))
    }

    /// Speech at 24 kHz, and the file it is in.
    pub(crate) fn speech(&self, text: &str) -> Result<(Vec<f32>, PathBuf)> {
        let path = self.file("speech.wav");
        rig::speech(text, &path)?;
        Ok((rig::wav::read_mono(&path)?.0, path))
    }
}

#[expect(unsafe_code, reason = "cpal finds the server by the environment alone")]
pub(crate) fn adopt(env: &[(String, String)]) {
    for (name, value) in env {
        // SAFETY: DESK keeps other tests out, and no engine runs yet that could read along.
        unsafe { std::env::set_var(name, value) };
    }
}

pub(crate) fn await_true(what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while !condition()? {
        anyhow::ensure!(Instant::now() < until, "it did not come true that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// How much of what was said can be found in what was heard, from 0.0 to 1.0, by pieces of 250 ms:
/// a hole that a busy machine tears costs a piece, a wrong rate, order or format costs them all.
pub(crate) fn recognised(said: &[f32], heard: &[f32], heard_hz: u32) -> f32 {
    rig::real_time(false);
    let heard = rig::resample(heard, heard_hz, 24_000);
    let pieces: Vec<_> = said.chunks_exact(6_000).filter(|piece| rig::rms_dbfs(piece) > -35.0).collect();
    let found = pieces.iter().filter(|piece| rig::correlate(piece, &heard, 24_000).correlation > 0.85);
    let share = found.count() as f32 / pieces.len() as f32;
    rig::real_time(true);
    share
}
