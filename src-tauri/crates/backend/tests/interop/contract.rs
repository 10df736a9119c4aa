//! What docs/backend.md promises, held by every backend that it shows.

use futures_util::StreamExt;
use practice::{Options, Practice, Switches};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::failures::{Failure, failures};
use crate::fake_xai::{FakeXai, KEY, SECRET, Script, TOKEN};
use crate::http::{Reply, post, send};
use crate::program::{Kind, Server};

/// A backend, and all its answers so far.
struct Asked {
    kind: Kind,
    server: Server,
    answers: String,
}

impl Asked {
    fn new(kind: Kind, upstream: &str) -> Self {
        Self { kind, server: Server::start(kind, upstream), answers: String::new() }
    }

    async fn session(&mut self, bearer: Option<&str>, body: &str) -> Reply {
        let reply = post(self.server.address, bearer, body).await;
        self.note(reply)
    }

    async fn request(&mut self, head: &str, body: &str) -> Reply {
        let request = format!("{head}\r\nHost: {}\r\nConnection: close\r\n\r\n{body}", self.server.address);
        let reply = send(self.server.address, &request).await;
        self.note(reply)
    }

    fn note(&mut self, reply: Reply) -> Reply {
        self.answers.push_str(&reply.raw);
        let kind = self.kind;
        let json = reply.header("content-type").is_some_and(|it| it.starts_with("application/json"));
        assert!(json && reply.body.is_object(), "{kind:?}: {reply:?}");
        reply
    }

    /// Neither in an answer nor in what it printed is there anything that must not be.
    fn end(self) {
        let Self { kind, server, answers } = self;
        let log = server.end();
        for secret in [KEY, &KEY[4..], SECRET] {
            assert!(!answers.contains(secret), "{kind:?} gave {secret} away");
            assert!(!log.contains(secret), "{kind:?} logs {secret}:\n{log}");
        }
        assert!(!log.contains(TOKEN), "{kind:?} logs a token:\n{log}");
    }
}

async fn keeps_the_contract(kind: Kind) {
    let xai = FakeXai::start(Script::Token).await;
    let mut asked = Asked::new(kind, &xai.url);
    gives_tokens(&mut asked, &xai).await;
    lets_only_its_callers_in(&mut asked, &xai).await;
    reads_wishes(&mut asked, &xai).await;
    limits_the_size(&mut asked, &xai).await;
    says_what_it_serves(&mut asked).await;
    names_whose_fault_it_is(&mut asked, &xai).await;
    asked.end();
}

async fn gives_tokens(asked: &mut Asked, xai: &FakeXai) {
    let reply = asked.session(Some(SECRET), "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.body, json!({"value": TOKEN, "expires_at": 1_785_214_681}));
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
    let heard = xai.heard.lock().unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].authorization, format!("Bearer {KEY}"));
    assert_eq!(heard[0].body, json!({"expires_after": {"seconds": 300}}));
}

async fn lets_only_its_callers_in(asked: &mut Asked, xai: &FakeXai) {
    let before = xai.heard.lock().unwrap().len();
    let longer = format!("{SECRET}0");
    for bearer in [None, Some(""), Some("wrong"), Some(&SECRET[1..]), Some(&longer), Some(KEY), Some("anna")]
    {
        let reply = asked.session(bearer, "").await;
        assert_eq!((reply.status, reply.fault()), (401, "caller"), "{bearer:?}: {reply:?}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{reply:?}");
    }
    for scheme in ["Basic", "Token"] {
        let head = format!("POST /session HTTP/1.1\r\nAuthorization: {scheme} {SECRET}\r\nContent-Length: 0");
        assert_eq!(asked.request(&head, "").await.status, 401, "{scheme}");
    }
    assert_eq!(xai.heard.lock().unwrap().len(), before, "xAI was asked for a stranger");
    for shown in [format!("bearer {SECRET}"), "Bearer  ben-secret-0123456789".to_owned()] {
        let head = format!("POST /session HTTP/1.1\r\nAuthorization: {shown}\r\nContent-Length: 0");
        assert_eq!(asked.request(&head, "").await.status, 200, "{shown}");
    }
}

