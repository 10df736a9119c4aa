//! The one call: its task, the agent behind it when that is ours, the recording and whoever watches.

use std::sync::Arc;
use std::time::Duration;

use audio::{Direction, Engine, EngineOptions};
use call::{Access, Call, CallGone, Checkup, Command, Devices, Net, Problem, ProblemCode, Setup, Status};
use history::History;
use practice::Practice;
use realtime::Profile;
use secrecy::SecretString;
use tauri::ipc::Channel;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::ledger::unix_ms;
use crate::outbox::Outbox;
use crate::record::{self, Recording};
use crate::stream;
use crate::trouble::trouble;
use crate::view::{Keeping, Settings};

/// How long the end of a call waits for a disk that refuses.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Whom to call, ready to be called.
pub(crate) struct Line {
    setup: Setup,
    /// The agent on this computer, when it is the one who is called.
    practice: Option<Practice>,
}

pub(crate) fn backend(profile: Profile, secrets: Secrets) -> Line {
    let Secrets { caller, proxy_password } = secrets;
    let setup = Setup { proxy_password, ..Setup::new(profile, Access::Backend(caller)) };
    Line { setup, practice: None }
}

/// What is kept for a profile beside it.
#[derive(Default)]
pub(crate) struct Secrets {
    pub(crate) caller: Option<SecretString>,
    pub(crate) proxy_password: Option<SecretString>,
}

impl Line {
    /// Tries the line out up to its agreed session. Stops early when `stopped` comes to an end.
    pub(crate) async fn check(
        self,
        net: &Net,
        stopped: oneshot::Receiver<()>,
        window: Channel<Checkup>,
    ) -> Option<Checkup> {
        let tell = move |checkup| {
            if let Err(error) = window.send(checkup) {
                tracing::warn!(%error, "the window did not take how far the check is");
            }
        };
        let found = tokio::select! {
            found = net.check(&self.setup, tell) => Some(found),
            _ = stopped => None,
        };
        if let Some(practice) = self.practice {
            practice.stop().await;
        }
        found
    }
}

/// Starts the agent on this computer: any free port, and a bearer that nobody else here can guess.
pub(crate) async fn practice() -> Result<Line, Problem> {
    let key = uuid::Uuid::new_v4().to_string();
    let options = practice::Options { port: 0, key: key.clone(), switches: practice::Switches::default() };
    let practice = Practice::start(options).await.map_err(|error| {
        let message = "The practice agent could not be started.";
        trouble(ProblemCode::Internal, message, "Try again.", &error)
    })?;
    let setup = Setup::practice(practice.token_url(), practice.realtime_url(), key.into());
    Ok(Line { setup, practice: Some(practice) })
}

pub(crate) struct Running {
    call: Call,
    practice: Option<Practice>,
    recording: Result<Recording, Keeping>,
    watching: Option<JoinHandle<()>>,
}

impl Running {
    /// Opens the devices and calls. Must be called within a Tokio runtime.
    pub(crate) fn start(
        line: Line,
        settings: &Settings,
        spent_today: f64,
        net: Net,
        history: Result<Arc<History>, Keeping>,
    ) -> Self {
        let Line { mut setup, practice } = line;
        begin(&mut setup, settings);
        setup.spent_today = spent_today;
        // Only spreads reconnects of many clients over time; any number will do.
        setup.seed = uuid::Uuid::new_v4().as_u64_pair().0;
        let (engine, ports) = Engine::start(options(settings));
        let devices = Devices { ports, engine: Box::new(engine) };
        let call = Call::start(setup.clone(), devices, net, None);
        let recording = history.map(|history| {
            let subscriber = call.subscriber();
            record::start(history, &setup, unix_ms, move || {
                let subscriber = subscriber.clone();
                async move { subscriber.subscribe().await.ok() }
            })
        });
        Self { call, practice, recording, watching: None }
    }

    pub(crate) async fn send(&self, command: Command) -> Result<(), CallGone> {
        self.call.send(command).await
    }

    pub(crate) async fn is_live(&self) -> bool {
        self.call.snapshot().await.is_ok_and(|now| !matches!(now.status, Status::Ended { .. }))
    }

    /// Waits until an ended call is written down with what it cost, or for as long as its last words may
    /// take. A call that goes on is not waited for.
    pub(crate) fn written_down(&self) -> Option<impl Future<Output = ()> + use<>> {
        let mut keeping = self.recording().map(Recording::watch)?;
        let subscriber = self.call.subscriber();
        Some(async move {
            let Ok((now, _)) = subscriber.subscribe().await else { return };
            if matches!(now.status, Status::Ended { .. }) {
                let written = keeping.wait_for(|keeping| *keeping != Keeping::Writing);
                // In time or not: what is known by then is what counts.
                let _ = tokio::time::timeout(LAST_WORDS, written).await;
            }
        })
    }

