//! The handle to a call, and to what it tells.

use audio::Ports;
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::connect::Net;
use crate::event::{Event, Snapshot};
use crate::setup::{Command, Setup};
use crate::tap::Tap;
use crate::task::Task;

/// Commands and questions that may wait.
const REQUESTS: usize = 64;

/// The call has ended and its handle is all that is left of it.
#[derive(Debug, Error)]
#[error("the call's task has ended")]
pub struct CallGone;

/// A running call. Dropping it ends the call.
#[derive(Debug)]
pub struct Call {
    requests: mpsc::Sender<Request>,
    task: JoinHandle<()>,
}

/// What the handle asks of the task.
pub(crate) enum Request {
    Command(Command),
    Subscribe(oneshot::Sender<(Snapshot, broadcast::Receiver<Event>)>),
}

/// The devices of a call: their ports, and whatever must stay alive for them to work. The latter is
/// dropped, off the runtime's threads, when the call ends.
pub struct Devices {
    pub ports: Ports,
    pub engine: Box<dyn Send>,
}

impl std::fmt::Debug for Devices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Devices").field("ports", &self.ports).finish_non_exhaustive()
    }
}

impl Call {
    /// Starts calling at once. Must run inside a tokio runtime.
    pub fn start(setup: Setup, devices: Devices, net: Net, tap: Option<Tap>) -> Self {
        let (requests, inbox) = mpsc::channel(REQUESTS);
        Self { requests, task: tokio::spawn(Task::new(setup, devices, net, tap).run(inbox)) }
    }

    /// # Errors
    /// When the task has ended.
    pub async fn send(&self, command: Command) -> Result<(), CallGone> {
        self.requests.send(Request::Command(command)).await.map_err(|_| CallGone)
    }

    /// See [`Subscriber::subscribe`].
    ///
    /// # Errors
    /// When the task has ended.
    pub async fn subscribe(&self) -> Result<(Snapshot, broadcast::Receiver<Event>), CallGone> {
        self.subscriber().subscribe().await
    }

    /// A way to subscribe that does not keep the call alive.
    pub fn subscriber(&self) -> Subscriber {
        Subscriber { requests: self.requests.downgrade() }
    }

    /// # Errors
    /// When the task has ended.
    pub async fn snapshot(&self) -> Result<Snapshot, CallGone> {
        Ok(self.subscribe().await?.0)
    }

    /// Ends the call and waits until line and devices are closed.
    pub async fn close(self) {
        drop(self.requests);
        // The task cannot be cancelled by others; a panic in it is logged by the runtime.
        let _ = self.task.await;
    }
}

/// See [`Call::subscriber`].
#[derive(Clone, Debug)]
pub struct Subscriber {
    requests: mpsc::WeakSender<Request>,
}

impl Subscriber {
    /// Everything up to now, and every event from now on. A listener that falls 512 events behind
    /// gets `Lagged` and must subscribe again.
    ///
    /// # Errors
    /// When the call's handle is gone.
    pub async fn subscribe(&self) -> Result<(Snapshot, broadcast::Receiver<Event>), CallGone> {
        let requests = self.requests.upgrade().ok_or(CallGone)?;
        let (reply, answer) = oneshot::channel();
        requests.send(Request::Subscribe(reply)).await.map_err(|_| CallGone)?;
        drop(requests);
        answer.await.map_err(|_| CallGone)
    }
}
