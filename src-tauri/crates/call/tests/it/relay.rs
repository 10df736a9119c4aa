//! A network between a call and its servers that can be made to fail.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

/// After so long nobody waits for a connection on which nothing moves.
const GIVEN_UP: Duration = Duration::from_secs(60);

/// What the network does to every connection through it, open ones and new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Well,
    /// Nothing moves in either direction, and nobody is told.
    Stalled,
    /// So many bytes a second reach the client.
    Dripping(usize),
    /// Every connection is reset, and new ones are as soon as they come.
    Down,
    /// Every open connection is reset; new ones are well.
    Cut,
    /// Nothing moves on what is open now, ever; new connections are well.
    Hole,
    /// Of what the server sends next, so many bytes arrive; then the connection is reset.
    CutAfter(usize),
}

/// Ends with its owner.
pub(crate) struct Relay {
    address: SocketAddr,
    network: Arc<watch::Sender<Network>>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// Stands before the server that this address names from now on. Must run inside a runtime.
    pub(crate) fn before(address: &str) -> Self {
        let server = Url::parse(address).unwrap().socket_addrs(|| None).unwrap()[0];
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let (network, told) = watch::channel(Network::Well);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, server, told.clone()));
            }
        });
        Self { address, network: Arc::new(network), accepting }
    }

    /// An address on that server, through this network.
    pub(crate) fn route(&self, address: &str) -> String {
        let mut url = Url::parse(address).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    pub(crate) fn becomes(&self, network: Network) {
        self.network.send_replace(network);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: SocketAddr, mut network: watch::Receiver<Network>) {
    if *network.borrow() == Network::Down {
        client.set_zero_linger().unwrap();
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut client, mut server) = (client, server);
    let (mut up, mut down) = ([0; 4_096], [0; 4_096]);
    // What may still come through before the cut.
    let mut left = None;
    let born = *network.borrow_and_update();
    let mut was_open = false;
    loop {
        let now = *network.borrow_and_update();
        was_open |= now != born;
        match now {
            Network::Down => break,
            Network::Cut if was_open => break,
            Network::Hole if was_open => {
                tokio::time::sleep(GIVEN_UP).await;
                break;
            }
            _ => {}
        }
        let open = now != Network::Stalled;
        if let (Network::CutAfter(bytes), None) = (now, left) {
            left = Some(bytes);
        }
        let room = match (now, left) {
            (Network::Dripping(rate), _) => (rate / 20).clamp(1, down.len()),
            (_, Some(left)) => left.clamp(1, down.len()),
            _ => down.len(),
        };
        tokio::select! {
            changed = network.changed() => if changed.is_err() { break },
            read = client.read(&mut up), if open => match read {
                Ok(0) | Err(_) => break,
                Ok(bytes) => if server.write_all(&up[..bytes]).await.is_err() { break },
            },
            read = server.read(&mut down[..room]), if open => match read {
                Ok(0) | Err(_) => return,
                Ok(bytes) => {
                    if client.write_all(&down[..bytes]).await.is_err() {
                        break;
                    }
                    if let Network::Dripping(_) = now {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    if let Some(rest) = left {
                        if rest <= bytes {
                            break;
                        }
                        left = Some(rest - bytes);
                    }
                }
            },
        }
    }
    // Both ends are reset: a connection that is closed in good order is no broken one.
    let _ = client.set_zero_linger();
    let _ = server.set_zero_linger();
}
