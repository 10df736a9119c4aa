use std::{
    borrow::Cow, collections::VecDeque, future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration,
};

use futures_util::{Sink, SinkExt, Stream};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::{
    self, Bytes, Message,
    error::{CapacityError, ProtocolError},
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{CloseKind, Closed, FAREWELL, Lag, LineEvent, LineOptions, Outgoing, handshake::Upgraded};
use crate::{
    event::server::{Incoming, ParseError, parse},
    samples,
    tap::{Tap, Tapped},
};

/// The task's ends of the queues.
pub(super) struct Ends {
    pub(super) outgoing: mpsc::Receiver<Outgoing>,
    pub(super) events: mpsc::Sender<LineEvent>,
    pub(super) probed: mpsc::Receiver<Duration>,
}

pub(super) async fn run(socket: Upgraded, ends: Ends, options: LineOptions, lag: Arc<Lag>) {
    let Ends { mut outgoing, events, mut probed } = ends;
    let LineOptions { ping_interval, pong_timeout, tap, .. } = options;
    let heard = Instant::now();
    let wire = Wire {
        socket,
        unflushed: None,
        leaving: None,
        lag,
        heard,
        pinged: None,
        ping_interval,
        pong_timeout,
        tap,
    };
    // The connection is gone before anybody is told.
    let closed = wire.carry(&mut outgoing, &events, &mut probed).await;
    drop(outgoing);
    tracing::debug!(code = closed.code, kind = ?closed.kind, reason = closed.reason, "the line is closed");
    // Nobody may be left to tell.
    drop(events.send(LineEvent::Closed(closed)).await);
}

struct Wire {
    socket: Upgraded,
    /// Since when something that was handed over has not left.
    unflushed: Option<Instant>,
    /// Since when what is leaving now has been.
    leaving: Option<Instant>,
    lag: Arc<Lag>,
    /// When anything last came from the server.
    heard: Instant,
    /// A ping went out and has not been answered.
    pinged: Option<Asked>,
    ping_interval: Duration,
    pong_timeout: Duration,
    tap: Option<Tap>,
}

/// A ping on its way.
#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    limit: Duration,
    /// Only its pong counts.
    pong_only: bool,
}

enum Step {
    Flushed,
    Message(Message),
    Ended(Closed),
}

impl Wire {
    async fn carry(
        mut self,
        outgoing: &mut mpsc::Receiver<Outgoing>,
        events: &mpsc::Sender<LineEvent>,
        probed: &mut mpsc::Receiver<Duration>,
    ) -> Closed {
        let mut pending: VecDeque<LineEvent> = VecDeque::new();
        loop {
            let listening = pending.is_empty();
            let due = self.deadline();
            tokio::select! {
                // What has come counts before the clock: this computer may just have woken up.
                biased;
                () = events.closed() => return self.farewell(outgoing).await,
                permit = events.reserve(), if !listening => {
                    let Ok(permit) = permit else { continue };
                    if let Some(event) = pending.pop_front() {
                        permit.send(event);
                    }
                }
                next = outgoing.recv(), if self.unflushed.is_none() => {
                    let Some(next) = next else { return self.farewell(outgoing).await };
                    self.leaving = next.since;
                    if let Err(closed) = self.hand_over(message(&next)) {
                        return closed;
                    }
                }
                step = self.step(listening) => match step {
                    Step::Flushed => {}
                    Step::Message(message) => {
                        self.mark_heard(message.is_pong());
                        if let Message::Close(frame) = message {
                            return self.closed_by_server(frame).await;
                        }
                        self.show(&message, Tapped::Server);
                        read(message, &mut pending);
                    }
                    Step::Ended(closed) => return self.ended(closed).await,
                },
                Some(limit) = probed.recv() => {
                    if let Err(closed) = self.ping(limit, true) {
                        return closed;
                    }
                }
                () = sleep_until(due), if listening => {
                    if let Some(reason) = self.death() {
                        return Closed { code: None, reason, kind: CloseKind::PingTimeout };
                    }
                    if let Err(closed) = self.ping(self.pong_timeout, false) {
                        return closed;
                    }
                }
            }
        }
    }

    fn show<'m>(&self, message: &'m Message, from: impl Fn(&'m str) -> Tapped<'m>) {
        if let (Some(tap), Message::Text(text)) = (&self.tap, message) {
            tap.show(from(text.as_str()));
        }
    }

    fn mark_heard(&mut self, pong: bool) {
        self.heard = Instant::now();
        self.pinged = self.pinged.filter(|asked| asked.pong_only && !pong);
    }

    fn ping(&mut self, limit: Duration, pong_only: bool) -> Result<(), Closed> {
        self.pinged = Some(Asked { at: Instant::now(), limit, pong_only });
        self.hand_over(Message::Ping(Bytes::new()))
    }

    /// How long neither direction may do without the other.
    fn patience(&self) -> Duration {
        self.ping_interval + self.pong_timeout
    }

    fn deadline(&self) -> Instant {
        let silence = match self.pinged {
            Some(asked) => asked.at + asked.limit,
            None => self.heard + self.ping_interval,
        };
        self.unflushed.map_or(silence, |since| silence.min(since + self.patience()))
    }

    /// Why the line counts as dead by now, if it does.
    fn death(&self) -> Option<String> {
        let now = Instant::now();
        if self.unflushed.is_some_and(|since| now >= since + self.patience()) {
            return Some(format!("the server has taken nothing for {} s", self.patience().as_secs()));
        }
        let asked = self.pinged.filter(|asked| now >= asked.at + asked.limit)?;
        Some(match asked.pong_only {
            true => format!("the server did not answer within {} s", asked.limit.as_secs()),
            false => format!("the server has been silent for {} s", self.patience().as_secs()),
        })
    }

