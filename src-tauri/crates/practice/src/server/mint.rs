//! The token endpoints: the service's own, and the cookbook's.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::House;
use super::auth::bearer;
use crate::switches::Switches;
use crate::switches::choice::{Mint, MintShape, SessionAuth};
use crate::tokens::Minted;

/// Bytes that a request for a token may have.
const LONGEST_REQUEST: usize = 64 * 1024;
/// Life of a token if none is asked for, and the longest to be had, in seconds.
const DEFAULT_LIFE: u64 = 600;
const LONGEST_LIFE: u64 = 3600;
/// The life that the cookbook's backends ask for, in seconds.
const COOKBOOK_LIFE: u64 = 300;

/// Looks like an API key of the service, and is none.
const MADE_UP_KEY: &str = "xai-practice00key00that00opens00nothing00at00all";

pub(super) type Reply = Response<Full<Bytes>>;

pub(super) fn reply(status: StatusCode, body: &Value) -> Reply {
    plain(status, "application/json", body.to_string())
}

fn plain(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// An error as the service's REST side words it.
pub(super) fn failure(status: StatusCode, code: &str, error: &str) -> Reply {
    reply(status, &json!({"code": code, "error": error}))
}

pub(super) fn bad_credentials() -> Reply {
    failure(
        StatusCode::UNAUTHORIZED,
        "unauthenticated:bad-credentials",
        "The bearer is missing or not known.",
    )
}

/// `POST /v1/realtime/client_secrets`
pub(super) async fn client_secrets(house: &House, request: Request<Incoming>) -> Reply {
    if request.method() != Method::POST {
        return not_allowed();
    }
    if let Some(trouble) = trouble(house).await {
        return trouble;
    }
    if bearer(request.headers()) != Some(house.key.as_str()) {
        return bad_credentials();
    }
    let life = match read_body(request).await.and_then(|body| life(&body)) {
        Ok(life) => life,
        Err(error) => return failure(StatusCode::BAD_REQUEST, "invalid-argument", &error),
    };
    let minted = mint(house, life);
    dated(house, reply(StatusCode::OK, &shaped(&minted, house.switches.mint_shape)))
}

/// `POST /session`, and `GET` for clients that like it better.
pub(super) async fn session(house: &House, request: Request<Incoming>) -> Reply {
    if !matches!(*request.method(), Method::POST | Method::GET) {
        return not_allowed();
    }
    if let Some(trouble) = trouble(house).await {
        return trouble;
    }
    let open = house.switches.session_auth == SessionAuth::Open;
    if !open && bearer(request.headers()) != Some(house.key.as_str()) {
        return bad_credentials();
    }
    let minted = mint(house, COOKBOOK_LIFE);
    let secret = json!({"value": minted.value, "expires_at": minted.expires_at});
    dated(house, reply(StatusCode::OK, &json!({"client_secret": secret, "voice": "ara", "instructions": ""})))
}

fn not_allowed() -> Reply {
    failure(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method is not served here.")
}

fn mint(house: &House, life: u64) -> Minted {
    let life = house.switches.token_life_s.unwrap_or(life);
    house.common.log.minted();
    let mut minted = house.tokens().mint(Duration::from_secs(life.min(LONGEST_LIFE)), Instant::now());
    minted.expires_at = minted.expires_at.saturating_add_signed(house.switches.clock_s);
    minted
}

/// Dated by the same clock as the tokens.
fn dated(house: &House, mut reply: Reply) -> Reply {
    let ahead = house.switches.clock_s;
    let off = Duration::from_secs(ahead.unsigned_abs());
    let now = if ahead < 0 { SystemTime::now() - off } else { SystemTime::now() + off };
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(now)) {
        reply.headers_mut().insert(DATE, date);
    }
    reply
}

/// What the team of the key has no money for.
pub(super) fn no_credits() -> Reply {
    failure(StatusCode::PAYMENT_REQUIRED, "payment-required", "Your team has no credits left.")
}

pub(super) fn too_many(switches: &Switches) -> Reply {
    later(switches, failure(StatusCode::TOO_MANY_REQUESTS, "resource-exhausted", "Too many requests."))
}

pub(super) fn overloaded(switches: &Switches) -> Reply {
    later(switches, failure(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service is overloaded."))
}

/// Says when to ask again, if it is to be said.
fn later(switches: &Switches, mut reply: Reply) -> Reply {
    let Some(seconds) = switches.retry_after_s else { return reply };
    let when = match switches.retry_after_date {
        true => httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds)),
        false => seconds.to_string(),
    };
    if let Ok(when) = HeaderValue::from_str(&when) {
        reply.headers_mut().insert(RETRY_AFTER, when);
    }
    reply
}

async fn trouble(house: &House) -> Option<Reply> {
    let switches = &house.switches;
    match house.next_mint() {
        Mint::Ok => None,
        Mint::Status401 => Some(bad_credentials()),
        Mint::Status402 => Some(no_credits()),
        Mint::Status403 => Some(failure(
            StatusCode::FORBIDDEN,
            "permission-denied",
            "Team is not authorized to perform this action",
        )),
        Mint::Status404 => {
            Some(failure(StatusCode::NOT_FOUND, "not-found", "There is nothing at this path."))
        }
        Mint::Status408 => {
            Some(failure(StatusCode::REQUEST_TIMEOUT, "timeout", "The request took too long."))
        }
        Mint::Status425 => Some(failure(StatusCode::TOO_EARLY, "too-early", "It is too early for that.")),
        Mint::Status429 => Some(too_many(switches)),
        Mint::Status503 => Some(overloaded(switches)),
        Mint::Status500 => {
            Some(failure(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong."))
        }
        Mint::Error200 => {
            let details = json!({"code": "permission-denied", "error": "The key lacks access."}).to_string();
            Some(reply(StatusCode::OK, &json!({"error": "Failed to create session", "details": details})))
        }
        Mint::NoToken => Some(reply(StatusCode::OK, &json!({"status": "ok", "session": {}}))),
        Mint::Key => Some(reply(StatusCode::OK, &json!({"value": MADE_UP_KEY}))),
        Mint::Html => Some(plain(StatusCode::OK, "text/html", "<!doctype html><title>Sign in</title>")),
        Mint::Empty => Some(plain(StatusCode::OK, "application/json", "")),
        Mint::Huge => Some(plain(StatusCode::OK, "application/json", vec![b' '; 20_000_000])),
        Mint::Hang => std::future::pending().await,
    }
}

async fn read_body(request: Request<Incoming>) -> Result<Bytes, String> {
    let body = Limited::new(request.into_body(), LONGEST_REQUEST).collect().await;
    body.map(http_body_util::Collected::to_bytes)
        .map_err(|error| format!("The body could not be read: {error}."))
}

/// The life asked for, in seconds. `session` and `anchor` are let pass: the documents disagree on them.
fn life(body: &[u8]) -> Result<u64, String> {
    if body.trim_ascii().is_empty() {
        return Ok(DEFAULT_LIFE);
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err("The body must be a JSON object.".into());
    };
    let expires = match fields.get("expires_after") {
        None | Some(Value::Null) => return Ok(DEFAULT_LIFE),
        Some(expires) => expires,
    };
    match expires.get("seconds") {
        None | Some(Value::Null) if expires.is_object() => Ok(DEFAULT_LIFE),
        seconds => seconds
            .and_then(Value::as_u64)
            .filter(|s| (1..=LONGEST_LIFE).contains(s))
            .ok_or_else(|| format!("expires_after.seconds must be a whole number from 1 to {LONGEST_LIFE}.")),
    }
}

/// The shapes that backends in the wild give a token.
fn shaped(minted: &Minted, shape: MintShape) -> Value {
    let (value, expires_at) = (&minted.value, minted.expires_at);
    let flat = json!({"value": value, "expires_at": expires_at});
    match shape {
        MintShape::Flat => flat,
        MintShape::ClientSecret => json!({"client_secret": flat, "voice": "ara", "instructions": ""}),
        MintShape::Nested => json!({"client_secret": {"client_secret": flat}}),
        MintShape::Text => json!({"client_secret": value}),
        MintShape::Camel => json!({"clientSecret": value, "model": "grok-voice-latest", "voice": "eve"}),
        MintShape::Token => json!({"token": value, "model": "grok-voice-latest"}),
        MintShape::Iso => json!({"success": true, "token": value, "expireTime": iso(expires_at)}),
        MintShape::Xai => json!({"xai": {"clientSecret": value}}),
        MintShape::Headers => {
            json!({"websocket": {"headers": {"Authorization": format!("Bearer {value}")}}})
        }
    }
}

/// `GET /health`
pub(super) fn health() -> Reply {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    reply(StatusCode::OK, &json!({"status": "healthy", "provider": "XAI", "timestamp": iso(now.as_secs())}))
}

/// Unix seconds as an ISO 8601 date, by the proleptic Gregorian calendar.
fn iso(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let (mut year, mut day) = (1970, days);
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if day < length {
            break;
        }
        day -= length;
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_read_or_refused() {
        for (body, life_s) in [
            ("", Some(600)),
            ("{}", Some(600)),
            (r#"{"expires_after":{"seconds":300}}"#, Some(300)),
            (r#"{"expires_after":{"seconds":3600,"anchor":"created_at"},"session":{}}"#, Some(3600)),
            (r#"{"expires_after":null}"#, Some(600)),
            (r#"{"expires_after":{}}"#, Some(600)),
            (r#"{"expires_after":{"seconds":3601}}"#, None),
            (r#"{"expires_after":{"seconds":0}}"#, None),
            (r#"{"expires_after":{"seconds":-5}}"#, None),
            (r#"{"expires_after":{"seconds":"300"}}"#, None),
            (r#"{"expires_after":300}"#, None),
            ("[]", None),
            ("{", None),
        ] {
            assert_eq!(life(body.as_bytes()).ok(), life_s, "{body}");
        }
    }

    #[test]
    fn dates_are_right_around_leap_days() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_785_214_681, "2026-07-28T04:58:01Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso(seconds), date);
        }
    }
}
