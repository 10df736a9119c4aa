//! The line: one task owns the WebSocket, bounded queues lead in and out.

mod handshake;
mod open_error;
mod task;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};
use url::Url;

pub use open_error::OpenError;

use crate::{
    dial::Dial,
    event::{
        client::ClientEvent,
        server::{ParseError, ServerEvent},
    },
    profile::{Auth, realtime_url},
    redact::redact_url,
    tap::Tap,
    token::Token,
};

/// Events waiting to be sent; more than two seconds of 20 ms audio.
const OUTBOUND: usize = 128;
/// Events waiting to be read; a full queue stops reading, and TCP tells the server.
const INBOUND: usize = 256;
/// Bytes; what other clients of this protocol allow. A larger message ends the line.
const MESSAGE_LIMIT: usize = 16 << 20;
/// How long a closing line waits for the last words to leave and for the server's farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// How to open a line.
#[derive(Clone)]
pub struct LineOptions {
    /// `wss`, or `ws` to a loopback address; with the model in its query.
    pub url: Url,
    pub token: Token,
    pub auth: Auth,
    pub dial: Dial,
    /// From the look-up of the name to the end of the WebSocket handshake.
    pub connect_timeout: Duration,
    /// Quiet from the server for this long brings out a WebSocket ping.
    pub ping_interval: Duration,
    /// Quiet for this long after the ping, and the line counts as dead. So does one that has taken
    /// nothing for as long as both together.
    pub pong_timeout: Duration,
    /// Sees every text frame.
    pub tap: Option<Tap>,
}

impl LineOptions {
    /// 10 s to connect, a ping after 10 s, dead 8 s later.
    #[must_use]
    pub fn new(url: Url, token: Token, auth: Auth, dial: Dial) -> Self {
        Self {
            url,
            token,
            auth,
            dial,
            connect_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(10),
            pong_timeout: Duration::from_secs(8),
            tap: None,
        }
    }
}

impl fmt::Debug for LineOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LineOptions")
            .field("url", &redact_url(&self.url))
            .field("token", &self.token)
            .field("auth", &self.auth)
            .field("connect_timeout", &self.connect_timeout)
            .field("ping_interval", &self.ping_interval)
            .field("pong_timeout", &self.pong_timeout)
            .finish_non_exhaustive()
    }
}

/// An open line. Dropping it says goodbye to the server and ends the task within two seconds.
#[derive(Debug)]
pub struct Line {
    outbound: mpsc::Sender<Outgoing>,
    inbound: mpsc::Receiver<LineEvent>,
    /// How long the server may take to answer a ping that goes out now.
    probes: mpsc::Sender<Duration>,
    task: JoinHandle<()>,
    ended: Option<Closed>,
    lag: Arc<Lag>,
}

/// How long events took to leave. A question that comes while one leaves may count it in the next.
#[derive(Debug, Default)]
struct Lag {
    total_us: AtomicU64,
    events: AtomicU64,
}

impl Lag {
    fn note(&self, took: Duration) {
        self.total_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self) -> Option<Duration> {
        let events = self.events.swap(0, Ordering::Relaxed);
        let total = self.total_us.swap(0, Ordering::Relaxed);
        total.checked_div(events).map(Duration::from_micros)
    }
}

#[derive(Debug)]
struct Outgoing {
    event: ClientEvent,
    id: Option<String>,
    /// When what it carries came to be.
    since: Option<Instant>,
}

/// What a line tells.
#[expect(
    clippy::large_enum_variant,
    reason = "a full queue of them is 80 KiB, and events are taken apart at once"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum LineEvent {
    /// Mono samples at the session's output rate. `item_id` is empty when the server named none.
    Audio {
        item_id: String,
        response_id: Option<String>,
        samples: Vec<i16>,
        received_at: Instant,
    },
    /// A raw frame of the binary transport: the same samples, but they belong to whatever reply is active.
    Binary {
        samples: Vec<i16>,
        received_at: Instant,
    },
    Event(ServerEvent),
    /// One frame could not be used; the line goes on.
    Malformed {
        problem: ParseError,
    },
    /// The end. It is repeated for as long as one asks.
    Closed(Closed),
}

/// How a line ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code of RFC 6455; none when no close frame came.
    pub code: Option<u16>,
    /// The server's words, or what happened instead.
    pub reason: String,
    pub kind: CloseKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseKind {
    /// 1000, or closed from here.
    Normal,
    /// 1001: the server saw no audio for too long, or goes away.
    Idle,
    /// No close frame: the connection broke.
    Lost,
    /// A message larger than 16 MiB came.
    TooLarge,
    /// Nothing came, not even the answer to a ping; or nothing left any more.
    PingTimeout,
    /// Any other code, or a violation of the WebSocket protocol.
    Other,
}

/// The line is closed; [`Line::next`] says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineClosed {
    #[error("could not send: the line is closed")]
    Closed,
    /// Only from [`Line::try_send`].
    #[error("could not send: the server takes no more at the moment")]
    Full,
}

