//! Failures on the way to a token and to an open line.

use std::time::Duration;

use realtime::{DialError, MintError, OpenError, ProfileError, ProxyFailure, TlsFailure};

use super::problem;
use crate::connect::{NamedBy, NetError};
use crate::event::{Fault, Problem, ProblemCode};

pub(crate) fn profile(error: &ProfileError) -> Problem {
    let cure = match error {
        ProfileError::ApiKey { .. } => {
            "Put the key on your backend; here goes the secret that the backend knows you by."
        }
        ProfileError::PlainHttp { .. } => {
            "Use https and wss; without encryption only this computer itself may be addressed."
        }
        _ => "Correct it in the backend's form.",
    };
    problem(ProblemCode::Profile, Fault::Profile, sentence(&error.to_string()), cure)
}

/// The backend's reply names a realtime address that cannot be used.
pub(crate) fn backend_address(error: &ProfileError) -> Problem {
    problem(
        ProblemCode::Backend,
        Fault::Backend,
        format!("Your backend's answer leads to an address that cannot be used: {error}."),
        "Correct the address that your backend returns beside its token, or let it return none.",
    )
}

/// The way out that the profile asks for cannot be taken.
pub(crate) fn route(error: &NetError) -> Problem {
    let cure = "Correct the file of authorities or the proxy in the backend's form.";
    problem(ProblemCode::Profile, Fault::Profile, sentence(&error.to_string()), cure)
}

/// What to do about one of the two servers.
struct Cures {
    unknown: &'static str,
    away: &'static str,
    expired: &'static str,
}

const BACKEND: Cures = Cures {
    unknown: "Check the address for a typing error, and that this computer is online.",
    away: "Check that the backend runs and that its port is the one in the address.",
    expired: "Renew the backend's certificate; if that day is still to come, set the clock of this computer.",
};

const SERVER: Cures = Cures {
    unknown: "Check the realtime address for a typing error, and that this computer is online.",
    away: "Check that this computer is online and that no firewall forbids the address.",
    expired: "Set the clock of this computer; if it is right, whoever runs the server must renew the certificate.",
};

const SIGN_IN: &str = "This network probably wants you to sign in first, as in a hotel or a train: open any page in the browser and sign in, then try again. If you are signed in, the address in the profile leads to a web page.";

/// No connection came about.
fn dial(error: &DialError, cures: &Cures) -> Problem {
    use ProblemCode as Code;
    let (code, cure) = match error {
        DialError::Dns { .. } => (Code::Network, cures.unknown),
        DialError::Connect { .. } => (Code::Network, cures.away),
        DialError::Proxy { failure, .. } => match failure {
            ProxyFailure::LoginWanted => (
                Code::ProxyLogin,
                "Enter the proxy in the backend's form, with your user name and password for it.",
            ),
            ProxyFailure::LoginRefused => (
                Code::ProxyLogin,
                "Correct the user name and the password for the proxy in the backend's form.",
            ),
            ProxyFailure::Unreachable { .. } | ProxyFailure::Refused { .. } => (
                Code::Proxy,
                "Check the proxy in the backend's form, or in the system's network settings; it must let this server through.",
            ),
        },
        DialError::Tls { failure, .. } => match failure {
            TlsFailure::Expired { .. } => (Code::CertificateExpired, cures.expired),
            TlsFailure::NotYetValid { .. } => (
                Code::CertificateNotYetValid,
                "Set the clock of this computer; if it is right, the server shows its new certificate too early.",
            ),
            TlsFailure::OtherHost { .. } => (
                Code::CertificateOtherHost,
                "Check the address for a typing error; if the network wants you to sign in first, do that in the browser.",
            ),
            TlsFailure::UnknownIssuer { .. } => (
                Code::CertificateUnknown,
                "If that is your own or your company's authority, name its file in the backend's form; if the network wants you to sign in first, do that in the browser.",
            ),
            TlsFailure::Broken { .. } => (
                Code::Tls,
                "Try again; if it stays so, check that this address speaks TLS and that no firewall changes what passes.",
            ),
        },
    };
    problem(code, error.fault().into(), sentence(&error.to_string()), cure)
}

