use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use realtime::{Auth, Dial, LineEvent, LineOptions, Proxy, Token, Trust};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

pub(crate) const TOKEN: &str = "xai-realtime-client-secret-pearl0123456789";

pub(crate) fn shown(token: &Token) -> &str {
    token.secret().expose_secret()
}

/// Trusts whom this computer trusts.
pub(crate) fn trust() -> Trust {
    static SYSTEM: OnceLock<Trust> = OnceLock::new();
    SYSTEM.get_or_init(|| Trust::system().unwrap()).clone()
}

/// Trusts the authority behind [`server_tls`], too.
pub(crate) fn trusting() -> Trust {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    trust().with_authorities(&data.join("authority.pem")).unwrap()
}

pub(crate) fn server_tls() -> TlsAcceptor {
    let certificate = include_bytes!("../data/tls/server.der").as_slice().into();
    let key = PrivateKeyDer::Pkcs8(include_bytes!("../data/tls/server-key.der").as_slice().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The straight way.
pub(crate) fn dial() -> Dial {
    Dial::new(trust(), Proxy::default())
}

pub(crate) fn token() -> Token {
    Token::new(TOKEN.to_owned().into(), None)
}

pub(crate) fn options(url: &str, auth: Auth) -> LineOptions {
    LineOptions::new(url.parse().unwrap(), token(), auth, dial())
}

/// What a server does once it has read a request.
#[derive(Clone)]
pub(crate) enum Reply {
    Bytes(Vec<u8>),
    /// Says this much and then no more, without hanging up.
    Stall(Vec<u8>),
    Close,
}

pub(crate) fn reply(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// A server on loopback that answers every connection's first request the same way.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    asked: Arc<Notify>,
}

impl Server {
    pub(crate) async fn start(reply: Reply) -> Self {
        Self::serve(vec![reply], None).await
    }

    /// Answers the first request with the first reply and so on; the last one is repeated.
    pub(crate) async fn start_with(replies: Vec<Reply>) -> Self {
        Self::serve(replies, None).await
    }

    pub(crate) async fn start_tls(reply: Reply) -> Self {
        Self::start_as(server_tls(), reply).await
    }

    pub(crate) async fn start_as(tls: TlsAcceptor, reply: Reply) -> Self {
        Self::serve(vec![reply], Some(tls)).await
    }

    async fn serve(replies: Vec<Reply>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            asked: Arc::new(Notify::new()),
        };
        let (requests, asked) = (server.requests.clone(), server.asked.clone());
        tokio::spawn(async move {
            let mut next = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let reply = replies[next.min(replies.len() - 1)].clone();
                next += 1;
                let tls = tls.clone();
                let (requests, asked) = (requests.clone(), asked.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                answer(stream, reply, &requests, &asked).await;
                            }
                        }
                        None => answer(stream, reply, &requests, &asked).await,
                    }
                });
            }
        });
        server
    }

    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// How often it was asked.
    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The only request so far, head and body.
    pub(crate) fn request(&self) -> String {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: Reply,
    requests: &Mutex<Vec<String>>,
    asked: &Notify,
) {
    let request = read_request(&mut stream).await;
    requests.lock().unwrap().push(request);
    asked.notify_one();
    match reply {
        Reply::Close => {}
        Reply::Stall(bytes) => {
            stream.write_all(&bytes).await.unwrap();
            std::future::pending().await
        }
        Reply::Bytes(bytes) => {
            // The other side may have read enough and gone.
            if stream.write_all(&bytes).await.is_ok() {
                drop(stream.shutdown().await);
            }
        }
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

/// The next event that is not the end of the line.
pub(crate) async fn next(line: &mut realtime::Line) -> LineEvent {
    match line.next().await {
        LineEvent::Closed(closed) => panic!("closed: {closed:?}"),
        event => event,
    }
}

/// The end of the line, whatever came before it.
pub(crate) async fn end(line: &mut realtime::Line) -> realtime::Closed {
    loop {
        if let LineEvent::Closed(closed) = line.next().await {
            return closed;
        }
    }
}