    /// Absent where the call is not kept.
    pub(crate) fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref().ok()
    }

    pub(crate) fn keeping(&self) -> Keeping {
        match &self.recording {
            Ok(recording) => recording.keeping(),
            Err(keeping) => keeping.clone(),
        }
    }

    /// Streams the call's events to the window, beginning with the snapshot that is returned.
    pub(crate) async fn watch(&mut self, window: Option<Outbox>) -> Option<call::Snapshot> {
        if let Some(before) = self.watching.take() {
            before.abort();
        }
        let (snapshot, events) = self.call.subscribe().await.ok()?;
        if let Some(window) = window {
            let keeping = self.recording().map(Recording::watch);
            let words = stream::forward(events, self.call.subscriber(), window.clone());
            self.watching = Some(tokio::spawn(async move {
                match keeping {
                    Some(keeping) => drop(tokio::join!(words, stream::keeping(keeping, window))),
                    None => words.await,
                }
            }));
        }
        Some(snapshot)
    }

    /// Ends the call and waits until its devices are free and its last words are kept, or have been
    /// refused for [`LAST_WORDS`].
    pub(crate) async fn end(self) {
        // Its last words are read from the call itself, which therefore closes after them.
        if self.call.send(Command::End).await.is_ok()
            && let Ok(mut recording) = self.recording
        {
            recording.finish(LAST_WORDS).await;
        }
        self.call.close().await;
        if let Some(watching) = self.watching {
            watching.abort();
        }
        if let Some(practice) = self.practice {
            practice.stop().await;
        }
    }
}

/// What a call begins with.
fn begin(setup: &mut Setup, settings: &Settings) {
    setup.turns = settings.turns;
    setup.patience = settings.patience;
    setup.quick_barge_in = settings.quick_barge_in;
    setup.idle = settings.idle;
    setup.money = settings.money.clone();
}

/// What the devices are opened with.
pub(crate) fn options(settings: &Settings) -> EngineOptions {
    EngineOptions {
        microphones: settings.microphones.clone(),
        speakers: settings.speakers.clone(),
        volume: settings.volume,
        processing: settings.processing,
        ..EngineOptions::default()
    }
}

/// What a running call has to be told of a change of the settings.
pub(crate) fn tuning(before: &Settings, settings: &Settings) -> Vec<Command> {
    let mut commands = vec![
        Command::Volume(settings.volume),
        Command::Process(settings.processing),
        Command::Patience(settings.patience),
        Command::QuickBargeIn(settings.quick_barge_in),
        Command::Idle(settings.idle),
        Command::Money(settings.money.clone()),
    ];
    // Only a change: during the call the person may have chosen otherwise for it alone.
    if settings.turns != before.turns {
        commands.push(Command::Turns(settings.turns));
    }
    for (direction, before, order) in [
        (Direction::Microphone, &before.microphones, &settings.microphones),
        (Direction::Speaker, &before.speakers, &settings.speakers),
    ] {
        if before != order {
            commands.push(Command::Prefer { direction, order: order.clone() });
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use audio::Processing;
    use call::{Idle, Money, Patience, Turns};

    use super::*;

    #[test]
    fn a_call_begins_with_what_is_kept_and_a_running_one_is_told_of_it() {
        let processing = Processing { echo: false, noise: true, gain: false };
        let patience = Patience { silence_ms: 900, threshold: 0.5 };
        let idle = Idle { hang_up: false, ..Idle::default() };
        let money = Money { daily_cap: Some(5.0), ..Money::default() };
        let before = Settings::default();
        let speakers = vec!["a".to_owned()];
        let settings = Settings {
            volume: 0.25,
            turns: Turns::Manual,
            processing,
            patience,
            quick_barge_in: false,
            idle,
            money: money.clone(),
            speakers: speakers.clone(),
            ..Settings::default()
        };
        let opened = options(&settings);
        assert_eq!((opened.volume, opened.processing), (0.25, processing));
        assert_eq!((opened.microphones, opened.speakers.clone()), (Vec::new(), speakers));
        let mut setup = Setup::practice(
            "http://127.0.0.1:1/token".parse().unwrap(),
            "ws://127.0.0.1:1/".parse().unwrap(),
            "key".to_owned().into(),
        );
        begin(&mut setup, &settings);
        assert_eq!((setup.turns, setup.patience, setup.quick_barge_in), (Turns::Manual, patience, false));
        assert_eq!((setup.idle, &setup.money), (idle, &money));
        let sound = vec![
            Command::Volume(0.25),
            Command::Process(processing),
            Command::Patience(patience),
            Command::QuickBargeIn(false),
            Command::Idle(idle),
            Command::Money(money),
        ];
        assert_eq!(tuning(&settings, &settings), sound);
        let order = opened.speakers;
        let changed =
            vec![Command::Turns(Turns::Manual), Command::Prefer { direction: Direction::Speaker, order }];
        assert_eq!(tuning(&before, &settings), [sound, changed].concat());
    }
}