pub(crate) fn mint(error: &MintError) -> Problem {
    let (code, cure) = match error {
        MintError::Profile(error) => return profile(error),
        MintError::Way(error) => return dial(error, &BACKEND),
        MintError::SignIn { .. } => (ProblemCode::SignIn, SIGN_IN),
        MintError::Broken { .. } => {
            (ProblemCode::Network, "Try again; if it stays so, look at the backend's log.")
        }
        MintError::Timeout { .. } => {
            (ProblemCode::Backend, "Look at the backend's log: it may be waiting for xAI.")
        }
        MintError::Refused { status: 403, .. } => (
            ProblemCode::NotAllowed,
            "Check the caller secret in the profile; if it is right, the key on the backend may not use the voice agent.",
        ),
        MintError::Refused { .. } => (ProblemCode::BackendRefused, "Check the caller secret in the profile."),
        MintError::Client { status: 402, .. } => (ProblemCode::NoCredit, TOP_UP),
        MintError::RateLimited { retry_after: Some(_), .. } => {
            (ProblemCode::RateLimited, "Wait that long and try again.")
        }
        MintError::RateLimited { retry_after: None, .. } => {
            (ProblemCode::RateLimited, "Wait a minute and try again.")
        }
        MintError::Redirected { .. } => {
            (ProblemCode::Profile, "Enter that address in the profile: a secret is not sent on by itself.")
        }
        MintError::Client { status: 404 | 405 | 410, .. } => (
            ProblemCode::Backend,
            "Check the path of the address, and whether the backend wants POST or GET.",
        ),
        MintError::Client { .. } | MintError::Server { .. } | MintError::ErrorReply { .. } => {
            (ProblemCode::Backend, "Look at the backend's log; the key on it may be missing or wrong.")
        }
        MintError::NotJson { .. }
        | MintError::Empty
        | MintError::TooLarge { .. }
        | MintError::NoToken { .. } => {
            (ProblemCode::Backend, "Check that the address is the one that hands out tokens.")
        }
        MintError::Stale { .. } => (
            ProblemCode::Backend,
            "Let the backend mint a token for every request, good for some minutes; and check the clocks of the backend and of this computer.",
        ),
        MintError::BadToken => (ProblemCode::Backend, "Look at what the backend returns."),
        MintError::IsApiKey => {
            (ProblemCode::Backend, "Make the backend mint a token; the key must never leave it.")
        }
    };
    let words = sentence(&error.to_string()) + &asked_to_wait(error.retry_after());
    problem(code, error.fault().into(), words, cure)
}

/// `named`: by whom the address is.
pub(crate) fn open(error: &OpenError, named: NamedBy) -> Problem {
    let by_backend = named == NamedBy::Backend;
    let (code, cure) = match error {
        OpenError::Address(error) if by_backend => return backend_address(error),
        OpenError::Address(error) => return profile(error),
        OpenError::Way(error) => return dial(error, &SERVER),
        OpenError::SignIn { .. } => (ProblemCode::SignIn, SIGN_IN),
        OpenError::Timeout { .. } | OpenError::ClosedInHandshake { .. } => (
            ProblemCode::LineRefused,
            "Try again; if it stays so, a proxy or firewall may forbid WebSockets.",
        ),
        OpenError::Refused { status: 401, .. } => (
            ProblemCode::LineRefused,
            "Two fresh tokens were refused: check that your backend's key is valid and mints for this server.",
        ),
        OpenError::Refused { status: 403, .. } => (
            ProblemCode::NotAllowed,
            "Two fresh tokens were refused: check that your backend's key may use the voice agent and that its team has credit.",
        ),
        OpenError::Refused { status: 402, .. } => (ProblemCode::NoCredit, TOP_UP),
        OpenError::Refused { status: 429, .. } => {
            (ProblemCode::RateLimited, "Check the limits of your team at xAI, or wait and try again.")
        }
        OpenError::Refused { status: 500..=599, .. } => {
            (ProblemCode::ServerFailed, "Try again a little later; nothing is wrong on your side.")
        }
        OpenError::Refused { .. } if by_backend => (
            ProblemCode::LineRefused,
            "Check the realtime address that your backend returns beside its token; if it is right, try again later.",
        ),
        OpenError::Refused { .. } => (
            ProblemCode::LineRefused,
            "Check the realtime address in the profile; if it is right, try again later.",
        ),
        OpenError::Protocol { .. } | OpenError::Subprotocol => {
            (ProblemCode::LineRefused, "Check that the realtime address is that of a realtime voice server.")
        }
        OpenError::Token => (ProblemCode::Backend, "Look at what the backend returns."),
    };
    let fault = match error.fault().into() {
        Fault::Profile if by_backend => Fault::Backend,
        fault => fault,
    };
    let words = sentence(&error.to_string()) + &asked_to_wait(error.retry_after());
    problem(code, fault, words, cure)
}

const TOP_UP: &str = "Add credit to your team at xAI, then call again.";

fn asked_to_wait(after: Option<Duration>) -> String {
    after.map(|after| format!(" It asks for {} s.", after.as_secs().max(1))).unwrap_or_default()
}

/// `"the backend failed"` → `"The backend failed."`
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
