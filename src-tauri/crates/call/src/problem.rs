//! Failures in words: what happened, whose fault it is, what to do.

use audio::{DeviceError, DeviceFormat, Direction, Move};
use realtime::{Closed, WireError};

use crate::event::{Fault, Problem, ProblemCode};

mod line;
mod reach;

pub(crate) use line::*;
pub(crate) use reach::*;

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

/// Where another model answered than the one that was asked for. `own` is the profile's; where another was
/// asked for, the backend has named it.
pub(crate) fn other_model(own: &str, asked: &str, got: &str) -> Option<Problem> {
    // The alias may be answered with the name that it stands for, and who names none takes any.
    if asked == got || asked == realtime::DEFAULT_MODEL || asked.is_empty() {
        return None;
    }
    let (asked_by, cure) = match asked == own {
        true => (
            "You",
            "Check the model's name in the profile: the server replaces a name it does not know without a word.",
        ),
        false => (
            "Your backend",
            "Check the model that your backend names: the server replaces a name it does not know without a word.",
        ),
    };
    let message = format!("{asked_by} asked for the model {}, and {got} answered.", realtime::redact(asked));
    Some(problem(ProblemCode::WrongModel, Fault::Xai, message, cure))
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
