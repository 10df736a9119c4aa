//! Callers' secrets: in the system's keychain, or, where it does not take them, in memory for this run.
//!
//! A keychain may never answer: a locked one waits for its prompt, a hung one for nothing. So every
//! question has a thread of its own, is waited for with a limit, and can be given up by the person. A
//! thread that is not waited for any more ends when the keychain lets it go, and there are only so many.

mod error;
mod memory;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::{sleep, timeout};

pub(crate) use error::{Errand, KeychainError};
use memory::{Asked, Delivery, Memory};
pub(crate) use store::{Store, System};

use crate::view;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a person may take to answer the keychain's prompt.
    pub(crate) answer: Duration,
    /// How long the keychain may take to show that it is there.
    pub(crate) state: Duration,
    /// After which the window says that the keychain is waited for.
    pub(crate) patience: Duration,
    /// How many questions may be open at a time, given up or not.
    pub(crate) open: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(60),
            state: Duration::from_secs(5),
            patience: Duration::from_millis(1_500),
            open: 8,
        }
    }
}

#[derive(Clone, Debug)]
enum Request {
    State,
    Keep {
        id: String,
        secret: SecretString,
    },
    Find {
        id: String,
    },
    Erase {
        id: String,
    },
    /// `before`: what was kept for this run when it was asked.
    Sweep {
        id: String,
        before: Option<SecretString>,
    },
}

/// What the keychain has done when nobody waited for it any more, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Late {
    /// It holds their secrets now.
    pub(crate) kept: Vec<String>,
    /// It holds nothing of them any more.
    pub(crate) erased: Vec<String>,
}

pub(crate) type Answer = Result<Option<SecretString>, KeychainError>;

pub(crate) struct Keychain {
    store: Arc<dyn Store>,
    limits: Limits,
    open: Arc<Semaphore>,
    /// One look at a time, so that looks at a hung keychain do not use up its threads.
    looks: Arc<Semaphore>,
    memory: Arc<Memory>,
    news: watch::Sender<view::Keychain>,
    given_up: Notify,
    late: Arc<Notify>,
}

impl std::fmt::Debug for Keychain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keychain").field("news", &*self.news.borrow()).finish_non_exhaustive()
    }
}

impl Keychain {
    pub(crate) fn new(store: impl Store, limits: Limits) -> Self {
        Self {
            store: Arc::new(store),
            limits,
            open: Arc::new(Semaphore::new(limits.open)),
            looks: Arc::new(Semaphore::new(1)),
            memory: Arc::default(),
            news: watch::Sender::new(view::Keychain::Available),
            given_up: Notify::new(),
            late: Arc::default(),
        }
    }

    /// What is known of the keychain, and what becomes known.
    pub(crate) fn news(&self) -> watch::Receiver<view::Keychain> {
        self.news.subscribe()
    }

    /// Looks whether the keychain is there and open, without waking its prompt.
    pub(crate) async fn look(&self) {
        let seen = self.seen().await;
        // Whoever waits for an answer says so until it has come.
        if *self.news.borrow() != view::Keychain::Waiting {
            self.learn(&seen);
        }
    }

    /// Keeps a secret: in the keychain if it can be, else for this run, and then says why.
    pub(crate) async fn keep(&self, id: &str, secret: SecretString) -> Result<(), KeychainError> {
        // Held here first: whatever becomes of the question, the secret is not lost.
        let _asked = {
            let mut known = self.memory.lock();
            known.landed.remove(id);
            known.erased.remove(id);
            known.this_run.insert(id.to_owned(), secret.clone());
            if known.adrift.contains(id) {
                return Err(KeychainError::Locked);
            }
            Asked::new(&self.memory, &mut known, id)
        };
        self.ask(Request::Keep { id: id.to_owned(), secret }).await?;
        self.memory.lock().this_run.remove(id);
        Ok(())
    }

