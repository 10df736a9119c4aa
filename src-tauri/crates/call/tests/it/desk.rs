//! A call at a simulated desk: the practice agent, files for devices, and a clock that jumps.

use std::time::Duration;

use call::{Call, Command, Devices, Event, FileDevices, Net, Problem, Setup, Snapshot, Status};
use practice::{Options, Practice, SessionLog, Switches};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

/// What the desk's caller is known by.
pub(crate) const KEY: &str = "a-key-that-only-this-desk-knows";
/// Simulated time after which a test gives up: longer than ten attempts to get a line back.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Desk {
    practice: Practice,
    pub(crate) call: Call,
    pub(crate) devices: FileDevices,
    pub(crate) seen: Snapshot,
    /// Every status word and its time, in order.
    pub(crate) words: Vec<String>,
    /// Every notice that came, whether it still stands or not.
    pub(crate) told: Vec<Problem>,
    events: broadcast::Receiver<Event>,
    _metronome: Metronome,
}

/// A simulated clock jumps to the next timer whenever all tasks wait, even for the network. A tick
/// every millisecond or so keeps those jumps small.
pub(crate) struct Metronome(JoinHandle<()>);

impl Metronome {
    pub(crate) fn start(every_ms: u64) -> Self {
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(every_ms));
            loop {
                ticks.tick().await;
            }
        }))
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) async fn practice(switches: &[(&str, &str)]) -> Practice {
    let mut set = Switches::default();
    for (name, value) in switches {
        set.set(name, value).unwrap();
    }
    Practice::start(Options { port: 0, key: KEY.into(), switches: set }).await.unwrap()
}

pub(crate) fn setup(practice: &Practice) -> Setup {
    let key = practice.key().to_owned().into();
    let mut setup = Setup::practice(practice.token_url(), practice.realtime_url(), key);
    setup.profile.agent_speaks_first = false;
    setup
}

impl Desk {
    pub(crate) async fn open(switches: &[(&str, &str)]) -> Self {
        Self::open_with(switches, |_| {}).await
    }

    pub(crate) async fn open_with(switches: &[(&str, &str)], change: impl FnOnce(&mut Setup)) -> Self {
        Self::open_on(Net::new().unwrap(), switches, change).await
    }

    pub(crate) async fn open_on(
        net: Net,
        switches: &[(&str, &str)],
        change: impl FnOnce(&mut Setup),
    ) -> Self {
        Self::open_at(practice(switches).await, 1, net, change).await
    }

    /// The person types `text` before anything can have come of the call.
    pub(crate) async fn open_typing(practice: Practice, text: &str, change: impl FnOnce(&mut Setup)) -> Self {
        let text = Command::SendText(text.into());
        Self::begin(practice, 1, Net::new().unwrap(), Some(text), change).await
    }

    /// The clock jumps by `tick_ms` at most.
    pub(crate) async fn open_at(
        practice: Practice,
        tick_ms: u64,
        net: Net,
        change: impl FnOnce(&mut Setup),
    ) -> Self {
        Self::begin(practice, tick_ms, net, None, change).await
    }

    async fn begin(
        practice: Practice,
        tick_ms: u64,
        net: Net,
        first: Option<Command>,
        change: impl FnOnce(&mut Setup),
    ) -> Self {
        let _metronome = Metronome::start(tick_ms);
        let mut setup = setup(&practice);
        change(&mut setup);
        let (ports, far) = audio::ports();
        let devices = FileDevices::start(far, Duration::from_millis(20));
        let call = Call::start(setup, Devices { ports, engine: Box::new(()) }, net, None);
        if let Some(first) = first {
            call.send(first).await.unwrap();
        }
        let (seen, events) = call.subscribe().await.unwrap();
        Self { practice, call, devices, seen, words: Vec::new(), told: Vec::new(), events, _metronome }
    }

