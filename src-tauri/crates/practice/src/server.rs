//! The listening socket and the tasks behind it. One task accepts; each TCP connection is one more
//! task, which serves HTTP and, after an upgrade, runs the session. All of them end with the handle.

mod auth;
mod http;
mod line;
mod mint;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::log::WireLog;
use crate::session::Common;
use crate::switches::Switches;
use crate::switches::choice::Mint;
use crate::tokens::Tokens;

/// Sessions at once.
const SESSIONS: usize = 16;
/// TCP connections at once; more are closed as they come.
const CONNECTIONS: usize = 64;
/// How long a graceful stop waits for sessions to close.
const GRACE: Duration = Duration::from_secs(1);

/// How to start.
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// What callers of the token endpoints show as a bearer. It opens sessions too, as a key does on
    /// the real service.
    pub key: String,
    pub switches: Switches,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("port", &self.port)
            .field("switches", &self.switches)
            .finish_non_exhaustive()
    }
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("starting the practice agent without a key: a key must not be empty")]
    NoKey,
    #[error("listening on 127.0.0.1 port {port}: {source}")]
    Listen { port: u16, source: std::io::Error },
}

/// A running practice agent. Dropping it ends the server and every session at once.
pub struct Practice {
    address: SocketAddr,
    house: Arc<House>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl fmt::Debug for Practice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Practice").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What every connection shares.
struct House {
    key: String,
    switches: Arc<Switches>,
    recovered: Arc<Switches>,
    tokens: Mutex<Tokens>,
    common: Common,
    room: Arc<Semaphore>,
    /// Attempts to open a session.
    attempts: AtomicU64,
    /// Requests for a token.
    mints: AtomicU64,
}

impl House {
    /// The switches for the next attempt to open a session.
    fn next_attempt(&self) -> Arc<Switches> {
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        match is_faulty(attempt, self.switches.faulty_after, self.switches.faulty) {
            true => self.switches.clone(),
            false => self.recovered.clone(),
        }
    }

    /// What the next request for a token meets.
    fn next_mint(&self) -> Mint {
        let request = self.mints.fetch_add(1, Ordering::Relaxed);
        match is_faulty(request, self.switches.mint_after, self.switches.mint_faulty) {
            true => self.switches.mint,
            false => Mint::Ok,
        }
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the `nth` of its kind, counted from 0, is one of the `faulty` that come after so many good
/// ones; 0 stands for all of them.
fn is_faulty(nth: u64, after: u64, faulty: u64) -> bool {
    nth >= after && (faulty == 0 || nth - after < faulty)
}

impl Practice {
    /// Starts listening. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// The key is empty, or the port cannot be had.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { port, key, switches } = options;
        if key.is_empty() {
            return Err(StartError::NoKey);
        }
        let failed = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let house = Arc::new(House {
            key,
            recovered: Arc::new(switches.recovered()),
            switches: Arc::new(switches),
            tokens: Mutex::default(),
            common: Common::default(),
            room: Arc::new(Semaphore::new(SESSIONS)),
            attempts: AtomicU64::new(0),
            mints: AtomicU64::new(0),
        });
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, house.clone(), stopped));
        Ok(Self { address, house, stop, accepting })
    }

    /// Where tokens are minted as on the real service: `POST`, with the key as a bearer.
    pub fn token_url(&self) -> String {
        format!("http://{}/v1/realtime/client_secrets", self.address)
    }

    /// Where tokens are minted as by the cookbook's backends.
    pub fn session_url(&self) -> String {
        format!("http://{}/session", self.address)
    }

    /// Where sessions are opened.
    pub fn realtime_url(&self) -> String {
        format!("ws://{}/v1/realtime", self.address)
    }

    /// The bearer that the token endpoints ask for.
    pub fn key(&self) -> &str {
        &self.house.key
    }

    /// A copy of what has been received and sent so far.
    pub fn wire_log(&self) -> WireLog {
        self.house.common.log.snapshot()
    }

    /// How many client events of one type have come in all sessions; cheap enough to ask often.
    pub fn count(&self, kind: &str) -> u64 {
        self.house.common.log.count(kind)
    }

    /// Closes every session with code 1001 and waits for that, for one second at most.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // The task ends by itself; if it does not, dropping the handle ends it.
        if tokio::time::timeout(GRACE, &mut self.accepting).await.is_err() {
            tracing::warn!("sessions did not close in time");
        }
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS => {
                    connections.spawn(http::serve(stream, house.clone(), stopped.clone()));
                }
                Ok(_) => tracing::warn!("too many connections"),
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use super::is_faulty;

    #[test]
    fn faults_come_after_the_good_ones_and_end() {
        let faulty = |after, faulty| (0..5).filter(|nth| is_faulty(*nth, after, faulty)).collect::<Vec<_>>();
        assert_eq!(faulty(0, 0), [0, 1, 2, 3, 4]);
        assert_eq!(faulty(0, 2), [0, 1]);
        assert_eq!(faulty(3, 0), [3, 4]);
        assert_eq!(faulty(1, 2), [1, 2]);
    }
}
