//! An upstream in place of xAI's, which answers as it is told.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) const KEY: &str = "xai-TheKeyThatNobodyMaySee0123456789";
pub(crate) const SECRET: &str = "anna-secret-0123456789";
pub(crate) const TOKEN: &str = "xai-realtime-client-secret-abcdefghijklmnop";

/// What the upstream answers.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    Token,
    Say {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    Hang,
    /// The connection ends without an answer.
    HangUp,
}

impl Script {
    pub(crate) fn say(status: u16, body: &str) -> Self {
        Self::Say { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub(crate) fn say_with(status: u16, name: &'static str, value: &str) -> Self {
        Self::Say { status, headers: vec![(name, value.to_owned())], body: String::new() }
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
    script: Arc<Mutex<Script>>,
}

impl FakeXai {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/realtime/client_secrets", listener.local_addr().unwrap());
        let (heard, script) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(script)));
        let (record, follow) = (Arc::clone(&heard), Arc::clone(&script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (record, follow) = (Arc::clone(&record), Arc::clone(&follow));
                let service = service_fn(move |request| {
                    let script = follow.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    answer(request, script, Arc::clone(&record))
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, heard, script }
    }

    /// What it answers from now on.
    pub(crate) fn now(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }
}

async fn answer(
    request: Request<Incoming>,
    script: Script,
    record: Arc<Mutex<Vec<Heard>>>,
) -> io::Result<Response<Full<Bytes>>> {
    let shown = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    if let Some(authorization) = shown {
        record.lock().unwrap().push(Heard { authorization, body: serde_json::from_slice(&body).unwrap() });
    }
    let (status, headers, body) = match script {
        Script::Token => (200, vec![], format!("{{\"value\": \"{TOKEN}\", \"expires_at\": 1785214681}}")),
        Script::Say { status, headers, body } => (status, headers, body),
        Script::Hang => std::future::pending().await,
        Script::HangUp => return Err(io::ErrorKind::ConnectionAborted.into()),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(body.into())).unwrap())
}
