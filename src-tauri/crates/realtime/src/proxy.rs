//! The proxy between this computer and servers elsewhere, the same for the backend and for the line.

use std::{fmt, future::Ready, task};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, StatusCode, Uri,
    header::{self, HeaderValue},
};
use hyper_util::{
    client::{legacy::connect::proxy::SocksV5, proxy::matcher::Matcher},
    rt::TokioIo,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;
use url::Url;

use crate::{
    dial::{Connection, DialError, Fact, ProxyFailure, STEP_LIMIT, Witness, reach},
    http::{self, chain},
    profile::{Field, Profile, ProfileError, is_loopback, looks_like_xai_key, names_key, parse_url},
    redact::{redact, redact_words},
};

/// Bytes that a SOCKS server takes of a user name, and of a password (RFC 1929).
const LOGIN_LIMIT: usize = 255;

/// What a profile says about the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What the system has set: its settings on macOS and Windows, `HTTPS_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY` everywhere.
    #[default]
    System,
    /// None, whatever the system has set.
    Direct,
    /// This one: `http` (CONNECT), `socks5`, or `socks5h`, which also looks names up.
    Through(Url),
}

impl ProxyChoice {
    /// Reads what a person has written: nothing for the system's, `none`, or an address.
    ///
    /// # Errors
    /// When it is no address of such a proxy, or holds a password, which is no thing to keep in a file.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let field = Field::Proxy;
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::System);
        }
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::Direct);
        }
        let url = parse_url(text, field)?;
        if !matches!(url.scheme(), "http" | "socks5" | "socks5h") {
            let scheme = url.scheme().to_owned();
            return Err(ProfileError::WrongScheme { field, scheme, wanted: "http:// or socks5" });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ProfileError::Credentials { field });
        }
        match url.host_str() {
            Some(host) if !host.is_empty() => Ok(Self::Through(url)),
            _ => Err(ProfileError::NotAUrl { field, why: "it names no host".to_owned() }),
        }
    }
}

