//! One session: what comes in changes its state and yields what goes out. It does no I/O and never
//! looks at a clock; the [line](crate::server) hands it messages and the time.

mod closing;
mod config;
mod inbound;
mod items;
mod listening;
mod out;
mod speaking;
mod tools;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::conversations::Conversations;
use crate::log::{Log, SessionLog};
use crate::switches::Switches;
use crate::switches::choice::{PingField, Replay, Resume};
use config::Config;
use items::{Item, Items, Kind, Spoken, Timed};
use listening::Ear;
pub(crate) use out::Out;
use out::{Refusal, bare_event, clock_ms, event, new_id};
use speaking::{Prompt, Reply};

/// Model names that a session repeats; any other becomes the alias, as on the service.
const MODELS: [&str; 6] = [
    "grok-voice-latest",
    "grok-voice-3.0",
    "grok-voice-2.0",
    "grok-voice-think-fast-2.0",
    "grok-voice-think-fast-1.0",
    "grok-voice-fast-1.0",
];

/// What the upgrade request asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) model: Option<String>,
    pub(crate) conversation_id: Option<String>,
}

/// What all sessions share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Common {
    pub(crate) log: Arc<Log>,
    pub(crate) conversations: Arc<Conversations>,
}

#[derive(Debug)]
pub(crate) struct Session {
    switches: Arc<Switches>,
    common: Common,
    log_key: u64,
    conversation_id: String,
    model: String,
    config: Config,
    items: Items,
    ear: Ear,
    /// The user turn that the next reply answers.
    pending: Option<Prompt>,
    /// Whether the agent has said anything yet.
    spoke: bool,
    /// A reply that is about to begin.
    starting: Option<Starting>,
    reply: Option<Reply>,
    deltas: u64,
    ping_at: Option<Instant>,
    last_audio: Instant,
    cap_at: Option<Instant>,
    drop_at: Option<Instant>,
    close_at: Option<Instant>,
    /// When silence makes the agent ask again.
    check_in_at: Option<Instant>,
    out: Vec<Out>,
    /// What it meets for naming an earlier conversation, if it does.
    resume: Option<Resume>,
    /// A `session.update` was taken.
    agreed: bool,
    over: bool,
}

#[derive(Clone, Copy, Debug)]
struct Starting {
    at: Instant,
    audio_at: Instant,
}

fn after(now: Instant, seconds: u64) -> Option<Instant> {
    (seconds > 0).then(|| now + Duration::from_secs(seconds))
}

impl Session {
    /// Opens the session and queues its greeting events.
    pub(crate) fn open(switches: Arc<Switches>, common: Common, asked: &Asked, now: Instant) -> Self {
        let id = Uuid::new_v4().simple().to_string();
        let resume = asked.conversation_id.as_ref().map(|_| switches.resume);
        let recalled = asked
            .conversation_id
            .as_ref()
            .filter(|_| resume != Some(Resume::Forgotten))
            .and_then(|id| Some((id.clone(), common.conversations.recall(id, now)?)));
        let resumed = recalled.is_some();
        let (conversation_id, said) = recalled.unwrap_or_else(|| (new_id(), Vec::new()));
        let wanted = asked.model.as_deref().filter(|model| MODELS.contains(model)).unwrap_or(MODELS[0]);
        let model = switches.model.clone().unwrap_or_else(|| wanted.to_owned());
        let log_key = common.log.open(SessionLog {
            session_id: id.clone(),
            conversation_id: conversation_id.clone(),
            resumed,
            ..SessionLog::default()
        });
        let mut session = Self {
            common,
            log_key,
            conversation_id,
            model,
            config: Config::default(),
            items: Items::default(),
            ear: Ear::default(),
            pending: None,
            spoke: !said.is_empty(),
            starting: None,
            reply: None,
            deltas: 0,
            ping_at: (switches.ping_ms > 0).then(|| now + Duration::from_millis(switches.ping_ms)),
            last_audio: now,
            cap_at: after(now, switches.max_duration_s),
            drop_at: switches.drop_after_s.map(|seconds| now + Duration::from_secs(seconds)),
            close_at: switches.close_after_s.map(|seconds| now + Duration::from_secs(seconds)),
            check_in_at: None,
            out: Vec::new(),
            resume,
            agreed: false,
            over: false,
            switches,
        };
        session.greet(&id);
        session.replay(said);
        if resume == Some(Resume::Close) {
            session.end(Out::Close(1008, "no such conversation"));
        }
        session
    }

