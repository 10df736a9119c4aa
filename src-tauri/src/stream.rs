//! A call's events on their way to the window.

use call::{Event, Subscriber};
use tauri::ipc::Channel;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;

use crate::view::{AppEvent, Keeping};

/// Passes on every event until the call or the window is gone. After a gap the window gets a whole
/// snapshot instead of what it missed.
pub(crate) async fn forward(mut events: Receiver<Event>, subscriber: Subscriber, window: Channel<AppEvent>) {
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
        if window.send(event).is_err() {
            return;
        }
    }
}

/// Passes on what becomes of the call's words from now on.
pub(crate) async fn keeping(mut keeping: watch::Receiver<Keeping>, window: Channel<AppEvent>) {
    while keeping.changed().await.is_ok() {
        let now = keeping.borrow_and_update().clone();
        if window.send(AppEvent::Keeping { keeping: now }).is_err() {
            return;
        }
    }
}
