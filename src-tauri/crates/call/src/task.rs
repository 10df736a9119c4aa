//! The call's one task. It only carries: what is decided is decided in [`crate::machine`].

mod telling;

use std::pin::Pin;
use std::time::Duration;

use audio::{Control, Frame, Report};
use realtime::{CloseKind, Closed, Line, LineEvent};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};

use crate::connect::{Attempt, Failed, Net};
use crate::event::{Event, Snapshot, Step};
use crate::handle::{Devices, Request};
use crate::machine::{self, Effect, Input, State};
use crate::problem;
use crate::session::Wishes;
use crate::setup::{Command, Setup};
use crate::surroundings::{Clocks, Networks};
use crate::tap::Tap;
use crate::unsent::Unsent;

/// Events that a slow listener may be behind; then it must take a new snapshot.
const EVENTS: usize = 512;
/// Levels and partial text are told this often (30 a second).
const TELL: Duration = Duration::from_millis(33);
/// How long the loudspeaker may take to say where it was stopped.
const LAST_REPORT: Duration = Duration::from_millis(300);
/// How long a line may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

type Attempting = Pin<Box<dyn Future<Output = Result<(Line, Wishes), Failed>> + Send>>;

pub(crate) struct Task {
    /// Only absent while the machine has it.
    state: Option<State>,
    began: Instant,
    devices: Option<Devices>,
    net: Net,
    tap: Option<Tap>,
    line: Option<Line>,
    attempt: Option<Attempting>,
    /// The line that is to take over, and the attempt to open it.
    next_line: Option<Line>,
    preparing: Option<Attempting>,
    steps: mpsc::Receiver<Step>,
    steps_in: mpsc::Sender<Step>,
    unsent: Unsent,
    events: broadcast::Sender<Event>,
    /// Changed items not yet told, by id.
    partial: Vec<Event>,
    levels: (f32, f32),
    /// When the last sample of the frame at hand was captured.
    captured_at: Option<Instant>,
    measured_at: Instant,
    /// The loudspeaker owes a [`Report::Flushed`].
    flushing: bool,
    clocks: Clocks,
}

/// What can happen to a call.
enum Happening {
    Request(Option<Request>),
    Line(Box<LineEvent>),
    Attempt(Result<(Line, Wishes), Failed>),
    NextLine(Box<LineEvent>),
    Prepared(Result<(Line, Wishes), Failed>),
    Step(Step),
    Report(Report),
    Frame(Box<Frame>),
    Tell,
    NetworkChanged,
    Deadline,
}

