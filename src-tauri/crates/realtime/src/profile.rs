//! A profile: one backend and its settings. Holds no secret.

use std::{fmt, net::IpAddr};

use hyper::header::{self, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use url::{Host, Url};

use crate::proxy::check_user;

/// Where a realtime session is opened unless the profile says otherwise (xAI realtime guide).
pub const DEFAULT_REALTIME_URL: &str = "wss://api.x.ai/v1/realtime";
/// The alias that follows xAI's newest voice model (xAI release notes).
pub const DEFAULT_MODEL: &str = "grok-voice-latest";
/// The first of xAI's built-in voices, and what its service takes where none is named (xAI realtime guide).
pub const DEFAULT_VOICE: &str = "eve";

/// Letters from which on a word is a key even without a digit; xAI's have 84.
const KEY_LENGTH: usize = 24;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    /// Names the profile's secret in the keychain; never shown.
    pub id: String,
    pub name: String,
    /// `https`, or `http` to a loopback address.
    pub token_url: String,
    pub method: Method,
    /// How the backend knows its callers; the secret itself is kept apart.
    pub caller: Caller,
    /// `wss`, or `ws` to a loopback address.
    pub realtime_url: String,
    pub model: String,
    /// How the token is shown to the realtime server.
    pub auth: Auth,
    pub voice: String,
    pub instructions: String,
    /// Ask for a reply as soon as the line is open.
    pub agent_speaks_first: bool,
    /// As [`ProxyChoice::parse`](crate::ProxyChoice::parse) reads it.
    pub proxy: String,
    /// How that proxy knows you; none when empty. The password is kept apart.
    pub proxy_user: String,
    /// A PEM file of certificate authorities trusted beside the system's; none when empty.
    pub extra_ca: String,
    pub price: Price,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            token_url: String::new(),
            method: Method::default(),
            caller: Caller::default(),
            realtime_url: DEFAULT_REALTIME_URL.into(),
            model: DEFAULT_MODEL.into(),
            auth: Auth::default(),
            voice: DEFAULT_VOICE.into(),
            instructions: String::new(),
            agent_speaks_first: false,
            proxy: String::new(),
            proxy_user: String::new(),
            extra_ca: String::new(),
            price: Price::default(),
        }
    }
}

/// What the service behind a profile asks for a call, in the currency that the person counts in. Of the
/// profile, since services and models differ: xAI asks $0.05 a minute for `grok-voice-think-fast-1.0`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Price {
    /// 0 to [`MOST_PRICE`].
    pub per_minute: f64,
    /// The same, for each text item that the client creates.
    pub per_text: f64,
}

/// The highest rate that is believed: beyond it somebody has mistyped.
pub const MOST_PRICE: f64 = 1_000.0;

impl Default for Price {
    /// In US dollars, of `grok-voice-2.0` and `3.0` (xAI's price list of October 2026).
    fn default() -> Self {
        Self { per_minute: 0.08, per_text: 0.004 }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    #[default]
    Post,
    Get,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Caller {
    /// The backend asks for nothing.
    #[default]
    Open,
    /// `Authorization: Bearer <secret>`.
    Bearer,
    /// `<name>: <secret>`.
    Header { name: String },
}

/// The two ways of the xAI realtime guide: a header, or a WebSocket subprotocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Auth {
    #[default]
    Bearer,
    Subprotocol,
}

/// Where a profile leads, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub token_url: Url,
    /// With the model in its query, the only place where a model can be chosen (live frames 2026-07).
    pub realtime_url: Url,
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Endpoints")
            .field("token_url", &crate::redact_url(&self.token_url))
            .field("realtime_url", &crate::redact_url(&self.realtime_url))
            .finish()
    }
}

/// A part of a profile that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    Name,
    TokenUrl,
    RealtimeUrl,
    Model,
    Voice,
    Instructions,
    HeaderName,
    Secret,
    Proxy,
    ProxyUser,
    ProxyPassword,
    ExtraCa,
    PerMinute,
    PerText,
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Name => "name",
            Self::TokenUrl => "token URL",
            Self::RealtimeUrl => "realtime URL",
            Self::Model => "model",
            Self::Voice => "voice",
            Self::Instructions => "instructions",
            Self::HeaderName => "header name",
            Self::Secret => "secret",
            Self::Proxy => "proxy",
            Self::ProxyUser => "user name for the proxy",
            Self::ProxyPassword => "password for the proxy",
            Self::ExtraCa => "file of extra authorities",
            Self::PerMinute => "price of a minute",
            Self::PerText => "price of a text",
        })
    }
}

