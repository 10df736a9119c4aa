//! *Check my backend*: the way of a call up to its agreed session, step by step, each told as it ends.
//!
//! It makes no request of its own kind: the token and the line come from the very functions that a call
//! uses, and what they find on the way is what is told.

mod report;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use realtime::{
    Auth, Dial, FRESHNESS_MARGIN, Fact, Line, LineEvent, LineOptions, Minted, OpenError, Profile,
    ServerEvent, Session, Witness,
};
use secrecy::SecretString;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use ts_rs::TS;

use crate::connect::{Destination, NamedBy, Net, check_addresses};
use crate::event::Problem;
use crate::problem;
use crate::session::{self, Wishes};
use crate::setup::{Access, Setup};

/// How long a server may take to agree on the session.
const AGREE: Duration = Duration::from_secs(10);

/// What is tried, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CheckStep {
    /// What can be judged without a network.
    Profile,
    BackendName,
    BackendReached,
    BackendTls,
    /// A successful HTTP status.
    BackendAnswer,
    TokenFound,
    TokenLife,
    LineName,
    LineReached,
    LineTls,
    /// The token is accepted and the WebSocket open.
    LineOpen,
    SessionCreated,
    SessionUpdated,
}

impl CheckStep {
    const ALL: [Self; 13] = [
        Self::Profile,
        Self::BackendName,
        Self::BackendReached,
        Self::BackendTls,
        Self::BackendAnswer,
        Self::TokenFound,
        Self::TokenLife,
        Self::LineName,
        Self::LineReached,
        Self::LineTls,
        Self::LineOpen,
        Self::SessionCreated,
        Self::SessionUpdated,
    ];
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CheckState {
    /// An earlier one failed, or it is not its turn yet.
    NotTried,
    Trying,
    /// `found`: what was found, in words.
    Passed {
        found: String,
        #[ts(type = "number")]
        took_ms: u64,
    },
    /// It works, and there is something to know.
    Noted {
        problem: Problem,
        #[ts(type = "number")]
        took_ms: u64,
    },
    Failed {
        problem: Problem,
        #[ts(type = "number")]
        took_ms: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CheckLine {
    pub step: CheckStep,
    pub state: CheckState,
}

/// What is known of a backend so far. Holds no secret: no token, no bearer, no value of a query.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Checkup {
    pub lines: Vec<CheckLine>,
    /// The same as plain text, once it is over.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

impl Checkup {
    fn new() -> Self {
        let line = |step| CheckLine { step, state: CheckState::NotTried };
        Self { lines: CheckStep::ALL.map(line).into(), report: None }
    }

    /// The step that failed, and why.
    #[must_use]
    pub fn failure(&self) -> Option<(CheckStep, &Problem)> {
        self.lines.iter().find_map(|line| match &line.state {
            CheckState::Failed { problem, .. } => Some((line.step, problem)),
            _ => None,
        })
    }

    /// Whether a call would come about.
    #[must_use]
    pub fn passed(&self) -> bool {
        let good = |state: &CheckState| matches!(state, CheckState::Passed { .. } | CheckState::Noted { .. });
        self.lines.iter().all(|line| good(&line.state))
    }
}

impl Net {
    /// Tries a call's way up to its agreed session, and hangs up. `tell` gets every change; the last one
    /// is also returned. Dropping the future stops it.
    pub async fn check(&self, setup: &Setup, tell: impl FnMut(Checkup) + Send + 'static) -> Checkup {
        let progress = Progress::start(tell);
        let outcome = self.steps(setup, &progress).await;
        let mut progress = progress.lock();
        if let Err(problem) = outcome {
            progress.fail(problem);
        }
        let report = report::text(&progress.checkup, &setup.profile, progress.destination.as_ref());
        progress.checkup.report = Some(report);
        progress.told();
        progress.checkup.clone()
    }

    async fn steps(&self, setup: &Setup, progress: &Progress) -> Result<(), Problem> {
        let profile = &setup.profile;
        check_addresses(profile)?;
        let secret = match &setup.access {
            Access::Backend(secret) => secret.as_ref(),
            Access::Token(_) => None,
        };
        profile.check_secret(secret).map_err(|error| problem::profile(&error))?;
        let dial = self.dial(profile, setup.proxy_password.as_ref())?.watched(progress.witness());
        progress.lock().pass(CheckStep::Profile, report::profile(profile));
        let (mut line, wishes) = reach(&dial, profile, secret, progress).await?;
        let outcome = agree(&mut line, setup, &wishes, progress).await;
        line.close().await;
        outcome
    }
}

/// A token and a line; a token that was refused is asked for once more, as in a call.
async fn reach(
    dial: &Dial,
    profile: &Profile,
    secret: Option<&SecretString>,
    progress: &Progress,
) -> Result<(Line, Wishes), Problem> {
    match once(dial, profile, secret, progress).await? {
        Ok(reached) => Ok(reached),
        Err((error, _)) if error.wants_new_token() => once(dial, profile, secret, progress)
            .await?
            .map_err(|(error, named)| problem::open(&error, named)),
        Err((error, named)) => Err(problem::open(&error, named)),
    }
}

async fn once(
    dial: &Dial,
    profile: &Profile,
    secret: Option<&SecretString>,
    progress: &Progress,
) -> Result<Result<(Line, Wishes), (OpenError, NamedBy)>, Problem> {
    let minted = realtime::mint(dial, profile, secret).await.map_err(|error| problem::mint(&error))?;
    progress.lock().pass(CheckStep::TokenLife, life(&minted));
    let destination = Destination::of(profile, &minted, None)?;
    let (wishes, named) = (destination.wishes(&minted), destination.named);
    let options = LineOptions::new(destination.url.clone(), minted.token, profile.auth, dial.clone());
    progress.lock().destination = Some(destination);
    let opened = realtime::open(options).await.map_err(|error| (error, named));
    Ok(opened.map(|line| {
        let how = match profile.auth {
            Auth::Bearer => "the token was accepted in a header",
            Auth::Subprotocol => "the token was accepted as a subprotocol",
        };
        progress.lock().pass(CheckStep::LineOpen, how.to_owned());
        (line, wishes)
    }))
}

fn life(minted: &Minted) -> String {
    let margin = FRESHNESS_MARGIN.as_secs();
    match minted.token.life_left() {
        Some(left) => format!("{:.0} s, and {margin} s are the least", left.as_secs_f64()),
        None => "the backend does not say how long it lives".to_owned(),
    }
}

/// Asks for the session of a call, and waits until the server agrees.
async fn agree(line: &mut Line, setup: &Setup, wishes: &Wishes, progress: &Progress) -> Result<(), Problem> {
    let own = setup.profile.model.trim();
    let asked = wishes.model.as_deref().unwrap_or(own);
    let silent = |_| problem::never_agreed(AGREE.as_secs());
    let deadline = Instant::now() + AGREE;
    // A line that is closed says so below.
    let _ = line.send(session::update(setup, wishes)).await;
    loop {
        match timeout_at(deadline, line.next()).await.map_err(silent)? {
            LineEvent::Event(ServerEvent::SessionCreated { session }) => {
                progress.lock().learn_model(own, asked, session.model);
            }
            LineEvent::Event(ServerEvent::SessionUpdated { session }) => {
                // Some servers begin without a word.
                progress.lock().learn_model(own, asked, session.model.clone());
                return updated(&session, progress);
            }
            LineEvent::Event(ServerEvent::Error { error }) => return Err(problem::session_refused(&error)),
            LineEvent::Closed(closed) => return Err(problem::closed_early(&closed)),
            LineEvent::Event(_)
            | LineEvent::Audio { .. }
            | LineEvent::Binary { .. }
            | LineEvent::Malformed { .. } => {}
        }
    }
}

fn updated(session: &Session, progress: &Progress) -> Result<(), Problem> {
    if let Some(rate) = session::other_rate(session) {
        return Err(problem::wrong_rate(rate));
    }
    let kilohertz = audio::WIRE_RATE_HZ / 1_000;
    progress.lock().pass(CheckStep::SessionUpdated, format!("agreed, with sound at {kilohertz} kHz"));
    Ok(())
}

/// What is known, when the current step began, and who is told.
#[derive(Clone)]
struct Progress(Arc<Mutex<Known>>);

struct Known {
    checkup: Checkup,
    /// Where the line was to be opened last.
    destination: Option<Destination>,
    since: Instant,
    tell: Box<dyn FnMut(Checkup) + Send>,
}

impl Progress {
    fn start(tell: impl FnMut(Checkup) + Send + 'static) -> Self {
        let mut known =
            Known { checkup: Checkup::new(), destination: None, since: Instant::now(), tell: Box::new(tell) };
        known.begin();
        Self(Arc::new(Mutex::new(known)))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn witness(&self) -> Witness {
        let progress = self.clone();
        Witness::new(move |fact| progress.lock().learn(&fact))
    }
}

impl Known {
    /// The step that is tried now.
    fn current(&mut self) -> Option<&mut CheckLine> {
        let open = |state: &CheckState| matches!(state, CheckState::NotTried | CheckState::Trying);
        self.checkup.lines.iter_mut().find(|line| open(&line.state))
    }

    fn begin(&mut self) {
        self.since = Instant::now();
        if let Some(line) = self.current() {
            line.state = CheckState::Trying;
        }
        self.told();
    }

    fn told(&mut self) {
        (self.tell)(self.checkup.clone());
    }

    /// What comes twice, because a token was asked for once more, changes nothing.
    fn settle(&mut self, step: CheckStep, state: impl FnOnce(u64) -> CheckState) {
        let took_ms = self.since.elapsed().as_millis() as u64;
        if let Some(line) = self.current().filter(|line| line.step == step) {
            line.state = state(took_ms);
            self.begin();
        }
    }

    fn pass(&mut self, step: CheckStep, found: String) {
        self.settle(step, |took_ms| CheckState::Passed { found, took_ms });
    }

    fn fail(&mut self, problem: Problem) {
        let took_ms = self.since.elapsed().as_millis() as u64;
        if let Some(line) = self.current() {
            line.state = CheckState::Failed { problem, took_ms };
        }
    }

    fn learn(&mut self, fact: &Fact) {
        let at_line = self.current().is_some_and(|line| line.step >= CheckStep::LineName);
        let of = |backend, line| if at_line { line } else { backend };
        let step = match fact {
            Fact::Addresses { .. } => of(CheckStep::BackendName, CheckStep::LineName),
            Fact::Reached { .. } => of(CheckStep::BackendReached, CheckStep::LineReached),
            Fact::Plain | Fact::Encrypted { .. } => of(CheckStep::BackendTls, CheckStep::LineTls),
            Fact::Answered { .. } => CheckStep::BackendAnswer,
            Fact::Shaped { .. } => CheckStep::TokenFound,
        };
        self.pass(step, report::fact(fact));
    }

    fn learn_model(&mut self, own: &str, asked: &str, answered: Option<String>) {
        let step = CheckStep::SessionCreated;
        match answered {
            None => self.pass(step, "the server does not say which model answers".to_owned()),
            Some(model) => match problem::other_model(own, asked, &model) {
                Some(problem) => self.settle(step, |took_ms| CheckState::Noted { problem, took_ms }),
                None if asked.is_empty() => self.pass(step, format!("{model} answers; none was asked for")),
                None if model == asked => self.pass(step, format!("{model} answers, as asked")),
                None => self.pass(step, format!("{model} answers to {asked}")),
            },
        }
    }
}
