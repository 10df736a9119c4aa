use std::{io, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::sleep,
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::{LineOptions, OpenError};
use crate::{profile::realtime_url, redact::redact};

/// The head start of one address over the next (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}

/// TCP, and TLS over it for `wss`.
pub(super) async fn connect(options: &LineOptions) -> Result<Box<dyn Connection>, OpenError> {
    let url = realtime_url(options.url.as_str()).map_err(OpenError::Address)?;
    let (name, port) = target(&url);
    let tcp = match options.proxy.connect(&url, &name, port).await {
        Some(by_proxy) => by_proxy?,
        None => reach(&name, port).await?,
    };
    // Frames are small and each one is wanted at once.
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "could not switch off the send delay");
    }
    if url.scheme() == "ws" {
        return Ok(Box::new(tcp));
    }
    let tls_error = |why: String| OpenError::Tls { host: name.clone(), why };
    let server = ServerName::try_from(name.clone()).map_err(|error| tls_error(error.to_string()))?;
    match TlsConnector::from(options.tls.clone()).connect(server, tcp).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            Err(tls_error(redact(&error.to_string())))
        }
        Err(error) => Err(OpenError::ClosedInHandshake { why: error.to_string() }),
    }
}

/// Host without the brackets of an IPv6 literal, and port.
fn target(url: &Url) -> (String, u16) {
    let name = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => String::new(),
    };
    (name, url.port_or_known_default().unwrap_or(443))
}

/// Tries the addresses of a name, both families in turn, each with a short head start over the next.
async fn reach(host: &str, port: u16) -> Result<TcpStream, OpenError> {
    let found = lookup_host((host, port))
        .await
        .map_err(|error| OpenError::Dns { host: host.to_owned(), why: error.to_string() })?;
    let mut waiting = in_turn(found.collect()).into_iter();
    let mut attempts = FuturesUnordered::new();
    attempts.extend(waiting.next().map(TcpStream::connect));
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        tokio::select! {
            attempt = attempts.next() => match attempt {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => {
                    failure = error;
                    attempts.extend(waiting.next().map(TcpStream::connect));
                }
                None => break,
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {
                attempts.extend(waiting.next().map(TcpStream::connect));
            }
        }
    }
    Err(OpenError::Connect { host: host.to_owned(), why: failure.to_string() })
}

fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    first.reverse();
    second.reverse();
    let mut ordered = Vec::new();
    loop {
        let (a, b) = (first.pop(), second.pop());
        if a.is_none() && b.is_none() {
            return ordered;
        }
        ordered.extend(a.into_iter().chain(b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families_alternate() {
        let parse =
            |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let mixed = parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]);
        assert_eq!(in_turn(mixed), parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
        assert_eq!(in_turn(Vec::new()), Vec::new());
    }
}
