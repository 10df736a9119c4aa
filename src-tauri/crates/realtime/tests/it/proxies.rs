//! The same proxy for the backend and for the line. A proxy here leads every name to one server.

use std::{net::SocketAddr, path::Path, process::Command};

use realtime::{
    Auth, CloseKind, Dial, DialError, Fault, Field, Login, MintError, OpenError, Profile, ProfileError,
    Proxy, ProxyChoice, ProxyFailure, mint, open,
};
use rig::{Between, Protocol};
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::support::{self, Server, end, options, reply, shown, trust, trusting};

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

const USER: &str = "me";
const PASSWORD: &str = "wörd: with all sorts";
const BOTH: [Protocol; 2] = [Protocol::Connect, Protocol::Socks];

/// A profile that goes by way of the proxy as this user.
fn profile(between: &Between, user: &str) -> Profile {
    Profile {
        token_url: format!("https://{NAME}/session"),
        proxy: between.url(),
        proxy_user: user.into(),
        ..Profile::default()
    }
}

fn way(profile: &Profile, password: Option<&str>) -> Dial {
    let choice = ProxyChoice::parse(&profile.proxy).unwrap();
    let login = Login::of(profile, password.map(Into::into)).unwrap();
    Dial::new(trusting(), Proxy::new(&choice, login))
}

async fn line_over(dial: Dial) -> Result<CloseKind, OpenError> {
    let mut wanted = options(&format!("wss://{NAME}/v1/realtime"), Auth::Bearer);
    wanted.dial = dial;
    let mut line = open(wanted).await?;
    Ok(end(&mut line).await.kind)
}

#[tokio::test]
async fn the_line_goes_through_the_proxy_by_its_name() {
    let server = line_server().await;
    for protocol in BOTH {
        let between = Between::start(protocol, server, None).await.unwrap();
        assert_eq!(line_over(way(&profile(&between, ""), None)).await, Ok(CloseKind::Normal));
        assert_eq!(between.asked(), [format!("{NAME}:443")]);
    }
}

