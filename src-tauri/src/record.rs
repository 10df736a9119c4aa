//! A call's final words on their way to the history, whether or not a window watches.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use call::{Ending, Event, Item, Role, Setup, Status};
use history::{CallEnd, History, NewCall, StoredItem};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Writes the call into the history until it ends.
pub(crate) fn start(history: Arc<History>, setup: &Setup, mut events: Receiver<Event>) {
    let id = uuid::Uuid::new_v4().to_string();
    let call = NewCall {
        id: id.clone(),
        started_at: unix_ms(),
        with_name: setup.profile.name.clone(),
        practice: setup.practice,
        model: Some(setup.profile.model.clone()),
    };
    if let Err(error) = history.begin(call) {
        tracing::error!(%error, "this call is not kept");
        return;
    }
    tokio::spawn(async move {
        let mut clock = call::Clock::default();
        let mut model = None;
        loop {
            match events.recv().await {
                Ok(Event::Item { index, item }) if !item.partial => put(&history, &id, index, item),
                Ok(Event::Clock { clock: now }) => clock = now,
                Ok(Event::Model { model: now }) => model = Some(now),
                Ok(Event::Status { status: Status::Ended { ending } }) => {
                    let end = CallEnd {
                        ended_at: unix_ms(),
                        reason: reason(&ending),
                        elapsed_ms: clock.elapsed_ms,
                        estimate_usd: clock.estimate_usd,
                        model,
                    };
                    if let Err(error) = history.end(&id, end) {
                        tracing::error!(%error, "the end of this call is not kept");
                    }
                    return;
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => tracing::error!(missed, "words of this call are not kept"),
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn put(history: &History, call: &str, index: usize, item: Item) {
    let stored = StoredItem {
        item_id: item.id,
        position: index as u32,
        role: match item.role {
            Role::You => history::Role::You,
            Role::Agent => history::Role::Agent,
            Role::Tool => history::Role::Tool,
            Role::Note => history::Role::Note,
        },
        text: item.text,
        unheard: item.unheard,
        typed: item.typed,
        at_ms: item.at_ms,
    };
    if let Err(error) = history.put(call, stored) {
        tracing::error!(%error, "words of this call are not kept");
    }
}

fn reason(ending: &Ending) -> String {
    match ending {
        Ending::ByYou => "by you".into(),
        Ending::ByServer { code, text } => format!("by the server ({code} {text})"),
        Ending::Failed { problem } => problem.message.clone(),
    }
}

fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
