//! Secrets that live for this run, and writes that the keychain has not answered.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::oneshot;

use super::store::Store;
use super::{Answer, KeychainError};

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) this_run: HashMap<String, SecretString>,
    /// Ids with a write that nobody waits for any more. Until the keychain is done with it nothing else
    /// is written there for them: of two writes under way the older might come last.
    pub(super) adrift: HashSet<String>,
    /// Ids whose secret reached the keychain after all.
    pub(super) landed: HashSet<String>,
}

impl Memory {
    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody waits any more for a write of this id; the answer, where it has just come.
    pub(super) fn abandon(&self, id: &str, answer: &mut oneshot::Receiver<Answer>) -> Option<Answer> {
        let mut known = self.lock();
        answer.close();
        let came = answer.try_recv().ok();
        if came.is_none() {
            known.adrift.insert(id.to_owned());
        }
        came
    }

    /// Hands over what came of a write. Where nobody waits for it, the keychain is brought to hold what it
    /// should hold by now: the write may be hours old.
    pub(super) fn deliver(
        &self,
        store: &dyn Store,
        id: &str,
        mut holds: Option<SecretString>,
        answer: Result<(), KeychainError>,
        reply: oneshot::Sender<Answer>,
    ) -> Delivery {
        let mut known = self.lock();
        let Err(answer) = reply.send(answer.map(|()| None)) else { return Delivery::InTime };
        let mut written = answer.is_ok();
        while written {
            let wanted = known.this_run.get(id).cloned();
            if same(wanted.as_ref(), holds.as_ref()) {
                if known.this_run.remove(id).is_some() {
                    known.landed.insert(id.to_owned());
                }
                break;
            }
            drop(known);
            written = match &wanted {
                Some(secret) => store.keep(id, secret),
                None => store.erase(id),
            }
            .inspect_err(|error| tracing::warn!(%error, "the keychain does not hold what it should"))
            .is_ok();
            holds = wanted;
            known = self.lock();
        }
        known.adrift.remove(id);
        Delivery::Late
    }
}

/// Whether somebody still waited for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    InTime,
    Late,
}

fn same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(|secret| secret.expose_secret()) == other.map(|secret| secret.expose_secret())
}
