//! What the person who runs the backend decides.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::Callers;

/// The longest life of a token that xAI grants, in seconds (xAI realtime guide).
const LONGEST_TOKEN: u32 = 3600;

/// Everything that [`serve`](crate::serve) needs to know.
#[derive(Debug)]
pub struct Settings {
    pub upstream: Upstream,
    pub key: ApiKey,
    pub callers: Callers,
    /// Requests for a token that one caller may make in any 60 seconds.
    pub per_minute: u32,
    /// The life of a token in seconds. A caller may ask for a shorter one.
    pub token_seconds: u32,
    pub limits: Limits,
}

/// What one request or connection may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// For the head of a request to arrive, counted from the opening of the connection or the end of
    /// the request before.
    pub head_time: Duration,
    /// For the body of a request to arrive.
    pub body_time: Duration,
    /// For xAI to answer in full.
    pub upstream_time: Duration,
    /// For running requests to finish once the backend is told to stop.
    pub stop_time: Duration,
    /// Connections open at the same time; more wait to be accepted.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 16 * 1024,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(10),
            upstream_time: Duration::from_secs(10),
            stop_time: Duration::from_secs(15),
            connections: 256,
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("reading the upstream address {address:?}: {problem}")]
    Upstream { address: String, problem: &'static str },
    #[error("reading the API key: {0}")]
    Key(&'static str),
    #[error("reading the life of a token: {0} seconds, but 1 to {LONGEST_TOKEN} are allowed")]
    TokenSeconds(u32),
    #[error("reading the rate limit: at least one request a minute must be allowed")]
    PerMinute,
}

impl Settings {
    /// # Errors
    /// A number out of its range.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if !(1..=LONGEST_TOKEN).contains(&self.token_seconds) {
            return Err(SettingsError::TokenSeconds(self.token_seconds));
        }
        if self.per_minute == 0 {
            return Err(SettingsError::PerMinute);
        }
        Ok(())
    }
}

/// Where tokens are minted: https, or plain http on this computer.
#[derive(Clone, Debug)]
pub struct Upstream(Url);

impl Upstream {
    /// # Errors
    /// [`SettingsError::Upstream`] if it is no URL, would carry the key in the clear, or holds a secret
    /// of its own.
    pub fn parse(address: &str) -> Result<Self, SettingsError> {
        let fail = |problem| SettingsError::Upstream { address: address.to_owned(), problem };
        let url = Url::parse(address).map_err(|_| fail("it is not a URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            // The address is in the error; the part before the @ must not be.
            return Err(SettingsError::Upstream {
                address: url.host_str().unwrap_or_default().to_owned(),
                problem: "a user name or password in it would be sent beside the key",
            });
        }
        match url.scheme() {
            "https" => {}
            "http" if url.host_str().is_some_and(names_loopback) => {}
            "http" => return Err(fail("plain http would carry the API key in the clear; use https")),
            _ => return Err(fail("only https, or http on this computer, is possible")),
        }
        Ok(Self(url))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// Only ever on this computer.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

/// `localhost` or a loopback address, with or without the brackets of IPv6.
pub(crate) fn names_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The xAI API key. It cannot be printed.
#[derive(Debug)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// White space around it is not part of it.
    ///
    /// # Errors
    /// [`SettingsError::Key`], which never quotes it.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let key = text.trim();
        if key.is_empty() {
            return Err(SettingsError::Key("it is empty"));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SettingsError::Key("it holds a space or a character that no key has"));
        }
        Ok(Self(SecretString::from(key)))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_travels_only_over_https_or_within_this_computer() {
        for good in [
            "https://api.x.ai/v1/realtime/client_secrets",
            "http://127.0.0.1:9/x",
            "http://127.9.9.9/",
            "http://[::1]:80/x",
            "http://LOCALHOST/x",
        ] {
            assert!(Upstream::parse(good).is_ok(), "{good}");
        }
        for (bad, says) in [
            ("api.x.ai/v1", "not a URL"),
            ("", "not a URL"),
            ("http://api.x.ai/v1", "in the clear"),
            ("http://127.0.0.1.example.com/", "in the clear"),
            ("http://localhost.example.com/", "in the clear"),
            ("http://0.0.0.0/", "in the clear"),
            ("ftp://127.0.0.1/", "only https"),
            ("file:///etc/passwd", "only https"),
            ("https://user:hunter2@api.x.ai/", "user name or password"),
        ] {
            let error = Upstream::parse(bad).unwrap_err().to_string();
            assert!(error.contains(says), "{bad}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_key_is_one_word_and_is_never_quoted() {
        assert_eq!(ApiKey::parse(" \n xai-abc \n").unwrap().expose(), "xai-abc");
        for bad in ["", " \n", "xai-abc def", "xai-abc\u{7}", "xai-äbc"] {
            let error = ApiKey::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("xai"), "{error}");
        }
        let shown = format!("{:?}", ApiKey::parse("xai-abc").unwrap());
        assert!(!shown.contains("abc"), "{shown}");
    }
}