/// How a proxy knows its users.
#[derive(Clone)]
pub struct Login {
    user: String,
    password: SecretString,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Login {
    /// What the profile and its kept password say; `None` where the profile names no proxy of its own
    /// or no user.
    ///
    /// # Errors
    /// When no proxy could be shown it.
    pub fn of(profile: &Profile, password: Option<SecretString>) -> Result<Option<Self>, ProfileError> {
        let user = profile.proxy_user.trim();
        if user.is_empty() || !matches!(ProxyChoice::parse(&profile.proxy)?, ProxyChoice::Through(_)) {
            return Ok(None);
        }
        check_user(user)?;
        let password = password.unwrap_or_default();
        let field = Field::ProxyPassword;
        if looks_like_xai_key(password.expose_secret()) {
            return Err(ProfileError::ApiKey { field });
        }
        if password.expose_secret().len() > LOGIN_LIMIT {
            return Err(ProfileError::TooLong { field, limit: LOGIN_LIMIT });
        }
        Ok(Some(Self { user: user.to_owned(), password }))
    }

    /// RFC 7617.
    fn basic(&self) -> Option<HeaderValue> {
        let pair = STANDARD.encode(format!("{}:{}", self.user, self.password.expose_secret()));
        let mut value = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// A colon ends the name in `Basic` (RFC 7617).
pub(crate) fn check_user(user: &str) -> Result<(), ProfileError> {
    let field = Field::ProxyUser;
    if looks_like_xai_key(user) || names_key(user) {
        return Err(ProfileError::ApiKey { field });
    }
    if user.len() > LOGIN_LIMIT {
        return Err(ProfileError::TooLong { field, limit: LOGIN_LIMIT });
    }
    match user.chars().any(|c| c == ':' || c.is_control()) {
        true => Err(ProfileError::ProxyUser),
        false => Ok(()),
    }
}

/// Decides which proxy, if any, stands before a server. This computer itself is always reached directly.
#[derive(Clone, Default)]
pub struct Proxy(Rule);

/// Reads what the system has set now: it may change while the app runs.
type Settings = fn() -> Matcher;

#[derive(Clone, Default)]
enum Rule {
    #[default]
    Direct,
    System(Settings),
    Through(Url, Option<Login>),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The system's may hold a password.
        formatter.write_str(match self.0 {
            Rule::Direct => "Proxy(none)",
            Rule::System(_) => "Proxy(the system's)",
            Rule::Through(..) => "Proxy(the profile's)",
        })
    }
}

impl Proxy {
    /// `login` is for a proxy that the profile names itself.
    #[must_use]
    pub fn new(choice: &ProxyChoice, login: Option<Login>) -> Self {
        Self(match choice {
            ProxyChoice::System => Rule::System(Matcher::from_system),
            ProxyChoice::Direct => Rule::Direct,
            ProxyChoice::Through(url) => Rule::Through(url.clone(), login),
        })
    }

    /// The proxy on the way to a server, if one is.
    pub(crate) fn before(&self, url: &Url, host: &str, port: u16) -> Option<Hop> {
        if is_loopback(url) {
            return None;
        }
        match &self.0 {
            Rule::Direct => None,
            Rule::System(settings) => {
                let host = bracketed(host);
                // Whether it is a WebSocket is no business of a proxy.
                let intercept = settings().intercept(&format!("https://{host}:{port}").parse().ok()?)?;
                let uri = intercept.uri();
                let scheme = uri.scheme_str().unwrap_or("http");
                let login = intercept.raw_auth().map(|(user, password)| Login {
                    user: user.to_owned(),
                    password: password.to_owned().into(),
                });
                Some(Hop {
                    host: uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
                    port: uri.port_u16().unwrap_or_else(|| usual_port(scheme)),
                    scheme: scheme.to_owned(),
                    basic: intercept.basic_auth().cloned(),
                    login,
                })
            }
            Rule::Through(url, login) => Some(Hop {
                host: url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
                port: url.port().unwrap_or_else(|| usual_port(url.scheme())),
                scheme: url.scheme().to_owned(),
                basic: login.as_ref().and_then(Login::basic),
                login: login.clone(),
            }),
        }
    }
}

fn usual_port(scheme: &str) -> u16 {
    if scheme.starts_with("socks") { 1080 } else { 80 }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// A proxy on the way.
pub(crate) struct Hop {
    scheme: String,
    host: String,
    port: u16,
    /// What an HTTP proxy is shown.
    basic: Option<HeaderValue>,
    /// What a SOCKS server is shown.
    login: Option<Login>,
}

impl Hop {
    /// A connection to the target by way of the proxy.
    pub(crate) async fn through(
        self,
        host: &str,
        port: u16,
        witness: &Witness,
    ) -> Result<Box<dyn Connection>, DialError> {
        let name = format!("{}:{}", bracketed(&self.host), self.port);
        let failed = |failure| DialError::Proxy { host: name.clone(), failure };
        let stream = reach(&self.host, self.port, witness).await.map_err(|error| match error {
            DialError::Dns { why, .. } | DialError::Connect { why, .. } => {
                failed(ProxyFailure::Unreachable { why })
            }
            other => other,
        })?;
        let address = stream.peer_addr().ok();
        let target = format!("{}:{port}", bracketed(host));
        let asking = async {
            match self.scheme.as_str() {
                "http" => self.tunnel(stream, target).await,
                "socks5" | "socks5h" => self.socks(stream, target).await,
                other => Err(ProxyFailure::Refused { why: format!("{other} proxies are not supported") }),
            }
        };
        let silent = ProxyFailure::Refused { why: format!("no answer within {} s", STEP_LIMIT.as_secs()) };
        let stream = timeout(STEP_LIMIT, asking).await.unwrap_or(Err(silent)).map_err(failed)?;
        witness.tell(Fact::Reached { address, proxy: Some(name.clone()) });
        Ok(stream)
    }

    /// RFC 9110 §9.3.6.
    async fn tunnel(&self, stream: TcpStream, target: String) -> Result<Box<dyn Connection>, ProxyFailure> {
        let mut request = Request::connect(&target).header(header::HOST, &target);
        if let Some(value) = &self.basic {
            request = request.header(header::PROXY_AUTHORIZATION, value);
        }
        let request = request
            .body(Full::<Bytes>::default())
            .map_err(|error| ProxyFailure::Refused { why: error.to_string() })?;
        http::over(Box::new(stream), async |mut sender| {
            let response = sender.send_request(request).await?;
            match response.status() {
                StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(self.unknown()),
                status if status.is_success() => {
                    let stream = hyper::upgrade::on(response).await?;
                    Ok(Box::new(TokioIo::new(stream)) as Box<dyn Connection>)
                }
                status => Err(ProxyFailure::Refused { why: format!("HTTP {status}") }),
            }
        })
        .await
    }

    /// RFC 1928, and RFC 1929 where there is a login.
    async fn socks(&self, stream: TcpStream, target: String) -> Result<Box<dyn Connection>, ProxyFailure> {
        let refused = |why: String| ProxyFailure::Refused { why };
        let target: Uri =
            format!("https://{target}").parse().map_err(|_| refused("it takes no such name".into()))?;
        let mut socks = SocksV5::new(Uri::default(), There(Some(TokioIo::new(stream))))
            .local_dns(self.scheme == "socks5");
        let mut secret = "";
        if let Some(Login { user, password }) = &self.login {
            secret = password.expose_secret();
            socks = socks.with_auth(user.clone(), secret.to_owned());
        }
        match socks.call(target).await {
            Ok(stream) => Ok(Box::new(stream.into_inner())),
            Err(error) => {
                let why = chain(&error);
                // The library keeps the kinds of these errors to itself.
                match ["authentication", "credentials"].iter().any(|word| why.contains(word)) {
                    true => Err(self.unknown()),
                    false => Err(refused(redact_words(&why, &[secret]))),
                }
            }
        }
    }

    /// The proxy takes nobody whom it does not know.
    fn unknown(&self) -> ProxyFailure {
        match self.basic.is_some() || self.login.is_some() {
            true => ProxyFailure::LoginRefused,
            false => ProxyFailure::LoginWanted,
        }
    }
}

impl From<hyper::Error> for ProxyFailure {
    fn from(error: hyper::Error) -> Self {
        Self::Refused { why: redact(&chain(&error)) }
    }
}

/// Stands in where a library wants to connect by itself: the connection is there already.
struct There(Option<TokioIo<TcpStream>>);

impl Service<Uri> for There {
    type Response = TokioIo<TcpStream>;
    type Error = std::io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Self::Error>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(self.0.take().ok_or_else(|| std::io::ErrorKind::NotConnected.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;

    #[test]
    fn what_a_person_writes_becomes_a_choice_or_a_reason() {
        let read = ProxyChoice::parse;
        assert_eq!(read("  "), Ok(ProxyChoice::System));
        assert_eq!(read("None"), Ok(ProxyChoice::Direct));
        for text in ["http://proxy.example:3128", "socks5://127.0.0.1:1080", "socks5h://[::1]:1080"] {
            assert_eq!(read(text), Ok(ProxyChoice::Through(text.parse().unwrap())));
        }
        for text in
            ["proxy.example", "https://proxy.example", "http://", "socks4://x", "http://me:word@proxy"]
        {
            assert_eq!(read(text).map_err(|error| error.field()), Err(Field::Proxy), "{text}");
        }
        for text in ["http://proxy.example/xai-AbC0123", "http://xai-AbC0123@proxy.example", "xai-AbC0123"] {
            assert_eq!(read(text), Err(ProfileError::ApiKey { field: Field::Proxy }), "{text}");
        }
    }

    #[test]
    fn what_the_system_has_set_counts_from_the_next_connection_on() {
        static READINGS: AtomicU16 = AtomicU16::new(0);
        let settings = || match READINGS.fetch_add(1, Ordering::Relaxed) {
            0 => Matcher::builder().all("http://one.example:3128").build(),
            1 => Matcher::builder().all("http://two.example:3128").build(),
            _ => Matcher::builder().build(),
        };
        let proxy = Proxy(Rule::System(settings));
        let url: Url = "wss://voice.example/v1/realtime".parse().unwrap();
        // A line is opened by a copy of what was made when the app began.
        let next = || proxy.clone().before(&url, "voice.example", 443).map(|hop| hop.host);
        assert_eq!(next().as_deref(), Some("one.example"));
        assert_eq!(next().as_deref(), Some("two.example"));
        assert_eq!(next(), None);
    }
}
