//! The ear at a loudspeaker that is only a name: what a PulseAudio sink has played, and when.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

const RATE_HZ: u32 = 48_000;
/// Samples of silence between two sounds; a tone's own zeros are shorter.
const GAP: usize = RATE_HZ as usize / 100;
/// What counts as sound, of 32,768.
const AUDIBLE: u16 = 200;

/// Listens to what the loudspeaker plays until it is stopped.
pub(crate) struct Ear {
    recorder: Child,
    heard: JoinHandle<Result<Vec<Instant>>>,
    watching: Arc<AtomicBool>,
    buffered: JoinHandle<Result<Vec<Duration>>>,
}

impl Ear {
    pub(crate) fn open() -> Result<Self> {
        let mut recorder = Command::new("parec")
            .args(["-d", "speaker.monitor", "--raw", "--latency-msec=1", "--channels=1", "--format=s16le"])
            .arg(format!("--rate={RATE_HZ}"))
            .stdout(Stdio::piped())
            .spawn()
            .context("starting parec, of pulseaudio-utils")?;
        let mut sound = recorder.stdout.take().context("the recorder writes what it hears")?;
        let heard = std::thread::spawn(move || {
            let mut ends = Ends::default();
            let mut bytes = [0; 1_920];
            loop {
                let length = sound.read(&mut bytes).context("reading what the sink plays")?;
                if length == 0 {
                    return Ok(ends.ends);
                }
                ends.hear(&bytes[..length], Instant::now());
            }
        });
        let watching = Arc::new(AtomicBool::new(true));
        let watched = watching.clone();
        let buffered = std::thread::spawn(move || {
            let mut buffered = Vec::new();
            while watched.load(Ordering::Relaxed) {
                buffered.extend(buffer()?);
                std::thread::sleep(Duration::from_millis(250));
            }
            Ok(buffered)
        });
        Ok(Self { recorder, heard, watching, buffered })
    }

    /// Returns the instants at which a sound ended, and samples of what the stream and the sink held.
    pub(crate) fn close(mut self) -> Result<(Vec<Instant>, Vec<Duration>)> {
        self.watching.store(false, Ordering::Relaxed);
        self.recorder.kill()?;
        self.recorder.wait()?;
        let (Ok(heard), Ok(buffered)) = (self.heard.join(), self.buffered.join()) else {
            bail!("the ear has panicked")
        };
        Ok((heard?, buffered?))
    }
}

/// For each interruption how long it took until the sound that it interrupted had ended. The first may
/// come before the devices play at all; where more than that is missing, nothing is told.
pub(crate) fn silences(interrupted: &[Instant], ends: &[Instant]) -> Result<Vec<Duration>> {
    let silence = |at: usize| {
        let (from, next) = (interrupted[at], interrupted.get(at + 1));
        let end = ends.iter().find(|end| **end >= from && next.is_none_or(|next| *end < next))?;
        Some(*end - from)
    };
    let silences: Vec<_> = (0..interrupted.len()).filter_map(silence).collect();
    ensure!(
        silences.len() + 1 >= interrupted.len(),
        "{} replies were interrupted, and {} of them were heard to end",
        interrupted.len(),
        silences.len()
    );
    Ok(silences)
}

#[derive(Debug, Default)]
struct Ends {
    /// When the last sample that was heard came, and how many silent ones came since.
    sounding: Option<(Instant, usize)>,
    ends: Vec<Instant>,
    odd: Option<u8>,
}

impl Ends {
    /// `bytes` have come at `now`; the last of their samples is taken as played then.
    fn hear(&mut self, bytes: &[u8], now: Instant) {
        let bytes: Vec<u8> = self.odd.take().into_iter().chain(bytes.iter().copied()).collect();
        let samples = bytes.chunks_exact(2);
        self.odd = samples.remainder().first().copied();
        let count = samples.len();
        for (at, sample) in samples.enumerate() {
            let loud = i16::from_le_bytes([sample[0], sample[1]]).unsigned_abs() > AUDIBLE;
            self.sounding = match self.sounding.take() {
                _ if loud => {
                    let before_now = Duration::from_secs_f64((count - 1 - at) as f64 / f64::from(RATE_HZ));
                    Some((now - before_now, 0))
                }
                Some((last, silent)) if silent >= GAP => {
                    self.ends.push(last);
                    None
                }
                sounding => sounding.map(|(last, silent)| (last, silent + 1)),
            };
        }
    }
}

/// What the playing stream and its sink hold at this moment, if somebody plays.
fn buffer() -> Result<Option<Duration>> {
    let list = Command::new("pactl").args(["list", "sink-inputs"]).env("LC_ALL", "C").output()?;
    let list = String::from_utf8_lossy(&list.stdout);
    let micros = |name: &str| {
        let line = list.lines().find_map(|line| line.trim().strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok().map(Duration::from_micros)
    };
    Ok(micros("Buffer Latency:").zip(micros("Sink Latency:")).map(|(stream, sink)| stream + sink))
}
