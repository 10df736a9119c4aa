//! From a request to its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode, Uri};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::mint::Mint;
use crate::rate::{Exceeded, Rate};
use crate::refusal::{Fault, Refusal};
use crate::settings::names_loopback;
use crate::{Callers, Life, Limits};

#[derive(Debug)]
pub(crate) struct Routes {
    pub(crate) mint: Mint,
    pub(crate) callers: watch::Receiver<Arc<Callers>>,
    pub(crate) rate: Rate,
    pub(crate) life: Life,
    pub(crate) limits: Limits,
}

impl Routes {
    /// One line of log for each request: no header, no query, no body.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let method = request.method().clone();
        let path: String = request.uri().path().chars().take(80).collect();
        let callers = Arc::clone(&self.callers.borrow());
        let caller = callers.identify(request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes));
        let response = self.route(request, &callers, caller).await;
        tracing::info!(
            %method,
            ?path,
            caller = caller.unwrap_or("unknown"),
            status = response.status().as_u16(),
            ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "request"
        );
        response
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        callers: &Callers,
        caller: Option<&str>,
    ) -> Response<Full<Bytes>> {
        let refusal = match (request.uri().path(), request.method()) {
            ("/health", &Method::GET) => {
                return json(StatusCode::OK, Bytes::from_static(b"{\"status\":\"ok\"}"));
            }
            ("/session", &Method::POST) => match self.session(request, callers, caller).await {
                Ok(token) => return json(StatusCode::OK, token),
                Err(refusal) => refusal,
            },
            ("/health", _) => wrong_method("GET"),
            // GET as well: it is repeated, fetched ahead and kept by what is on the way, and a web page can
            // send it without saying where it comes from.
            ("/session", _) => wrong_method("POST"),
            _ => Refusal::caller(StatusCode::NOT_FOUND, "There are only POST /session and GET /health here."),
        };
        refusal.into_response()
    }

    async fn session(
        &self,
        request: Request<Incoming>,
        callers: &Callers,
        caller: Option<&str>,
    ) -> Result<Bytes, Refusal> {
        if matches!(callers, Callers::AnyoneHere) {
            keep_web_pages_out(request.headers(), request.uri())?;
        }
        let caller = caller.ok_or_else(|| {
            let message = "The Authorization header shows no bearer secret that this backend knows.";
            Refusal::caller(StatusCode::UNAUTHORIZED, message).asking_for_bearer()
        })?;
        self.rate.admit(caller, Instant::now()).map_err(|exceeded| {
            let (fault, wait, message) = match exceeded {
                Exceeded::Caller(wait) => {
                    (Fault::Caller, wait, "Too many tokens were asked for in one minute.")
                }
                Exceeded::All(wait) => (
                    Fault::Backend,
                    wait,
                    "This backend has given out all the tokens that it may in one minute.",
                ),
            };
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, fault, message).retry_after(whole_seconds(wait))
        })?;
        let body = self.read(request).await?;
        self.mint.mint(lifetime(&body, self.life)?).await
    }

    async fn read(&self, request: Request<Incoming>) -> Result<Bytes, Refusal> {
        let limit = self.limits.body_bytes;
        let too_large = || {
            let message = format!("The request is too large: {limit} bytes are allowed.");
            Refusal::caller(StatusCode::PAYLOAD_TOO_LARGE, message)
        };
        if request.body().size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(too_large());
        }
        let body = timeout(self.limits.body_time, Limited::new(request.into_body(), limit).collect())
            .await
            .map_err(|_| Refusal::caller(StatusCode::REQUEST_TIMEOUT, "The request did not arrive in time."))?
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    too_large()
                } else {
                    Refusal::caller(StatusCode::BAD_REQUEST, "The request broke off or was malformed.")
                }
            })?;
        Ok(body.to_bytes())
    }
}

/// Where no secret is asked for, a page in a browser on this computer must not be able to spend money:
/// neither by a request of its own, nor under a name that it has pointed at this computer.
fn keep_web_pages_out(headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    let is_here = |authority: &str| authority.parse::<Authority>().is_ok_and(|it| names_loopback(it.host()));
    let host_is_here = match uri.authority() {
        Some(authority) => names_loopback(authority.host()),
        None => headers.get(HOST).is_some_and(|host| host.to_str().is_ok_and(is_here)),
    };
    let origin_is_here = headers.get(ORIGIN).is_none_or(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        origin.split_once("://").is_some_and(|(_, authority)| is_here(authority))
    });
    if host_is_here && origin_is_here {
        return Ok(());
    }
    let message = "This backend names no callers, so it serves only programs on its own computer, under the \
                   name localhost. To serve others, give it a list of callers.";
    Err(Refusal::caller(StatusCode::FORBIDDEN, message))
}

