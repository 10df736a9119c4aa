//! What the person who runs the backend decides.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::{Callers, Followed};

/// The longest life of a token that xAI grants, in seconds (xAI realtime guide).
const LONGEST_TOKEN: u32 = 3600;
/// A client reads no more than some ten kilobytes of a token reply.
const LONGEST_INSTRUCTIONS: usize = 16 * 1024;
const LONGEST_NAME: usize = 128;

/// Everything that [`serve`](crate::serve) needs to know.
#[derive(Debug)]
pub struct Settings {
    pub upstream: Upstream,
    pub key: Followed<ApiKey>,
    pub callers: Followed<Callers>,
    /// Requests for a token that one caller may make in any 60 seconds.
    pub per_minute: u32,
    /// Requests for a token that all callers together may make in any 60 seconds.
    pub per_minute_for_all: u32,
    pub life: Life,
    pub offer: Offer,
    pub limits: Limits,
}

/// How long tokens live, in seconds, 1 to 3600 each.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Who asks for less gets this.
    pub shortest: u32,
    /// Who asks for nothing gets this.
    pub usual: u32,
    /// Who asks for more gets this.
    pub longest: u32,
}

/// What stands beside the token in each answer; clients that read it follow it.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// A model of xAI's, such as `grok-voice-latest`.
    pub model: Option<String>,
    /// A voice of xAI's, such as `ara`.
    pub voice: Option<String>,
    /// What the agent is told about its part, at most 16 KiB.
    pub instructions: Option<String>,
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
    /// Between two readings of the files of the key and of the callers.
    pub file_time: Duration,
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
            file_time: Duration::from_secs(1),
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
    #[error("reading the life of a token: {shortest} ≤ {usual} ≤ {longest} seconds is not so")]
    LifeOrder { shortest: u32, usual: u32, longest: u32 },
    #[error("reading the {0}: it must be one word of at most {LONGEST_NAME} characters")]
    Name(&'static str),
    #[error("reading the instructions: they must have 1 to {LONGEST_INSTRUCTIONS} bytes")]
    Instructions,
    #[error("reading the rate limit: at least one request a minute must be allowed")]
    PerMinute,
}

impl Settings {
    /// # Errors
    /// A number out of its range.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let Life { shortest, usual, longest } = self.life;
        for seconds in [shortest, usual, longest] {
            if !(1..=LONGEST_TOKEN).contains(&seconds) {
                return Err(SettingsError::TokenSeconds(seconds));
            }
        }
        if shortest > usual || usual > longest {
            return Err(SettingsError::LifeOrder { shortest, usual, longest });
        }
        if self.per_minute == 0 || self.per_minute_for_all == 0 {
            return Err(SettingsError::PerMinute);
        }
        let one_word = |name: &String| {
            (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        };
        for (what, name) in [("model", &self.offer.model), ("voice", &self.offer.voice)] {
            if !name.as_ref().is_none_or(one_word) {
                return Err(SettingsError::Name(what));
            }
        }
        let instructions = self.offer.instructions.as_deref();
        if instructions.is_some_and(|text| text.trim().is_empty() || text.len() > LONGEST_INSTRUCTIONS) {
            return Err(SettingsError::Instructions);
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

impl FromStr for ApiKey {
    type Err = SettingsError;

    /// White space around it is not part of it.
    ///
    /// # Errors
    /// [`SettingsError::Key`], which never quotes it.
    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let key = text.trim();
        if key.is_empty() {
            return Err(SettingsError::Key("it is empty"));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SettingsError::Key("it holds a space or a character that no key has"));
        }
        Ok(Self(SecretString::from(key)))
    }
}

impl ApiKey {
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The header that shows it; the HTTP client never prints its value.
    pub(crate) fn bearer(&self) -> Option<HeaderValue> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", self.expose())).ok()?;
        header.set_sensitive(true);
        Some(header)
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
        assert_eq!(" \n xai-abc \n".parse::<ApiKey>().unwrap().expose(), "xai-abc");
        for bad in ["", " \n", "xai-abc def", "xai-abc\u{7}", "xai-äbc"] {
            let error = bad.parse::<ApiKey>().unwrap_err().to_string();
            assert!(!error.contains("xai"), "{error}");
        }
        let shown = format!("{:?}", "xai-abc".parse::<ApiKey>().unwrap());
        assert!(!shown.contains("abc"), "{shown}");
    }
}
