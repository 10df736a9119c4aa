//! The same proxy for the backend and for the line. A proxy here leads every name to one server.

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use realtime::{Auth, CloseKind, Fault, Http, MintError, OpenError, Profile, Proxy, ProxyChoice, mint, open};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::support::{self, Server, end, options, reply, shown, trusting_tls};

const NAME: &str = "voice.example";

/// A server whose certificate also bears [`NAME`]; each line is closed in good order.
async fn line_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(stream) = support::server_tls().accept(stream).await {
                    let mut server = tokio_tungstenite::accept_async(stream).await.unwrap();
                    server.close(None).await.unwrap();
                }
            });
        }
    });
    address
}

#[derive(Clone, Copy)]
enum Kind {
    Connect,
    /// Asks for this `Proxy-Authorization`.
    Guarded(&'static str),
    Socks,
}

/// What it was asked for, and where it listens.
struct Between {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Between {
    async fn start(kind: Kind, server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let between = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let asked = between.asked.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let asked = asked.clone();
                tokio::spawn(async move {
                    match kind {
                        Kind::Connect => connect(client, None, server, &asked).await,
                        Kind::Guarded(word) => connect(client, Some(word), server, &asked).await,
                        Kind::Socks => socks(client, server, &asked).await,
                    }
                });
            }
        });
        between
    }

    fn choice(&self, scheme: &str) -> ProxyChoice {
        ProxyChoice::parse(&format!("{scheme}://{}", self.address)).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn connect(mut client: TcpStream, guard: Option<&str>, server: SocketAddr, asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    asked.lock().unwrap().push(head.lines().next().unwrap().to_owned());
    if guard.is_some_and(|word| {
        !head.to_lowercase().contains(&format!("proxy-authorization: {word}").to_lowercase())
    }) {
        client
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        return;
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    pass(client, server).await;
}

/// RFC 1928 without authentication, for names only.
async fn socks(mut client: TcpStream, server: SocketAddr, asked: &Mutex<Vec<String>>) {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).await.unwrap();
    client.read_exact(&mut vec![0; greeting[1].into()]).await.unwrap();
    client.write_all(&[5, 0]).await.unwrap();
    let mut request = [0; 5];
    client.read_exact(&mut request).await.unwrap();
    assert_eq!(request[..4], [5, 1, 0, 3], "a connection to a name");
    let mut name = vec![0; request[4].into()];
    client.read_exact(&mut name).await.unwrap();
    let port = client.read_u16().await.unwrap();
    asked.lock().unwrap().push(format!("{}:{port}", String::from_utf8(name).unwrap()));
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.unwrap();
    pass(client, server).await;
}

async fn pass(mut client: TcpStream, server: SocketAddr) {
    let mut server = TcpStream::connect(server).await.unwrap();
    // Either side may hang up without a farewell.
    copy_bidirectional(&mut client, &mut server).await.ok();
}

async fn line_through(choice: &ProxyChoice) -> Result<CloseKind, OpenError> {
    let mut wanted = options(&format!("wss://{NAME}/v1/realtime"), Auth::Bearer);
    wanted.tls = trusting_tls();
    wanted.proxy = Proxy::new(choice);
    let mut line = open(wanted).await?;
    Ok(end(&mut line).await.kind)
}

#[tokio::test]
async fn the_line_goes_through_the_proxy_by_its_name() {
    let server = line_server().await;
    let between = Between::start(Kind::Connect, server).await;
    assert_eq!(line_through(&between.choice("http")).await, Ok(CloseKind::Normal));
    assert_eq!(between.asked(), [format!("CONNECT {NAME}:443 HTTP/1.1")]);
    let between = Between::start(Kind::Socks, server).await;
    assert_eq!(line_through(&between.choice("socks5h")).await, Ok(CloseKind::Normal));
    assert_eq!(between.asked(), [format!("{NAME}:443")]);
}

#[tokio::test]
async fn the_backend_is_asked_through_the_same_proxy() {
    let server = Server::start_tls(reply("200 OK", "", r#"{"value":"t-1"}"#)).await;
    for (kind, scheme) in [(Kind::Connect, "http"), (Kind::Socks, "socks5h")] {
        let between = Between::start(kind, server.address).await;
        let http = Http::with_proxy(trusting_tls(), &between.choice(scheme)).unwrap();
        let profile = Profile { token_url: format!("https://{NAME}/session"), ..Profile::default() };
        assert_eq!(shown(&mint(&http, &profile, None).await.unwrap().token), "t-1");
        assert!(between.asked()[0].contains(&format!("{NAME}:443")), "{:?}", between.asked());
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_not_there_is_named_as_the_culprit() {
    let between = Between::start(Kind::Guarded("Basic bWU6d29yZA=="), line_server().await).await;
    let error = line_through(&between.choice("http")).await.unwrap_err();
    let OpenError::Proxy { host, why } = &error else { panic!("{error:?}") };
    assert_eq!(*host, between.address.to_string());
    assert!(why.contains("proxy authorization required"), "{why}");
    assert_eq!(error.fault(), Fault::Network);
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for scheme in ["http", "socks5h"] {
        let choice = ProxyChoice::parse(&format!("{scheme}://{gone}")).unwrap();
        let error = line_through(&choice).await.unwrap_err();
        assert!(matches!(&error, OpenError::Proxy { .. }), "{error:?}");
        let http = Http::with_proxy(trusting_tls(), &choice).unwrap();
        let profile = Profile { token_url: format!("https://{NAME}/session"), ..Profile::default() };
        let error = mint(&http, &profile, None).await.unwrap_err();
        assert!(matches!(error, MintError::Connect { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn this_computer_is_never_reached_by_way_of_a_proxy() {
    let server = line_server().await;
    let between = Between::start(Kind::Connect, server).await;
    let mut wanted = options(&format!("wss://localhost:{}/", server.port()), Auth::Bearer);
    wanted.tls = trusting_tls();
    wanted.proxy = Proxy::new(&between.choice("http"));
    let mut line = open(wanted).await.unwrap();
    assert_eq!(end(&mut line).await.kind, CloseKind::Normal);
    assert!(between.asked().is_empty(), "{:?}", between.asked());
}

/// Does nothing but in the process that the next test starts.
#[tokio::test]
async fn the_process_with_a_proxy_in_its_environment() {
    if std::env::var_os("SIDETONE_BEHIND_A_PROXY").is_some() {
        assert_eq!(line_through(&ProxyChoice::System).await, Ok(CloseKind::Normal));
        assert!(line_through(&ProxyChoice::Direct).await.is_err(), "without the proxy nobody has that name");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_systems_proxy_is_used_with_its_password() {
    let between = Between::start(Kind::Guarded("Basic bWU6d29yZA=="), line_server().await).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "proxies::the_process_with_a_proxy_in_its_environment"])
        .env("SIDETONE_BEHIND_A_PROXY", "yes")
        .env("HTTPS_PROXY", format!("http://me:word@{}", between.address))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(between.asked(), [format!("CONNECT {NAME}:443 HTTP/1.1")]);
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_a_wrong_file_is_named() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let url = format!("wss://localhost:{}/", line_server().await.port());
    let mut wanted = options(&url, Auth::Bearer);
    wanted.tls = realtime::tls_config().unwrap();
    assert!(matches!(open(wanted.clone()).await, Err(OpenError::Tls { .. })));
    wanted.tls = realtime::tls_config_with(&data.join("authority.pem")).unwrap();
    let mut line = open(wanted).await.unwrap();
    assert_eq!(end(&mut line).await.kind, CloseKind::Normal);
    for (file, why) in [("no-such-file.pem", "no-such-file.pem"), ("server-key.der", "no certificate")] {
        let error = realtime::tls_config_with(&data.join(file)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