/// What is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("the {field} is missing")]
    Missing { field: Field },
    #[error("the {field} is not a URL: {why}")]
    NotAUrl { field: Field, why: String },
    #[error("the {field} begins with {scheme}:// but must begin with {wanted}://")]
    WrongScheme { field: Field, scheme: String, wanted: &'static str },
    /// Unencrypted to a host that is not this computer.
    #[error(
        "the {field} would send secrets unencrypted to {host}: only an address of this computer may go without encryption"
    )]
    PlainHttp { field: Field, host: String },
    #[error("the {field} must not contain a user name or password")]
    Credentials { field: Field },
    #[error("{name:?} cannot be the name of an HTTP header")]
    HeaderName { name: String },
    #[error("{name} is set by the connection itself and cannot carry the secret")]
    ReservedHeader { name: String },
    #[error("the user name for the proxy must not contain a colon or a control character")]
    ProxyUser,
    #[error("the {field} is longer than {limit} bytes")]
    TooLong { field: Field, limit: usize },
    #[error("the {field} must be a number from 0 to {MOST_PRICE}")]
    NoPrice { field: Field },
    #[error("the secret contains characters that cannot be sent in a header")]
    SecretCharacters,
    #[error("the {field} holds an xAI API key: it belongs on your backend, not in this app")]
    ApiKey { field: Field },
}

impl ProfileError {
    /// Which part of the form to point at.
    #[must_use]
    pub fn field(&self) -> Field {
        match self {
            Self::Missing { field }
            | Self::NotAUrl { field, .. }
            | Self::WrongScheme { field, .. }
            | Self::PlainHttp { field, .. }
            | Self::Credentials { field }
            | Self::TooLong { field, .. }
            | Self::NoPrice { field }
            | Self::ApiKey { field } => *field,
            Self::ProxyUser => Field::ProxyUser,
            Self::HeaderName { .. } | Self::ReservedHeader { .. } => Field::HeaderName,
            Self::SecretCharacters => Field::Secret,
        }
    }
}

impl Profile {
    /// Checks everything about the profile that can be checked without a network.
    ///
    /// # Errors
    /// Says which field is wrong and why.
    pub fn endpoints(&self) -> Result<Endpoints, ProfileError> {
        let texts = [
            (Field::Name, &self.name),
            (Field::Model, &self.model),
            (Field::Voice, &self.voice),
            (Field::Instructions, &self.instructions),
            (Field::ExtraCa, &self.extra_ca),
        ];
        if let Some((field, _)) = texts.into_iter().find(|(_, text)| names_key(text)) {
            return Err(ProfileError::ApiKey { field });
        }
        let token_url = check_url(&self.token_url, Field::TokenUrl, "https", "http")?;
        let mut realtime_url = realtime_url(&self.realtime_url)?;
        if !self.model.trim().is_empty() {
            set_query(&mut realtime_url, "model", self.model.trim());
        }
        if let Caller::Header { name } = &self.caller {
            check_header_name(name)?;
        }
        crate::ProxyChoice::parse(&self.proxy)?;
        check_user(self.proxy_user.trim())?;
        check_rate(self.price.per_minute, Field::PerMinute)?;
        check_rate(self.price.per_text, Field::PerText)?;
        Ok(Endpoints { token_url, realtime_url })
    }

    /// Checks whether the backend could be shown this secret. A profile whose caller is open shows none.
    ///
    /// # Errors
    /// When it is missing, is an xAI API key, or has characters that no header takes.
    pub fn check_secret(&self, secret: Option<&SecretString>) -> Result<(), ProfileError> {
        self.credential(secret).map(drop)
    }

