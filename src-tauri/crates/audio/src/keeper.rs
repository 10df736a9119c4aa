//! One thread per device: open its stream, watch it, and open it again.
//!
//! Opening and closing may block for as long as the system likes; done here, it never holds up the
//! audio thread or the other device.

use std::time::{Duration, Instant};

use cpal::traits::HostTrait;
use cpal::{BufferSize, ErrorKind};
use flume::RecvTimeoutError;

use crate::device::{self, HostChoice, choose, describe_format, explain, id_of, native_config};
use crate::error::DeviceError;
use crate::port::{DeviceFormat, Direction, Move};
use crate::stream::{Lane, Stream, Trouble, fixed_buffer};

/// How long after a failure the next attempt is made.
const RETRY: Duration = Duration::from_millis(500);
/// How often a running stream is looked after.
const LOOK: Duration = Duration::from_millis(50);
/// The same until its first callback has been seen.
const LOOK_EARLY: Duration = Duration::from_millis(5);
/// A stream may need seconds before it flows (PulseAudio with its default buffer: 4 s).
const FIRST_SOUND: Duration = Duration::from_secs(6);
/// A callback so long after the first shows that a stream flows: PulseAudio asks for the first samples
/// of a loudspeaker even when that is suspended.
const FLOWS: Duration = Duration::from_millis(20);
/// A stream that flowed and does not call back for so long is dead, whatever its system says: it was
/// suspended, or the device was pulled out.
const SILENT: Duration = Duration::from_millis(500);
/// How long a device that did not deliver is only used when there is no other.
const SHUNNED: Duration = Duration::from_secs(10);
/// How often a sound server is asked which device is to be used now.
const CHOICE: Duration = Duration::from_millis(500);
/// The same for sound systems that have to look at the devices themselves.
const CHOICE_SLOW: Duration = Duration::from_secs(2);
/// What the audio thread wants of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Open,
    Close,
    /// The ids of the devices to use, the best one first.
    Prefer(Vec<String>),
}

/// What the audio thread learns.
pub(crate) enum News {
    /// A stream that takes the place of whatever was before.
    Lane(Lane),
    /// The stream of the last lane flows.
    Running(DeviceFormat),
    /// It is another one than before.
    Moved {
        from: String,
        to: String,
        why: Move,
    },
    /// The stream is gone because the audio thread wanted so.
    Closed,
    /// The stream is gone and a new one comes at once.
    Moving,
    Failed(DeviceError),
}

pub(crate) struct Keeper {
    direction: Direction,
    order: Vec<String>,
    host: HostChoice,
    wants: flume::Receiver<Want>,
    news: flume::Sender<News>,
    /// The device that ran last since the microphone or loudspeaker was asked for.
    last: Option<DeviceFormat>,
    /// The id of the device that was lost and would be returned to.
    away: Option<String>,
    /// The order is new: a change of the device is no surprise to anybody.
    asked: bool,
    /// Ids of devices that did not deliver, and until when they are passed over.
    shunned: Vec<(String, Instant)>,
    reported: Option<DeviceError>,
}

struct Running {
    stream: Stream,
    host: cpal::Host,
    format: DeviceFormat,
}

enum Outcome {
    Stop,
    Close,
    Move,
    Lost(DeviceError),
}

impl Keeper {
    /// `order`: as in [`EngineOptions`](crate::EngineOptions).
    pub(crate) fn new(
        direction: Direction,
        order: Vec<String>,
        host: HostChoice,
        wants: flume::Receiver<Want>,
        news: flume::Sender<News>,
    ) -> Self {
        let (last, away, shunned, reported) = (None, None, Vec::new(), None);
        Self { direction, order, host, wants, news, last, away, asked: true, shunned, reported }
    }

    /// Runs until the audio thread is gone; then no stream is open.
    pub(crate) fn run(mut self) {
        while let Ok(want) = self.wants.recv() {
            match want {
                Want::Prefer(order) => self.order = order,
                Want::Close => {}
                Want::Open => {
                    if let Outcome::Stop = self.keep_open() {
                        return;
                    }
                    (self.last, self.away, self.reported) = (None, None, None);
                    self.tell(News::Closed);
                }
            }
        }
    }

