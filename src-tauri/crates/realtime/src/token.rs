//! Getting a short-lived token from the profile's backend.

mod error;
mod reply;
mod when;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};
use url::Url;

pub use error::MintError;
pub(crate) use error::{asked_to_wait, page, said};
pub use reply::resolve;

use crate::{
    dial::{Dial, Fact},
    http::{self, USER_AGENT},
    portal,
    profile::{Method, Profile},
    redact::redact_url,
};
use error::{Quoted, broken};

/// The whole exchange with a backend must fit into this.
pub const MINT_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of a reply that are read before it is refused.
const BODY_LIMIT: usize = 1 << 20;
/// Bytes of an error page that are read to quote from it.
const ERROR_BODY_LIMIT: usize = 64 << 10;
/// A token is used at once; it need not live long.
const REQUEST_BODY: &str = r#"{"expires_after":{"seconds":300}}"#;
/// A token with no more life left than this is not used: the way to the server takes time.
pub const FRESHNESS_MARGIN: Duration = Duration::from_secs(30);

/// A short-lived secret that opens one realtime session.
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    expires_at: Option<SystemTime>,
    /// The same moment by the clock that nobody can set.
    good_until: Option<Instant>,
}

impl Token {
    /// A token that was just handed out; its life is judged by this computer's clock.
    #[must_use]
    pub fn new(secret: SecretString, expires_at: Option<SystemTime>) -> Self {
        Self { secret, expires_at, good_until: None }.issued_at(SystemTime::now())
    }

    /// Judges its life by the clock that named the expiry, which showed `now` a moment ago.
    fn issued_at(mut self, now: SystemTime) -> Self {
        let life = self.expires_at.map(|expiry| expiry.duration_since(now).unwrap_or_default());
        // An expiry too far ahead for a clock is none.
        self.good_until = life.and_then(|life| Instant::now().checked_add(life));
        self
    }

    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// How much longer it can be used, whatever this computer's clock says by then; `None` where it
    /// names no expiry.
    #[must_use]
    pub fn life_left(&self) -> Option<Duration> {
        self.good_until.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// False from [`FRESHNESS_MARGIN`] before its expiry on. A token that names no expiry counts as fresh.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.life_left().is_none_or(|left| left > FRESHNESS_MARGIN)
    }

    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    pub(crate) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What a backend handed out: the token, and what it wishes for the session beside it.
#[derive(Clone)]
pub struct Minted {
    pub token: Token,
    pub model: Option<String>,
    pub voice: Option<String>,
    pub instructions: Option<String>,
    /// Where to use the token, unchecked; see [`realtime_url`](crate::realtime_url).
    pub url: Option<String>,
    /// Tool declarations. May hold credentials.
    pub tools: Option<serde_json::Value>,
}

impl fmt::Debug for Minted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_deref().map(|url| Url::parse(url).map(|url| redact_url(&url)));
        formatter
            .debug_struct("Minted")
            .field("token", &self.token)
            .field("model", &self.model)
            .field("voice", &self.voice)
            .field("url", &url)
            .finish_non_exhaustive()
    }
}

/// Asks the profile's backend for a token. `secret` is the value that [`Caller`](crate::Caller) sends; a
/// profile whose caller needs one and has none is an error. A backend whose token is not
/// [fresh](Token::is_fresh) is asked once more, for it may have handed out one that it kept.
///
/// # Errors
/// One kind per cause; see [`MintError::fault`]. Each of the at most two requests takes at most
/// [`MINT_DEADLINE`].
pub async fn mint(
    dial: &Dial,
    profile: &Profile,
    secret: Option<&SecretString>,
) -> Result<Minted, MintError> {
    let url = profile.endpoints().map_err(MintError::Profile)?.token_url;
    let credential = profile.credential(secret).map_err(MintError::Profile)?;
    let once = || async {
        tracing::debug!(url = %redact_url(&url), "asking the backend for a token");
        let exchange = exchange(dial, profile.method, &url, credential.clone(), secret);
        let minted = timeout(MINT_DEADLINE, exchange)
            .await
            .unwrap_or(Err(MintError::Timeout { after: MINT_DEADLINE }))?;
        match minted.token.life_left() {
            Some(left) if !minted.token.is_fresh() => Err(MintError::Stale { left }),
            _ => Ok(minted),
        }
    };
    let outcome = match once().await {
        Err(MintError::Stale { .. }) => once().await,
        outcome => outcome,
    };
    match &outcome {
        Ok(minted) => tracing::debug!(expires_at = ?minted.token.expires_at, "the backend gave a token"),
        Err(error) => tracing::warn!(%error, url = %redact_url(&url), "got no token"),
    }
    outcome
}

async fn exchange(
    dial: &Dial,
    method: Method,
    url: &Url,
    credential: Option<(HeaderName, HeaderValue)>,
    secret: Option<&SecretString>,
) -> Result<Minted, MintError> {
    let mut request = match method {
        Method::Get => Request::get(http::target(url)),
        Method::Post => Request::post(http::target(url)).header(header::CONTENT_TYPE, "application/json"),
    };
    request = request
        .header(header::HOST, http::host(url))
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, "application/json");
    if let Some((name, value)) = credential {
        request = request.header(name, value);
    }
    let body = match method {
        Method::Get => Bytes::new(),
        Method::Post => Bytes::from_static(REQUEST_BODY.as_bytes()),
    };
    let request = request.body(Full::new(body)).map_err(|error| broken(&error))?;
    let stream = dial.connect(url).await.map_err(MintError::Way)?;
    http::over(stream, async |mut sender| {
        let response = sender.send_request(request).await?;
        receive(response, url, dial, &Quoted::new(secret)).await
    })
    .await
}

async fn receive(
    response: Response<Incoming>,
    url: &Url,
    dial: &Dial,
    quoted: &Quoted<'_>,
) -> Result<Minted, MintError> {
    let (head, body) = response.into_parts();
    let status = head.status;
    if !status.is_success() {
        // A page that breaks off still has its first words.
        let (body, _) = read(body, ERROR_BODY_LIMIT).await;
        return Err(match portal::sign_in(url, status.as_u16(), &head.headers, &body) {
            Some(at) => MintError::SignIn { at },
            None => quoted.status_error(status, &head.headers, &body),
        });
    }
    dial.tell(Fact::Answered { status: status.as_u16() });
    if status == StatusCode::NO_CONTENT {
        return Err(MintError::Empty);
    }
    let (body, end) = read(body, BODY_LIMIT).await;
    match end {
        End::Whole => {}
        End::TooLarge => return Err(MintError::TooLarge { limit: BODY_LIMIT }),
        End::Broken(error) => return Err(error),
    }
    let content_type =
        head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (mut minted, place) = match reply::read(&body) {
        Ok(found) => found,
        Err(error @ MintError::NotJson { .. }) => {
            return Err(match portal::sign_in(url, status.as_u16(), &head.headers, &body) {
                Some(at) => MintError::SignIn { at },
                None => quoted.clean(error.with_content_type(content_type)),
            });
        }
        Err(error) => return Err(quoted.clean(error)),
    };
    dial.tell(Fact::Shaped { place });
    if let Some(clock) = when::clock(&head.headers) {
        minted.token = minted.token.issued_at(clock);
    }
    Ok(minted)
}

enum End {
    Whole,
    TooLarge,
    Broken(MintError),
}

async fn read(mut body: Incoming, limit: usize) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    loop {
        let data = match body.frame().await {
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(error)) => return (bytes, End::Broken(error.into())),
            None => return (bytes, End::Whole),
        };
        if bytes.len() + data.len() > limit {
            return (bytes, End::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
}