#[derive(Deserialize)]
struct Wish {
    expires_after: Option<Lifetime>,
}

#[derive(Deserialize)]
struct Lifetime {
    seconds: Option<u64>,
}

/// The caller's wish, within the bounds. Members that are not known are not passed on.
fn lifetime(body: &[u8], life: Life) -> Result<u32, Refusal> {
    let fail = |message| Refusal::caller(StatusCode::BAD_REQUEST, message);
    if body.trim_ascii().is_empty() {
        return Ok(life.usual);
    }
    let wish: Wish = serde_json::from_slice::<serde_json::Map<_, _>>(body)
        .and_then(|object| serde_json::from_value(object.into()))
        .map_err(|_| {
            fail("The body must be empty or a JSON object; expires_after.seconds is a whole number.")
        })?;
    match wish.expires_after.and_then(|lifetime| lifetime.seconds) {
        None => Ok(life.usual),
        Some(0) => Err(fail("A token must live for at least one second.")),
        Some(seconds) => {
            Ok(u32::try_from(seconds).unwrap_or(life.longest).clamp(life.shortest, life.longest))
        }
    }
}

fn wrong_method(right: &'static str) -> Refusal {
    let message = format!("Only {right} is possible at this path.");
    Refusal::caller(StatusCode::METHOD_NOT_ALLOWED, message).allowing(right)
}

/// Rounded up: a caller that waits so long is let in.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// Tokens must not be kept by anything on the way.
pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut line = BytesMut::from(body);
    line.extend_from_slice(b"\n");
    let mut response = Response::new(Full::new(line.freeze()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_a_life_is_granted_within_the_bounds() {
        let life = Life { shortest: 30, usual: 300, longest: 600 };
        for (body, seconds) in [
            ("", 300),
            (" \n", 300),
            ("{}", 300),
            (r#"{"expires_after":null,"model":"x"}"#, 300),
            (r#"{"expires_after":{}}"#, 300),
            (r#"{"expires_after":{"seconds":60}}"#, 60),
            (r#"{"expires_after":{"seconds":29}}"#, 30),
            (r#"{"expires_after":{"seconds":600}}"#, 600),
            (r#"{"expires_after":{"seconds":601}}"#, 600),
            (r#"{"expires_after":{"seconds":18446744073709551615}}"#, 600),
        ] {
            assert_eq!(lifetime(body.as_bytes(), life).unwrap(), seconds, "{body}");
        }
        for body in [
            "[]",
            "null",
            "300",
            "{",
            "seconds=60",
            r#"[{"seconds":60}]"#,
            r#"{"expires_after":{"seconds":0}}"#,
            r#"{"expires_after":{"seconds":-1}}"#,
            r#"{"expires_after":{"seconds":1.5}}"#,
            r#"{"expires_after":{"seconds":"60"}}"#,
        ] {
            let refusal = lifetime(body.as_bytes(), life).unwrap_err();
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{body}");
        }
    }

    #[test]
    fn only_programs_on_this_computer_are_served_without_a_secret() {
        for (host, origin, served) in [
            (Some("127.0.0.1:8787"), None, true),
            (Some("localhost"), None, true),
            (Some("[::1]:8787"), None, true),
            (Some("localhost:8787"), Some("http://localhost:5173"), true),
            (Some("localhost:8787"), Some("https://example.com"), false),
            (Some("localhost:8787"), Some("http://localhost.example.com"), false),
            (Some("localhost:8787"), Some("null"), false),
            (Some("rebound.example.com:8787"), None, false),
            (Some(""), None, false),
            (None, None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                headers.insert(HOST, HeaderValue::from_static(host));
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            let answer = keep_web_pages_out(&headers, &Uri::from_static("/session"));
            assert_eq!(answer.is_ok(), served, "host {host:?}, origin {origin:?}");
        }
    }
}
