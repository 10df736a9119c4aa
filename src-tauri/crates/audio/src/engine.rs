//! The handle on the devices and the audio thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::capture::Capture;
use crate::device::HostChoice;
use crate::error::DeviceError;
use crate::keeper::Keeper;
use crate::playback::Playback;
use crate::port::{Direction, FarPorts, Gate, Ports, Processing, Report, ports};
use crate::processor::Processor;
use crate::thread::{AudioThread, DeviceLink, Outbox};

/// How long [`Engine::drop`] waits for a sound system that does not let go.
const GOODBYE: Duration = Duration::from_secs(3);

/// How to start an [`Engine`].
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The [`Device::id`](crate::Device::id)s to use, the best one first: the first that is there is
    /// used, and returned to when it comes back. Where none is there, or none is named, the system's
    /// default is used and followed.
    pub microphones: Vec<String>,
    pub speakers: Vec<String>,
    pub host: HostChoice,
    /// The microphone's gate in the first moment.
    pub gate: Gate,
    /// Linear gain of the loudspeaker, 0.0 to 1.0.
    pub volume: f32,
    /// What is done to the microphone's sound in the first moment.
    pub processing: Processing,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            microphones: Vec::new(),
            speakers: Vec::new(),
            host: HostChoice::default(),
            gate: Gate::default(),
            volume: 1.0,
            processing: Processing::default(),
        }
    }
}

/// Sound in and out, until it is dropped (or its [`Ports`] are). Dropping it waits until every
/// stream is closed, at most three seconds.
#[derive(Debug)]
pub struct Engine {
    stop: Arc<AtomicBool>,
    /// Closed when the last thread has ended.
    alive: flume::Receiver<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Never fails: what goes wrong with a device is a [`Report::Failed`], and it is tried again
    /// every half second. Meanwhile what is said plays into nothing, in real time, so that it ends.
    pub fn start(options: EngineOptions) -> (Self, Ports) {
        let (near, far) = ports();
        let (alive_in, alive) = flume::bounded(0);
        let mut engine = Self { stop: Arc::new(AtomicBool::new(false)), alive, threads: Vec::new() };
        let reports = far.reports.clone();
        if let Err(error) = engine.spawn(options, far, alive_in) {
            for direction in [Direction::Microphone, Direction::Speaker] {
                // The queue is new and nobody else writes to it.
                let _ = reports.try_send(Report::Failed { direction, error: error.clone() });
            }
        }
        (engine, near)
    }

    fn spawn(
        &mut self,
        options: EngineOptions,
        far: FarPorts,
        alive: flume::Sender<()>,
    ) -> Result<(), DeviceError> {
        let microphone =
            self.keep(Direction::Microphone, options.microphones, options.host, alive.clone())?;
        let speaker = self.keep(Direction::Speaker, options.speakers, options.host, alive.clone())?;
        let thread = AudioThread {
            control: far.control,
            outbox: Outbox::new(far.reports),
            meters: far.meters,
            microphone,
            speaker,
            capture: Capture::new(far.frames)?,
            playback: Playback::new(options.volume)?,
            processor: Processor::new(options.processing)?,
            gate: options.gate,
            stop: self.stop.clone(),
        };
        self.thread("audio", alive, || thread.run())
    }

    fn keep(
        &mut self,
        direction: Direction,
        order: Vec<String>,
        host: HostChoice,
        alive: flume::Sender<()>,
    ) -> Result<DeviceLink, DeviceError> {
        let (wants_in, wants) = flume::bounded(16);
        let (news_in, news) = flume::bounded(16);
        let keeper = Keeper::new(direction, order, host, wants, news_in);
        self.thread(crate::device::word(direction), alive, || keeper.run())?;
        Ok(DeviceLink { wants: wants_in, news })
    }

    fn thread(
        &mut self,
        name: &str,
        alive: flume::Sender<()>,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), DeviceError> {
        let run = move || {
            work();
            drop(alive);
        };
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        self.threads.push(spawned.map_err(|error| DeviceError::Backend(format!("no thread: {error}")))?);
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Err(flume::RecvTimeoutError::Timeout) = self.alive.recv_timeout(GOODBYE) {
            tracing::error!("a sound device did not let go within {GOODBYE:?}");
            return;
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the audio engine has panicked");
            }
        }
    }
}
