use std::time::SystemTime;

use crate::{fault::Fault, tls::day};

/// Why there is no connection to a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    #[error("could not find {host}: {why}")]
    Dns { host: String, why: String },
    #[error("could not reach {host}: {why}")]
    Connect { host: String, why: String },
    /// `host` is the proxy's, with its port.
    #[error("the proxy {host} {failure}")]
    Proxy { host: String, failure: ProxyFailure },
    #[error("could not make an encrypted connection to {host}: {failure}")]
    Tls { host: String, failure: TlsFailure },
}

/// What a proxy did instead of letting a connection through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFailure {
    #[error("cannot be reached: {why}")]
    Unreachable { why: String },
    /// HTTP 407, or a SOCKS server that takes nobody without a login.
    #[error("wants a user name and a password")]
    LoginWanted,
    /// It was shown a user name and a password.
    #[error("did not accept the user name and the password")]
    LoginRefused,
    #[error("gave no connection: {why}")]
    Refused { why: String },
}

/// What is wrong with a server's certificate, or with the agreement on encryption.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    #[error("its certificate ran out{}", on(" on", *since))]
    Expired { since: Option<SystemTime> },
    #[error("its certificate is not valid yet{}", on(", only from", *from))]
    NotYetValid { from: Option<SystemTime> },
    #[error("its certificate is made out to {}, not to this address", names.join(", "))]
    OtherHost { names: Vec<String> },
    #[error("its certificate was issued by \u{201c}{issuer}\u{201d}, whom this computer does not trust")]
    UnknownIssuer { issuer: String },
    #[error("{why}")]
    Broken { why: String },
}

fn on(word: &str, moment: Option<SystemTime>) -> String {
    moment.map(|moment| format!("{word} {}", day(moment))).unwrap_or_default()
}

impl DialError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Proxy { failure: ProxyFailure::LoginWanted | ProxyFailure::LoginRefused, .. } => {
                Fault::Profile
            }
            Self::Dns { .. } | Self::Connect { .. } | Self::Proxy { .. } | Self::Tls { .. } => Fault::Network,
        }
    }

    /// True where the same may succeed a little later: a call that has been on the line before may have
    /// moved to a network that wants a sign-in first, and such a network shows a certificate of its own.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Proxy { failure: ProxyFailure::LoginWanted | ProxyFailure::LoginRefused, .. })
    }
}
