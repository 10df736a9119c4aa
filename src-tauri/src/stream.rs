//! A call's events on their way to the window.

use call::{Event, Subscriber};
use tauri::ipc::Channel;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::view::AppEvent;

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