    /// Goes on until the snapshot is as wanted. Events are applied as a window would.
    #[track_caller]
    pub(crate) fn until(
        &mut self,
        what: &str,
        wanted: impl Fn(&Snapshot) -> bool,
    ) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        let what = what.to_owned();
        async move {
            if !self.comes_to(wanted).await {
                panic!("{caller}: never came to: {what}\nwords: {:?}\nseen: {:#?}", self.words, self.seen);
            }
        }
    }

    /// The same; false when it does not come within five minutes of simulated time.
    pub(crate) async fn comes_to(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> bool {
        let waiting = async {
            while !wanted(&self.seen) {
                let event = self.events.recv().await.unwrap();
                self.apply(event);
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.is_ok()
    }

    pub(crate) async fn until_word(&mut self, word: &str) {
        self.until(word, |seen| word_of(&seen.status) == word).await;
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Status { status } => {
                self.words.push(word_of(&status));
                self.seen.status = status;
            }
            Event::Controls { controls } => self.seen.controls = controls,
            Event::Item { index, item } => match self.seen.items.iter_mut().find(|known| known.id == item.id)
            {
                Some(known) => *known = item,
                None => self.seen.items.insert(index.min(self.seen.items.len()), item),
            },
            Event::Device { direction, device } => match direction {
                audio::Direction::Microphone => self.seen.microphone = device,
                audio::Direction::Speaker => self.seen.speaker = device,
            },
            Event::Clock { clock } => self.seen.clock = clock,
            Event::Quiet { quiet } => self.seen.quiet = quiet,
            Event::Notice { problem } => {
                self.seen.notices.retain(|known| known.code != problem.code);
                self.seen.notices.push(problem.clone());
                self.told.push(problem);
            }
            Event::NoticeGone { code } => self.seen.notices.retain(|known| known.code != code),
            Event::Model { model } => self.seen.model = Some(model),
            Event::Figures { figures } => self.seen.figures = figures,
            Event::Levels { .. } => {}
        }
    }

    /// Lets time pass under the eyes of the window.
    pub(crate) async fn watch(&mut self, ms: u64) {
        let until = tokio::time::Instant::now() + Duration::from_millis(ms);
        while let Ok(event) = tokio::time::timeout_at(until, self.events.recv()).await {
            self.apply(event.unwrap());
        }
    }

    /// How often the state word was *Reconnecting*, its countdown included.
    pub(crate) fn breaks(&self) -> usize {
        self.words.iter().filter(|word| *word == "reconnecting").count()
    }

    pub(crate) async fn tell(&self, command: Command) {
        self.call.send(command).await.unwrap();
    }

    /// Closes the call; the server stays.
    pub(crate) async fn close(self) -> Practice {
        self.call.close().await;
        self.practice
    }

    /// Ends the window and the call; what the latter gave back by that, in bytes by this measure.
    pub(crate) async fn weight(self, live: impl Fn() -> usize) -> usize {
        let Self { practice, call, devices, seen, words, told, events, _metronome } = self;
        drop((seen, words, told, events));
        let before = live();
        call.close().await;
        let weight = before.saturating_sub(live());
        drop((practice, devices));
        weight
    }

    pub(crate) async fn pass(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// What the server has seen of the newest session.
    pub(crate) fn session(&self) -> SessionLog {
        self.practice.wire_log().sessions.pop().expect("a session was opened")
    }

    /// How often the server was sent an event of this type in the newest session.
    pub(crate) fn sent(&self, kind: &str) -> usize {
        self.session().of_type(kind).count()
    }
}

pub(crate) fn word_of(status: &Status) -> String {
    serde_json::to_value(status).unwrap()["word"].as_str().unwrap().to_owned()
}

/// A voice-like sound: harmonics of 140 Hz under a syllable rhythm of 4 Hz, loud enough for any
/// voice detector, different for every `seed`.
pub(crate) fn voice(ms: u64, seed: u32) -> Vec<i16> {
    let rate = f64::from(audio::WIRE_RATE_HZ);
    (0..ms * 24)
        .map(|n| {
            let t = n as f64 / rate;
            let pitch = 140.0 + 15.0 * (t * (1.3 + f64::from(seed))).sin();
            let syllables = 0.25 + 0.75 * (std::f64::consts::PI * 4.0 * t).sin().abs();
            let sum: f64 = (1..12)
                .map(|h| (std::f64::consts::TAU * pitch * f64::from(h) * t).sin() / f64::from(h))
                .sum();
            (sum * syllables * 7_000.0) as i16
        })
        .collect()
}
