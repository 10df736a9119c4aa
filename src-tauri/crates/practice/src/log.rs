//! What came in and what went out, kept for tests to read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// Sessions kept; the oldest gives way.
const SESSIONS: usize = 64;
/// Client events kept of each session; later ones are only counted.
const EVENTS: usize = 10_000;
/// Types of client events that are counted, of each session; the protocol has 9.
const KINDS: usize = 64;
/// Of an event longer than this only its type and its length are kept, in bytes.
const LONGEST: usize = 64 * 1024;

/// A copy of everything recorded so far.
#[derive(Clone, Debug, Default)]
pub struct WireLog {
    /// In the order in which they were opened; at most the newest 64.
    pub sessions: Vec<SessionLog>,
    /// Tokens handed out.
    pub minted: u64,
    /// WebSocket upgrades that were refused.
    pub refused: u64,
}

/// One WebSocket session, as the server saw it.
#[derive(Clone, Debug, Default)]
pub struct SessionLog {
    pub session_id: String,
    pub conversation_id: String,
    /// Whether an earlier conversation was taken up again.
    pub resumed: bool,
    /// Client events in the order of arrival, at most 10,000. The `audio` of an append is replaced
    /// by `audio_samples`, its length; an event of more than 64 KiB is kept as `type` and `bytes`.
    pub events: Vec<Value>,
    /// How many client events of each type have come, whether kept or not.
    pub counts: BTreeMap<String, u64>,
    /// Client events that came after the 10,000th.
    pub events_left_out: u64,
    /// Audio received, in samples of the declared input rate, from JSON and binary messages.
    pub samples_in: u64,
    /// Audio sent, in samples of the declared output rate.
    pub samples_out: u64,
    pub deltas_out: u64,
    /// Messages that were not JSON objects with a `type`.
    pub malformed: u64,
    /// Whether the session has ended.
    pub over: bool,
}

impl SessionLog {
    /// The received events of one type.
    pub fn of_type<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event.get("type").and_then(Value::as_str) == Some(name))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    sessions: VecDeque<SessionLog>,
    /// Sessions that gave way.
    gone: u64,
    minted: u64,
    refused: u64,
}

impl Log {
    pub(crate) fn snapshot(&self) -> WireLog {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        WireLog {
            sessions: kept.sessions.iter().cloned().collect(),
            minted: kept.minted,
            refused: kept.refused,
        }
    }

    pub(crate) fn count(&self, kind: &str) -> u64 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.sessions.iter().filter_map(|session| session.counts.get(kind)).sum()
    }

    pub(crate) fn minted(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).minted += 1;
    }

    pub(crate) fn refused(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).refused += 1;
    }

    /// Begins the record of a session; the number is the key to it.
    pub(crate) fn open(&self, session: SessionLog) -> u64 {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.sessions.len() >= SESSIONS {
            kept.sessions.pop_front();
            kept.gone += 1;
        }
        kept.sessions.push_back(session);
        kept.gone + kept.sessions.len() as u64 - 1
    }

    pub(crate) fn on(&self, key: u64, change: impl FnOnce(&mut SessionLog)) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = key.checked_sub(kept.gone).and_then(|index| usize::try_from(index).ok());
        if let Some(session) = index.and_then(|index| kept.sessions.get_mut(index)) {
            change(session);
        }
    }

    /// Records an audio append without its audio.
    pub(crate) fn append(&self, key: u64, samples: usize) {
        self.event(key, json!({"type": "input_audio_buffer.append", "audio_samples": samples}), 0);
        self.on(key, |session| session.samples_in += samples as u64);
    }

    /// Records any other event; `bytes` is its length on the wire.
    pub(crate) fn event(&self, key: u64, event: Value, bytes: usize) {
        let event = if bytes > LONGEST { json!({"type": event.get("type"), "bytes": bytes}) } else { event };
        self.on(key, |session| {
            let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
            if let Some(count) = session.counts.get_mut(kind) {
                *count += 1;
            } else if session.counts.len() < KINDS {
                // An absurd client must not fill the memory with names of its own.
                session.counts.insert(kind.to_owned(), 1);
            }
            if session.events.len() < EVENTS {
                session.events.push(event);
            } else {
                session.events_left_out += 1;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_by_type_also_when_they_are_no_longer_kept() {
        let log = Log::default();
        let key = log.open(SessionLog::default());
        for _ in 0..EVENTS {
            log.append(key, 480);
        }
        log.event(key, json!({"type": "response.cancel"}), 30);
        (0..KINDS * 2).for_each(|n| log.event(key, json!({"type": n.to_string()}), 30));
        let session = &log.snapshot().sessions[0];
        assert_eq!(session.counts["input_audio_buffer.append"], EVENTS as u64);
        assert_eq!((session.counts["response.cancel"], log.count("response.cancel")), (1, 1));
        assert_eq!(session.counts.len(), KINDS);
        assert_eq!((session.events.len(), session.events_left_out), (EVENTS, 1 + 2 * KINDS as u64));
    }
}
