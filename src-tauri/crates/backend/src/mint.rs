//! Asking xAI for a token with the API key.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::refusal::{Fault, Refusal};
use crate::{ApiKey, Offer, Upstream};

/// A token reply has about 150 bytes.
const LARGEST_REPLY: usize = 64 * 1024;
/// For an upstream that says 429 without saying for how long.
const DEFAULT_PAUSE_S: u64 = 10;
const LONGEST_PAUSE_S: u64 = 3600;

/// Why the mint cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    #[error("loading the certificates that this computer trusts")]
    Tls(#[from] rustls::Error),
    #[error("making the HTTP client")]
    Client(#[from] reqwest::Error),
}

#[derive(Debug)]
pub(crate) struct Mint {
    client: Client,
    upstream: Upstream,
    key: watch::Receiver<Arc<ApiKey>>,
    offer: Offer,
}

impl Mint {
    pub(crate) fn new(
        upstream: Upstream,
        key: watch::Receiver<Arc<ApiKey>>,
        offer: Offer,
        time: Duration,
    ) -> Result<Self, MintError> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls(&upstream)?)
            // The key goes to the address that was named, and to no other that it might point at.
            .redirect(redirect::Policy::none())
            .timeout(time)
            .user_agent(concat!("sidetone-backend/", env!("CARGO_PKG_VERSION")));
        if upstream.is_plain() {
            builder = builder.no_proxy();
        }
        Ok(Self { client: builder.build()?, upstream, key, offer })
    }

    /// A token that lives for `seconds`, as the JSON that xAI sent.
    pub(crate) async fn mint(&self, seconds: u32) -> Result<Bytes, Refusal> {
        let key = Arc::clone(&self.key.borrow());
        let authorization = key.bearer().ok_or_else(|| {
            let message = "This backend's API key cannot be put into a header.";
            Refusal::new(StatusCode::BAD_GATEWAY, Fault::Backend, message)
        })?;
        let response = self
            .client
            .post(self.upstream.url().clone())
            .header(AUTHORIZATION, authorization)
            .json(&json!({ "expires_after": { "seconds": seconds } }))
            .send()
            .await
            .map_err(|error| unreachable_upstream(&error))?;
        let status = response.status();
        let pause = pause(response.headers(), SystemTime::now());
        let body = read(response).await?;
        if status != StatusCode::OK {
            tracing::warn!(status = status.as_u16(), reply = ?scrub(&body, &key), "xAI gave no token");
            return Err(refused(status, pause));
        }
        self.check(&body, &key).inspect_err(|_| {
            tracing::warn!(bytes = body.len(), reply = ?scrub(&body, &key), "xAI's reply holds no token");
        })
    }

    /// Passes on only what has been understood, with the offer beside it, and never with the key in it.
    fn check(&self, body: &[u8], key: &ApiKey) -> Result<Bytes, Refusal> {
        let fail = |message: &str| Refusal::new(StatusCode::BAD_GATEWAY, Fault::Xai, message);
        let mut reply: Value = serde_json::from_slice(body)
            .map_err(|_| fail("xAI answered this backend with something that is not JSON."))?;
        if reply.get("value").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(fail("xAI answered this backend without a token."));
        }
        let Offer { model, voice, instructions } = &self.offer;
        for (name, offered) in [("model", model), ("voice", voice), ("instructions", instructions)] {
            if let Some(offered) = offered {
                reply[name] = offered.as_str().into();
            }
        }
        let text = reply.to_string();
        if text.contains(key.expose()) {
            return Err(fail("xAI's answer was not fit to be passed on."));
        }
        Ok(text.into())
    }
}

/// The beginning of a reply for the log, without anything that could be a key or a token.
fn scrub(body: &[u8], key: &ApiKey) -> String {
    let text = String::from_utf8_lossy(body).replace(key.expose(), "[redacted]");
    let in_word = |c: char| c.is_ascii_alphanumeric() || "-_+/=".contains(c);
    let mut clean = String::new();
    for part in text.split_inclusive(|c| !in_word(c)) {
        let word = part.trim_end_matches(|c| !in_word(c));
        if word.len() >= 24 || word.starts_with("xai-") {
            clean.push_str("[redacted]");
            clean.push_str(&part[word.len()..]);
        } else {
            clean.push_str(part);
        }
        if clean.len() > 300 {
            clean.push('…');
            break;
        }
    }
    clean
}

