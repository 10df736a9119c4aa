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
    /// Ids with a write that somebody waits for, once for each.
    pub(super) asked: Vec<String>,
    /// Ids whose secret reached the keychain after all.
    pub(super) landed: HashSet<String>,
    /// Ids of which the keychain holds nothing any more, where nobody waited for that.
    pub(super) erased: HashSet<String>,
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
        holds: Option<SecretString>,
        answer: Result<(), KeychainError>,
        reply: oneshot::Sender<Answer>,
    ) -> Delivery {
        let mut known = self.lock();
        let Err(answer) = reply.send(answer.map(|()| None)) else { return Delivery::InTime };
        match answer {
            Ok(_) => self.settle(known, store, id, holds),
            Err(_) => drop(known.adrift.remove(id)),
        }
        Delivery::Late
    }

    /// Notes what came of an erasure for which nobody waited. `before` is what was kept for this run when it
    /// began, and still is: the person has not asked for that to be put into the keychain.
    pub(super) fn swept(
        &self,
        store: &dyn Store,
        id: &str,
        before: Option<&SecretString>,
        answer: Result<(), KeychainError>,
    ) -> Delivery {
        let mut known = self.lock();
        let unchanged = same(known.this_run.get(id), before);
        match answer {
            Ok(()) if !unchanged => self.settle(known, store, id, None),
            outcome => {
                known.adrift.remove(id);
                match outcome {
                    Ok(()) => drop(known.erased.insert(id.to_owned())),
                    Err(error) => tracing::warn!(%error, "an old secret is still in the keychain"),
                }
            }
        }
        Delivery::Late
    }

    /// Brings the keychain, which holds `holds`, to hold what it should hold by now.
    fn settle<'a>(
        &'a self,
        mut known: MutexGuard<'a, Known>,
        store: &dyn Store,
        id: &str,
        mut holds: Option<SecretString>,
    ) {
        let mut written = true;
        while written {
            let wanted = known.this_run.get(id).cloned();
            if same(wanted.as_ref(), holds.as_ref()) {
                match known.this_run.remove(id) {
                    Some(_) => known.landed.insert(id.to_owned()),
                    None => known.erased.insert(id.to_owned()),
                };
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
    }
}

/// Somebody waits for a write of this id.
pub(super) struct Asked<'a> {
    memory: &'a Memory,
    id: &'a str,
}

impl<'a> Asked<'a> {
    pub(super) fn new(memory: &'a Memory, known: &mut Known, id: &'a str) -> Self {
        known.asked.push(id.to_owned());
        Self { memory, id }
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let mut known = self.memory.lock();
        if let Some(place) = known.asked.iter().position(|id| id == self.id) {
            known.asked.swap_remove(place);
        }
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
