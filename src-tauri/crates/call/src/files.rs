//! Files in place of devices: the same [`Ports`](audio::Ports) as the real audio thread, fed from
//! memory and played into memory, in real time or faster.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use audio::{
    Control, Direction, FRAME_MS, FRAME_SAMPLES, FarPorts, Frame, Gate, ItemId, Played, Report, WIRE_RATE_HZ,
};
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

/// The longest playback that is kept for [`FileDevices::heard`]: 30 minutes.
const HEARD_LIMIT: usize = WIRE_RATE_HZ as usize * 60 * 30;
/// Recordings that may wait to be spoken.
const SAY_QUEUE: usize = 16;

/// A microphone that speaks what it is given and a loudspeaker that remembers what it played.
/// Dropping it ends its task.
#[derive(Debug)]
pub struct FileDevices {
    say: flume::Sender<Vec<i16>>,
    heard: Arc<Mutex<Vec<i16>>>,
    task: JoinHandle<()>,
}

impl Drop for FileDevices {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FileDevices {
    /// Serves `far`; 20 ms of sound pass every `pace`.
    pub fn start(far: FarPorts, pace: Duration) -> Self {
        let (say, to_say) = flume::bounded(SAY_QUEUE);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let devices = Devices {
            far,
            to_say,
            heard: heard.clone(),
            gate: Gate::Silent,
            microphone: VecDeque::new(),
            speaker: VecDeque::new(),
        };
        Self { say, heard, task: tokio::spawn(devices.run(pace)) }
    }

    /// Speaks `samples` (24 kHz mono) into the microphone as soon as its gate is open and what was
    /// said before has ended; silence comes between and after. Waits while 16 recordings are waiting.
    pub async fn say(&self, samples: Vec<i16>) {
        // The task ends before this handle only when the call is gone, and then nobody listens.
        let _ = self.say.send_async(samples).await;
    }

    /// Everything that left the loudspeaker so far, the silence between replies left out.
    pub fn heard(&self) -> Vec<i16> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Devices {
    far: FarPorts,
    to_say: flume::Receiver<Vec<i16>>,
    heard: Arc<Mutex<Vec<i16>>>,
    gate: Gate,
    microphone: VecDeque<i16>,
    speaker: VecDeque<Queued>,
}

struct Queued {
    item: ItemId,
    samples: VecDeque<i16>,
    played: usize,
    /// No more samples will come.
    whole: bool,
}

impl Queued {
    fn played(&self) -> Played {
        Played { item: self.item.clone(), ms: self.played as u64 * 1_000 / u64::from(WIRE_RATE_HZ) }
    }
}

impl Devices {
    async fn run(mut self, pace: Duration) {
        let mut ticks = tokio::time::interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for direction in [Direction::Microphone, Direction::Speaker] {
            if self.opened(direction).await.is_err() {
                return;
            }
        }
        let mut steps = 0u64;
        loop {
            tokio::select! {
                control = self.far.control.recv_async() => {
                    let Ok(control) = control else { return };
                    if self.obey(control).await.is_err() {
                        return;
                    }
                }
                _ = ticks.tick() => {
                    if self.capture().await.is_err() || self.play(steps).await.is_err() {
                        return;
                    }
                    steps += 1;
                }
            }
        }
    }

    async fn opened(&self, direction: Direction) -> Result<(), Gone> {
        let device = audio::DeviceFormat {
            id: "file".into(),
            name: "file".into(),
            rate_hz: WIRE_RATE_HZ,
            channels: 1,
            format: "i16".into(),
        };
        self.report(Report::Opened { direction, device }).await
    }

    async fn obey(&mut self, control: Control) -> Result<(), Gone> {
        match control {
            Control::Speak { item, samples } => match self.speaker.back_mut() {
                Some(last) if last.item == item => last.samples.extend(samples),
                _ => {
                    self.speaker.push_back(Queued { item, samples: samples.into(), played: 0, whole: false });
                }
            },
            Control::Finish { item } => match self.speaker.iter_mut().find(|queued| queued.item == item) {
                Some(queued) => queued.whole = true,
                None => self.report(Report::Finished(Played { item, ms: 0 })).await?,
            },
            Control::Flush => {
                let items = self.speaker.drain(..).map(|queued| queued.played()).collect();
                self.report(Report::Flushed(items)).await?;
            }
            Control::Gate(gate) => {
                let was_open = self.gate != Gate::Released;
                self.gate = gate;
                let direction = Direction::Microphone;
                match (was_open, gate == Gate::Released) {
                    (true, true) => self.report(Report::Closed { direction }).await?,
                    (false, false) => self.opened(direction).await?,
                    _ => {}
                }
            }
            Control::Volume(_) | Control::Hush(_) | Control::Prefer { .. } | Control::Process(_) => {}
        }
        Ok(())
    }

