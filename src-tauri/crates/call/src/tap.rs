//! A look at everything that passes: wire frames both ways and the call's own events, for
//! `events.jsonl`, for recordings, and for people who develop a server.

use realtime::Tapped;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Lines that may wait to be written; more are counted and left out.
const QUEUE: usize = 1_024;

/// The writing end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tap {
    lines: mpsc::Sender<Value>,
    began: Instant,
}

impl Tap {
    /// A tap and the lines that come out of it: `{"at_ms", "from": "server" | "client" | "call", "event"}`.
    /// Sound is replaced by its length: `"audio_ms"`.
    pub fn new() -> (Self, mpsc::Receiver<Value>) {
        let (lines, receiver) = mpsc::channel(QUEUE);
        (Self { lines, began: Instant::now() }, receiver)
    }

    pub(crate) fn call(&self, event: &crate::Event) {
        if let Ok(event) = serde_json::to_value(event) {
            self.line("call", event);
        }
    }

    /// What the socket task is given.
    pub(crate) fn wire(&self) -> realtime::Tap {
        let tap = self.clone();
        realtime::Tap::new(move |tapped: Tapped<'_>| {
            let (from, text) = match tapped {
                Tapped::Server(text) => ("server", text),
                Tapped::Client(text) => ("client", text),
            };
            let event = serde_json::from_str(text).map_or_else(|_| Value::from(text), without_sound);
            tap.line(from, event);
        })
    }

    fn line(&self, from: &str, event: Value) {
        let at_ms = self.began.elapsed().as_millis() as u64;
        // A reader that has fallen a thousand lines behind loses lines, not the call.
        let _ = self.lines.try_send(json!({ "at_ms": at_ms, "from": from, "event": event }));
    }
}

/// Base64 sound becomes its length in ms at 24 kHz.
fn without_sound(mut event: Value) -> Value {
    let kind = event["type"].as_str().unwrap_or_default().to_owned();
    let field = match kind.as_str() {
        "response.output_audio.delta" | "response.audio.delta" => "delta",
        "input_audio_buffer.append" => "audio",
        _ => return event,
    };
    if let Some(object) = event.as_object_mut()
        && let Some(Value::String(base64)) = object.remove(field)
    {
        let bytes = base64.trim_end_matches('=').len() * 3 / 4;
        object.insert("audio_ms".into(), json!(bytes as u64 / 2 * 1_000 / u64::from(audio::WIRE_RATE_HZ)));
    }
    event
}
