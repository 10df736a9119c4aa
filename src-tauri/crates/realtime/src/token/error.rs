use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use hyper::{
    StatusCode,
    header::{self, HeaderMap},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::when;
use crate::{
    dial::DialError,
    fault::Fault,
    http::chain,
    profile::ProfileError,
    redact::{redact, redact_words},
};

/// Characters of a backend's own words that are quoted.
const QUOTE: usize = 200;
/// Characters of a body that is no JSON that are quoted.
const EXCERPT: usize = 60;

/// Why there is no token. `said` holds the backend's own words, cut to 200 characters and without
/// anything that looks like a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    #[error("the profile cannot be used: {0}")]
    Profile(ProfileError),
    /// No connection came about.
    #[error(transparent)]
    Way(DialError),
    /// A page of the network in place of the backend's answer; `at` is its host where that is another.
    #[error("a sign-in page answered in the backend's place{}", page(at))]
    SignIn { at: String },
    #[error("the backend gave no complete answer within {} s", after.as_secs())]
    Timeout { after: Duration },
    #[error("the connection to the backend broke off: {why}")]
    Broken { why: String },
    /// 401 or 403.
    #[error("the backend refused this profile (HTTP {status}){}", quote(said))]
    Refused { status: u16, said: String },
    /// 429.
    #[error("the backend asks to wait (HTTP 429){}", quote(said))]
    RateLimited { retry_after: Option<Duration>, said: String },
    /// 3xx; not followed.
    #[error("the backend sends elsewhere (HTTP {status}, to {to}): use that address in the profile")]
    Redirected { status: u16, to: String },
    /// Any other 4xx.
    #[error("the backend did not accept the request (HTTP {status}){}", quote(said))]
    Client { status: u16, said: String },
    /// 5xx.
    #[error("the backend failed (HTTP {status}){}", quote(said))]
    Server { status: u16, retry_after: Option<Duration>, said: String },
    /// A success that carries an error.
    #[error("the backend reports an error{}", quote(said))]
    ErrorReply { said: String },
    #[error("the backend's answer is not JSON{}: it starts with {starts:?}", kind(content_type))]
    NotJson { content_type: Option<String>, starts: String },
    #[error("the backend's answer is empty")]
    Empty,
    #[error("the backend's answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the backend's answer holds no token; it has: {}", keys.join(", "))]
    NoToken { keys: Vec<String> },
    #[error("the backend's token has characters that cannot be sent")]
    BadToken,
    /// Twice in a row; see [`FRESHNESS_MARGIN`](super::FRESHNESS_MARGIN).
    #[error("the backend hands out tokens that are almost over: {} s are left of the last", left.as_secs())]
    Stale { left: Duration },
    #[error("the backend returned its xAI API key instead of a short-lived token: it must mint one")]
    IsApiKey,
}

pub(crate) fn page(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!(", at {at}") }
}

fn quote(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

fn kind(content_type: &Option<String>) -> String {
    content_type.as_deref().map(|kind| format!(" but {kind}")).unwrap_or_default()
}

impl MintError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Profile(_) | Self::Refused { .. } | Self::Redirected { .. } => Fault::Profile,
            // No such page: most likely the URL is wrong.
            Self::Client { status: 404 | 405 | 410, .. } => Fault::Profile,
            Self::Way(error) => error.fault(),
            Self::SignIn { .. } | Self::Broken { .. } | Self::Client { status: 407, .. } => Fault::Network,
            Self::Timeout { .. }
            | Self::RateLimited { .. }
            | Self::Client { .. }
            | Self::Server { .. }
            | Self::ErrorReply { .. }
            | Self::NotJson { .. }
            | Self::Empty
            | Self::TooLarge { .. }
            | Self::NoToken { .. }
            | Self::BadToken
            | Self::Stale { .. }
            | Self::IsApiKey => Fault::Backend,
        }
    }

    /// How long the backend asks to wait before the next attempt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// True where the same may succeed a little later, without anybody changing anything.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Way(error) => error.may_pass(),
            // A person signs in, and the call goes on.
            Self::SignIn { .. } => true,
            // A backend that is being replaced, or one that wraps a failure of xAI in an answer of its own.
            Self::Client { status, .. } => matches!(status, 404 | 408 | 409 | 425),
            other => matches!(
                other,
                Self::Broken { .. }
                    | Self::Timeout { .. }
                    | Self::RateLimited { .. }
                    | Self::Server { .. }
                    | Self::ErrorReply { .. }
                    | Self::NotJson { .. }
                    | Self::Empty
                    | Self::NoToken { .. }
            ),
        }
    }

    pub(super) fn with_content_type(self, kind: Option<String>) -> Self {
        match self {
            Self::NotJson { starts, .. } => {
                Self::NotJson { content_type: kind.map(|kind| clip(&redact(&kind), EXCERPT)), starts }
            }
            other => other,
        }
    }
}

