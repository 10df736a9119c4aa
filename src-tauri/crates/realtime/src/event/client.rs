//! What the client says: the nine events of the published schema, and `pong`, which xAI's own mobile
//! examples send.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::session::SessionConfig;
use crate::samples;

/// One event to the server.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientEvent {
    /// Answered by `SessionUpdated`; send no audio before that.
    SessionUpdate {
        session: Box<SessionConfig>,
    },
    /// Samples at the session's input rate; not acknowledged.
    InputAudioAppend {
        audio: Vec<i16>,
    },
    /// Ends your turn; manual turns only.
    InputAudioCommit,
    /// Forgets what was appended.
    InputAudioClear,
    /// Does not start a reply.
    ItemCreate {
        previous_item_id: Option<String>,
        item: NewItem,
    },
    ItemDelete {
        item_id: String,
    },
    /// Cuts a spoken item where the ear stopped, in milliseconds of its audio.
    ItemTruncate {
        item_id: String,
        content_index: u32,
        audio_end_ms: u64,
    },
    /// Asks for a reply. `instructions` replace the session's for this one reply; `metadata` comes back
    /// with it (at most 16 pairs).
    ResponseCreate {
        instructions: Option<String>,
        modalities: Option<Vec<String>>,
        metadata: BTreeMap<String, String>,
    },
    /// With nothing active the answer is a benign error.
    ResponseCancel {
        response_id: Option<String>,
    },
    /// Answers `Ping`. Unproven on current models.
    Pong {
        ping_timestamp: u64,
    },
}

/// How hard the model thinks before it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    High,
    /// About half a second sooner to the first sound.
    None,
}

impl Effort {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::None => "none",
        }
    }
}

/// An item to put into the conversation. Without an `id` the server chooses one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewItem {
    Message {
        id: Option<String>,
        role: Role,
        content: Vec<Content>,
    },
    FunctionCall {
        id: Option<String>,
        call_id: Option<String>,
        name: String,
        arguments: String,
    },
    /// `output` is a string; encode objects as JSON.
    FunctionCallOutput {
        id: Option<String>,
        call_id: String,
        output: String,
    },
    /// Fixed words to be spoken at once; do not follow with `ResponseCreate`.
    ForceMessage {
        text: String,
        interruptible: Option<bool>,
    },
}

