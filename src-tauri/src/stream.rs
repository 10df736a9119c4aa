//! A call's events on their way to the window.

use call::{Event, Subscriber};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;

use crate::outbox::Outbox;
use crate::view::{AppEvent, Keeping};

/// Passes on every event until the call or the window is gone. After a gap the window gets a whole
/// snapshot instead of what it missed.
pub(crate) async fn forward(mut events: Receiver<Event>, subscriber: Subscriber, window: Outbox) {
    loop {
        let event = match events.recv().await {
            Ok(event) => AppEvent::Call { event },
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "the window fell behind");
                let Ok((snapshot, fresh)) = subscriber.subscribe().await else { return };
                events = fresh;
                AppEvent::CallSnapshot { call: Some(snapshot) }
            }
            Err(RecvError::Closed) => return,
        };
        if !window.put(event) {
            return;
        }
    }
}

/// Passes on what becomes of the call's words from now on.
pub(crate) async fn keeping(mut keeping: watch::Receiver<Keeping>, window: Outbox) {
    while keeping.changed().await.is_ok() {
        let now = keeping.borrow_and_update().clone();
        if !window.put(AppEvent::Keeping { keeping: now }) {
            return;
        }
    }
}
