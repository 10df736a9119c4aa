//! What a person does with a call that is over: take it along as a file, or have it forgotten.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use call::{Money, Problem, ProblemCode};
use history::{Calendar, History, HistoryError};

use crate::trouble::trouble;
use crate::view::Keeping;

/// Writes the call as text into the file that `choose` names, given a name for it; `None` when the
/// person thinks better of it, else the file that was written.
pub(crate) async fn export<F>(
    history: &Arc<History>,
    id: &str,
    money: &Money,
    choose: impl FnOnce(String) -> F,
) -> Result<Option<PathBuf>, Problem>
where
    F: Future<Output = Option<PathBuf>>,
{
    let key = id.to_owned();
    let (call, items) = on(history, move |history| Ok((history.find(&key)?, history.items(&key)?)))
        .await
        .map_err(|error| unkept("This call could not be read.", "Try again.", &error))?;
    let Some(call) = call else {
        let gone = "the call is not in the history";
        return Err(unkept("This call is not kept any more.", "Copy its text instead.", &gone));
    };
    let calendar = Calendar::local();
    let Some(path) = choose(history::file_name(&call, &calendar)).await else { return Ok(None) };
    let text = history::plain_text(&call, &items, &calendar, |amount| money.amount(amount));
    write(&path, &text, "call").await?;
    Ok(Some(path))
}

/// Writes a file that the person chose; `what` is what it holds.
pub(crate) async fn write(path: &Path, text: &str, what: &str) -> Result<(), Problem> {
    tokio::fs::write(path, text).await.map_err(|error| {
        let message = format!("The {what} could not be written to {}.", path.display());
        unkept(&message, "Choose another place, or make room there.", &error)
    })
}

/// Takes the call out of the history for good.
pub(crate) async fn delete(history: &Arc<History>, id: &str) -> Result<(), Problem> {
    let id = id.to_owned();
    match on(history, move |history| history.delete(&id)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(unkept(
            "This call could not be deleted completely.",
            "Close other programs that read Sidetone's history, and try again.",
            &error,
        )),
    }
}

impl Keeping {
    /// The disk refuses for now.
    pub(crate) fn waiting(error: &HistoryError) -> Self {
        let cure = "Make room on the disk; Sidetone keeps trying until the call is closed.";
        Self::Unkept { problem: unkept("What is said cannot be kept for now.", cure, error) }
    }

    /// Not all of it is kept, and nothing will change that.
    pub(crate) fn lost(error: &impl std::fmt::Display) -> Self {
        let cure = "Copy its text before you close it.";
        Self::Unkept { problem: unkept("This call is not kept on this computer.", cure, error) }
    }
}

/// The history's answers block; the runtime's threads do not.
async fn on<T: Send + 'static>(
    history: &Arc<History>,
    ask: impl FnOnce(&History) -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, HistoryError> {
    let history = history.clone();
    aside(move || ask(&history)).await.unwrap_or(Err(HistoryError::Gone))
}

/// What blocks, on a thread for that; `None` when the app is closing.
pub(crate) async fn aside<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(ask).await.ok()
}

fn unkept(message: &str, cure: &str, error: &impl std::fmt::Display) -> Problem {
    trouble(ProblemCode::Storage, message, cure, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::{NewCall, Role, StoredItem};

    fn history() -> Arc<History> {
        let history = History::in_memory().unwrap();
        let call = NewCall {
            id: "one".into(),
            started_at: 0,
            with_name: "Practice agent".into(),
            practice: true,
            model: None,
        };
        history.begin(call).unwrap();
        let item = StoredItem {
            item_id: "a".into(),
            position: 0,
            role: Role::You,
            text: "hello there".into(),
            unheard: None,
            typed: false,
            at_ms: 0,
        };
        history.put("one", item).unwrap();
        Arc::new(history)
    }

    #[tokio::test]
    async fn a_call_is_written_where_the_person_wants_it() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("Ferry — Fähre.txt");
        let chosen = wanted.clone();
        let written = export(&history(), "one", &Money::default(), async |name| {
            assert!(name.starts_with("Sidetone 19") && name.ends_with(".txt"), "{name}");
            Some(chosen)
        })
        .await;
        assert_eq!(written.unwrap(), Some(wanted.clone()));
        assert!(std::fs::read_to_string(wanted).unwrap().contains("you: hello there"));
    }

    #[tokio::test]
    async fn nothing_is_written_when_no_place_is_chosen_and_nobody_is_asked_about_a_call_that_is_gone() {
        let history = history();
        assert_eq!(export(&history, "one", &Money::default(), async |_| None).await.unwrap(), None);
        delete(&history, "one").await.unwrap();
        let problem = export(&history, "one", &Money::default(), async |_| unreachable!("nothing to write"))
            .await
            .unwrap_err();
        assert_eq!(problem.code, ProblemCode::Storage);
        delete(&history, "one").await.unwrap();
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no such folder/call.txt");
        let chosen = path.clone();
        let problem = export(&history(), "one", &Money::default(), async |_| Some(chosen)).await.unwrap_err();
        assert!(problem.message.contains("no such folder"), "{}", problem.message);
        assert!(!path.exists());
    }
}
