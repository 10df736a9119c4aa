//! Callers' secrets: in the system's keychain, or, where there is none, in memory for this run.
//!
//! Keychain calls can block for minutes (a locked Secret Service waits for its prompt), so they
//! run on a thread of their own and are waited for with a limit.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use call::{Fault, Problem, ProblemCode};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::view;

/// The service under which every secret stands; the user name is the profile's id.
const SERVICE: &str = "dev.sidetone.desktop";
/// How long a person may take to unlock the keychain.
const LIMIT: Duration = Duration::from_secs(60);
/// How long the keychain may take to show that it is there.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
const QUEUE: usize = 16;

#[derive(Debug, Error)]
pub(crate) enum KeychainError {
    #[error("this system offers no keychain: {0}")]
    Missing(String),
    #[error("the keychain did not let us in: {0}")]
    Denied(String),
    #[error("the keychain did not answer within {} seconds", .0.as_secs())]
    Slow(Duration),
    #[error("the keychain failed: {0}")]
    Failed(String),
}

enum Request {
    Probe,
    Keep { id: String, secret: SecretString },
    Find { id: String },
    Erase { id: String },
}

pub(crate) type Answer = Result<Option<SecretString>, KeychainError>;

/// Where a secret went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Keychain,
    ThisRun,
}

#[derive(Debug)]
pub(crate) struct Keychain {
    requests: SyncSender<(Request, oneshot::Sender<Answer>)>,
    this_run: Mutex<HashMap<String, SecretString>>,
}

impl Keychain {
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (requests, inbox) = sync_channel::<(Request, oneshot::Sender<Answer>)>(QUEUE);
        std::thread::Builder::new().name("keychain".into()).spawn(move || {
            for (request, reply) in inbox {
                // Whoever asked may have given up.
                let _ = reply.send(serve(request));
            }
        })?;
        Ok(Self { requests, this_run: Mutex::default() })
    }

    /// Whether secrets outlive the app.
    pub(crate) async fn state(&self) -> view::Keychain {
        match self.ask(Request::Probe, PROBE_LIMIT).await {
            Ok(_) => view::Keychain::Available,
            Err(error) => view::Keychain::Unavailable { problem: problem(&error) },
        }
    }

    /// Keeps a secret: in the keychain if it can be, else for this run.
    pub(crate) async fn keep(&self, id: &str, secret: SecretString) -> (Place, Option<KeychainError>) {
        match self.ask(Request::Keep { id: id.to_owned(), secret: secret.clone() }, LIMIT).await {
            Ok(_) => {
                self.memory().remove(id);
                (Place::Keychain, None)
            }
            Err(error) => {
                self.memory().insert(id.to_owned(), secret);
                (Place::ThisRun, Some(error))
            }
        }
    }

    pub(crate) async fn find(&self, id: &str) -> Answer {
        let here = self.memory().get(id).cloned();
        match here {
            Some(secret) => Ok(Some(secret)),
            None => self.ask(Request::Find { id: id.to_owned() }, LIMIT).await,
        }
    }

    /// Whether a secret is kept for this run only.
    pub(crate) fn is_for_this_run(&self, id: &str) -> bool {
        self.memory().contains_key(id)
    }

    pub(crate) async fn erase(&self, id: &str) -> Result<(), KeychainError> {
        self.memory().remove(id);
        self.ask(Request::Erase { id: id.to_owned() }, LIMIT).await.map(drop)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, HashMap<String, SecretString>> {
        self.this_run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: Request, limit: Duration) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.requests.try_send((request, reply)).map_err(|error| match error {
            TrySendError::Full(_) => KeychainError::Slow(limit),
            TrySendError::Disconnected(_) => KeychainError::Failed("its thread has ended".into()),
        })?;
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(KeychainError::Failed("its thread has ended".into())),
            Err(_) => Err(KeychainError::Slow(limit)),
        }
    }
}

fn serve(request: Request) -> Answer {
    let entry = |id: &str| keyring::Entry::new(SERVICE, id).map_err(translate);
    match request {
        // Reading an entry that is not there shows that the store answers.
        Request::Probe => match entry("probe")?.get_password() {
            Ok(_) | Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(translate(error)),
        },
        Request::Keep { id, secret } => {
            entry(&id)?.set_password(secret.expose_secret()).map_err(translate)?;
            Ok(None)
        }
        Request::Find { id } => match entry(&id)?.get_password() {
            Ok(secret) => Ok(Some(secret.into())),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(translate(error)),
        },
        Request::Erase { id } => match entry(&id)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(translate(error)),
        },
    }
}

fn translate(error: keyring::Error) -> KeychainError {
    match error {
        keyring::Error::NoDefaultStore => {
            let why = match keyring::Entry::store_status() {
                Err(error) => error.to_string(),
                Ok(()) => String::new(),
            };
            KeychainError::Missing(why)
        }
        keyring::Error::NoStorageAccess(error) => KeychainError::Denied(error.to_string()),
        error => KeychainError::Failed(error.to_string()),
    }
}

/// The keychain's trouble as the window shows it.
pub(crate) fn problem(error: &KeychainError) -> Problem {
    let (message, cure) = match error {
        KeychainError::Missing(_) => (
            "This system offers no keychain, so secrets are kept for this run only.",
            "Start a Secret Service such as GNOME Keyring or KWallet to keep them.",
        ),
        KeychainError::Denied(_) => (
            "The keychain did not let Sidetone in, so secrets are kept for this run only.",
            "Unlock the keychain, or allow Sidetone when the system asks.",
        ),
        KeychainError::Slow(_) => (
            "The keychain does not answer, so secrets are kept for this run only.",
            "It may wait for its password behind another window.",
        ),
        KeychainError::Failed(_) => (
            "The keychain failed, so secrets are kept for this run only.",
            "Save the profile again to try once more.",
        ),
    };
    Problem {
        code: ProblemCode::Keychain,
        fault: Fault::Computer,
        message: message.into(),
        cure: cure.into(),
        detail: Some(error.to_string()),
    }
}
