//! The WebSocket under a session: hands it messages and the time, and does what it says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper_tungstenite::HyperWebsocketStream;
use hyper_tungstenite::tungstenite::protocol::CloseFrame;
use hyper_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use hyper_tungstenite::tungstenite::{Error, Message};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::session::{Asked, Common, Out, Session};
use crate::switches::Switches;

/// How long a close waits for the other side's.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// How a session came to its end.
enum End {
    /// With nothing left to do.
    Gone,
    Close(CloseCode, &'static str),
    Reset,
}

/// Runs one session until either side ends it or the server stops.
pub(super) async fn run(
    mut websocket: HyperWebsocketStream,
    switches: Arc<Switches>,
    common: Common,
    asked: Asked,
    mut stopped: watch::Receiver<bool>,
) {
    let mut session = Session::open(switches, common, &asked, Instant::now());
    let end = tokio::select! {
        end = converse(&mut websocket, &mut session) => end,
        _ = stopped.wait_for(|stopped| *stopped) => End::Close(CloseCode::Away, "server stopping"),
    };
    // The record must say that the session is over before the client can notice it.
    drop(session);
    match end {
        End::Gone => {}
        End::Close(code, reason) => close(websocket, code, reason).await,
        End::Reset => reset(websocket),
    }
}

async fn converse(websocket: &mut HyperWebsocketStream, session: &mut Session) -> End {
    loop {
        match flush(websocket, session.take()).await {
            Ok(None) => {}
            Ok(Some(end)) => return end,
            Err(error) => {
                tracing::debug!(%error, "writing to a session");
                return End::Gone;
            }
        }
        if session.over() {
            return End::Gone;
        }
        let due = session.due();
        let alarm = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = websocket.next() => match message {
                Some(Ok(Message::Text(text))) => session.on_text(text.as_str(), Instant::now()),
                Some(Ok(Message::Binary(bytes))) => session.on_binary(&bytes, Instant::now()),
                Some(Ok(_)) => {}
                Some(Err(Error::Capacity(_))) => return End::Close(CloseCode::Size, "message too big"),
                Some(Err(Error::Utf8(_))) => return End::Close(CloseCode::Invalid, "text is not UTF-8"),
                Some(Err(error)) => {
                    tracing::debug!(%error, "reading from a session");
                    return End::Gone;
                }
                None => return End::Gone,
            },
            () = alarm => session.on_time(Instant::now()),
        }
    }
}

async fn flush(websocket: &mut HyperWebsocketStream, out: Vec<Out>) -> Result<Option<End>, Error> {
    for out in out {
        match out {
            Out::Text(text) => websocket.feed(Message::text(text)).await?,
            Out::Binary(bytes) => websocket.feed(Message::binary(bytes)).await?,
            Out::Close(code, reason) => {
                websocket.flush().await?;
                return Ok(Some(End::Close(code.into(), reason)));
            }
            Out::Reset => {
                websocket.flush().await?;
                return Ok(Some(End::Reset));
            }
        }
    }
    websocket.flush().await?;
    Ok(None)
}

async fn close(mut websocket: HyperWebsocketStream, code: CloseCode, reason: &'static str) {
    let farewell = async {
        websocket.close(Some(CloseFrame { code, reason: reason.into() })).await?;
        while let Some(message) = websocket.next().await {
            message?;
        }
        Ok::<(), Error>(())
    };
    match timeout(CLOSE_WAIT, farewell).await {
        Ok(Ok(()) | Err(Error::ConnectionClosed)) => {}
        Ok(Err(error)) => tracing::debug!(%error, "closing a session"),
        Err(_) => tracing::debug!("the client did not answer a close"),
    }
}

/// Drops the TCP connection without any farewell.
fn reset(websocket: HyperWebsocketStream) {
    let upgraded = websocket.into_inner().into_inner();
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => {
            if let Err(error) = parts.io.into_inner().set_zero_linger() {
                tracing::warn!(%error, "resetting a connection");
            }
        }
        Err(_) => tracing::warn!("a session does not run on TCP"),
    }
}