/// Quotes a backend without giving away the profile's own secret, which it may echo.
pub(super) struct Quoted<'a> {
    secret: &'a str,
}

impl<'a> Quoted<'a> {
    pub(super) fn new(secret: Option<&'a SecretString>) -> Self {
        Self { secret: secret.map(|secret| secret.expose_secret().trim()).unwrap_or_default() }
    }

    pub(super) fn status_error(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> MintError {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let said = said(body);
        let status_code = status.as_u16();
        self.clean(match status_code {
            401 | 403 => MintError::Refused { status: status_code, said },
            429 => MintError::RateLimited { retry_after: asked_to_wait(headers), said },
            300..400 => MintError::Redirected { status: status_code, to: target(text(header::LOCATION)) },
            400..500 => MintError::Client { status: status_code, said },
            _ => MintError::Server { status: status_code, retry_after: asked_to_wait(headers), said },
        })
    }

    pub(super) fn clean(&self, error: MintError) -> MintError {
        let clean = |text: String| redact_words(&text, &[self.secret]);
        match error {
            MintError::Refused { status, said } => MintError::Refused { status, said: clean(said) },
            MintError::RateLimited { retry_after, said } => {
                MintError::RateLimited { retry_after, said: clean(said) }
            }
            MintError::Redirected { status, to } => MintError::Redirected { status, to: clean(to) },
            MintError::Client { status, said } => MintError::Client { status, said: clean(said) },
            MintError::Server { status, retry_after, said } => {
                MintError::Server { status, retry_after, said: clean(said) }
            }
            MintError::ErrorReply { said } => MintError::ErrorReply { said: clean(said) },
            MintError::NotJson { content_type, starts } => {
                MintError::NotJson { content_type, starts: clean(starts) }
            }
            MintError::NoToken { keys } => MintError::NoToken { keys: keys.into_iter().map(clean).collect() },
            other => other,
        }
    }
}

fn target(location: Option<&str>) -> String {
    match location.map(url::Url::parse) {
        Some(Ok(url)) => crate::redact::redact_url(&url),
        Some(Err(_)) => "another path".into(),
        None => "nowhere".into(),
    }
}

/// `Retry-After` (RFC 9110 §10.2.3), in seconds or as a date.
pub(crate) fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    when::retry_after(text, SystemTime::now())
}

/// The words of an error body: `{"code","error"}`, `{"error":{"message"}}`, `{"error","details"}`,
/// plain text, or a note that it is a web page.
pub(crate) fn said(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(map)) => words_of(&map),
        Ok(Value::String(text)) => clip(&redact(&text), QUOTE),
        _ => excerpt_of(body, QUOTE),
    }
}

pub(super) fn words_of(map: &Map<String, Value>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut add = |value: Option<&Value>| {
        let text = match value {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(value @ (Value::Object(_) | Value::Array(_))) => value.to_string(),
            _ => return,
        };
        if !text.is_empty() && !words.contains(&text) {
            words.push(text);
        }
    };
    match map.get("error") {
        Some(Value::Object(error)) if error.contains_key("message") => add(error.get("message")),
        error => add(error),
    }
    for name in ["message", "detail", "details"] {
        add(map.get(name));
    }
    if words.is_empty() {
        words.extend(map.get("code").and_then(Value::as_str).map(str::to_owned));
    }
    clip(&redact(&words.join(" — ")), QUOTE)
}

/// The first words of a body that is no JSON.
pub(super) fn excerpt(body: &[u8]) -> String {
    excerpt_of(body, EXCERPT)
}

fn excerpt_of(body: &[u8], limit: usize) -> String {
    // Redaction needs whole words to judge, so it goes before the cut.
    let start = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    let text = start.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = text.get(..text.len().min(200)).unwrap_or_default().to_ascii_lowercase();
    if limit == QUOTE && (lower.contains("<html") || lower.contains("<!doctype")) {
        return "a web page".into();
    }
    clip(&redact(&text), limit)
}

/// At most so many characters, none of which starts a new line in a log.
pub(super) fn clip(text: &str, limit: usize) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(limit + 1).collect();
    match clean.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", &clean[..cut]),
        None => clean,
    }
}

pub(super) fn broken(error: &dyn Error) -> MintError {
    MintError::Broken { why: redact(&chain(error)) }
}

impl From<hyper::Error> for MintError {
    fn from(error: hyper::Error) -> Self {
        broken(&error)
    }
}
