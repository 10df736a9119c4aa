use std::time::SystemTime;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{
    MintError, Minted, Token,
    error::{excerpt, words_of},
    when,
};
use crate::{profile::looks_like_xai_key, redact::redact};

/// Keys that are named when a reply has no token, at most.
const KEYS_NAMED: usize = 12;

/// Finds the token in a backend's reply, in any of the shapes that backends are known to use: xAI's own
/// flat one, those of xAI's example backends, of the AI SDK, and of several published apps.
///
/// # Errors
/// When there is no token, or the reply has an `error` member, whatever its status was.
pub fn resolve(body: &[u8]) -> Result<Minted, MintError> {
    read(body).map(|(minted, _)| minted)
}

/// As [`resolve`], and where the token was, such as `client_secret.value`.
pub(super) fn read(body: &[u8]) -> Result<(Minted, &'static str), MintError> {
    if body.trim_ascii().is_empty() {
        return Err(MintError::Empty);
    }
    let not_json = || MintError::NotJson { content_type: None, starts: excerpt(body) };
    let value: Value = serde_json::from_slice(body).map_err(|_| not_json())?;
    let Value::Object(top) = value else { return Err(not_json()) };
    if let Some(said) = error_of(&top) {
        return Err(MintError::ErrorReply { said });
    }
    let Some(found) = find(&top) else {
        let keys = top.keys().take(KEYS_NAMED).map(|key| redact(&key.chars().take(40).collect::<String>()));
        return Err(MintError::NoToken { keys: keys.collect() });
    };
    if looks_like_xai_key(found.secret) {
        return Err(MintError::IsApiKey);
    }
    if !found.secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(MintError::BadToken);
    }
    let text = |names: &[&str]| names.iter().find_map(|name| top.get(*name)?.as_str()).map(str::to_owned);
    let nested_url = || {
        let nested = |level: &str, name: &str| Some(top.get(level)?.get(name)?.as_str()?.to_owned());
        nested("xai", "realtimeUrl").or_else(|| nested("websocket", "url"))
    };
    let minted = Minted {
        token: Token::new(SecretString::from(found.secret), found.expires_at),
        model: text(&["model"]),
        voice: text(&["voice"]),
        instructions: text(&["instructions"]),
        url: text(&["url", "realtimeUrl", "realtime_url"]).or_else(nested_url),
        tools: top.get("tools").filter(|tools| tools.is_array()).cloned(),
    };
    Ok((minted, found.place))
}

struct Found<'a> {
    place: &'static str,
    secret: &'a str,
    expires_at: Option<SystemTime>,
}

fn find(top: &Map<String, Value>) -> Option<Found<'_>> {
    let level =
        |path: &str| path.split_terminator('.').try_fold(top, |level, name| level.get(name)?.as_object());
    let places = [
        "value",
        "client_secret.value",
        "client_secret.client_secret.value",
        "client_secret",
        "clientSecret",
        "clientSecret.value",
        "token",
        "xai.clientSecret",
        "websocket.headers.Authorization",
    ];
    places.iter().find_map(|place| {
        let (path, name) = place.rsplit_once('.').unwrap_or(("", place));
        let level = level(path)?;
        let text = level.get(name)?.as_str()?.trim();
        let secret = if name == "Authorization" { text.strip_prefix("Bearer ")?.trim() } else { text };
        (!secret.is_empty()).then(|| Found { place, secret, expires_at: expiry_at(level) })
    })
}

fn expiry_at(level: &Map<String, Value>) -> Option<SystemTime> {
    ["expires_at", "expiresAt", "expireTime", "expire_time"]
        .iter()
        .find_map(|name| level.get(*name).and_then(when::expiry))
}

/// Some backends answer 200 with an `error` member, or with `"success": false`.
fn error_of(top: &Map<String, Value>) -> Option<String> {
    let failed = match top.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => top.get("success") == Some(&Value::Bool(false)),
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    };
    failed.then(|| words_of(top))
}