    fn greet(&mut self, id: &str) {
        if self.switches.session_created {
            self.out.push(bare_event(
                "session.created",
                json!({"session": {
                    "id": id,
                    "object": "realtime.session",
                    "instructions": "",
                    "voice": "xai_ara",
                    "modalities": ["audio"],
                    "turn_detection": {"type": null},
                    "tools": [],
                    "model": self.model,
                }}),
            ));
        }
        self.out.push(event(
            "conversation.created",
            json!({"conversation": {"id": self.conversation_id, "object": "realtime.conversation"}}),
        ));
        self.ping();
    }

    /// Live, only what the assistant said comes back, under new ids.
    fn replay(&mut self, said: Vec<String>) {
        for text in said {
            let id = new_id();
            let name = match self.switches.replay {
                Replay::Added => "conversation.item.added",
                Replay::Created => "conversation.item.created",
                Replay::Off => "",
            };
            if !name.is_empty() {
                let content = json!([{"type": "text", "text": text}]);
                let item = items::message(&id, "completed", "assistant", content);
                self.out.push(event(name, json!({"item": item})));
            }
            let sentences = vec![Timed { start_ms: 0, end_ms: 0, text }];
            self.items.push(Item { id, kind: Kind::Spoken(Spoken { sentences, sent_ms: 0 }) });
        }
    }

    fn ping(&mut self) {
        let field = match self.switches.ping_field {
            PingField::Timestamp => "timestamp",
            PingField::PingTimestamp => "ping_timestamp",
        };
        let mut fields = serde_json::Map::new();
        fields.insert(field.into(), clock_ms().into());
        self.out.push(event("ping", fields.into()));
    }

    /// What has to go out, in order.
    pub(crate) fn take(&mut self) -> Vec<Out> {
        let out = std::mem::take(&mut self.out);
        if self.resume == Some(Resume::Silent) {
            return Vec::new();
        }
        out::disordered(out, self.switches.twice, self.switches.swapped && self.agreed)
    }

    /// Whether the session wants nothing more than its end.
    pub(crate) fn over(&self) -> bool {
        self.over
    }

    /// When [`Session::on_time`] wants to be called next.
    pub(crate) fn due(&self) -> Option<Instant> {
        [
            self.ping_at,
            self.idle_at(),
            self.cap_at,
            self.drop_at,
            self.close_at,
            self.check_in_at,
            self.starting.map(|starting| starting.at),
            self.reply.as_ref().and_then(|reply| reply.due),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn idle_at(&self) -> Option<Instant> {
        after(self.last_audio, self.switches.idle_close_s)
    }

    /// Does what is due at `now`.
    pub(crate) fn on_time(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if self.over {
            return;
        }
        if due(self.drop_at) {
            self.end(Out::Reset);
        } else if due(self.close_at) {
            self.end(Out::Close(self.switches.close_code, "closed on purpose"));
        } else if due(self.cap_at) {
            self.refuse(&Refusal::ending("max_duration", "Conversation reached its maximum duration"), None);
            self.end(Out::Close(1000, "max_duration"));
        } else if due(self.idle_at()) {
            self.refuse(&Refusal::ending("timeout", "Conversation timed out due to inactivity"), None);
            self.end(Out::Close(1001, "Conversation timed out due to inactivity"));
        } else {
            if due(self.ping_at) {
                self.ping();
                self.ping_at = Some(now + Duration::from_millis(self.switches.ping_ms));
            }
            if due(self.check_in_at) {
                self.check_in(now);
            }
            if let Some(starting) = self.starting.filter(|starting| starting.at <= now) {
                self.answer(now, starting.audio_at, None);
            }
            if due(self.reply.as_ref().and_then(|reply| reply.due)) {
                self.send_delta(now);
            }
        }
    }

    fn end(&mut self, how: Out) {
        self.out.push(how);
        self.over = true;
    }

    fn refuse(&mut self, refusal: &Refusal, client_event: Option<&str>) {
        let flat = self.switches.errors == crate::switches::choice::Errors::Flat;
        self.out.push(refusal.frame(flat, client_event));
    }

    /// What the switches put in the way of `session.updated` and `response.done`.
    fn disturb(&mut self) {
        if self.switches.unknown_events {
            self.out.push(event("practice.unheard_of", json!({"detail": {"depth": [1, 2, 3]}})));
        }
        if self.switches.malformed {
            self.out.push(Out::Text(r#"{"type":"response.done","response":{"#.into()));
        }
    }

    /// Keeps the conversation for a later connection, if the client asked for that.
    fn remember(&mut self, now: Instant) {
        if self.config.resumption {
            self.common.conversations.keep(&self.conversation_id, self.items.said(), now);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.common.log.on(self.log_key, |session| session.over = true);
    }
}

#[cfg(test)]
mod tests;