#[tokio::test]
async fn the_backend_is_asked_through_the_same_proxy() {
    let server = Server::start_tls(reply("200 OK", "", r#"{"value":"t-1"}"#)).await;
    for protocol in BOTH {
        let between = Between::start(protocol, server.address, None).await.unwrap();
        let profile = profile(&between, "");
        assert_eq!(shown(&mint(&way(&profile, None), &profile, None).await.unwrap().token), "t-1");
        assert_eq!(between.asked(), [format!("{NAME}:443")]);
    }
}

#[tokio::test]
async fn a_proxy_that_asks_is_shown_the_profiles_login_by_both() {
    let lines = line_server().await;
    let backend = Server::start_tls(reply("200 OK", "", r#"{"value":"t-1"}"#)).await;
    for protocol in BOTH {
        let login = Some((USER, PASSWORD));
        let between = Between::start(protocol, lines, login).await.unwrap();
        assert_eq!(line_over(way(&profile(&between, USER), Some(PASSWORD))).await, Ok(CloseKind::Normal));
        let between = Between::start(protocol, backend.address, login).await.unwrap();
        let profile = profile(&between, USER);
        assert!(mint(&way(&profile, Some(PASSWORD)), &profile, None).await.is_ok(), "{protocol:?}");
        assert_eq!(between.asked(), [format!("{NAME}:443")]);
    }
}

#[tokio::test]
async fn a_login_that_is_missing_or_wrong_is_named() {
    let server = line_server().await;
    for protocol in BOTH {
        let between = Between::start(protocol, server, Some((USER, PASSWORD))).await.unwrap();
        let host = between.address().to_string();
        for (user, password, failure) in [
            ("", None, ProxyFailure::LoginWanted),
            (USER, Some("another"), ProxyFailure::LoginRefused),
            ("somebody", Some(PASSWORD), ProxyFailure::LoginRefused),
            (USER, None, ProxyFailure::LoginRefused),
        ] {
            let profile = profile(&between, user);
            let dial = way(&profile, password);
            let wanted = DialError::Proxy { host: host.clone(), failure };
            assert_eq!((wanted.fault(), wanted.may_pass()), (Fault::Profile, false));
            let error = line_over(dial.clone()).await.unwrap_err();
            assert_eq!(error, OpenError::Way(wanted.clone()), "{protocol:?} {user}");
            let printed = format!("{error} {error:?} {dial:?}");
            assert!(!printed.contains("wörd") && !printed.contains("another"), "{printed}");
            let error = mint(&dial, &profile, None).await.unwrap_err();
            assert_eq!(error, MintError::Way(wanted), "{protocol:?} {user}");
        }
        assert!(between.asked().is_empty(), "nobody was let in");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_is_none_is_named_as_the_culprit() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let other = Server::start(reply("403 Forbidden", "", "not you")).await.address;
    for (address, words) in [(gone, "cannot be reached"), (other, "gave no connection")] {
        for scheme in ["http", "socks5h"] {
            let proxy = format!("{scheme}://{address}");
            let token_url = format!("https://{NAME}/session");
            let profile = Profile { token_url, proxy, ..Profile::default() };
            let dial = way(&profile, None);
            let error = line_over(dial.clone()).await.unwrap_err();
            assert!(error.to_string().contains(&format!("the proxy {address} {words}")), "{error}");
            assert_eq!((error.fault(), error.may_pass()), (Fault::Network, true));
            let error = mint(&dial, &profile, None).await.unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}

#[test]
fn a_login_is_checked_before_anything_is_sent() {
    let proxy = "http://proxy.example:3128".to_owned();
    let with = |user: &str| Profile {
        token_url: "https://b.example".into(),
        proxy: proxy.clone(),
        proxy_user: user.into(),
        ..Profile::default()
    };
    let user = Field::ProxyUser;
    for (text, wanted) in [
        ("me", Ok(())),
        ("", Ok(())),
        ("DOMAIN\\me", Ok(())),
        ("me:you", Err(ProfileError::ProxyUser)),
        ("a\nb", Err(ProfileError::ProxyUser)),
        ("xai-AbC0123", Err(ProfileError::ApiKey { field: user })),
        (&"x".repeat(256), Err(ProfileError::TooLong { field: user, limit: 255 })),
    ] {
        assert_eq!(with(text).endpoints().map(drop), wanted, "{text}");
    }
    let check = |password: &str| Login::of(&with("me"), Some(password.into())).map(drop);
    let field = Field::ProxyPassword;
    assert_eq!(check("any: thing"), Ok(()));
    assert_eq!(check("xai-AbC0123"), Err(ProfileError::ApiKey { field }));
    assert_eq!(check(&"x".repeat(256)), Err(ProfileError::TooLong { field, limit: 255 }));
    let password = || Some(SecretString::from("word"));
    assert!(Login::of(&with(""), password()).unwrap().is_none(), "nobody to show it for");
    let systems = Profile { proxy: String::new(), ..with("me") };
    assert!(Login::of(&systems, password()).unwrap().is_none(), "the system's proxy is not told");
}

#[tokio::test]
async fn this_computer_is_never_reached_by_way_of_a_proxy() {
    let server = line_server().await;
    let between = Between::start(Protocol::Connect, server, None).await.unwrap();
    let mut wanted = options(&format!("wss://localhost:{}/", server.port()), Auth::Bearer);
    wanted.dial = way(&profile(&between, ""), None);
    let mut line = open(wanted).await.unwrap();
    assert_eq!(end(&mut line).await.kind, CloseKind::Normal);
    assert!(between.asked().is_empty(), "{:?}", between.asked());
}

/// Does nothing but in the process that the next test starts.
#[tokio::test]
async fn the_process_with_a_proxy_in_its_environment() {
    if std::env::var_os("SIDETONE_BEHIND_A_PROXY").is_some() {
        let by = |choice| line_over(Dial::new(trusting(), Proxy::new(&choice, None)));
        assert_eq!(by(ProxyChoice::System).await, Ok(CloseKind::Normal));
        assert!(by(ProxyChoice::Direct).await.is_err(), "without the proxy nobody has that name");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_systems_proxy_is_used_with_its_password() {
    let server = line_server().await;
    for (protocol, scheme) in [(Protocol::Connect, "http"), (Protocol::Socks, "socks5h")] {
        let between = Between::start(protocol, server, Some(("me", "word"))).await.unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "proxies::the_process_with_a_proxy_in_its_environment"])
            .env("SIDETONE_BEHIND_A_PROXY", "yes")
            .env("HTTPS_PROXY", format!("{scheme}://me:word@{}", between.address()))
            .env_remove("NO_PROXY")
            .env_remove("no_proxy");
        let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(between.asked(), [format!("{NAME}:443")]);
    }
}

#[test]
fn a_wrong_file_of_authorities_is_named() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    for (file, why) in [("no-such-file.pem", "no-such-file.pem"), ("server-key.der", "no certificate")] {
        let error = trust().with_authorities(&data.join(file)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
