use std::time::Duration;

use crate::{dial::DialError, fault::Fault, profile::ProfileError, token::page};

/// Why a line could not be opened. `said` holds the server's own words, cut and without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("cannot use the realtime address: {0}")]
    Address(ProfileError),
    /// No connection came about.
    #[error(transparent)]
    Way(DialError),
    /// A page of the network in place of the server's answer; `at` is its host where that is another.
    #[error("a sign-in page answered in the realtime server's place{}", page(at))]
    SignIn { at: String },
    #[error("the realtime server gave no complete answer within {} s", after.as_secs())]
    Timeout { after: Duration },
    /// Any status but 101. 401 and 403: the token was not accepted. `retry_after` is what the header of
    /// that name asks for.
    #[error("the realtime server refused the line (HTTP {status}){}", quote(said))]
    Refused { status: u16, retry_after: Option<Duration>, said: String },
    #[error("the realtime server closed the connection before the line was open: {why}")]
    ClosedInHandshake { why: String },
    #[error("the server's answer is no WebSocket handshake: {why}")]
    Protocol { why: String },
    /// RFC 6455 forbids going on when the server picks a subprotocol that was not offered.
    #[error("the server chose a WebSocket subprotocol that was not offered")]
    Subprotocol,
    #[error("the token has characters that cannot be sent this way")]
    Token,
}

fn quote(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl OpenError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Address(_) | Self::Refused { status: 300..=399 | 404 | 405 | 410, .. } => Fault::Profile,
            Self::Token | Self::Refused { status: 401 | 403, .. } => Fault::Backend,
            Self::Way(error) => error.fault(),
            Self::SignIn { .. }
            | Self::Timeout { .. }
            | Self::ClosedInHandshake { .. }
            | Self::Refused { status: 407, .. } => Fault::Network,
            Self::Refused { .. } | Self::Protocol { .. } | Self::Subprotocol => Fault::Xai,
        }
    }

    /// How long the server asks to wait before the next attempt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// True where the same may succeed a little later, without anybody changing anything.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Way(error) => error.may_pass(),
            Self::SignIn { .. }
            | Self::Timeout { .. }
            | Self::ClosedInHandshake { .. }
            | Self::Protocol { .. } => true,
            Self::Address(_) | Self::Subprotocol | Self::Token => false,
        }
    }

    /// True where a server that no longer knows the conversation to resume may have answered so; what it
    /// really answers is not documented (`protocol.md` §3.9).
    #[must_use]
    pub fn may_mean_the_conversation(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 404 | 409 | 410 | 422, .. })
    }

    /// True where a new token may help: mint once more and try again once.
    #[must_use]
    pub fn wants_new_token(&self) -> bool {
        matches!(self, Self::Refused { status: 401 | 403, .. })
    }
}

impl From<hyper::Error> for OpenError {
    fn from(error: hyper::Error) -> Self {
        let why = error.to_string();
        if error.is_parse() { Self::Protocol { why } } else { Self::ClosedInHandshake { why } }
    }
}
