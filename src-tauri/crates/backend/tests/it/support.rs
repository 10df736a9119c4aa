//! A backend in this process.

use std::net::SocketAddr;

use backend::{Followed, Life, Limits, Offer, ServeError, Settings, Upstream, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use crate::fake_xai::{FakeXai, KEY, SECRET, Script, TOKEN};
pub(crate) use crate::http::{DEADLINE, Reply, post, read, send};

pub(crate) fn settings(upstream: &str) -> Settings {
    Settings {
        upstream: Upstream::parse(upstream).unwrap(),
        key: Followed::fixed(KEY.parse().unwrap()),
        callers: Followed::fixed(format!("anna {SECRET}\nben ben-secret-0123456789").parse().unwrap()),
        per_minute: 10,
        per_minute_for_all: 100,
        life: Life { shortest: 1, usual: 300, longest: 300 },
        offer: Offer::default(),
        limits: Limits::default(),
    }
}

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ServeError>>,
}

impl Backend {
    pub(crate) async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(serve(listener, settings, async {
            stopped.await.ok();
        }));
        Self { address, stop, running }
    }

    pub(crate) fn tell_to_stop(self) -> JoinHandle<Result<(), ServeError>> {
        self.stop.send(()).unwrap();
        self.running
    }

    /// Asks it for a token.
    pub(crate) async fn session(&self, bearer: Option<&str>, body: &str) -> Reply {
        post(self.address, bearer, body).await
    }
}
