//! Server events in the shapes of the live frames, and the other things a session can do to its line.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What the line shall do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Out {
    Text(String),
    Binary(Vec<u8>),
    /// A close frame; the session is over.
    Close(u16, &'static str),
    /// A TCP reset; the session is over.
    Reset,
}

pub(crate) fn new_id() -> String {
    Uuid::new_v4().to_string()
}

/// Milliseconds since 1970.
pub(crate) fn clock_ms() -> u64 {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(clock.as_millis()).unwrap_or(u64::MAX)
}

/// A server event. Nearly every live one has a `previous_item_id`, even where it means nothing.
pub(crate) fn event(name: &str, fields: Value) -> Out {
    let mut event = bare(name, fields);
    event.entry("previous_item_id").or_insert(Value::Null);
    Out::Text(Value::Object(event).to_string())
}

/// A server event without `previous_item_id`.
pub(crate) fn bare_event(name: &str, fields: Value) -> Out {
    Out::Text(Value::Object(bare(name, fields)).to_string())
}

fn bare(name: &str, fields: Value) -> Map<String, Value> {
    let mut event = Map::new();
    event.insert("type".into(), name.into());
    event.insert("event_id".into(), new_id().into());
    if let Value::Object(fields) = fields {
        event.extend(fields);
    }
    event
}

/// What goes out as a worse server would send it: every event twice, and of every two the later first.
/// An end of the session stays the last.
pub(super) fn disordered(out: Vec<Out>, twice: bool, swapped: bool) -> Vec<Out> {
    let mut sent = Vec::with_capacity(out.len());
    for out in out {
        if let (true, Out::Text(text)) = (twice, &out) {
            sent.push(Out::Text(text.clone()));
        }
        sent.push(out);
    }
    if swapped {
        for pair in sent.chunks_exact_mut(2).filter(|pair| pair.iter().all(|out| matches!(out, Out::Text(_))))
        {
            pair.swap(0, 1);
        }
    }
    sent
}

/// Why a client event failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: &'static str,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    /// A known event with something wrong in it.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::coded("invalid_request_error", message)
    }

    pub(crate) fn coded(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: "invalid_request_error", code, message: message.into() }
    }

    /// Not an event that the server knows.
    pub(crate) fn event(message: impl Into<String>) -> Self {
        Self { kind: "invalid_event", code: "invalid_event", message: message.into() }
    }

    /// The session is about to end; `code` says why.
    pub(crate) fn ending(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: code, code, message: message.into() }
    }

    pub(crate) fn frame(&self, flat: bool, client_event: Option<&str>) -> Out {
        if flat {
            return bare_event("error", json!({"code": self.code, "message": self.message}));
        }
        bare_event(
            "error",
            json!({"error": {
                "type": self.kind,
                "code": self.code,
                "message": self.message,
                "param": null,
                "event_id": client_event,
            }}),
        )
    }
}
