//! Trying the devices out without a call: a sentence said and heard back, a tone, and how much of the
//! loudspeaker comes back through the microphone.

mod ear;
mod echo;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::engine::{Engine, EngineOptions};
use crate::error::DeviceError;
use crate::port::{Control, DeviceFormat, Direction, Gate, ItemId, Ports, Report, WIRE_RATE_HZ};
use ear::{Ear, Voice};
use echo::Echo;

/// How long a device may take to open; beyond what [`Engine`] itself waits for the first samples.
const OPENING: Duration = Duration::from_secs(8);
/// The longest a sentence may take, in ms.
const SENTENCE_MS: u64 = 8_000;
/// Quiet after a sentence that ends it, in ms.
const AFTER_SENTENCE_MS: u64 = 1_200;
/// The room alone, before and after a sound is played into it, in ms.
const QUIET_MS: u64 = 400;
/// How often something is told of a running trial.
const TELL: Duration = Duration::from_millis(66);
const TONE_HZ: f32 = 440.0;
const TONE_MS: u64 = 1_500;

/// What is tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Trial {
    /// A sentence is recorded and played back.
    Voice,
    /// A tone is played.
    Tone,
    /// Speech is played, first without and then with the canceller, and measured in the microphone.
    Echo,
}

/// How far a trial has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TrialStep {
    OpeningDevices,
    /// The person is to say a sentence.
    Recording,
    PlayingBack,
    PlayingTone,
    /// The person is to be quiet: speech is played and not cancelled.
    MeasuringEcho,
    /// The same with the canceller.
    MeasuringRest,
}

/// Told some fifteen times a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrialProgress {
    pub step: TrialStep,
    /// RMS of the last 10 ms, in dBFS.
    pub microphone_dbfs: f32,
    pub speaker_dbfs: f32,
}

/// What a trial has found.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    pub outcome: Outcome,
    /// The devices that took part.
    pub microphone: Option<Line>,
    pub speaker: Option<Line>,
    /// Capture samples lost, playback callbacks that found too few samples, frames not taken in time.
    #[ts(type = "number")]
    pub overruns: u64,
    #[ts(type = "number")]
    pub underruns: u64,
    #[ts(type = "number")]
    pub dropped_frames: u64,
}

/// A device and how it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub device: DeviceFormat,
    /// The most samples (per channel) that one callback brought or asked for.
    pub largest_callback: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    Voice {
        /// Whether anything louder than the room was heard.
        heard: bool,
        /// RMS of the loudest third of the sentence and of the room, in dBFS.
        speech_dbfs: f32,
        noise_dbfs: f32,
        /// Samples at full scale.
        clipped: u32,
        /// Nothing but digital zeros came: muted outside of this app.
        zeros: bool,
    },
    Tone {
        /// Milliseconds of the tone that left the loudspeaker.
        #[ts(type = "number")]
        played_ms: u64,
    },
    Echo {
        /// From handing a sample over to hearing it again, in ms; absent where no echo was found.
        loop_ms: Option<f32>,
        /// Level in the microphone over the level played, in dB; absent where no echo was found.
        echo_db: Option<f32>,
        /// What the canceller takes off once it has settled, in dB: at least so much, for noise counts
        /// as rest. Absent where no echo was found.
        reduction_db: Option<f32>,
        noise_dbfs: f32,
    },
}

/// Why a trial came to nothing.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum TrialError {
    #[error("the {} cannot be used: {error}", crate::device::word(*direction))]
    Device { direction: Direction, error: DeviceError },
    #[error("the {} does not answer", crate::device::word(*.0))]
    NoAnswer(Direction),
    #[error("stopped")]
    Stopped,
}

/// Tries one thing out and blocks until it is done, at most half a minute. `options` say how a call
/// would open the devices; `speech` (24 kHz mono) is what [`Trial::Echo`] plays. Ends within 0.1 s,
/// beyond closing the devices, once `stop` is set.
///
/// # Errors
/// When a device that takes part cannot be used, or `stop` was set.
pub fn try_out(
    trial: Trial,
    options: EngineOptions,
    speech: &[i16],
    stop: &AtomicBool,
    tell: &mut dyn FnMut(TrialProgress),
) -> Result<Findings, TrialError> {
    let gate = if trial == Trial::Tone { Gate::Released } else { Gate::Open };
    let processing = options.processing;
    let (engine, ports) = Engine::start(EngineOptions { gate, ..options });
    let mut desk = Desk { ports, stop, tell, told: None, microphone: None, speaker: None };
    desk.open(trial)?;
    let outcome = match trial {
        Trial::Voice => desk.voice()?,
        Trial::Tone => desk.tone()?,
        Trial::Echo => desk.echo(speech, processing)?,
    };
    let findings = desk.findings(outcome);
    drop(engine);
    Ok(findings)
}

