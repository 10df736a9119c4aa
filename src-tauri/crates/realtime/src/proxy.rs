//! The proxy between this computer and servers elsewhere, the same for HTTP and for the line.

use std::{fmt, sync::Arc};

use hyper::Uri;
use hyper_util::{
    client::{
        legacy::connect::{
            HttpConnector,
            proxy::{SocksV5, Tunnel},
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;
use url::Url;

use crate::{
    profile::{Field, ProfileError, is_loopback},
    redact::redact,
    socket::OpenError,
};

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
        let url =
            Url::parse(text).map_err(|error| ProfileError::NotAUrl { field, why: error.to_string() })?;
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

/// Decides which proxy, if any, stands before a server. This computer itself is always reached directly.
#[derive(Clone, Default)]
pub struct Proxy(Option<Arc<Matcher>>);

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The system's may hold a password.
        formatter.write_str(if self.0.is_some() { "Proxy(by rule)" } else { "Proxy(none)" })
    }
}

impl Proxy {
    #[must_use]
    pub fn new(choice: &ProxyChoice) -> Self {
        Self(match choice {
            ProxyChoice::System => Some(Arc::new(Matcher::from_system())),
            ProxyChoice::Direct => None,
            ProxyChoice::Through(url) => Some(Arc::new(Matcher::builder().all(url.as_str()).build())),
        })
    }

    /// A connection to the target by way of its proxy; `None` where there is none.
    pub(crate) async fn connect(
        &self,
        url: &Url,
        host: &str,
        port: u16,
    ) -> Option<Result<TcpStream, OpenError>> {
        let matcher = self.0.as_ref().filter(|_| !is_loopback(url))?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        // Whether it is a WebSocket is no business of a proxy.
        let target: Uri = format!("https://{host}:{port}").parse().ok()?;
        let intercept = matcher.intercept(&target)?;
        Some(through(&intercept, target).await)
    }
}

async fn through(intercept: &Intercept, target: Uri) -> Result<TcpStream, OpenError> {
    let proxy = intercept.uri().clone();
    let name = proxy.authority().map_or_else(String::new, |authority| redact(authority.as_str()));
    let failed = |why: String| OpenError::Proxy { host: name.clone(), why: redact(&why) };
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let stream: TokioIo<TcpStream> = match proxy.scheme_str() {
        Some("http") | None => {
            let mut tunnel = Tunnel::new(proxy, connector);
            if let Some(auth) = intercept.basic_auth() {
                tunnel = tunnel.with_auth(auth.clone());
            }
            tunnel.call(target).await.map_err(|error| failed(chain(&error)))?
        }
        Some(scheme @ ("socks5" | "socks5h")) => {
            let local = scheme == "socks5";
            let mut socks = SocksV5::new(proxy, connector).local_dns(local);
            if let Some((user, password)) = intercept.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            socks.call(target).await.map_err(|error| failed(chain(&error)))?
        }
        Some(other) => return Err(failed(format!("{other} proxies are not supported"))),
    };
    Ok(stream.into_inner())
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
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
    }
}
