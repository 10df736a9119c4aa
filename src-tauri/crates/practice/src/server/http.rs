//! One TCP connection: HTTP requests, and the session that an upgrade turns it into.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_tungstenite::HyperWebsocket;
use hyper_tungstenite::tungstenite::protocol::WebSocketConfig;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::mint::{self, Reply, failure, reply};
use super::{House, auth, line};
use crate::session::Asked;
use crate::switches::Switches;
use crate::switches::choice::{Handshake, Resume};

/// Bytes that a message, and a frame of it, may have.
const LONGEST_MESSAGE: usize = 16 * 1024 * 1024;

/// An upgrade that was granted.
struct Granted {
    websocket: HyperWebsocket,
    switches: Arc<Switches>,
    asked: Asked,
    room: OwnedSemaphorePermit,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed during the handshake")]
struct HungUp;

pub(super) async fn serve(stream: TcpStream, house: Arc<House>, stopped: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "turning off delays of a connection");
    }
    let slot = Mutex::new(None);
    let service = service_fn(|request| answer(&house, &slot, request));
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut stop = stopped.clone();
    let served = tokio::select! {
        served = connection => served,
        _ = stop.changed() => return,
    };
    if let Err(error) = served {
        tracing::debug!(%error, "serving a connection");
        return;
    }
    let granted = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Some(Granted { websocket, switches, asked, room }) = granted else { return };
    match websocket.await {
        Ok(websocket) => line::run(websocket, switches, house.common.clone(), asked, stopped).await,
        Err(error) => tracing::debug!(%error, "upgrading a connection"),
    }
    drop(room);
}

async fn answer(
    house: &House,
    slot: &Mutex<Option<Granted>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, HungUp> {
    Ok(match request.uri().path() {
        "/v1/realtime/client_secrets" => mint::client_secrets(house, request).await,
        "/session" => mint::session(house, request).await,
        "/health" => mint::health(),
        "/" => reply(StatusCode::OK, &serde_json::json!({"name": "practice agent"})),
        "/v1/realtime" => {
            let switches = house.next_attempt();
            match switches.handshake {
                Handshake::Close => return Err(HungUp),
                Handshake::Hang => std::future::pending().await,
                _ => {}
            }
            let reply = upgrade(house, slot, switches, request).unwrap_or_else(|refused| *refused);
            if reply.status() != StatusCode::SWITCHING_PROTOCOLS {
                house.common.log.refused();
            }
            reply
        }
        _ => failure(StatusCode::NOT_FOUND, "not-found", "There is nothing at this path."),
    })
}

fn upgrade(
    house: &House,
    slot: &Mutex<Option<Granted>>,
    switches: Arc<Switches>,
    mut request: Request<Incoming>,
) -> Result<Reply, Box<Reply>> {
    if !hyper_tungstenite::is_upgrade_request(&request) {
        let status = StatusCode::UPGRADE_REQUIRED;
        return Err(Box::new(failure(status, "upgrade-required", "This is a WebSocket endpoint.")));
    }
    match switches.handshake {
        Handshake::Refuse401 => return Err(Box::new(mint::bad_credentials())),
        Handshake::Refuse403 => {
            let error = "Team is not authorized to perform this action";
            return Err(Box::new(failure(StatusCode::FORBIDDEN, "permission-denied", error)));
        }
        Handshake::Refuse402 => return Err(Box::new(mint::no_credits())),
        Handshake::Refuse429 => return Err(Box::new(mint::too_many(&switches))),
        Handshake::Refuse503 => return Err(Box::new(mint::overloaded(&switches))),
        Handshake::Accept | Handshake::Close | Handshake::Hang => {}
    }
    let offered = auth::offered(request.headers());
    let token = auth::shown(request.headers(), &offered).unwrap_or_default();
    if token != house.key && !house.tokens().valid(token, Instant::now()) {
        return Err(Box::new(mint::bad_credentials()));
    }
    let asked = asked(request.uri().query().unwrap_or_default());
    let forgotten = match switches.resume {
        Resume::Http400 => Some(StatusCode::BAD_REQUEST),
        Resume::Http404 => Some(StatusCode::NOT_FOUND),
        Resume::Http410 => Some(StatusCode::GONE),
        _ => None,
    };
    if let Some(status) = forgotten.filter(|_| asked.conversation_id.is_some()) {
        return Err(Box::new(failure(status, "not-found", "There is no such conversation.")));
    }
    if switches.single_use {
        house.tokens().spend(token);
    }
    let Ok(room) = house.room.clone().try_acquire_owned() else {
        let error = "Too many concurrent sessions";
        return Err(Box::new(failure(StatusCode::TOO_MANY_REQUESTS, "resource-exhausted", error)));
    };
    let echo =
        auth::echo(&offered, switches.subprotocol_echo).and_then(|name| HeaderValue::from_str(name).ok());
    let config = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE));
    let (mut reply, websocket) = hyper_tungstenite::upgrade(&mut request, Some(config)).map_err(|error| {
        Box::new(failure(StatusCode::BAD_REQUEST, "invalid-argument", &error.to_string()))
    })?;
    if let Some(echo) = echo {
        reply.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, echo);
    }
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Granted { websocket, switches, asked, room });
    Ok(reply)
}

/// The parts of the query that matter. Ids and model names need no percent-encoding.
fn asked(query: &str) -> Asked {
    let mut asked = Asked::default();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "model" => asked.model = Some(value.to_owned()),
            "conversation_id" => asked.conversation_id = Some(value.to_owned()),
            _ => {}
        }
    }
    asked
}
