//! A backend in this process, an upstream in place of xAI's, and a client that can misbehave.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backend::{Followed, Life, Limits, Offer, ServeError, Settings, Upstream, serve};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "xai-TheKeyThatNobodyMaySee0123456789";
pub(crate) const SECRET: &str = "anna-secret-0123456789";
pub(crate) const TOKEN: &str = "xai-realtime-client-secret-abcdefghijklmnop";

/// What the upstream answers.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    Token,
    Say { status: u16, headers: Vec<(&'static str, &'static str)>, body: String },
    Hang,
}

impl Script {
    pub(crate) fn say(status: u16, body: &str) -> Self {
        Self::Say { status, headers: Vec::new(), body: body.to_owned() }
    }
}

/// A request as the upstream got it.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

pub(crate) struct FakeXai {
    pub(crate) url: String,
    pub(crate) heard: Arc<Mutex<Vec<Heard>>>,
}

impl FakeXai {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/realtime/client_secrets", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, record) = (script.clone(), Arc::clone(&record));
                let service = service_fn(move |request| answer(request, script.clone(), Arc::clone(&record)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, heard }
    }
}

async fn answer(
    request: Request<Incoming>,
    script: Script,
    record: Arc<Mutex<Vec<Heard>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let shown = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    if let Some(authorization) = shown {
        record.lock().unwrap().push(Heard { authorization, body: serde_json::from_slice(&body).unwrap() });
    }
    let (status, headers, body) = match script {
        Script::Token => (200, vec![], format!("{{\"value\": \"{TOKEN}\", \"expires_at\": 1785214681}}")),
        Script::Say { status, headers, body } => (status, headers, body),
        Script::Hang => std::future::pending().await,
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(body.into())).unwrap())
}

pub(crate) fn settings(upstream: &str) -> Settings {
    Settings {
        upstream: Upstream::parse(upstream).unwrap(),
        key: Followed::fixed(KEY.parse().unwrap()),
        callers: Followed::fixed(format!("anna {SECRET}\nben ben-secret-0123456789").parse().unwrap()),
        per_minute: 10,
        per_minute_for_all: 100,
        life: Life { shortest: 1, usual: 300, longest: 300 },
        offer: Offer::default(),
        limits: Limits::default(),
    }
}

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ServeError>>,
}

impl Backend {
    pub(crate) async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(serve(listener, settings, async {
            stopped.await.ok();
        }));
        Self { address, stop, running }
    }

    pub(crate) fn tell_to_stop(self) -> JoinHandle<Result<(), ServeError>> {
        self.stop.send(()).unwrap();
        self.running
    }

    /// A POST to /session with this bearer, or with none.
    pub(crate) async fn session(&self, bearer: Option<&str>, body: &str) -> Reply {
        post(self.address, bearer, body).await
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
    pub(crate) raw: String,
}

impl Reply {
    pub(crate) fn fault(&self) -> &str {
        let error = self.body["error"].as_str().unwrap_or_default();
        assert!(!error.is_empty(), "no error in {self:?}");
        self.body["fault"].as_str().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

pub(crate) async fn post(address: SocketAddr, bearer: Option<&str>, body: &str) -> Reply {
    let authorization = bearer.map_or(String::new(), |secret| format!("Authorization: Bearer {secret}\r\n"));
    let request = format!(
        "POST /session HTTP/1.1\r\nHost: {address}\r\n{authorization}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    send(address, &request).await
}

/// Sends these bytes on a connection of their own and reads until it closes.
pub(crate) async fn send(address: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refuses early may close before it has read everything.
    stream.write_all(request.as_bytes()).await.ok();
    read(&mut stream).await
}

/// Far beyond any real delay, and below hyper's own limits: it only keeps a broken test from hanging.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Fails, rather than hangs, where nothing ever comes.
pub(crate) async fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let reading = async {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            bytes.extend_from_slice(&chunk[..count]);
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("the connection stays open");
    let raw = String::from_utf8(bytes).unwrap();
    let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((&raw, ""));
    Reply {
        status: head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
        raw: raw.clone(),
    }
}