    async fn capture(&mut self) -> Result<(), Gone> {
        if self.gate == Gate::Released {
            return Ok(());
        }
        let mut samples = [0; FRAME_SAMPLES];
        if self.gate == Gate::Open {
            if self.microphone.is_empty()
                && let Ok(next) = self.to_say.try_recv()
            {
                self.microphone = next.into();
            }
            let count = self.microphone.len().min(FRAME_SAMPLES);
            for (slot, sample) in samples.iter_mut().zip(self.microphone.drain(..count)) {
                *slot = sample;
            }
        }
        self.far.meters.set_level(Direction::Microphone, level_dbfs(&samples));
        let frame = Frame { samples, captured_at: Instant::now().into_std() };
        self.far.frames.send_async(frame).await.map_err(|_| Gone)
    }

    async fn play(&mut self, step: u64) -> Result<(), Gone> {
        let mut out = Vec::with_capacity(FRAME_SAMPLES);
        while out.len() < FRAME_SAMPLES {
            let Some(queued) = self.speaker.front_mut() else { break };
            let starts = queued.played == 0 && !queued.samples.is_empty();
            let count = queued.samples.len().min(FRAME_SAMPLES - out.len());
            out.extend(queued.samples.drain(..count));
            queued.played += count;
            let (played, ends) = (queued.played(), queued.samples.is_empty() && queued.whole);
            if starts {
                self.report(Report::Started { item: played.item.clone() }).await?;
            }
            if ends {
                self.speaker.pop_front();
                self.report(Report::Finished(played)).await?;
            } else {
                if step.is_multiple_of(100 / FRAME_MS) {
                    self.report(Report::Progress(played)).await?;
                }
                break;
            }
        }
        self.far.meters.set_level(Direction::Speaker, level_dbfs(&out));
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let room = HEARD_LIMIT.saturating_sub(heard.len());
        heard.extend(out.into_iter().take(room));
        Ok(())
    }

    async fn report(&self, report: Report) -> Result<(), Gone> {
        self.far.reports.send_async(report).await.map_err(|_| Gone)
    }
}

/// The call is over and has dropped its ports.
struct Gone;

fn level_dbfs(samples: &[i16]) -> f32 {
    let scaled: Vec<f32> = samples.iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    audio::rms_dbfs(&scaled)
}

/// Why a WAV file could not be used.
#[derive(Debug, Error)]
pub enum WavError {
    #[error("could not read or write {path}: {source}")]
    Wav { path: String, source: hound::Error },
    #[error("could not use {path}: {source}")]
    Rate { path: String, source: audio::DeviceError },
    #[error("{path} holds no sound")]
    Empty { path: String },
}

/// Reads a WAV file of any rate, channel count and sample width as 24 kHz mono.
pub fn read_wav(path: &Path) -> Result<Vec<i16>, WavError> {
    let wav = |source| WavError::Wav { path: path.display().to_string(), source };
    let mut reader = hound::WavReader::open(path).map_err(wav)?;
    let spec = reader.spec();
    let scale = 1.0 / (1u64 << (spec.bits_per_sample - 1)) as f32;
    let interleaved: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>().map_err(wav)?,
        hound::SampleFormat::Int => reader
            .samples::<i32>()
            .map(|s| s.map(|s| s as f32 * scale))
            .collect::<Result<_, _>>()
            .map_err(wav)?,
    };
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> =
        interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect();
    if mono.is_empty() {
        return Err(WavError::Empty { path: path.display().to_string() });
    }
    audio::to_wire(&mono, spec.sample_rate)
        .map_err(|source| WavError::Rate { path: path.display().to_string(), source })
}

/// Writes 24 kHz mono samples as a 16-bit WAV file.
pub fn write_wav(path: &Path, samples: &[i16]) -> Result<(), WavError> {
    let wav = |source| WavError::Wav { path: path.display().to_string(), source };
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: WIRE_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).map_err(wav)?;
    for &sample in samples {
        writer.write_sample(sample).map_err(wav)?;
    }
    writer.finalize().map_err(wav)
}
