//! Failures in words: what happened, whose fault it is, what to do.

use std::time::Duration;

use audio::{DeviceError, DeviceFormat, Direction, Move};
use realtime::{Closed, MintError, OpenError, ProfileError, WireError};

use crate::connect::NetError;
use crate::event::{Fault, Problem, ProblemCode};

mod line;

pub(crate) use line::*;

fn problem(code: ProblemCode, fault: Fault, message: impl Into<String>, cure: &str) -> Problem {
    Problem { code, fault, message: message.into(), cure: cure.to_owned(), detail: None }
}

impl Problem {
    fn with_detail(self, detail: impl Into<String>) -> Self {
        let detail = realtime::redact(&detail.into());
        Self { detail: (!detail.is_empty()).then_some(detail), ..self }
    }
}

pub(crate) fn device_code(direction: Direction) -> ProblemCode {
    match direction {
        Direction::Microphone => ProblemCode::Microphone,
        Direction::Speaker => ProblemCode::Speaker,
    }
}

/// A device that cannot be used, in words.
pub fn device(direction: Direction, error: &DeviceError) -> Problem {
    let (name, without) = match direction {
        Direction::Microphone => ("microphone", "You can still type."),
        Direction::Speaker => ("loudspeaker", "You can still read along."),
    };
    let code = match error {
        DeviceError::Denied(_) if direction == Direction::Microphone => ProblemCode::MicrophoneDenied,
        _ => device_code(direction),
    };
    let (message, cure) = match error {
        DeviceError::NoDevice(_) => {
            (format!("This computer has no {name}."), "Plug one in; the call finds it by itself.")
        }
        DeviceError::Busy(_) => (
            format!("Another program keeps the {name} to itself."),
            "Close that program; the call tries again by itself.",
        ),
        DeviceError::Denied(_) => (
            format!("The system does not let Sidetone use the {name}."),
            "Allow it in the system's privacy settings; the call tries again by itself.",
        ),
        DeviceError::Lost(_) => {
            (format!("The {name} went away."), "Plug it in again, or choose another in the settings.")
        }
        DeviceError::Format(_) => (
            format!("The {name} offers no format that Sidetone can use."),
            "Choose another in the system's sound settings.",
        ),
        DeviceError::Backend(_) => (
            format!("The sound system did not give the {name}."),
            "Check that the sound system runs; the call tries again by itself.",
        ),
    };
    problem(code, Fault::Computer, format!("{message} {without}"), cure).with_detail(error.to_string())
}

pub(crate) fn moved_code(direction: Direction) -> ProblemCode {
    match direction {
        Direction::Microphone => ProblemCode::MicrophoneMoved,
        Direction::Speaker => ProblemCode::SpeakerMoved,
    }
}

/// `from` and `to` are names of devices; `None` where the move is the end of a trouble.
pub(crate) fn moved(direction: Direction, from: &str, to: &str, why: Move) -> Option<Problem> {
    let name = match direction {
        Direction::Microphone => "microphone",
        Direction::Speaker => "loudspeaker",
    };
    let (message, cure) = match why {
        Move::Returned => return None,
        Move::Lost => (
            format!("{from} went away, so the call goes on with {to}."),
            "It is used again as soon as it is back; or choose another in the settings.",
        ),
        Move::Followed => (
            format!("The system's {name} is now {to} instead of {from}, and the call follows."),
            "To stay with one whatever the system does, choose it in the settings.",
        ),
    };
    Some(problem(moved_code(direction), Fault::Computer, message, cure))
}

pub(crate) fn silent_microphone(name: Option<&str>) -> Problem {
    problem(
        ProblemCode::SilentMicrophone,
        Fault::Computer,
        format!("{} gives only silence.", name.unwrap_or("The microphone")),
        "See whether it is muted on the headset or by the system, or choose another.",
    )
}

pub(crate) fn muted_speech() -> Problem {
    problem(
        ProblemCode::MutedSpeech,
        Fault::Computer,
        "You are speaking, but you are muted: nothing of it was sent.",
        "Unmute and say it again, or go on unheard.",
    )
}

pub(crate) fn telephone(device: &DeviceFormat) -> Problem {
    let DeviceFormat { name, rate_hz, .. } = device;
    problem(
        ProblemCode::Telephone,
        Fault::Computer,
        format!(
            "{name} sounds like a telephone: while its microphone is used, Bluetooth carries only {} kHz.",
            rate_hz / 1_000
        ),
        "With another microphone, such as the built-in one, the headset sounds full again.",
    )
}

pub(crate) fn text_not_sent(limit: usize) -> Problem {
    problem(
        ProblemCode::Internal,
        Fault::Computer,
        format!(
            "That text was not taken: it is longer than {limit} characters, or too many texts wait for the line."
        ),
        "Shorten it, or wait until the line is ready and send it again.",
    )
}

pub(crate) fn never_agreed(seconds: u64) -> Problem {
    problem(
        ProblemCode::SessionRefused,
        Fault::Xai,
        format!("The server opened the line, but did not confirm the session within {seconds} seconds."),
        "Try again; if it stays so, check the realtime address and the model in the profile.",
    )
}

