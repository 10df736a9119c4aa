//! No log line at any level, of this crate or of a library below it, holds a secret.

use realtime::{Auth, Caller, Dial, Login, Profile, Proxy, ProxyChoice, mint, open};
use rig::{Between, Protocol};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{Server, TOKEN, options, reply, server_tls, trusting};

const SECRET: &str = "moonstone-caller-secret";
const PROXY_WORD: &str = "opal-proxy-word";
/// `me:opal-proxy-word` as an HTTP proxy is shown it.
const PROXY_BASIC: &str = "bWU6b3BhbC1wcm94eS13b3Jk";

#[tokio::test]
async fn no_log_line_and_no_error_holds_a_secret() {
    let captured = rig::Captured::default();
    let _guard = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(captured.clone())
        .finish()
        .set_default();
    let mut printed = String::new();
    let dial = Dial::new(trusting(), Proxy::default());
    let secret = SecretString::from(SECRET);

    let good = reply("200 OK", "", format!(r#"{{"value":"{TOKEN}"}}"#));
    let echo = reply("401 No", "", format!(r#"{{"error":"unknown caller {SECRET}, Bearer {SECRET}"}}"#));
    let html = reply("200 OK", "", format!("secret={SECRET}"));
    let keys = reply("200 OK", "", format!(r#"{{"{SECRET}":1}}"#));
    let moved = reply("302 Found", &format!("location: https://b.example/?s={SECRET}\r\n"), "");
    for answer in [good, echo, html, keys, moved] {
        for caller in [Caller::Bearer, Caller::Header { name: "X-Key".into() }] {
            let server = Server::start_tls(answer.clone()).await;
            let token_url = format!("https://localhost:{}/t?key={SECRET}", server.address.port());
            let profile = Profile { token_url, caller, ..Profile::default() };
            printed += &match mint(&dial, &profile, Some(&secret)).await {
                Ok(minted) => format!("{minted:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            printed += &format!("{:?}", profile.endpoints());
            assert!(server.request().contains(SECRET), "the server was really told");
        }
    }

    for protocol in [Protocol::Connect, Protocol::Socks] {
        for shown in [PROXY_WORD, "another"] {
            let server = Server::start_tls(reply("200 OK", "", format!(r#"{{"value":"{TOKEN}"}}"#))).await;
            let login = Some(("me", PROXY_WORD));
            let between = Between::start(protocol, server.address, login).await.unwrap();
            let profile = Profile {
                token_url: "https://voice.example/t".into(),
                proxy: between.url(),
                proxy_user: "me".into(),
                ..Profile::default()
            };
            let choice = ProxyChoice::parse(&profile.proxy).unwrap();
            let login = Login::of(&profile, Some(shown.into())).unwrap();
            let dial = Dial::new(trusting(), Proxy::new(&choice, login.clone()));
            let outcome = mint(&dial, &profile, None).await;
            assert_eq!(outcome.is_ok(), shown == PROXY_WORD, "{outcome:?}");
            printed += &format!("{outcome:?} {login:?} {dial:?}");
        }
    }

    for auth in [Auth::Bearer, Auth::Subprotocol] {
        let refuse = reply("401 No", "", format!("bad token: {TOKEN}"));
        let server = Server::start_tls(refuse).await;
        let mut wanted = options(&format!("wss://localhost:{}/?k={SECRET}", server.address.port()), auth);
        wanted.dial = dial.clone();
        let error = open(wanted.clone()).await.unwrap_err();
        printed += &format!("{error} {error:?} {wanted:?}");
        assert!(server.request().contains(TOKEN), "the server was really told");

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        wanted.url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let serving = tokio::spawn(async move {
            let stream = server_tls().accept(listener.accept().await.unwrap().0).await.unwrap();
            let mut server = tokio_tungstenite::accept_async(stream).await.unwrap();
            server.close(None).await.unwrap();
        });
        let mut line = open(wanted).await.unwrap();
        printed += &format!("{line:?} {:?}", line.next().await);
        serving.await.unwrap();
    }

    let logged = captured.text();
    for expected in ["asking the backend for a token", "opening the line", "the line is closed", "rustls"] {
        assert!(logged.contains(expected), "nothing was captured of {expected:?}: {logged}");
    }
    for (name, text) in [("log", &logged), ("print", &printed)] {
        for secret in [TOKEN, SECRET, "pearl", "moonstone", PROXY_WORD, PROXY_BASIC] {
            // The test's own server is not ours to silence.
            let leaks: Vec<&str> = text
                .lines()
                .filter(|line| line.contains(secret) && !line.contains("tungstenite::handshake::server"))
                .collect();
            assert!(leaks.is_empty(), "{name} gives away {secret}: {leaks:#?}");
        }
    }
}
