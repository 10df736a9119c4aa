use std::time::{Duration, SystemTime};

use realtime::{
    Auth, CloseKind, Dial, DialError, Fault, Field, LineEvent, OpenError, ProfileError, Proxy, open,
    open_over,
};
use tokio::{io::duplex, net::TcpListener};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
    },
};

use crate::support::{self, Reply, Server, TOKEN, end, options, reply};

async fn refusal(answer: Reply) -> OpenError {
    let server = Server::start(answer).await;
    open(options(&format!("ws://{}/", server.address), Auth::Bearer)).await.expect_err("it should not open")
}

#[tokio::test]
async fn a_refusal_is_quoted_in_full_without_the_token() {
    let table = [
        ("401 Unauthorized", Fault::Backend, true),
        ("403 Forbidden", Fault::Backend, true),
        ("404 Not Found", Fault::Profile, false),
        ("429 Slow", Fault::Xai, false),
        ("500 Oh", Fault::Xai, false),
    ];
    for (status, fault, again) in table {
        let body = format!(r#"{{"code":"x","error":"Bad token {TOKEN} for you"}}"#);
        let error = refusal(reply(status, "", body)).await;
        let code: u16 = status[..3].parse().unwrap();
        assert_eq!(
            error,
            OpenError::Refused { status: code, retry_after: None, said: "Bad token [hidden] for you".into() }
        );
        assert_eq!((error.fault(), error.wants_new_token()), (fault, again));
    }
    let error = refusal(reply("403 Forbidden", "", "plain words")).await;
    assert_eq!(error.to_string(), "the realtime server refused the line (HTTP 403): plain words");
    let error = refusal(reply("502 Oh", "", vec![b'x'; 20 << 20])).await;
    assert_eq!(error, OpenError::Refused { status: 502, retry_after: None, said: String::new() });
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_read_in_both_of_its_forms() {
    let later = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
    for (header, wanted) in [("17".to_owned(), 17..=17), (later, 85..=90)] {
        let error = refusal(reply("429 Slow", &format!("retry-after: {header}\r\n"), "")).await;
        let asked = error.retry_after().unwrap_or_default().as_secs();
        assert!(wanted.contains(&asked), "{header}: {error:?}");
        assert!(error.may_pass());
    }
    for (status, passes) in [("503 Oh", true), ("402 Pay", false), ("403 No", false), ("404 Not", false)] {
        let error = refusal(reply(status, "", "")).await;
        assert_eq!((error.may_pass(), error.retry_after()), (passes, None), "{status}");
    }
}

#[tokio::test]
async fn a_token_that_looks_like_a_word_is_not_quoted_either() {
    let server = Server::start(reply("401 No", "", "no such token: pearl, sorry")).await;
    let mut wanted = options(&format!("ws://{}/", server.address), Auth::Bearer);
    wanted.token = realtime::Token::new("pearl".to_owned().into(), None);
    let said = "no such token: [hidden], sorry".into();
    assert_eq!(open(wanted).await.unwrap_err(), OpenError::Refused { status: 401, retry_after: None, said });
}

#[tokio::test]
async fn a_server_that_is_no_websocket_server_is_told_apart() {
    let error = refusal(Reply::Close).await;
    assert!(matches!(error, OpenError::ClosedInHandshake { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Network);
    let error = refusal(Reply::Bytes(b"SSH-2.0-hello\r\n\r\n".to_vec())).await;
    assert!(matches!(error, OpenError::Protocol { .. }), "{error:?}");
    let error = refusal(reply("200 OK", "", "hello")).await;
    assert_eq!(error, OpenError::Refused { status: 200, retry_after: None, said: "hello".into() });
    for (headers, why) in [
        ("", "it does not upgrade the connection"),
        ("upgrade: websocket\r\n", "it does not upgrade the connection"),
        ("upgrade: websocket\r\nconnection: Upgrade\r\n", "it does not answer to our key"),
        (
            "upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: AAAA\r\n",
            "it does not answer to our key",
        ),
    ] {
        let head = format!("HTTP/1.1 101 Switching Protocols\r\n{headers}\r\n");
        let error = refusal(Reply::Bytes(head.into_bytes())).await;
        assert_eq!(error, OpenError::Protocol { why: why.into() }, "{headers}");
        assert_eq!(error.fault(), Fault::Xai);
    }
}

#[tokio::test]
async fn nobody_there_is_the_networks_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = open(options(&url, Auth::Bearer)).await.unwrap_err();
    assert!(matches!(error, OpenError::Way(DialError::Connect { .. })), "{error:?}");
    assert_eq!(error.fault(), Fault::Network);
}

#[tokio::test]
async fn an_unencrypted_line_leads_to_this_computer_only() {
    for url in ["ws://r.example/", "http://127.0.0.1/"] {
        let error = open(options(url, Auth::Bearer)).await.unwrap_err();
        assert!(matches!(error, OpenError::Address(_)), "{error:?}");
        assert_eq!(error.fault(), Fault::Profile);
    }
    let host = "r.example".to_owned();
    assert_eq!(
        open(options("ws://r.example/", Auth::Bearer)).await.unwrap_err(),
        OpenError::Address(ProfileError::PlainHttp { field: Field::RealtimeUrl, host })
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_given_up() {
    let (near, _far) = duplex(4096);
    let wanted = options("ws://localhost/", Auth::Bearer);
    let after = wanted.connect_timeout;
    assert_eq!(open_over(near, wanted).await.unwrap_err(), OpenError::Timeout { after });
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_refused() {
    for (auth, secret) in [(Auth::Bearer, "a\nb"), (Auth::Subprotocol, "a,b"), (Auth::Subprotocol, "a b")] {
        let (near, _far) = duplex(4096);
        let mut wanted = options("ws://localhost/", auth);
        wanted.token = realtime::Token::new(secret.to_owned().into(), None);
        let error = open_over(near, wanted).await.unwrap_err();
        assert_eq!((error.fault(), error), (Fault::Backend, OpenError::Token));
    }
}

/// Opens against a server that answers the subprotocol as told; returns what the server saw.
async fn shake(auth: Auth, answer: Option<&'static str>) -> (Result<realtime::Line, OpenError>, Request) {
    let (near, far) = duplex(1 << 16);
    let (tell, seen) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        #[expect(clippy::result_large_err, reason = "the library's own callback type")]
        let callback = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            tell.send(request.clone()).unwrap();
            let offered = request.headers().get("sec-websocket-protocol").cloned();
            let echo = match answer {
                Some("echo") => offered,
                other => other.map(|text| text.parse().unwrap()),
            };
            if let Some(echo) = echo {
                response.headers_mut().insert("sec-websocket-protocol", echo);
            }
            Ok(response)
        };
        let mut server = accept_hdr_async(far, callback).await.unwrap();
        futures_util::SinkExt::send(&mut server, Message::text(r#"{"type":"ping"}"#)).await.ok();
        std::future::pending::<()>().await;
    });
    let line = open_over(near, options("ws://localhost:7/v1/realtime?model=m", auth)).await;
    (line, seen.await.unwrap())
}

#[tokio::test]
async fn the_token_goes_where_the_profile_says() {
    let (line, request) = shake(Auth::Bearer, None).await;
    let header = |request: &Request, name: &str| {
        request.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    assert!(matches!(support::next(&mut line.unwrap()).await, LineEvent::Event(_)));
    assert_eq!(request.uri().to_string(), "/v1/realtime?model=m");
    assert_eq!(header(&request, "host").as_deref(), Some("localhost:7"));
    assert_eq!(header(&request, "authorization"), Some(format!("Bearer {TOKEN}")));
    assert_eq!(header(&request, "sec-websocket-protocol"), None);

    let (line, request) = shake(Auth::Subprotocol, Some("echo")).await;
    assert!(matches!(support::next(&mut line.unwrap()).await, LineEvent::Event(_)));
    assert_eq!(header(&request, "authorization"), None);
    assert_eq!(header(&request, "sec-websocket-protocol"), Some(format!("xai-client-secret.{TOKEN}")));
}

#[tokio::test]
async fn a_subprotocol_may_go_unanswered_but_not_be_swapped() {
    assert!(shake(Auth::Subprotocol, None).await.0.is_ok());
    assert_eq!(shake(Auth::Subprotocol, Some("realtime")).await.0.unwrap_err(), OpenError::Subprotocol);
    assert_eq!(shake(Auth::Bearer, Some("realtime")).await.0.unwrap_err(), OpenError::Subprotocol);
}

#[tokio::test]
async fn wss_is_checked_against_the_given_trust() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = support::server_tls().accept(stream).await {
                let mut server = tokio_tungstenite::accept_async(stream).await.unwrap();
                server.close(None).await.unwrap();
            }
        }
    });
    let error = open(options(&url, Auth::Bearer)).await.unwrap_err();
    assert!(matches!(error, OpenError::Way(DialError::Tls { .. })), "{error:?}");
    assert_eq!(error.fault(), Fault::Network);
    let mut trusting = options(&url, Auth::Bearer);
    trusting.dial = Dial::new(support::trusting(), Proxy::default());
    let mut line = open(trusting).await.unwrap();
    assert_eq!(end(&mut line).await.kind, CloseKind::Normal);
}