struct Desk<'a> {
    ports: Ports,
    stop: &'a AtomicBool,
    tell: &'a mut dyn FnMut(TrialProgress),
    told: Option<Instant>,
    microphone: Option<DeviceFormat>,
    speaker: Option<DeviceFormat>,
}

impl Desk<'_> {
    fn open(&mut self, trial: Trial) -> Result<(), TrialError> {
        let until = Instant::now() + OPENING;
        loop {
            let missing = match (&self.microphone, &self.speaker) {
                (None, _) if trial != Trial::Tone => Direction::Microphone,
                (_, None) => Direction::Speaker,
                _ => break,
            };
            self.look(TrialStep::OpeningDevices)?;
            if Instant::now() > until {
                return Err(TrialError::NoAnswer(missing));
            }
            if let Ok(report) = self.ports.reports.recv_timeout(TELL) {
                self.learn(report)?;
            }
        }
        // What a device says while it wakes up is no measure of it.
        let settled = Instant::now() + Duration::from_millis(QUIET_MS);
        while self.ports.frames.recv_deadline(settled).is_ok() {}
        Ok(())
    }

    /// A device that breaks ends the trial: it would measure the wrong one.
    fn learn(&mut self, report: Report) -> Result<(), TrialError> {
        match report {
            Report::Opened { direction: Direction::Microphone, device } => self.microphone = Some(device),
            Report::Opened { direction: Direction::Speaker, device } => self.speaker = Some(device),
            Report::Failed { direction, error } => return Err(TrialError::Device { direction, error }),
            _ => {}
        }
        Ok(())
    }

    /// Tells how far it is, from time to time, and ends everything once it is to stop.
    fn look(&mut self, step: TrialStep) -> Result<(), TrialError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(TrialError::Stopped);
        }
        let now = Instant::now();
        if self.told.is_none_or(|told| now - told >= TELL) {
            self.told = Some(now);
            let level = |direction| self.ports.meters.level(direction);
            (self.tell)(TrialProgress {
                step,
                microphone_dbfs: level(Direction::Microphone),
                speaker_dbfs: level(Direction::Speaker),
            });
        }
        Ok(())
    }

    fn voice(&mut self) -> Result<Outcome, TrialError> {
        let mut ear = Ear::default();
        let mut voice = Voice::default();
        while ear.heard_ms() < SENTENCE_MS && voice.quiet_ms().is_none_or(|quiet| quiet < AFTER_SENTENCE_MS) {
            if let Some(frame) = self.listen(&mut ear, TrialStep::Recording)? {
                voice.hear(&frame);
            }
        }
        let outcome = voice.outcome(&ear);
        self.play(ear.into_samples(), TrialStep::PlayingBack, None)?;
        Ok(outcome)
    }

    fn tone(&mut self) -> Result<Outcome, TrialError> {
        let count = TONE_MS * u64::from(WIRE_RATE_HZ) / 1_000;
        let fade = u64::from(WIRE_RATE_HZ) / 50;
        let sample = |at: u64| {
            let edge = at.min(count - at).min(fade) as f32 / fade as f32;
            let angle = std::f32::consts::TAU * TONE_HZ * at as f32 / WIRE_RATE_HZ as f32;
            (6_000.0 * edge * angle.sin()) as i16
        };
        let played_ms = self.play((0..count).map(sample).collect(), TrialStep::PlayingTone, None)?;
        Ok(Outcome::Tone { played_ms })
    }

    fn echo(&mut self, speech: &[i16], processing: crate::Processing) -> Result<Outcome, TrialError> {
        use crate::Processing;
        let off = Processing { echo: false, noise: false, gain: false };
        self.control(Control::Process(off))?;
        let raw = self.pass(speech, TrialStep::MeasuringEcho)?;
        let found = raw.find(speech);
        let noise_dbfs = raw.noise_dbfs();
        let Some(found) = found else {
            return Ok(Outcome::Echo { loop_ms: None, echo_db: None, reduction_db: None, noise_dbfs });
        };
        self.control(Control::Process(Processing { echo: true, ..processing }))?;
        let rest = self.pass(speech, TrialStep::MeasuringRest)?;
        Ok(Outcome::Echo {
            loop_ms: Some(found.loop_ms),
            echo_db: Some(found.echo_db),
            reduction_db: Some(found.reduction_db(&raw, &rest)),
            noise_dbfs,
        })
    }

    /// The room alone, then with `speech` in it.
    fn pass(&mut self, speech: &[i16], step: TrialStep) -> Result<Echo, TrialError> {
        let mut ear = Ear::default();
        while ear.heard_ms() < QUIET_MS {
            self.listen(&mut ear, step)?;
        }
        let quiet = ear.heard_ms();
        let handed_over = self.play(speech.to_vec(), step, Some(&mut ear))?;
        Ok(Echo::new(ear, quiet, handed_over))
    }

    /// The next frame of the microphone, if one comes soon.
    fn listen(
        &mut self,
        ear: &mut Ear,
        step: TrialStep,
    ) -> Result<Option<[i16; crate::FRAME_SAMPLES]>, TrialError> {
        self.look(step)?;
        while let Ok(report) = self.ports.reports.try_recv() {
            self.learn(report)?;
        }
        let frame = self.ports.frames.recv_timeout(TELL).ok();
        if let Some(frame) = &frame {
            ear.hear(frame);
        }
        Ok(frame.map(|frame| frame.samples))
    }

    /// Plays to the end. Gives the milliseconds that were heard; with an ear, which goes on hearing
    /// the room for [`QUIET_MS`] more, the ear's millisecond at which the sound was handed over.
    fn play(
        &mut self,
        samples: Vec<i16>,
        step: TrialStep,
        mut ear: Option<&mut Ear>,
    ) -> Result<u64, TrialError> {
        let patience = Duration::from_secs(5) + Duration::from_millis(samples.len() as u64 / 24);
        let before = self.ports.meters.handed_over.load(Ordering::Relaxed);
        let item = ItemId::from("trial");
        self.control(Control::Speak { item: item.clone(), samples })?;
        self.control(Control::Finish { item })?;
        let until = Instant::now() + patience;
        let mut handed_over = None;
        let mut played = None;
        while played.is_none() {
            self.look(step)?;
            if Instant::now() > until {
                return Err(TrialError::NoAnswer(Direction::Speaker));
            }
            if handed_over.is_none() && self.ports.meters.handed_over.load(Ordering::Relaxed) != before {
                handed_over = Some(Instant::now());
            }
            for frame in self.ports.frames.try_iter() {
                if let Some(ear) = ear.as_deref_mut() {
                    ear.hear(&frame);
                }
            }
            match self.ports.reports.recv_timeout(Duration::from_millis(2)) {
                Ok(Report::Finished(now)) => played = Some(now.ms),
                Ok(report) => self.learn(report)?,
                Err(_) => {}
            }
        }
        let Some(ear) = ear else { return Ok(played.unwrap_or_default()) };
        let enough = ear.heard_ms() + QUIET_MS;
        while ear.heard_ms() < enough {
            self.listen(ear, step)?;
        }
        Ok(handed_over.map_or(0, |at| ear.ms_at(at)))
    }

    fn control(&self, control: Control) -> Result<(), TrialError> {
        self.ports.control.send(control).map_err(|_| TrialError::NoAnswer(Direction::Speaker))
    }

    fn findings(self, outcome: Outcome) -> Findings {
        let meters = self.ports.meters;
        let line = |device: Option<DeviceFormat>, direction| {
            Some(Line { device: device?, largest_callback: meters.largest_callback(direction) })
        };
        Findings {
            outcome,
            microphone: line(self.microphone, Direction::Microphone),
            speaker: line(self.speaker, Direction::Speaker),
            overruns: meters.overruns.load(Ordering::Relaxed),
            underruns: meters.underruns.load(Ordering::Relaxed),
            dropped_frames: meters.dropped_frames.load(Ordering::Relaxed),
        }
    }
}
