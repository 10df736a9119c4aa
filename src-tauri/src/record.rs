//! A call's final words on their way to the history, whether or not a window watches.
//!
//! Nothing is queued here beyond what the call itself holds: while the disk refuses, the recording
//! waits, falls behind, and then reads the call's transcript again. An item put twice is one item.

use std::sync::Arc;
use std::time::Duration;

use call::{Clock, Ending, Event, Item, Role, Setup, Snapshot, Status};
use history::{CallEnd, History, HistoryError, NewCall, StoredItem};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ledger::WallClock;
use crate::view::Keeping;

/// Between two tries while the history takes nothing more.
const RETRY: Duration = Duration::from_millis(100);

/// What the call costs is noted after so much more of it, in ms: a killed process forgets no more.
const NOTE_MS: u64 = 15_000;

/// One call being written down.
#[derive(Debug)]
pub struct Recording {
    id: String,
    keeping: watch::Sender<Keeping>,
    task: JoinHandle<()>,
}

/// Begins to write a call into the history, until it ends. `source` gives everything up to now and
/// every event from now on, or `None` once the call is gone; it is asked again after a gap. `now` dates
/// what is written.
///
/// Must be called within a Tokio runtime.
pub fn start<S, F>(history: Arc<History>, setup: &Setup, now: WallClock, source: S) -> Recording
where
    S: Fn() -> F + Send + 'static,
    F: Future<Output = Option<(Snapshot, Receiver<Event>)>> + Send + 'static,
{
    let id = uuid::Uuid::new_v4().to_string();
    let keeping = watch::Sender::new(Keeping::Writing);
    let call = NewCall {
        id: id.clone(),
        started_at: now(),
        with_name: setup.profile.name.clone(),
        practice: setup.practice,
        model: Some(setup.profile.model.clone()),
    };
    let pen = Pen {
        history,
        call: id.clone(),
        keeping: keeping.clone(),
        now,
        clock: Clock::default(),
        noted: 0.0,
        noted_at_ms: 0,
        model: None,
        unsettled: false,
        gave_up: false,
    };
    Recording { id, keeping, task: tokio::spawn(pen.write(call, source)) }
}

impl Recording {
    /// The call's id in the history.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What has become of the call's words so far.
    pub fn keeping(&self) -> Keeping {
        self.keeping.borrow().clone()
    }

    /// The same, and every change of it.
    pub fn watch(&self) -> watch::Receiver<Keeping> {
        self.keeping.subscribe()
    }

    /// Waits until everything is written, or says that it is not after `patience`.
    pub async fn finish(&mut self, patience: Duration) {
        if tokio::time::timeout(patience, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::error!("the last words of a call could not be kept in time");
        }
    }

    /// Nothing more is to be written: the call was taken out of the history.
    pub(crate) fn deleted(&self) {
        self.keeping.send_replace(Keeping::Deleted);
    }

    /// Whatever still waits to be written is not, so that a deleted call cannot come back.
    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

struct Pen {
    history: Arc<History>,
    call: String,
    keeping: watch::Sender<Keeping>,
    now: WallClock,
    clock: Clock,
    /// What the history knows of the cost, and of when on the call's own clock.
    noted: f64,
    noted_at_ms: u64,
    model: Option<String>,
    /// Something was given to the history that it has not yet said to be safe.
    unsettled: bool,
    /// Something can never be kept; trying again will not help.
    gave_up: bool,
}

impl Pen {
    async fn write<S, F>(mut self, call: NewCall, source: S)
    where
        S: Fn() -> F,
        F: Future<Output = Option<(Snapshot, Receiver<Event>)>>,
    {
        self.give(|history| history.begin(call.clone())).await;
        loop {
            let Some((snapshot, events)) = source().await else {
                tracing::error!("a call was gone before its end was kept");
                break;
            };
            if self.follow(snapshot, events).await {
                break;
            }
        }
        while self.unsettled {
            self.settle().await;
            if self.unsettled {
                tokio::time::sleep(RETRY).await;
            }
        }
        if !self.gave_up {
            self.keeping.send_replace(Keeping::Kept);
        }
    }

