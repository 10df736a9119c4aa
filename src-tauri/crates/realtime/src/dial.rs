//! The way to a server: its name looked up, TCP, a proxy where one stands before it, TLS. One for the
//! backend and for the line, and the only place that says what was found on it.

mod error;
mod witness;

use std::{io, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::{sleep, timeout},
};
use url::{Host, Url};

pub use error::{DialError, ProxyFailure, TlsFailure};
pub use witness::{Fact, Witness};

use crate::{proxy::Proxy, tls::Trust};

/// The head start of one address over the next (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);
/// How long a name, an address or the agreement on encryption may take, each of them.
pub(crate) const STEP_LIMIT: Duration = Duration::from_secs(8);

pub(crate) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}

/// Whom to trust, which proxy to take, and who watches.
#[derive(Clone, Debug)]
pub struct Dial {
    trust: Trust,
    proxy: Proxy,
    witness: Witness,
}

impl Dial {
    #[must_use]
    pub fn new(trust: Trust, proxy: Proxy) -> Self {
        Self { trust, proxy, witness: Witness::default() }
    }

    /// The same way, and `witness` is told each fact as it is found.
    #[must_use]
    pub fn watched(self, witness: Witness) -> Self {
        Self { witness, ..self }
    }

    pub(crate) fn tell(&self, fact: Fact) {
        self.witness.tell(fact);
    }

    /// A connection to the address; encrypted for `https` and `wss`.
    pub(crate) async fn connect(&self, url: &Url) -> Result<Box<dyn Connection>, DialError> {
        let (host, port) = target(url);
        let stream: Box<dyn Connection> = match self.proxy.before(url, &host, port) {
            Some(hop) => hop.through(&host, port, &self.witness).await?,
            None => {
                let stream = reach(&host, port, &self.witness).await?;
                self.tell(Fact::Reached { address: stream.peer_addr().ok(), proxy: None });
                Box::new(stream)
            }
        };
        if !matches!(url.scheme(), "https" | "wss") {
            self.tell(Fact::Plain);
            return Ok(stream);
        }
        let handshake = self.trust.secure(stream, &host);
        let silent = || TlsFailure::Broken { why: no_answer() };
        match timeout(STEP_LIMIT, handshake).await.unwrap_or_else(|_| Err(silent())) {
            Ok((stream, certificate)) => {
                self.tell(Fact::Encrypted { certificate });
                Ok(Box::new(stream))
            }
            Err(failure) => Err(DialError::Tls { host, failure }),
        }
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
pub(crate) async fn reach(host: &str, port: u16, witness: &Witness) -> Result<TcpStream, DialError> {
    let unknown = |why: String| DialError::Dns { host: host.to_owned(), why };
    let found: Vec<SocketAddr> = match timeout(STEP_LIMIT, lookup_host((host, port))).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => return Err(unknown(error.to_string())),
        Err(_) => return Err(unknown(no_answer())),
    };
    witness.tell(Fact::Addresses { found: found.iter().map(SocketAddr::ip).collect() });
    let away = |why: String| DialError::Connect { host: host.to_owned(), why };
    let stream = match timeout(STEP_LIMIT, race(in_turn(found))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(away(error.to_string())),
        Err(_) => return Err(away(no_answer())),
    };
    // Frames are small and each one is wanted at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not switch off the send delay");
    }
    Ok(stream)
}

fn no_answer() -> String {
    format!("no answer within {} s", STEP_LIMIT.as_secs())
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