    /// Ends with [`Outcome::Close`] or [`Outcome::Stop`].
    fn keep_open(&mut self) -> Outcome {
        loop {
            let began = Instant::now();
            let outcome = match self.open(None) {
                Ok(running) => self.watch(running),
                Err(outcome) => outcome,
            };
            let news = match outcome {
                Outcome::Stop | Outcome::Close => return outcome,
                Outcome::Move => News::Moving,
                Outcome::Lost(error) if self.reported.as_ref() == Some(&error) => News::Moving,
                Outcome::Lost(error) => {
                    tracing::warn!(direction = ?self.direction, %error, "keeping a device open");
                    self.reported = Some(error.clone());
                    News::Failed(error)
                }
            };
            self.tell(news);
            // At once after a stream that ran for a while, never in a hurry after one that did not.
            if let Some(outcome) = self.hear_wants(RETRY.saturating_sub(began.elapsed())) {
                return outcome;
            }
        }
    }

    /// Waits for a want; [`Keeper::asked`] says afterwards whether the order is new.
    fn hear_wants(&mut self, patience: Duration) -> Option<Outcome> {
        match self.wants.recv_timeout(patience) {
            Ok(Want::Close) => return Some(Outcome::Close),
            Err(RecvTimeoutError::Disconnected) => return Some(Outcome::Stop),
            Ok(Want::Prefer(order)) => {
                self.order = order;
                self.asked = true;
                // Whoever chooses a device wants it tried.
                self.shunned.clear();
            }
            Ok(Want::Open) | Err(RecvTimeoutError::Timeout) => {}
        }
        None
    }

    fn tell(&self, news: News) {
        if self.news.send(news).is_err() {
            tracing::debug!("the audio thread has ended");
        }
    }

    fn choose(&mut self, host: &cpal::Host) -> Result<cpal::Device, DeviceError> {
        self.shunned.retain(|(_, until)| Instant::now() < *until);
        let shunned = |id: &str| self.shunned.iter().any(|(other, _)| other == id);
        choose(host, self.direction, &self.order, shunned)
    }

    fn shun(&mut self, id: &str) {
        self.shunned.retain(|(other, _)| other != id);
        self.shunned.push((id.to_owned(), Instant::now() + SHUNNED));
    }

    /// Opens the device that is to be used now and waits until its stream flows. What runs `beside` it
    /// is replaced only then, or when it ends by itself.
    fn open(&mut self, beside: Option<&mut Running>) -> Result<Running, Outcome> {
        // A host of its own for every stream: PulseAudio refuses one client two loudspeakers.
        let host = device::open_host(self.host).map_err(Outcome::Lost)?;
        let device = self.choose(&host).map_err(Outcome::Lost)?;
        let id = id_of(&device).unwrap_or_default();
        let opened = self.start(host, &device, beside);
        if let Err(Outcome::Lost(_)) = opened {
            self.shun(&id);
        }
        opened
    }

    fn start(
        &mut self,
        host: cpal::Host,
        device: &cpal::Device,
        mut beside: Option<&mut Running>,
    ) -> Result<Running, Outcome> {
        let lost = |error: cpal::Error| Outcome::Lost(explain(self.direction, &error));
        let config = native_config(device, self.direction).map_err(lost)?;
        let name = device::name_of(&host, self.direction, device);
        let format = DeviceFormat { name, ..describe_format(device, &config) };
        let fixed = fixed_buffer(&config);
        let (stream, lane) = match Stream::open(self.direction, device, &config, fixed) {
            Err(error) if fixed != BufferSize::Default && error.kind() == ErrorKind::UnsupportedConfig => {
                Stream::open(self.direction, device, &config, BufferSize::Default)
            }
            other => other,
        }
        .map_err(lost)?;
        let mut running = Running { stream, host, format };
        let mut lane = Some(lane);
        let began = Instant::now();
        let mut first: Option<(Instant, u64)> = None;
        loop {
            let callbacks = running.stream.callbacks();
            match first {
                None if callbacks > 0 => first = Some((Instant::now(), callbacks)),
                Some((at, count)) if at.elapsed() >= FLOWS && callbacks > count => break,
                Some((at, _)) if at.elapsed() < FLOWS => first = Some((at, callbacks)),
                _ => {}
            }
            let alone = beside.as_mut().is_none_or(|other| other.trouble(self.direction).is_some());
            if let Some(lane) = lane.take_if(|_| alone) {
                self.tell(News::Lane(lane));
            }
            if let Some(outcome) = self.hear_wants(LOOK_EARLY).or_else(|| running.trouble(self.direction)) {
                return Err(outcome);
            }
            if began.elapsed() > FIRST_SOUND {
                return Err(Outcome::Lost(running.silent()));
            }
        }
        if let Some(lane) = lane {
            self.tell(News::Lane(lane));
        }
        self.tell(News::Running(running.format.clone()));
        self.tell_move(&running);
        self.reported = None;
        Ok(running)
    }