    /// The header by which the backend knows its caller.
    pub(crate) fn credential(
        &self,
        secret: Option<&SecretString>,
    ) -> Result<Option<(HeaderName, HeaderValue)>, ProfileError> {
        let (name, prefix) = match &self.caller {
            Caller::Open => return Ok(None),
            Caller::Bearer => (header::AUTHORIZATION, "Bearer "),
            Caller::Header { name } => (check_header_name(name)?, ""),
        };
        let secret = secret.map(|secret| secret.expose_secret().trim()).unwrap_or_default();
        if secret.is_empty() {
            return Err(ProfileError::Missing { field: Field::Secret });
        }
        if secret.split_whitespace().any(looks_like_xai_key) {
            return Err(ProfileError::ApiKey { field: Field::Secret });
        }
        let mut value =
            HeaderValue::try_from(format!("{prefix}{secret}")).map_err(|_| ProfileError::SecretCharacters)?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }
}

/// Checks a realtime URL, such as one that a backend names beside its token.
///
/// # Errors
/// When it is none, or goes unencrypted to a host that is not this computer.
pub fn realtime_url(text: &str) -> Result<Url, ProfileError> {
    check_url(text, Field::RealtimeUrl, "wss", "ws")
}

/// Sets one query parameter and leaves the others alone.
pub fn set_query(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
}

/// True for the shape of a long-lived xAI API key: `xai-`, then letters and digits only. A short-lived
/// token goes on with `realtime-client-secret-`.
#[must_use]
pub fn looks_like_xai_key(text: &str) -> bool {
    text.trim()
        .strip_prefix("xai-")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether a word of the text is a key. A short word of letters alone, such as `xai-token`, is taken for
/// a name.
pub(crate) fn names_key(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c)).any(|word| {
        looks_like_xai_key(word)
            && (word.len() >= KEY_LENGTH || word.bytes().any(|byte| byte.is_ascii_digit()))
    })
}

/// The address that a person has written. A key in it would end up in the logs of every server on the way.
pub(crate) fn parse_url(text: &str, field: Field) -> Result<Url, ProfileError> {
    let url = Url::parse(text).map_err(|error| match names_key(text) {
        true => ProfileError::ApiKey { field },
        false => ProfileError::NotAUrl { field, why: error.to_string() },
    })?;
    if holds_key(&url) { Err(ProfileError::ApiKey { field }) } else { Ok(url) }
}

fn holds_key(url: &Url) -> bool {
    let parts = [url.path(), url.query().unwrap_or_default(), url.username()];
    let parts = parts.into_iter().chain(url.password()).chain(url.fragment());
    parts
        .flat_map(|part| url::form_urlencoded::parse(part.as_bytes()))
        .any(|(name, value)| names_key(&name) || names_key(&value))
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

fn check_url(
    text: &str,
    field: Field,
    encrypted: &'static str,
    plain: &'static str,
) -> Result<Url, ProfileError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ProfileError::Missing { field });
    }
    let mut url = parse_url(text, field)?;
    if url.scheme() != encrypted && url.scheme() != plain {
        return Err(ProfileError::WrongScheme { field, scheme: url.scheme().to_owned(), wanted: encrypted });
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ProfileError::Credentials { field });
    }
    if url.scheme() == plain && !is_loopback(&url) {
        return Err(ProfileError::PlainHttp { field, host });
    }
    url.set_fragment(None);
    Ok(url)
}

fn check_rate(rate: f64, field: Field) -> Result<(), ProfileError> {
    if (0.0..=MOST_PRICE).contains(&rate) { Ok(()) } else { Err(ProfileError::NoPrice { field }) }
}

fn check_header_name(name: &str) -> Result<HeaderName, ProfileError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ProfileError::Missing { field: Field::HeaderName });
    }
    if looks_like_xai_key(name) {
        return Err(ProfileError::ApiKey { field: Field::HeaderName });
    }
    let header =
        HeaderName::try_from(name).map_err(|_| ProfileError::HeaderName { name: name.to_owned() })?;
    let reserved =
        ["host", "content-length", "content-type", "connection", "transfer-encoding", "upgrade", "te"];
    if reserved.iter().any(|taken| name.eq_ignore_ascii_case(taken)) {
        return Err(ProfileError::ReservedHeader { name: name.to_owned() });
    }
    Ok(header)
}
