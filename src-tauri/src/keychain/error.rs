//! What may be wrong with a keychain, and what the window says of it.

use std::time::Duration;

use call::{Fault, Problem, ProblemCode};
use thiserror::Error;

use crate::view::{self, KeychainTrouble};

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum KeychainError {
    #[error("this system offers no keychain: {0}")]
    Missing(String),
    #[error("the keychain is locked, and its question was not answered")]
    Locked,
    #[error("the keychain's question was turned down: {0}")]
    Denied(String),
    #[error("the keychain did not answer within {} seconds", .0.as_secs())]
    Silent(Duration),
    #[error("the keychain has left {0} questions unanswered")]
    Clogged(usize),
    #[error("the keychain failed: {0}")]
    Failed(String),
}

/// What the keychain was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    Keep,
    Find,
}

impl KeychainError {
    pub(crate) fn trouble(&self) -> KeychainTrouble {
        match self {
            Self::Missing(_) => KeychainTrouble::Missing,
            Self::Locked => KeychainTrouble::Locked,
            Self::Denied(_) => KeychainTrouble::Denied,
            Self::Silent(_) | Self::Clogged(_) => KeychainTrouble::Silent,
            Self::Failed(_) => KeychainTrouble::Failed,
        }
    }

    /// The same as the window shows it, with the way on for that errand.
    pub(crate) fn problem(&self, errand: Errand) -> Problem {
        let (message, cure) = match self.trouble() {
            KeychainTrouble::Missing => (
                "This system offers no keychain.",
                "Start a Secret Service such as GNOME Keyring or KWallet.",
            ),
            KeychainTrouble::Locked => {
                ("The keychain is locked.", "Unlock it when it asks; its window may be behind another.")
            }
            KeychainTrouble::Denied => {
                ("The keychain’s question was turned down.", "Ask it again, and unlock it or allow Sidetone.")
            }
            KeychainTrouble::Silent => {
                ("The keychain does not answer.", "Restart the service that holds it, or log in again.")
            }
            KeychainTrouble::Failed => ("The keychain failed.", "Try it once more."),
        };
        let meanwhile = match errand {
            Errand::Keep => "Until then a secret is kept for this run only.",
            Errand::Find => "Or edit the backend and enter its secret for this run.",
        };
        Problem {
            code: ProblemCode::Keychain,
            fault: Fault::Computer,
            message: message.into(),
            cure: format!("{cure} {meanwhile}"),
            detail: Some(self.to_string()),
        }
    }

    pub(crate) fn view(&self) -> view::Keychain {
        view::Keychain::Unavailable { why: self.trouble(), problem: self.problem(Errand::Keep) }
    }
}