/// Connects, shows the token, and starts the task that carries events.
///
/// # Errors
/// One kind per cause; see [`OpenError::fault`].
pub async fn open(options: LineOptions) -> Result<Line, OpenError> {
    let limit = options.connect_timeout;
    tracing::debug!(url = %redact_url(&options.url), "opening the line");
    let attempt = Box::pin(async {
        let url = realtime_url(options.url.as_str()).map_err(OpenError::Address)?;
        let stream = options.dial.connect(&url).await.map_err(OpenError::Way)?;
        handshake::upgrade(stream, &options).await
    });
    finish(timeout(limit, attempt).await.unwrap_or(Err(OpenError::Timeout { after: limit })), &options)
}

/// Like [`open`], over a connection that is there already, such as a pipe to a server in this process.
///
/// # Errors
/// As [`open`], without those of connecting.
pub async fn open_over<S>(stream: S, options: LineOptions) -> Result<Line, OpenError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limit = options.connect_timeout;
    let attempt = Box::pin(handshake::upgrade(Box::new(stream), &options));
    finish(timeout(limit, attempt).await.unwrap_or(Err(OpenError::Timeout { after: limit })), &options)
}

fn finish(outcome: Result<handshake::Upgraded, OpenError>, options: &LineOptions) -> Result<Line, OpenError> {
    let stream = outcome.inspect_err(
        |error| tracing::warn!(%error, url = %redact_url(&options.url), "could not open the line"),
    )?;
    let (outbound, outgoing) = mpsc::channel(OUTBOUND);
    let (events, inbound) = mpsc::channel(INBOUND);
    let (probes, probed) = mpsc::channel(1);
    let lag = Arc::new(Lag::default());
    let ends = task::Ends { outgoing, events, probed };
    let task = tokio::spawn(task::run(stream, ends, options.clone(), lag.clone()));
    tracing::debug!("the line is open");
    Ok(Line { outbound, inbound, probes, task, ended: None, lag })
}

impl Line {
    /// Waits for room in the queue, then returns; the event leaves in order.
    ///
    /// # Errors
    /// When the line is closed.
    pub async fn send(&self, event: ClientEvent) -> Result<(), LineClosed> {
        self.outbound.send(Outgoing { event, id: None, since: None }).await.map_err(|_| LineClosed::Closed)
    }

    /// As [`send`](Self::send), with an `event_id` that the server puts into the error should the event
    /// fail.
    ///
    /// # Errors
    /// When the line is closed.
    pub async fn send_as(&self, id: impl Into<String>, event: ClientEvent) -> Result<(), LineClosed> {
        self.outbound
            .send(Outgoing { event, id: Some(id.into()), since: None })
            .await
            .map_err(|_| LineClosed::Closed)
    }

    /// Sends without waiting.
    ///
    /// # Errors
    /// When the line is closed, or its queue is full.
    pub fn try_send(&self, event: ClientEvent) -> Result<(), LineClosed> {
        self.try_send_since(None, event)
    }

    /// As [`try_send`](Self::try_send), with the moment at which what the event carries came to be;
    /// [`take_lag`](Self::take_lag) then tells how long it took to the network.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn try_send_since(&self, since: Option<Instant>, event: ClientEvent) -> Result<(), LineClosed> {
        self.outbound.try_send(Outgoing { event, id: None, since }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LineClosed::Full,
            mpsc::error::TrySendError::Closed(_) => LineClosed::Closed,
        })
    }

    /// Mean time from the moments given to [`try_send_since`](Self::try_send_since) until the bytes were
    /// handed to the operating system, over the events that left since the last question.
    pub fn take_lag(&self) -> Option<Duration> {
        self.lag.take()
    }

    /// Asks whether the server is still there: a ping goes out now, and without its pong within `limit`
    /// the line ends as [`CloseKind::PingTimeout`]. Anything else that comes does not count, for it may
    /// have waited here since before the question.
    pub fn probe(&self, limit: Duration) {
        // A probe that is under way will say the same.
        let _ = self.probes.try_send(limit);
    }

    /// The next thing the line tells. Cancel-safe: a dropped wait loses nothing.
    pub async fn next(&mut self) -> LineEvent {
        if let Some(closed) = &self.ended {
            return LineEvent::Closed(closed.clone());
        }
        let event = self.inbound.recv().await.unwrap_or_else(|| {
            let reason = "the task of this line has ended".to_owned();
            LineEvent::Closed(Closed { code: None, reason, kind: CloseKind::Lost })
        });
        if let LineEvent::Closed(closed) = &event {
            self.ended = Some(closed.clone());
        }
        event
    }

    /// Lets what was sent leave, says goodbye, and waits for the end, at most two seconds.
    pub async fn close(self) {
        let Self { outbound, inbound, mut task, .. } = self;
        drop((outbound, inbound));
        if timeout(2 * FAREWELL, &mut task).await.is_err() {
            task.abort();
        }
    }
}
