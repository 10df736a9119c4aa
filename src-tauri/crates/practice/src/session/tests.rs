//! The session without a line under it: messages and time in, events out.

mod configuring;
mod input;
mod requests;
mod switched;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Asked, Common, Out, Session};
use crate::switches::Switches;

struct Rig {
    session: Session,
    now: Instant,
}

impl Rig {
    /// A session with these switches, its opening events taken.
    fn new(switches: &[(&str, &str)]) -> Self {
        let mut rig = Self::unopened(switches, &Common::default(), &Asked::default());
        rig.events();
        rig
    }

    /// The same, in turns that the server ends.
    fn vad(switches: &[(&str, &str)]) -> Self {
        let mut rig = Self::new(switches);
        rig.send(&update(json!({})));
        rig
    }

    fn manual(switches: &[(&str, &str)]) -> Self {
        let mut rig = Self::new(switches);
        rig.send(&update(json!({"turn_detection": null})));
        rig
    }

    fn unopened(settings: &[(&str, &str)], common: &Common, asked: &Asked) -> Self {
        let mut switches = Switches::default();
        for (name, value) in settings {
            switches.set(name, value).unwrap();
        }
        let now = Instant::now();
        let session = Session::open(Arc::new(switches), common.clone(), asked, now);
        Self { session, now }
    }

    /// What has gone out, as JSON; what is not an event has a type in angle brackets.
    fn events(&mut self) -> Vec<Value> {
        let out = self.session.take();
        out.into_iter()
            .map(|out| match out {
                Out::Text(text) => serde_json::from_str(&text).unwrap_or(json!({"type": "<malformed>"})),
                Out::Binary(bytes) => json!({"type": "<binary>", "bytes": bytes.len()}),
                Out::Close(code, _) => json!({"type": "<close>", "code": code}),
                Out::Reset => json!({"type": "<reset>"}),
            })
            .collect()
    }

    fn send(&mut self, event: &Value) -> Vec<Value> {
        self.session.on_text(&event.to_string(), self.now);
        self.events()
    }

    /// Appends audio in pieces of 20 ms, all at once.
    fn hear(&mut self, samples: &[i16]) -> Vec<Value> {
        samples.chunks(480).flat_map(|piece| self.send(&append(piece))).collect()
    }

    /// Lets time pass.
    fn wait(&mut self, ms: u64) -> Vec<Value> {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.session.due().filter(|due| *due <= end) {
            if self.session.over() {
                break;
            }
            self.now = self.now.max(due);
            self.session.on_time(self.now);
        }
        self.now = end;
        self.events()
    }

    /// One spoken turn with its reply.
    fn turn(&mut self) -> Vec<Value> {
        let mut events = self.hear(&burst(800));
        events.extend(self.wait(3000));
        events
    }
}

fn update(more: Value) -> Value {
    let mut session = json!({
        "voice": "eve",
        "turn_detection": {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400, "prefix_padding_ms": 200},
        "audio": {"input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "grok-transcribe"},
        }},
    });
    session.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": "session.update", "session": session})
}

fn append(samples: &[i16]) -> Value {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    json!({"type": "input_audio_buffer.append", "audio": STANDARD.encode(bytes)})
}

/// Half a second of silence, a modulated 220 Hz tone of `ms`, and a second of silence, at 24 kHz.
fn burst(ms: usize) -> Vec<i16> {
    let tone = (0..ms * 24).map(|n| {
        let t = n as f32 / 24_000.0;
        let swell = 0.7 + 0.3 * (std::f32::consts::TAU * 3.0 * t).sin();
        (8000.0 * swell * (std::f32::consts::TAU * 220.0 * t).sin()) as i16
    });
    std::iter::repeat_n(0, 12_000).chain(tone).chain(std::iter::repeat_n(0, 24_000)).collect()
}

fn typed(text: &str) -> Value {
    let content = json!([{"type": "input_text", "text": text}]);
    json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}})
}

fn respond() -> Value {
    json!({"type": "response.create"})
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn count(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| event["type"] == kind).count()
}

#[track_caller]
fn first<'a>(events: &'a [Value], kind: &str) -> &'a Value {
    events
        .iter()
        .find(|event| event["type"] == kind)
        .unwrap_or_else(|| panic!("no {kind} in {:?}", kinds(events)))
}

#[track_caller]
fn place(events: &[Value], kind: &str) -> usize {
    events
        .iter()
        .position(|event| event["type"] == kind)
        .unwrap_or_else(|| panic!("no {kind} in {:?}", kinds(events)))
}

/// The bytes of all audio deltas.
fn sound(events: &[Value]) -> Vec<u8> {
    events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta")
        .flat_map(|event| STANDARD.decode(event["delta"].as_str().unwrap()).unwrap())
        .collect()
}