impl NewItem {
    /// A typed turn of yours.
    #[must_use]
    pub fn user_text(text: impl Into<String>) -> Self {
        Self::Message { id: None, role: Role::User, content: vec![Content::InputText { text: text.into() }] }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
    System,
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    InputText {
        text: String,
    },
    InputAudio {
        audio: Vec<i16>,
    },
    /// What the assistant wrote, when a history is put back.
    OutputText {
        text: String,
    },
    Text {
        text: String,
    },
}

impl ClientEvent {
    /// The `type` on the wire.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SessionUpdate { .. } => "session.update",
            Self::InputAudioAppend { .. } => "input_audio_buffer.append",
            Self::InputAudioCommit => "input_audio_buffer.commit",
            Self::InputAudioClear => "input_audio_buffer.clear",
            Self::ItemCreate { .. } => "conversation.item.create",
            Self::ItemDelete { .. } => "conversation.item.delete",
            Self::ItemTruncate { .. } => "conversation.item.truncate",
            Self::ResponseCreate { .. } => "response.create",
            Self::ResponseCancel { .. } => "response.cancel",
            Self::Pong { .. } => "pong",
        }
    }

    /// A reply to what is in the conversation, with nothing special asked of it.
    #[must_use]
    pub fn reply() -> Self {
        Self::ResponseCreate { instructions: None, modalities: None, metadata: BTreeMap::new() }
    }

    /// The frame's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_json_as(None)
    }

    /// The frame's text, with an `event_id` that comes back in the error should this event fail.
    #[must_use]
    pub fn to_json_as(&self, event_id: Option<&str>) -> String {
        if let (Self::InputAudioAppend { audio }, None) = (self, event_id) {
            return append(audio);
        }
        let mut map = Map::new();
        map.insert("type".into(), self.kind().into());
        if let Some(id) = event_id {
            map.insert("event_id".into(), id.into());
        }
        self.fill(&mut map);
        Value::Object(map).to_string()
    }

    fn fill(&self, map: &mut Map<String, Value>) {
        let mut set = |name: &str, value: Value| {
            map.insert(name.into(), value);
        };
        match self {
            Self::SessionUpdate { session } => set("session", session.to_value()),
            Self::InputAudioAppend { audio } => set("audio", samples::encode(audio).into()),
            Self::InputAudioCommit | Self::InputAudioClear => {}
            Self::ItemCreate { previous_item_id, item } => {
                if let Some(id) = previous_item_id {
                    set("previous_item_id", id.as_str().into());
                }
                set("item", item.to_value());
            }
            Self::ItemDelete { item_id } => set("item_id", item_id.as_str().into()),
            Self::ItemTruncate { item_id, content_index, audio_end_ms } => {
                set("item_id", item_id.as_str().into());
                set("content_index", (*content_index).into());
                set("audio_end_ms", (*audio_end_ms).into());
            }
            Self::ResponseCreate { instructions, modalities, metadata } => {
                let mut response = Map::new();
                if let Some(instructions) = instructions {
                    response.insert("instructions".into(), instructions.as_str().into());
                }
                if let Some(modalities) = modalities {
                    response.insert("modalities".into(), json!(modalities));
                }
                if !metadata.is_empty() {
                    response.insert("metadata".into(), json!(metadata));
                }
                if !response.is_empty() {
                    set("response", Value::Object(response));
                }
            }
            Self::ResponseCancel { response_id } => {
                if let Some(id) = response_id {
                    set("response_id", id.as_str().into());
                }
            }
            Self::Pong { ping_timestamp } => set("ping_timestamp", (*ping_timestamp).into()),
        }
    }
}

/// The one event sent fifty times a second: base64 needs no escaping, so it is put together directly.
fn append(audio: &[i16]) -> String {
    let mut text = String::with_capacity(60 + audio.len() * 3);
    text.push_str(r#"{"type":"input_audio_buffer.append","audio":""#);
    samples::encode_into(audio, &mut text);
    text.push_str("\"}");
    text
}

impl NewItem {
    fn to_value(&self) -> Value {
        let (kind, id) = match self {
            Self::Message { id, .. } => ("message", id.as_deref()),
            Self::FunctionCall { id, .. } => ("function_call", id.as_deref()),
            Self::FunctionCallOutput { id, .. } => ("function_call_output", id.as_deref()),
            Self::ForceMessage { .. } => ("force_message", None),
        };
        let mut map = Map::new();
        let mut set = |name: &str, value: Value| {
            map.insert(name.into(), value);
        };
        set("type", kind.into());
        if let Some(id) = id {
            set("id", id.into());
        }
        match self {
            Self::Message { role, content, .. } => {
                set("role", role.name().into());
                set("content", content.iter().map(Content::to_value).collect());
            }
            Self::FunctionCall { call_id, name, arguments, .. } => {
                if let Some(call_id) = call_id {
                    set("call_id", call_id.as_str().into());
                }
                set("name", name.as_str().into());
                set("arguments", arguments.as_str().into());
            }
            Self::FunctionCallOutput { call_id, output, .. } => {
                set("call_id", call_id.as_str().into());
                set("output", output.as_str().into());
            }
            Self::ForceMessage { text, interruptible } => {
                set("role", Role::Assistant.name().into());
                set("content", json!([{ "type": "output_text", "text": text }]));
                if let Some(interruptible) = interruptible {
                    set("interruptible", (*interruptible).into());
                }
            }
        }
        Value::Object(map)
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
        }
    }
}

impl Content {
    fn to_value(&self) -> Value {
        match self {
            Self::InputText { text } => json!({ "type": "input_text", "text": text }),
            Self::InputAudio { audio } => json!({ "type": "input_audio", "audio": samples::encode(audio) }),
            Self::OutputText { text } => json!({ "type": "output_text", "text": text }),
            Self::Text { text } => json!({ "type": "text", "text": text }),
        }
    }
}