async fn reads_wishes(asked: &mut Asked, xai: &FakeXai) {
    for (body, seconds) in [
        (" \n", 300),
        ("{}", 300),
        (r#"{"expires_after":null,"model":"x"}"#, 300),
        (r#"{"expires_after":{}}"#, 300),
        (r#"{"expires_after":{"seconds":null}}"#, 300),
        (r#"{"expires_after":{"seconds":60}}"#, 60),
        (r#"{"expires_after":{"seconds":1}}"#, 1),
        (r#"{"expires_after":{"seconds":301}}"#, 300),
        (r#"{"expires_after":{"seconds":18446744073709551615}}"#, 300),
    ] {
        let reply = asked.session(Some(SECRET), body).await;
        assert_eq!(reply.status, 200, "{body}: {reply:?}");
        let heard = xai.heard.lock().unwrap();
        assert_eq!(heard.last().unwrap().body, json!({"expires_after": {"seconds": seconds}}), "{body}");
    }
    let before = xai.heard.lock().unwrap().len();
    for body in [
        "[]",
        "null",
        "300",
        "{",
        "seconds=60",
        r#"{"expires_after":60}"#,
        r#"{"expires_after":[]}"#,
        r#"{"expires_after":{"seconds":0}}"#,
        r#"{"expires_after":{"seconds":-1}}"#,
        r#"{"expires_after":{"seconds":1.5}}"#,
        r#"{"expires_after":{"seconds":"60"}}"#,
        r#"{"expires_after":{"seconds":true}}"#,
        r#"{"expires_after":{"seconds":NaN}}"#,
    ] {
        let reply = asked.session(Some(SECRET), body).await;
        assert_eq!((reply.status, reply.fault()), (400, "caller"), "{body}: {reply:?}");
    }
    assert_eq!(xai.heard.lock().unwrap().len(), before, "xAI was asked for a wish that is none");
}

async fn limits_the_size(asked: &mut Asked, xai: &FakeXai) {
    const LARGEST: usize = 16 * 1024;
    let wish =
        |length: usize| format!(r#"{{"padding":"{}"}}"#, "x".repeat(length - r#"{"padding":""}"#.len()));
    assert_eq!(asked.session(Some(SECRET), &wish(LARGEST)).await.status, 200);
    let before = xai.heard.lock().unwrap().len();
    let body = wish(LARGEST + 1);
    let reply = asked.session(Some(SECRET), &body).await;
    assert_eq!((reply.status, reply.fault()), (413, "caller"), "{reply:?}");
    let head =
        format!("POST /session HTTP/1.1\r\nAuthorization: Bearer {SECRET}\r\nTransfer-Encoding: chunked");
    let reply = asked.request(&head, &format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())).await;
    assert_eq!((reply.status, reply.fault()), (413, "caller"), "in chunks: {reply:?}");
    assert_eq!(xai.heard.lock().unwrap().len(), before);
    let reply = asked.session(None, &body).await;
    assert_eq!(reply.status, 401, "who may not ask is told that first: {reply:?}");
}

async fn says_what_it_serves(asked: &mut Asked) {
    let reply = asked.request("GET /health HTTP/1.1", "").await;
    assert_eq!((reply.status, &reply.body), (200, &json!({"status": "ok"})));
    for (line, status, allow) in [
        ("GET /session", 405, Some("POST")),
        ("DELETE /session", 405, Some("POST")),
        ("POST /health", 405, Some("GET")),
        ("GET /", 404, None),
        ("POST /session/", 404, None),
        ("GET /docs", 404, None),
    ] {
        let head = format!("{line} HTTP/1.1\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 0");
        let reply = asked.request(&head, "").await;
        assert_eq!((reply.status, reply.fault()), (status, "caller"), "{line}: {reply:?}");
        assert_eq!(reply.header("allow"), allow, "{line}: {reply:?}");
    }
}

async fn names_whose_fault_it_is(asked: &mut Asked, xai: &FakeXai) {
    let kind = asked.kind;
    for (row, Failure { xai: script, status, fault, retry_after }) in failures().into_iter().enumerate() {
        xai.now(script);
        let reply = asked.session(Some(SECRET), "").await;
        let shown = format!("{kind:?}, failure {row}: {reply:?}");
        assert_eq!((reply.status, reply.fault()), (status, fault), "{shown}");
        assert_eq!(reply.header("retry-after"), retry_after, "{shown}");
        assert!(!reply.raw.contains("html"), "xAI's words are passed on: {shown}");
        assert!(reply.raw.len() < 1024, "{} bytes: {shown}", reply.raw.len());
    }
    let elsewhere = FakeXai::start(Script::Token).await;
    for status in [301, 302, 307, 308] {
        xai.now(Script::say_with(status, "location", &elsewhere.url));
        let reply = asked.session(Some(SECRET), "").await;
        assert_eq!((reply.status, reply.fault()), (502, "backend"), "{kind:?}, {status}");
    }
    assert!(elsewhere.heard.lock().unwrap().is_empty(), "{kind:?}: the key was sent elsewhere");
    xai.now(Script::Hang);
    let reply = asked.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (504, "xai"), "{kind:?}: {reply:?}");
}

/// From the caller's secret to a session that is open.
async fn its_token_opens_a_session(kind: Kind) {
    let options = Options { port: 0, key: KEY.to_owned(), switches: Switches::default() };
    let practice = Practice::start(options).await.unwrap();
    let mut asked = Asked::new(kind, &practice.token_url());
    let reply = asked.session(Some(SECRET), r#"{"expires_after":{"seconds":60}}"#).await;
    let token = reply.body["value"].as_str().unwrap_or_else(|| panic!("{kind:?}: {reply:?}"));
    let address = practice.realtime_url();
    let host = address.strip_prefix("ws://").unwrap().split('/').next().unwrap();
    let mut request = address.as_str().into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let first = socket.next().await.unwrap().unwrap();
    let first: Value = serde_json::from_str(first.to_text().unwrap()).unwrap();
    assert_eq!(first["type"], "session.created", "{kind:?}");
    asked.end();
}

macro_rules! backends {
    ($($name:ident: $kind:expr),* $(,)?) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn keeps_the_contract() {
                super::keeps_the_contract($kind).await;
            }

            #[tokio::test]
            async fn its_token_opens_a_session() {
                super::its_token_opens_a_session($kind).await;
            }
        }
    )*};
}

backends! {
    sidetone_backend: Kind::Sidetone,
    fastapi: Kind::FastApi,
    express: Kind::Express,
    worker: Kind::Worker,
}