    /// Puts a secret that was kept for this run into the keychain.
    pub(crate) async fn keep_now(&self, id: &str) -> Result<(), KeychainError> {
        let secret = self.memory.lock().this_run.get(id).cloned();
        match secret {
            Some(secret) => self.keep(id, secret).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn find(&self, id: &str) -> Answer {
        let here = self.memory.lock().this_run.get(id).cloned();
        match here {
            Some(secret) => Ok(Some(secret)),
            None => self.ask(Request::Find { id: id.to_owned() }).await,
        }
    }

    pub(crate) async fn erase(&self, id: &str) -> Result<(), KeychainError> {
        let _asked = {
            let mut known = self.memory.lock();
            known.this_run.remove(id);
            known.landed.remove(id);
            if known.adrift.contains(id) {
                return Err(KeychainError::Locked);
            }
            Asked::new(&self.memory, &mut known, id)
        };
        self.ask(Request::Erase { id: id.to_owned() }).await.map(drop)
    }

    /// Takes an old secret out of the keychain without waiting for it; [`Keychain::late`] tells when it is
    /// done. What is kept for this run under that id stays. While somebody waits for a write of it, nothing is
    /// done.
    pub(crate) fn sweep(&self, id: &str) {
        let before = {
            let mut known = self.memory.lock();
            // Of two writes under way the older might come last.
            if known.asked.iter().any(|asked| asked == id) || !known.adrift.insert(id.to_owned()) {
                return;
            }
            known.this_run.get(id).cloned()
        };
        let turn = self.open.clone().try_acquire_owned().ok();
        let request = Request::Sweep { id: id.to_owned(), before };
        if turn.is_none_or(|turn| self.send(request, turn).is_err()) {
            self.memory.lock().adrift.remove(id);
        }
    }

    /// Whether something is under way under that id for which nobody waits.
    pub(crate) fn is_adrift(&self, id: &str) -> bool {
        self.memory.lock().adrift.contains(id)
    }

    /// Whether a secret is kept for this run only.
    pub(crate) fn is_for_this_run(&self, id: &str) -> bool {
        self.memory.lock().this_run.contains_key(id)
    }

    pub(crate) fn holds_some_for_this_run(&self) -> bool {
        !self.memory.lock().this_run.is_empty()
    }

    /// Whoever waits for the keychain waits no longer.
    pub(crate) fn give_up(&self) {
        self.given_up.notify_waiters();
    }

    /// Returns when the keychain has answered somebody who did not wait.
    pub(crate) async fn late(&self) {
        self.late.notified().await;
    }

    /// What came of that, each of it once.
    pub(crate) fn take_late(&self) -> Late {
        let mut known = self.memory.lock();
        Late { kept: known.landed.drain().collect(), erased: known.erased.drain().collect() }
    }

    async fn seen(&self) -> Result<(), KeychainError> {
        let silent = || KeychainError::Silent(self.limits.state);
        let look = async {
            let turn = self.looks.clone().acquire_owned().await.map_err(|_| silent())?;
            let answer = self.send(Request::State, turn)?;
            answer.await.unwrap_or_else(|_| Err(gone())).map(drop)
        };
        timeout(self.limits.state, look).await.unwrap_or_else(|_| Err(silent()))
    }

    async fn ask(&self, request: Request) -> Answer {
        let answer = self.answer(request).await;
        self.learn(&answer.as_ref().map(drop).map_err(Clone::clone));
        answer
    }

    async fn answer(&self, request: Request) -> Answer {
        let full = |_| KeychainError::Clogged(self.limits.open);
        let turn = self.open.clone().try_acquire_owned().map_err(full)?;
        let id = request.writes().map(str::to_owned);
        let mut answer = self.send(request, turn)?;
        if let Ok(answer) = timeout(self.limits.patience, &mut answer).await {
            return answer.unwrap_or_else(|_| Err(gone()));
        }
        let given_up = self.given_up.notified();
        let (seen, late) = (self.seen(), sleep(self.limits.answer));
        tokio::pin!(given_up, seen, late);
        given_up.as_mut().enable();
        self.news.send_replace(view::Keychain::Waiting);
        let mut why = None;
        loop {
            tokio::select! {
                answer = &mut answer => return answer.unwrap_or_else(|_| Err(gone())),
                // One that is open and does not answer waits for another kind of leave.
                state = &mut seen, if why.is_none() => why = Some(state.err().unwrap_or(KeychainError::Locked)),
                () = &mut given_up => break,
                () = &mut late => break,
            }
        }
        let came = id.and_then(|id| self.memory.abandon(&id, &mut answer));
        came.unwrap_or_else(|| Err(why.unwrap_or(KeychainError::Silent(self.limits.answer))))
    }

    /// Asks on a thread that has `turn` until the keychain has answered.
    fn send(
        &self,
        request: Request,
        turn: OwnedSemaphorePermit,
    ) -> Result<oneshot::Receiver<Answer>, KeychainError> {
        let (reply, answer) = oneshot::channel();
        let (store, memory, late) = (self.store.clone(), self.memory.clone(), self.late.clone());
        let work = move || {
            let _turn = turn;
            if serve(&*store, &memory, request, reply) == Delivery::Late {
                late.notify_one();
            }
        };
        match std::thread::Builder::new().name("keychain".into()).spawn(work) {
            Ok(_) => Ok(answer),
            Err(error) => Err(KeychainError::Failed(error.to_string())),
        }
    }

    fn learn(&self, found: &Result<(), KeychainError>) {
        let now = found.as_ref().map_or_else(KeychainError::view, |()| view::Keychain::Available);
        self.news.send_if_modified(|known| {
            let changes = *known != now;
            *known = now;
            changes
        });
    }
}

impl Request {
    /// The id under which it changes what the keychain holds.
    fn writes(&self) -> Option<&str> {
        match self {
            Self::Keep { id, .. } | Self::Erase { id } => Some(id),
            Self::State | Self::Find { .. } | Self::Sweep { .. } => None,
        }
    }
}

fn gone() -> KeychainError {
    KeychainError::Failed("its thread has ended".into())
}

fn serve(store: &dyn Store, memory: &Memory, request: Request, reply: oneshot::Sender<Answer>) -> Delivery {
    let answer = match request {
        Request::Keep { id, secret } => {
            let done = store.keep(&id, &secret);
            return memory.deliver(store, &id, Some(secret), done, reply);
        }
        Request::Erase { id } => {
            let done = store.erase(&id);
            return memory.deliver(store, &id, None, done, reply);
        }
        Request::Sweep { id, before } => {
            let done = store.erase(&id);
            return memory.swept(store, &id, before.as_ref(), done);
        }
        Request::State => store.state().map(|()| None),
        Request::Find { id } => store.find(&id),
    };
    if reply.send(answer).is_ok() { Delivery::InTime } else { Delivery::Late }
}