    /// Starts a message on its way; [`step`](Self::step) carries it further, so that a server that does
    /// not read never keeps us from reading.
    fn hand_over(&mut self, message: Message) -> Result<(), Closed> {
        self.unflushed.get_or_insert_with(Instant::now);
        self.show(&message, Tapped::Client);
        Pin::new(&mut self.socket).start_send(message).map_err(|error| closed_by(&error))
    }

    /// Carries on what was handed over and, when `listening`, waits for a message.
    /// Cancel-safe: all progress is kept in the socket.
    async fn step(&mut self, listening: bool) -> Step {
        poll_fn(|context| {
            let mut flushed = false;
            if self.unflushed.is_some()
                && let Poll::Ready(outcome) = Pin::new(&mut self.socket).poll_flush(context)
            {
                if let Err(error) = outcome {
                    return Poll::Ready(Step::Ended(closed_by(&error)));
                }
                self.unflushed = None;
                if let Some(since) = self.leaving.take() {
                    self.lag.note(since.elapsed());
                }
                flushed = true;
            }
            if listening && let Poll::Ready(next) = Pin::new(&mut self.socket).poll_next(context) {
                return Poll::Ready(match next {
                    Some(Ok(message)) => Step::Message(message),
                    Some(Err(error)) => Step::Ended(closed_by(&error)),
                    None => Step::Ended(lost("it broke off")),
                });
            }
            if flushed { Poll::Ready(Step::Flushed) } else { Poll::Pending }
        })
        .await
    }

    /// Tells the server what was wrong with its message, where it is still there to hear it.
    async fn ended(&mut self, closed: Closed) -> Closed {
        if closed.kind == CloseKind::TooLarge {
            let frame = CloseFrame { code: CloseCode::Size, reason: "message too large".into() };
            drop(timeout(FAREWELL, self.socket.send(Message::Close(Some(frame)))).await);
        }
        closed
    }

    async fn closed_by_server(&mut self, frame: Option<CloseFrame>) -> Closed {
        // The answer to the close frame was queued by reading it.
        drop(timeout(FAREWELL, self.socket.flush()).await);
        match frame {
            Some(frame) => {
                let code = u16::from(frame.code);
                let kind = match code {
                    1000 => CloseKind::Normal,
                    1001 => CloseKind::Idle,
                    _ => CloseKind::Other,
                };
                Closed { code: Some(code), reason: crate::redact(frame.reason.as_str()), kind }
            }
            // A close frame without a code says no more than that (RFC 6455 §7.1.5).
            None => Closed { code: Some(1005), reason: String::new(), kind: CloseKind::Normal },
        }
    }

    /// Lets what is queued leave, says goodbye and waits a moment for the answer.
    async fn farewell(&mut self, outgoing: &mut mpsc::Receiver<Outgoing>) -> Closed {
        let closed = Closed { code: Some(1000), reason: "closed from here".into(), kind: CloseKind::Normal };
        outgoing.close();
        let last_words = async {
            while let Ok(next) = outgoing.try_recv() {
                self.socket.send(message(&next)).await?;
            }
            let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            self.socket.send(Message::Close(Some(frame))).await
        };
        if !matches!(timeout(FAREWELL, last_words).await, Ok(Ok(()))) {
            return closed;
        }
        let answer = async { while let Step::Message(_) | Step::Flushed = self.step(true).await {} };
        drop(timeout(FAREWELL, answer).await);
        closed
    }
}

fn message(outgoing: &Outgoing) -> Message {
    Message::text(outgoing.event.to_json_as(outgoing.id.as_deref()))
}

fn read(message: Message, pending: &mut VecDeque<LineEvent>) {
    let received_at = Instant::now();
    match message {
        Message::Text(text) => match parse(text.as_str()) {
            Ok(Incoming::Audio(audio)) => match audio.samples() {
                Ok((samples, odd)) => {
                    let item_id = audio.item_id.unwrap_or_default().into_owned();
                    pending.extend(
                        odd.map(|bytes| malformed(ParseError::OddAudio { item_id: item_id.clone(), bytes })),
                    );
                    let response_id = audio.response_id.map(Cow::into_owned);
                    pending.push_back(LineEvent::Audio { item_id, response_id, samples, received_at });
                }
                Err(problem) => pending.push_back(malformed(problem)),
            },
            Ok(Incoming::Event(event)) => pending.push_back(LineEvent::Event(*event)),
            Err(problem) => pending.push_back(malformed(problem)),
        },
        Message::Binary(bytes) => {
            let (samples, odd) = samples::from_bytes(&bytes);
            if odd {
                pending.push_back(malformed(ParseError::OddBinary { bytes: bytes.len() }));
            }
            pending.push_back(LineEvent::Binary { samples, received_at });
        }
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
    }
}

fn malformed(problem: ParseError) -> LineEvent {
    tracing::debug!(%problem, "a frame could not be used");
    LineEvent::Malformed { problem }
}

fn lost(why: &str) -> Closed {
    Closed { code: None, reason: format!("the connection was lost: {why}"), kind: CloseKind::Lost }
}

fn closed_by(error: &tungstenite::Error) -> Closed {
    use tungstenite::Error;
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => lost("it is closed"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => lost("no close frame came"),
        Error::Io(error) => lost(&error.to_string()),
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => Closed {
            code: None,
            reason: format!("a message of {size} bytes came, and {max_size} is the most that is taken"),
            kind: CloseKind::TooLarge,
        },
        other => Closed {
            code: None,
            reason: crate::redact(&format!("the server broke the WebSocket protocol: {other}")),
            kind: CloseKind::Other,
        },
    }
}