pub(crate) fn wrong_rate(rate: u32) -> Problem {
    problem(
        ProblemCode::SessionRefused,
        Fault::Xai,
        format!(
            "The server insists on sound at {rate} Hz instead of {} Hz, which would play at the wrong speed.",
            audio::WIRE_RATE_HZ
        ),
        "Check that the realtime address in the profile speaks xAI's dialect.",
    )
}

pub(crate) fn wrong_model(asked: &str, got: &str) -> Problem {
    problem(
        ProblemCode::WrongModel,
        Fault::Xai,
        format!("You asked for the model {asked}, and {got} answered."),
        "Check the model's name in the profile: the server replaces a name it does not know without a word.",
    )
}

pub(crate) fn session_refused(error: &WireError) -> Problem {
    problem(
        ProblemCode::SessionRefused,
        Fault::Xai,
        "The server opened the line and then refused the session.",
        "Check voice, model and instructions in the profile.",
    )
    .with_detail(wire_words(error))
}

pub(crate) fn server_error(error: &WireError) -> Problem {
    problem(
        ProblemCode::ServerError,
        Fault::Xai,
        format!("The server reported an error: {}", said(error.message.as_deref())),
        "The call goes on; if answers stay out, end it and call again.",
    )
    .with_detail(wire_words(error))
}

pub(crate) fn reply_failed(words: Option<&str>) -> Problem {
    problem(
        ProblemCode::ServerError,
        Fault::Xai,
        format!("The server gave up on a reply: {}", said(words)),
        "Say or type it again.",
    )
}

pub(crate) fn tool_failed(words: Option<&str>) -> Problem {
    problem(
        ProblemCode::ServerError,
        Fault::Xai,
        format!("A tool on the server failed: {}", said(words)),
        "The call goes on without its result.",
    )
}

pub(crate) fn closed_early(closed: &Closed) -> Problem {
    problem(
        ProblemCode::LineRefused,
        Fault::Xai,
        "The server closed the line before the session was agreed.",
        "Try again; if it stays so, check the realtime address and the model in the profile.",
    )
    .with_detail(close_words(closed))
}

fn close_words(closed: &Closed) -> String {
    match closed.code {
        Some(code) => format!("close code {code} {}", closed.reason),
        None => closed.reason.clone(),
    }
}

fn wire_words(error: &WireError) -> String {
    [&error.kind, &error.code, &error.message].into_iter().flatten().cloned().collect::<Vec<_>>().join(" · ")
}

fn said(words: Option<&str>) -> String {
    match words.map(str::trim) {
        Some(words) if !words.is_empty() => format!("\u{201c}{}\u{201d}.", realtime::redact(words)),
        _ => "it gave no reason.".to_owned(),
    }
}

impl From<realtime::Fault> for Fault {
    fn from(fault: realtime::Fault) -> Self {
        match fault {
            realtime::Fault::Profile => Self::Profile,
            realtime::Fault::Backend => Self::Backend,
            realtime::Fault::Network => Self::Network,
            realtime::Fault::Computer => Self::Computer,
            realtime::Fault::Xai => Self::Xai,
        }
    }
}

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

/// The way out that the profile asks for cannot be taken.
pub(crate) fn route(error: &NetError) -> Problem {
    let cure = "Correct the file of authorities or the proxy in the backend's form.";
    problem(ProblemCode::Profile, Fault::Profile, sentence(&error.to_string()), cure)
}

pub(crate) fn mint(error: &MintError) -> Problem {
    let (code, cure) = match error {
        MintError::Profile(error) => return profile(error),
        MintError::Dns { .. } => {
            (ProblemCode::Network, "Check the address for a typing error, and that this computer is online.")
        }
        MintError::Connect { .. } => {
            (ProblemCode::Network, "Check that the backend runs and that its port is the one in the address.")
        }
        MintError::Tls { .. } => (
            ProblemCode::Tls,
            "Check the backend's certificate; if your company inspects traffic, its certificate must be in the system's trust store.",
        ),
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

pub(crate) fn open(error: &OpenError) -> Problem {
    let (code, cure) = match error {
        OpenError::Address(error) => return profile(error),
        OpenError::Dns { .. } => (
            ProblemCode::Network,
            "Check the realtime address for a typing error, and that this computer is online.",
        ),
        OpenError::Connect { .. } => (
            ProblemCode::Network,
            "Check that this computer is online and that no firewall forbids the address.",
        ),
        OpenError::Proxy { .. } => (
            ProblemCode::Network,
            "Check the proxy in the backend's form, or in the system's network settings.",
        ),
        OpenError::Tls { .. } => (
            ProblemCode::Tls,
            "Check the clock of this computer; if your company inspects traffic, its certificate must be in the system's trust store.",
        ),
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
        OpenError::Refused { .. } => (
            ProblemCode::LineRefused,
            "Check the realtime address in the profile; if it is right, try again later.",
        ),
        OpenError::Protocol { .. } | OpenError::Subprotocol => {
            (ProblemCode::LineRefused, "Check that the realtime address is that of a realtime voice server.")
        }
        OpenError::Token => (ProblemCode::Backend, "Look at what the backend returns."),
    };
    let words = sentence(&error.to_string()) + &asked_to_wait(error.retry_after());
    problem(code, error.fault().into(), words, cure)
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