    /// Says that another device runs than before, and why.
    fn tell_move(&mut self, running: &Running) {
        let now = &running.format;
        let asked = std::mem::take(&mut self.asked);
        let Some(before) = self.last.replace(now.clone()).filter(|before| before.id != now.id) else {
            return;
        };
        let there = |id: &str| id.parse().is_ok_and(|id| running.host.device_by_id(&id).is_some());
        let rank = |id: &String| self.order.iter().position(|chosen| chosen == id).unwrap_or(usize::MAX);
        let why = if asked {
            self.away = None;
            return;
        } else if self.away.as_ref() == Some(&now.id) || rank(&now.id) < rank(&before.id) {
            self.away = None;
            Move::Returned
        } else if there(&before.id) && self.shunned.iter().all(|(id, _)| *id != before.id) {
            Move::Followed
        } else {
            self.away.get_or_insert(before.id);
            Move::Lost
        };
        self.tell(News::Moved { from: before.name, to: now.name.clone(), why });
    }

    /// Looks after a stream, and after the one that takes its place, until it has to go. It is gone
    /// when this returns.
    fn watch(&mut self, mut running: Running) -> Outcome {
        let mut seen = 0;
        let mut seen_at = Instant::now();
        let mut asked_at = Instant::now();
        let every = if running.of_a_server() { CHOICE } else { CHOICE_SLOW };
        loop {
            if let Some(outcome) = self.hear_wants(LOOK).or_else(|| running.trouble(self.direction)) {
                return outcome;
            }
            let callbacks = running.stream.callbacks();
            if callbacks != seen {
                (seen, seen_at) = (callbacks, Instant::now());
            }
            if seen_at.elapsed() > SILENT {
                self.shun(&running.format.id);
                return Outcome::Lost(running.silent());
            }
            if asked_at.elapsed() > every || self.asked {
                asked_at = Instant::now();
                match self.look_for_better(&mut running) {
                    Ok(Some(better)) => {
                        // Only now is the old stream closed.
                        (running, seen) = (better, 0);
                    }
                    Ok(None) => {}
                    Err(outcome) => return outcome,
                }
                // Nobody looked at the stream meanwhile.
                seen_at += asked_at.elapsed();
            }
        }
    }

    /// A running stream to put in the place of this one, if another device is to be used now.
    fn look_for_better(&mut self, running: &mut Running) -> Result<Option<Running>, Outcome> {
        // No device at all: the stream itself will say so, if it is not there either.
        let Ok(device) = self.choose(&running.host) else { return Ok(None) };
        let id = id_of(&device).unwrap_or_default();
        if id == running.format.id {
            self.asked = false;
            let format = native_config(&device, self.direction);
            let other = format.is_ok_and(|format| {
                (format.sample_rate(), format.channels()) != (running.format.rate_hz, running.format.channels)
            });
            return if other { Err(Outcome::Move) } else { Ok(None) };
        }
        match self.open(Some(running)) {
            Ok(better) => Ok(Some(better)),
            Err(Outcome::Lost(error)) => {
                tracing::warn!(direction = ?self.direction, %error, "the better device does not work");
                Ok(None)
            }
            Err(outcome) => Err(outcome),
        }
    }
}

impl Running {
    /// A sound server knows its devices; other systems have to look at them.
    fn of_a_server(&self) -> bool {
        self.format.id.starts_with("pulseaudio:")
    }

    /// What the stream has complained of that ends it.
    fn trouble(&mut self, direction: Direction) -> Option<Outcome> {
        Some(match self.stream.trouble(direction)? {
            Trouble::Changed => Outcome::Move,
            Trouble::Lost(error) => Outcome::Lost(error),
        })
    }

    fn silent(&self) -> DeviceError {
        DeviceError::Lost(format!("{} has stopped without a word", self.format.name))
    }
}
