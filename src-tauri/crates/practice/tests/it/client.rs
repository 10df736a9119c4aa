use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use practice::{Options, Practice, Switches};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

pub(crate) const KEY: &str = "a-key-for-tests";

/// Longer than anything takes, so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn start(settings: &[(&str, &str)]) -> Practice {
    let mut switches = Switches::default();
    for (name, value) in settings {
        switches.set(name, value).unwrap();
    }
    Practice::start(Options { port: 0, key: KEY.into(), switches }).await.unwrap()
}

/// An HTTP reply: status, headers in lower case, body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends one request; `None` if the server hangs up without an answer.
pub(crate) async fn http(method: &str, url: &str, bearer: Option<&str>, body: &str) -> Option<Reply> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let auth = bearer.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\n{auth}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.ok()?;
    let split = reply.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(reply[..split].to_vec()).unwrap().to_lowercase();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    Some(Reply { status, head, body: reply[split + 4..].to_vec() })
}

/// A freshly minted token.
pub(crate) async fn token(practice: &Practice) -> String {
    let reply = http("POST", &practice.token_url(), Some(KEY), "{}").await.unwrap();
    reply.json()["value"].as_str().unwrap().to_owned()
}

/// How a client shows its token.
pub(crate) enum Show<'a> {
    Nothing,
    Bearer(&'a str),
    Subprotocols(&'a str),
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) response: Response,
}

impl Client {
    pub(crate) async fn connect(practice: &Practice, query: &str, show: Show<'_>) -> Result<Self, Error> {
        let url = format!("{}?{query}", practice.realtime_url());
        let mut request = url.as_str().into_client_request()?;
        match show {
            Show::Nothing => {}
            Show::Bearer(token) => {
                let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
                request.headers_mut().insert("Authorization", value);
            }
            Show::Subprotocols(list) => {
                request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_str(list).unwrap());
            }
        }
        let host = url.strip_prefix("ws://").unwrap().split('/').next().unwrap();
        let stream = TcpStream::connect(host).await?;
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { socket, response })
    }

    /// A session that has seen `session.updated`, in turns that the server ends.
    pub(crate) async fn ready(practice: &Practice) -> Self {
        Self::ready_with(practice, "model=grok-voice-latest", json!({})).await
    }

    pub(crate) async fn ready_with(practice: &Practice, query: &str, more: Value) -> Self {
        let token = token(practice).await;
        let mut client = Self::connect(practice, query, Show::Bearer(&token)).await.unwrap();
        let detection = json!({"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 300, "prefix_padding_ms": 200});
        let mut session = json!({"voice": "eve", "turn_detection": detection});
        session.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.send(&json!({"type": "session.update", "session": session})).await;
        client.until("session.updated").await;
        client
    }

    pub(crate) async fn send(&mut self, event: &Value) {
        self.socket.send(Message::text(event.to_string())).await.unwrap();
    }

    /// Appends audio in pieces of 20 ms, as fast as the line takes them.
    pub(crate) async fn hear(&mut self, samples: &[i16]) {
        for piece in samples.chunks(480) {
            let bytes: Vec<u8> = piece.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            self.send(&json!({"type": "input_audio_buffer.append", "audio": STANDARD.encode(bytes)})).await;
        }
    }

    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("nothing came")
    }

    /// Everything up to and including the first event of this type.
    pub(crate) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        while events.last().is_none_or(|event| event["type"] != kind) {
            match self.next().await {
                Some(Ok(Message::Text(text))) => events.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Binary(bytes))) => {
                    events.push(json!({"type": "<binary>", "bytes": bytes.len()}))
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no {kind} but {other:?} after {events:?}"),
            }
        }
        events
    }

    /// Reads to the end: the close code, or the error that the line broke with.
    pub(crate) async fn end(&mut self) -> Result<Option<u16>, Error> {
        let mut code = None;
        while let Some(message) = self.next().await {
            if let Message::Close(frame) = message? {
                code = frame.map(|frame| frame.code.into());
            }
        }
        Ok(code)
    }
}

/// `lead` ms of silence, `ms` of a swelling 220 Hz tone with its harmonics, and 700 ms of silence.
pub(crate) fn speech(lead: usize, ms: usize) -> Vec<i16> {
    let tone = (0..ms * 24).map(|n| {
        let t = n as f32 / 24_000.0;
        let swell = 0.6 + 0.4 * (std::f32::consts::TAU * 4.0 * t).sin();
        let wave: f32 =
            (1..5u8).map(|k| (std::f32::consts::TAU * 220.0 * f32::from(k) * t).sin() / f32::from(k)).sum();
        (6000.0 * swell * wave) as i16
    });
    std::iter::repeat_n(0, lead * 24).chain(tone).chain(std::iter::repeat_n(0, 700 * 24)).collect()
}

/// The sound of all audio deltas.
pub(crate) fn sound(events: &[Value]) -> Vec<i16> {
    let bytes: Vec<u8> = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta")
        .flat_map(|event| STANDARD.decode(event["delta"].as_str().unwrap()).unwrap())
        .collect();
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// The greatest normalised correlation of `part` within `whole`, over all lags in steps of one.
pub(crate) fn correlation(whole: &[i16], part: &[i16]) -> f64 {
    let energy = |sound: &[i16]| sound.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let own = energy(part);
    whole
        .windows(part.len())
        .map(|window| {
            let product: f64 = window.iter().zip(part).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            product / (own * energy(window)).sqrt().max(1.0)
        })
        .fold(0.0, f64::max)
}

#[track_caller]
pub(crate) fn first<'a>(events: &'a [Value], kind: &str) -> &'a Value {
    events.iter().find(|event| event["type"] == kind).unwrap_or_else(|| panic!("no {kind} in {events:?}"))
}
