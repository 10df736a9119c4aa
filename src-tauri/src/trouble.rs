//! What went wrong on this computer, as the window is told.

use std::fmt::Display;

use call::{Fault, Problem, ProblemCode};

use crate::kept::PutAside;

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

/// A file of ours that could not be read; `what` is what it held, `instead` what there is now.
pub(crate) fn put_aside(what: &str, instead: &str, aside: &PutAside) -> Problem {
    let cure = match &aside.place {
        Some(place) => format!("The old file is kept as {}; go on without it, or mend it.", place.display()),
        None => "Check that Sidetone may read its folder; nothing will be saved before that.".to_owned(),
    };
    let message = format!("Your {what} could not be read, so {instead}.");
    trouble(ProblemCode::Storage, &message, &cure, &aside.error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::KeptError;

    #[test]
    fn a_file_put_aside_is_named_with_what_holds_instead() {
        let error = || KeptError::Newer { path: "a.json".into(), found: 2, known: 1 };
        let told = |place: Option<&str>| {
            put_aside(
                "settings",
                "the defaults hold",
                &PutAside { error: error(), place: place.map(Into::into) },
            )
        };
        let moved = told(Some("a.json.damaged"));
        assert_eq!(moved.message, "Your settings could not be read, so the defaults hold.");
        assert!(moved.cure.contains("a.json.damaged"), "{}", moved.cure);
        assert!(moved.detail.unwrap_or_default().contains("newer"));
        assert!(told(None).cure.contains("nothing will be saved"));
    }
}
