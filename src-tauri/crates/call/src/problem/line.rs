//! The ends that a line can come to, each by its name.

use realtime::{CloseKind, Closed};

use super::{close_words, problem};
use crate::event::{Fault, Problem, ProblemCode};

/// A line that ended while it was in use. RFC 6455 §7.4.1 and its registry name the codes; xAI documents
/// none but uses 1000 and 1001.
pub(crate) fn line_lost(closed: &Closed) -> Problem {
    use ProblemCode as Code;
    let back = "Sidetone is getting it back; nothing said so far is lost.";
    let (code, message, cure) = match (closed.kind, closed.code) {
        (CloseKind::PingTimeout, _) => (Code::LineLost, "The network went silent.", back),
        (CloseKind::TooLarge, _) => (Code::LineLost, "The server sent a message too large to take.", back),
        (CloseKind::Lost, _) => (Code::LineLost, "The line broke.", back),
        (CloseKind::Normal, _) => (
            Code::ServerClosed,
            "The server ended the call.",
            "Call again to go on; what was said stays readable here.",
        ),
        (CloseKind::Idle, _) => return idle().with_detail(close_words(closed)),
        (_, Some(1008)) => (
            Code::ServerPolicy,
            "The server does not allow what it was asked for.",
            "Sidetone tries once more with a fresh token; check what the key behind your backend may do.",
        ),
        (_, Some(1011)) => (Code::ServerFailed, "The server met a failure of its own.", back),
        (_, Some(1012)) => (Code::ServerBusy, "The server restarts.", "Sidetone waits a few seconds for it."),
        (_, Some(1013)) => {
            (Code::ServerBusy, "The server has too much to do.", "Sidetone waits a few seconds for it.")
        }
        _ => (Code::LineLost, "The server closed the line.", back),
    };
    let fault = if closed.code.is_some() { Fault::Xai } else { Fault::Network };
    problem(code, fault, message, cure).with_detail(close_words(closed))
}

/// Close 1008 came again at once.
pub(crate) fn policy(closed: &Closed) -> Problem {
    problem(
        ProblemCode::ServerPolicy,
        Fault::Xai,
        "The server does not allow this call, with a fresh token either.",
        "Check voice, model and instructions in the profile, and what the key behind your backend may do.",
    )
    .with_detail(close_words(closed))
}

pub(crate) fn idle() -> Problem {
    problem(
        ProblemCode::Idle,
        Fault::Xai,
        "The server ended the call because it had heard nothing for too long.",
        "Call again to go on; what was said stays readable here.",
    )
}

/// The error `timeout` has come; the close may follow.
pub(crate) fn idle_soon() -> Problem {
    problem(
        ProblemCode::Idle,
        Fault::Xai,
        "The server has heard nothing for too long and is about to end the call.",
        "Say something, or call again once it has ended.",
    )
}

pub(crate) fn cap_reached() -> Problem {
    problem(
        ProblemCode::SessionCap,
        Fault::Xai,
        "The session reached the longest time that the server allows.",
        "Sidetone opens the next one; nothing said so far is lost.",
    )
}

/// `why` is what became of the next line.
pub(crate) fn hand_over_failed(why: &Problem) -> Problem {
    problem(
        ProblemCode::HandOver,
        why.fault,
        format!("The session ends soon, and the next one cannot be opened. {}", why.message),
        "The call goes on until then; Sidetone will try to get the line back at once.",
    )
}

/// A server that asks for so long a wait is not waited for.
pub(crate) fn too_long_a_wait(problem: Problem) -> Problem {
    Problem { cure: "That is too long for a call to wait; call again later.".to_owned(), ..problem }
}

/// Nothing came of an announced reply, or of the tool that worked for it.
pub(crate) fn reply_lost(tool: Option<&str>) -> Problem {
    let message = match tool {
        Some(name) => format!("The tool {name} was used, and then nothing came for a minute."),
        None => "The server announced a reply, and then nothing of it came for 30 seconds.".to_owned(),
    };
    problem(ProblemCode::ReplyLost, Fault::Xai, message, "Say or type it again.")
}

pub(crate) fn no_answer(seconds: u64) -> Problem {
    let message = format!("The server had your turn, and no answer was begun within {seconds} seconds.");
    problem(ProblemCode::ReplyLost, Fault::Xai, message, "Say or type it again.")
}