impl Task {
    pub(crate) fn new(setup: Setup, devices: Devices, net: Net, tap: Option<Tap>) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        let (steps_in, steps) = mpsc::channel(8);
        Self {
            state: Some(State::new(setup)),
            began: Instant::now(),
            devices: Some(devices),
            net,
            tap,
            line: None,
            attempt: None,
            next_line: None,
            preparing: None,
            steps,
            steps_in,
            unsent: Unsent::default(),
            events,
            partial: Vec::new(),
            levels: (audio::SILENCE_DBFS, audio::SILENCE_DBFS),
            captured_at: None,
            measured_at: Instant::now(),
            flushing: false,
            clocks: Clocks::new(),
        }
    }

    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let mut tell = tokio::time::interval(TELL);
        tell.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut networks = self.net.addresses.watch();
        self.feed(Input::Start).await;
        while !self.is_over() {
            let happening = self.next(&mut inbox, &mut tell, &mut networks).await;
            match happening {
                Happening::Request(Some(Request::Command(command))) => {
                    self.feed(Input::Command(command)).await
                }
                Happening::Request(Some(Request::Subscribe(reply))) => self.subscribe(reply),
                Happening::Request(None) => self.feed(Input::Command(Command::End)).await,
                Happening::Line(event) => self.hear_line(*event).await,
                Happening::Attempt(Ok((line, wishes))) => {
                    self.attempt = None;
                    self.line = Some(line);
                    self.feed(Input::Connected(wishes)).await;
                }
                Happening::Attempt(Err(failed)) => {
                    self.attempt = None;
                    self.feed(Input::ConnectFailed(failed)).await;
                }
                Happening::Prepared(Ok((line, wishes))) => {
                    self.preparing = None;
                    self.next_line = Some(line);
                    self.feed(Input::Prepared(wishes)).await;
                }
                Happening::Prepared(Err(Failed { problem, conversation, .. })) => {
                    self.preparing = None;
                    self.feed(Input::PrepareFailed { problem, conversation }).await;
                }
                Happening::NextLine(event) => self.hear_next_line(*event).await,
                Happening::Step(step) => self.feed(Input::Step(step)).await,
                Happening::Report(report) => self.hear_device(report).await,
                Happening::Frame(frame) => {
                    self.captured_at = Some(Instant::from_std(frame.captured_at));
                    self.feed(Input::Frame(Box::new(frame.samples))).await;
                }
                Happening::NetworkChanged => self.feed(Input::NetworkChanged).await,
                Happening::Tell => {
                    if let Some(nap) = self.clocks.look() {
                        self.feed(Input::Slept(nap)).await;
                    }
                    self.tell_levels();
                    self.measure().await;
                }
                Happening::Deadline => self.feed(Input::Tick).await,
            }
            self.send_unsent().await;
        }
        drop(networks);
        self.tell_partial();
        // What was said stays readable until the handle goes.
        while let Some(request) = inbox.recv().await {
            if let Request::Subscribe(reply) = request {
                self.subscribe(reply);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.state.as_ref().is_none_or(State::is_ended)
    }

    async fn next(
        &mut self,
        inbox: &mut mpsc::Receiver<Request>,
        tell: &mut tokio::time::Interval,
        networks: &mut Networks,
    ) -> Happening {
        let deadline =
            self.state.as_ref().and_then(State::deadline).map(|ms| self.began + Duration::from_millis(ms));
        let ports = self.devices.as_ref().map(|devices| &devices.ports);
        tokio::select! {
            request = inbox.recv() => Happening::Request(request),
            event = next_of_line(&mut self.line) => Happening::Line(Box::new(event)),
            result = next_of_attempt(&mut self.attempt) => Happening::Attempt(result),
            event = next_of_line(&mut self.next_line) => Happening::NextLine(Box::new(event)),
            result = next_of_attempt(&mut self.preparing) => Happening::Prepared(result),
            Some(step) = self.steps.recv() => Happening::Step(step),
            Some(report) = next_in(ports.map(|ports| &ports.reports)) => Happening::Report(report),
            Some(frame) = next_in(ports.map(|ports| &ports.frames)) => Happening::Frame(Box::new(frame)),
            _ = tell.tick() => Happening::Tell,
            () = networks.changed() => Happening::NetworkChanged,
            () = sleep_until(deadline) => Happening::Deadline,
        }
    }

    fn subscribe(&mut self, reply: oneshot::Sender<(Snapshot, broadcast::Receiver<Event>)>) {
        self.tell_partial();
        if let Some(state) = &self.state {
            // Whoever asked may be gone.
            let _ = reply.send((state.snapshot(), self.events.subscribe()));
        }
    }

    async fn hear_line(&mut self, event: LineEvent) {
        match event {
            LineEvent::Audio { item_id, response_id, samples, .. } => {
                let item = Some(item_id).filter(|id| !id.is_empty());
                self.feed(Input::Sound { item, response: response_id, samples }).await;
            }
            LineEvent::Binary { samples, .. } => {
                self.feed(Input::Sound { item: None, response: None, samples }).await;
            }
            LineEvent::Event(event) => self.feed(Input::Server(Box::new(event))).await,
            LineEvent::Malformed { problem } => {
                tracing::warn!(%problem, "the server sent something unreadable")
            }
            LineEvent::Closed(closed) => {
                self.line = None;
                self.unsent.clear();
                self.feed(Input::Closed(closed)).await;
            }
        }
    }

    /// Nothing but the session is agreed on that line yet.
    async fn hear_next_line(&mut self, event: LineEvent) {
        match event {
            LineEvent::Event(event) => self.feed(Input::Next(Box::new(event))).await,
            LineEvent::Closed(closed) => {
                self.next_line = None;
                let conversation = machine::may_mean_the_conversation(&closed);
                self.feed(Input::PrepareFailed { problem: problem::closed_early(&closed), conversation })
                    .await;
            }
            LineEvent::Audio { .. } | LineEvent::Binary { .. } | LineEvent::Malformed { .. } => {}
        }
    }

    async fn hear_device(&mut self, report: Report) {
        if matches!(report, Report::Flushed(_)) {
            self.flushing = false;
        }
        self.feed(Input::Device(report)).await;
    }

    async fn feed(&mut self, input: Input) {
        let Some(state) = self.state.take() else { return };
        let now = self.began.elapsed().as_millis() as u64;
        let (state, effects) = machine::step(state, now, input);
        self.state = Some(state);
        for effect in effects {
            self.perform(effect).await;
        }
    }

    async fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Tell(event) => self.tell(event),
            Effect::Append(samples) => self.unsent.push_voice(samples.to_vec(), self.captured_at),
            Effect::Silence { ms } => {
                let samples = ms as usize * audio::WIRE_RATE_HZ as usize / 1_000;
                self.unsent.push_voice(vec![0; samples], None);
            }
            Effect::Send(event) => self.unsent.push(event),
            Effect::Probe(limit) => {
                if let Some(line) = &self.line {
                    line.probe(limit);
                }
            }
            Effect::Device(control) => self.control(control).await,
            Effect::Connect { after, resume } => {
                self.line = None;
                self.next_line = None;
                self.preparing = None;
                self.unsent.clear();
                self.attempt = self.attempt_to_open(after, resume);
            }
            Effect::Prepare { resume } => self.preparing = self.attempt_to_open(Duration::ZERO, resume),
            Effect::SendNext(event) => {
                if let Some(line) = &self.next_line {
                    // A line that takes nothing will agree to nothing.
                    let _ = line.try_send(event);
                }
            }
            Effect::Switch => {
                // What was for the old line leaves with it, and it says goodbye by being dropped.
                if let Some(line) = &self.line {
                    self.unsent.leave(line);
                }
                self.unsent.clear();
                self.line = self.next_line.take();
            }
            Effect::DropNext => {
                self.next_line = None;
                self.preparing = None;
            }
            Effect::HangUp => self.hang_up().await,
        }
    }

    fn attempt_to_open(&self, after: Duration, resume: Option<String>) -> Option<Attempting> {
        let attempt = Attempt {
            net: self.net.clone(),
            setup: self.state.as_ref()?.setup.clone(),
            resume,
            after,
            steps: self.steps_in.clone(),
            tap: self.tap.clone(),
        };
        Some(Box::pin(attempt.run()))
    }

    async fn control(&mut self, control: Control) {
        let Some(devices) = &self.devices else { return };
        self.flushing |= matches!(control, Control::Flush);
        // The audio thread empties this queue every few milliseconds; if it is gone, so is the sound.
        let _ = devices.ports.control.send_async(control).await;
    }

    /// What the line did not take at once goes first the next time round.
    async fn send_unsent(&mut self) {
        let Some(line) = &self.line else { return };
        let waited = self.unsent.voice_ms();
        self.unsent.leave(line);
        let waits = self.unsent.voice_ms();
        if waits != 0 || waited != 0 {
            self.feed(Input::Waiting { ms: waits }).await;
        }
        if self.unsent.is_too_much() {
            self.line = None;
            self.unsent.clear();
            let closed = Closed {
                code: None,
                reason: "the network takes nothing any more".into(),
                kind: CloseKind::Lost,
            };
            self.feed(Input::Closed(closed)).await;
        }
    }

    async fn hang_up(&mut self) {
        self.attempt = None;
        self.preparing = None;
        self.next_line = None;
        if let Some(line) = self.line.take() {
            // A server that does not answer the goodbye is left.
            let _ = tokio::time::timeout(GOODBYE, line.close()).await;
        }
        if let Some(devices) = &self.devices {
            let reports = devices.ports.reports.clone();
            let until = Instant::now() + LAST_REPORT;
            while self.flushing
                && let Ok(Ok(report)) = tokio::time::timeout_at(until, reports.recv_async()).await
            {
                Box::pin(self.hear_device(report)).await;
            }
        }
        if let Some(Devices { ports, engine }) = self.devices.take() {
            drop(ports);
            // Joining the audio thread blocks for some milliseconds.
            tokio::task::spawn_blocking(move || drop(engine)).await.unwrap_or_default();
        }
    }
}

async fn next_of_line(line: &mut Option<Line>) -> LineEvent {
    match line {
        Some(line) => line.next().await,
        None => std::future::pending().await,
    }
}

async fn next_of_attempt(attempt: &mut Option<Attempting>) -> Result<(Line, Wishes), Failed> {
    match attempt {
        Some(attempt) => attempt.await,
        None => std::future::pending().await,
    }
}

/// Never ready once the other side is gone.
async fn next_in<T>(receiver: Option<&flume::Receiver<T>>) -> Option<T> {
    match receiver {
        Some(receiver) if !receiver.is_disconnected() || !receiver.is_empty() => {
            receiver.recv_async().await.ok()
        }
        _ => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