    /// `true` once the call has ended and the history has been given all of it; `false` after a gap.
    async fn follow(&mut self, now: Snapshot, mut events: Receiver<Event>) -> bool {
        self.tell_time(now.clock).await;
        self.model = now.model;
        for (index, item) in now.items.into_iter().enumerate() {
            self.item(index, item).await;
        }
        if let Status::Ended { ending } = now.status {
            self.end(&ending).await;
            return true;
        }
        loop {
            // A busy moment is made safe as one.
            if events.is_empty() {
                self.settle().await;
            }
            match events.recv().await {
                Ok(Event::Item { index, item }) => self.item(index, item).await,
                Ok(Event::Clock { clock }) => self.tell_time(clock).await,
                Ok(Event::Model { model }) => self.model = Some(model),
                Ok(Event::Status { status: Status::Ended { ending } }) => {
                    self.end(&ending).await;
                    return true;
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_) | RecvError::Closed) => return false,
            }
        }
    }

    async fn item(&mut self, index: usize, item: Item) {
        if item.partial {
            return;
        }
        let item = stored(index, item);
        let call = self.call.clone();
        self.give(|history| history.put(&call, item.clone())).await;
    }

    async fn tell_time(&mut self, clock: Clock) {
        self.clock = clock;
        if clock.elapsed_ms >= self.noted_at_ms.saturating_add(NOTE_MS) {
            self.note_cost().await;
        }
    }

    /// Adds what the call has cost since the last time to the day that it is now.
    async fn note_cost(&mut self) {
        let cost = self.clock.cost.unwrap_or_default().estimate;
        let more = cost - self.noted;
        self.noted_at_ms = self.clock.elapsed_ms;
        if more > 0.0 {
            self.noted = cost;
            let (call, at) = (self.call.clone(), (self.now)());
            self.give(|history| history.spend(&call, at, more)).await;
        }
    }

    async fn end(&mut self, ending: &Ending) {
        self.note_cost().await;
        let end = CallEnd {
            ended_at: (self.now)(),
            reason: reason(ending),
            elapsed_ms: self.clock.elapsed_ms,
            estimate: self.clock.cost.map(|cost| cost.estimate),
            model: self.model.clone(),
        };
        let call = self.call.clone();
        self.give(|history| history.end(&call, end.clone())).await;
    }

    /// Waits for as long as the history has no room: what is not given now stays in the transcript.
    async fn give(&mut self, write: impl Fn(&History) -> Result<(), HistoryError>) {
        loop {
            match write(&self.history) {
                Ok(()) => {
                    self.unsettled = true;
                    return;
                }
                Err(error @ HistoryError::Full) => {
                    self.tell(Keeping::waiting(&error));
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => return self.give_up(&error),
            }
        }
    }

    /// Makes sure that what was given survives the death of this process.
    async fn settle(&mut self) {
        if !self.unsettled {
            return;
        }
        let history = self.history.clone();
        let Ok(settled) = tokio::task::spawn_blocking(move || history.flush()).await else { return };
        match settled {
            Ok(()) => {
                self.unsettled = false;
                self.tell(Keeping::Writing);
            }
            Err(error @ (HistoryError::Unsaved { .. } | HistoryError::Slow)) => {
                self.tell(Keeping::waiting(&error));
            }
            Err(error) => {
                self.unsettled = false;
                self.give_up(&error);
            }
        }
    }

    fn give_up(&mut self, error: &HistoryError) {
        tracing::error!(%error, "words of a call are not kept");
        self.keeping.send_replace(Keeping::lost(error));
        self.gave_up = true;
    }

    /// What cannot be mended stays said.
    fn tell(&self, now: Keeping) {
        if !self.gave_up {
            self.keeping.send_if_modified(|before| {
                let changed = *before != now;
                *before = now;
                changed
            });
        }
    }
}

fn stored(index: usize, item: Item) -> StoredItem {
    StoredItem {
        item_id: item.id,
        position: u32::try_from(index).unwrap_or(u32::MAX),
        role: match item.role {
            Role::You => history::Role::You,
            Role::Agent => history::Role::Agent,
            Role::Tool => history::Role::Tool,
            Role::Note => history::Role::Note,
        },
        text: item.text,
        unheard: item.unheard,
        typed: item.typed,
        at_ms: item.at_ms,
    }
}

fn reason(ending: &Ending) -> String {
    match ending {
        Ending::ByYou => "by you".into(),
        Ending::Quiet { .. } => "after a long quiet".into(),
        Ending::ByServer { code, text, .. } => format!("by the server ({code} {text})"),
        Ending::Failed { problem } => problem.message.clone(),
    }
}
