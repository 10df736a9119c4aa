//! What went wrong on this computer, as the window is told.

use std::fmt::Display;

use call::{Fault, Problem, ProblemCode};

/// A problem whose fault lies with this computer; `error` is the raw word behind it.
pub(crate) fn trouble(code: ProblemCode, message: &str, cure: &str, error: &impl Display) -> Problem {
    Problem {
        code,
        fault: Fault::Computer,
        message: message.into(),
        cure: cure.into(),
        detail: Some(error.to_string()),
    }
}
