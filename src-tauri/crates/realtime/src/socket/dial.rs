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
    race(in_turn(found.collect()))
        .await
        .map_err(|error| OpenError::Connect { host: host.to_owned(), why: error.to_string() })
}

async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
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
                None => return Err(failure),
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {
                attempts.extend(waiting.next().map(TcpStream::connect));
            }
        }
    }
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
    use tokio::net::{TcpListener, TcpSocket};
    use tokio::time::timeout;

    #[test]
    fn addresses_of_both_families_alternate() {
        let parse =
            |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let mixed = parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]);
        assert_eq!(in_turn(mixed), parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
        assert_eq!(in_turn(Vec::new()), Vec::new());
    }

    #[tokio::test]
    async fn an_address_that_never_answers_does_not_keep_the_next_waiting() {
        // Linux lets one more connection than its backlog into a listener that accepts none.
        let full = TcpSocket::new_v4().unwrap();
        full.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let full = full.listen(1).unwrap();
        let dead = full.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(stream) = timeout(Duration::from_millis(100), TcpStream::connect(dead)).await {
            held.push(stream.unwrap());
        }
        let there = TcpListener::bind("[::1]:0").await.unwrap();
        let alive = there.local_addr().unwrap();
        let reached = timeout(10 * HEAD_START, race(vec![dead, alive])).await.unwrap().unwrap();
        assert_eq!(reached.peer_addr().unwrap(), alive);

        drop(there);
        let refused = timeout(10 * HEAD_START, race(vec![alive])).await.unwrap().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }
}