/// The ring provider is named here rather than installed for the whole process, so that whoever embeds
/// this keeps their own choice. A plain upstream needs no trust store, which a bare container lacks.
fn tls(upstream: &Upstream) -> Result<ClientConfig, rustls::Error> {
    if upstream.is_plain() {
        return without_tls();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_platform_verifier()?.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// For a client that speaks plain http alone: it trusts nobody.
pub(crate) fn without_tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

async fn read(mut response: Response) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable_upstream(&error))? {
        if body.len() + chunk.len() > LARGEST_REPLY {
            tracing::warn!(limit = LARGEST_REPLY, "xAI's reply is too large");
            return Err(Refusal::new(
                StatusCode::BAD_GATEWAY,
                Fault::Xai,
                "xAI answered this backend with far more than a token.",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `Retry-After` in seconds, whether it came so or as a date (RFC 9110 §10.2.3).
fn pause(headers: &HeaderMap, now: SystemTime) -> u64 {
    let asked = headers.get(RETRY_AFTER).and_then(|value| {
        let text = value.to_str().ok()?.trim();
        let left = || {
            let left = httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default();
            Some(left.as_secs() + u64::from(left.subsec_nanos() > 0))
        };
        text.parse().ok().or_else(left)
    });
    asked.map_or(DEFAULT_PAUSE_S, |seconds: u64| seconds.clamp(1, LONGEST_PAUSE_S))
}

fn unreachable_upstream(error: &reqwest::Error) -> Refusal {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    tracing::warn!(cause = ?cause.to_string(), "xAI could not be reached");
    if error.is_timeout() {
        Refusal::new(StatusCode::GATEWAY_TIMEOUT, Fault::Xai, "xAI did not answer this backend in time.")
    } else if error.is_connect() {
        Refusal::new(StatusCode::BAD_GATEWAY, Fault::Network, "This backend could not reach xAI.")
    } else {
        Refusal::new(StatusCode::BAD_GATEWAY, Fault::Network, "The line between this backend and xAI broke.")
    }
}

/// xAI says 400 as well as 401 to a malformed key, and 403 to one that lacks a right or credit.
fn refused(status: StatusCode, pause: u64) -> Refusal {
    let code = status.as_u16();
    let (fault, message) = match code {
        429 => {
            let message = "xAI's limit for this backend's API key is reached.";
            return Refusal::new(StatusCode::TOO_MANY_REQUESTS, Fault::Xai, message).retry_after(pause);
        }
        400 | 401 => (Fault::Backend, "xAI did not accept this backend's API key: it is wrong or revoked."),
        402 => (Fault::Backend, "The account behind this backend's API key is out of credit."),
        403 => (
            Fault::Backend,
            "xAI refused this backend's API key: it lacks the right to realtime, or its account is out of credit.",
        ),
        300..=499 => {
            (Fault::Backend, "xAI did not understand this backend: its upstream address may be wrong.")
        }
        _ => (Fault::Xai, "xAI failed while this backend asked for a token."),
    };
    Refusal::new(StatusCode::BAD_GATEWAY, fault, format!("{message} (xAI said {code}.)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_scrubbed_before_it_is_logged() {
        let key = "short.key".parse().unwrap();
        let clean = scrub(
            b"{\"code\":\"bad\",\"error\":\"short.key xai-abc, 0123456789abcdef01234567. Why?\"}",
            &key,
        );
        assert_eq!(clean, "{\"code\":\"bad\",\"error\":\"[redacted] [redacted], [redacted]. Why?\"}");
        assert!(scrub("ä ".repeat(10_000).as_bytes(), &key).len() < 400);
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (said, late_ms, seconds) in [
            (Some("7"), 0, 7),
            (Some("0"), 0, 1),
            (Some("99999999"), 0, LONGEST_PAUSE_S),
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), 0, 60),
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), 1, 60),
            (Some("Sunday, 06-Nov-94 08:50:37 GMT"), 0, 60),
            (Some("Sun, 06 Nov 1994 08:00:00 GMT"), 0, 1),
            (Some("Mon, 07 Nov 1994 08:00:00 GMT"), 0, LONGEST_PAUSE_S),
            (Some("tomorrow"), 0, DEFAULT_PAUSE_S),
            (None, 0, DEFAULT_PAUSE_S),
        ] {
            let headers = said.map(|said| (RETRY_AFTER, said.parse().unwrap())).into_iter().collect();
            assert_eq!(pause(&headers, now + Duration::from_millis(late_ms)), seconds, "{said:?}");
        }
    }

    #[test]
    fn an_https_client_is_made_without_a_provider_for_the_process() {
        let upstream = Upstream::parse("https://api.x.ai/v1/realtime/client_secrets").unwrap();
        let (_, key) = watch::channel(Arc::new("xai-test".parse().unwrap()));
        Mint::new(upstream, key, Offer::default(), Duration::from_secs(1)).unwrap();
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }
}
