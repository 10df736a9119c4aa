use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{Progress, ServerEvent, fields::Fields};
use crate::samples;

/// A frame, read as far as the socket needs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming<'a> {
    Audio(AudioDelta<'a>),
    Event(Box<ServerEvent>),
}

/// `response.output_audio.delta` or `response.audio.delta`, borrowed from its frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudioDelta<'a> {
    pub item_id: Option<Cow<'a, str>>,
    pub response_id: Option<Cow<'a, str>>,
    /// Base64 of mono signed 16-bit little-endian samples; empty when the server sent none.
    pub delta: Cow<'a, str>,
}

impl AudioDelta<'_> {
    /// Its samples, and the length in bytes where that was odd and the last byte was dropped.
    ///
    /// # Errors
    /// When the base64 is broken; missing padding is forgiven.
    pub fn samples(&self) -> Result<(Vec<i16>, Option<usize>), ParseError> {
        let bytes = samples::decode(&self.delta).ok_or_else(|| ParseError::Base64 {
            item_id: self.item_id.as_deref().unwrap_or_default().to_owned(),
        })?;
        let (samples, odd) = samples::from_bytes(&bytes);
        Ok((samples, odd.then_some(bytes.len())))
    }
}

/// Why a frame could not be used. None of these ends the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("could not read an event: it is not JSON (column {column}: {why})")]
    NotJson { column: usize, why: String },
    #[error("could not read an event: it is not a JSON object")]
    NotAnObject,
    #[error("could not read an event: it has no type")]
    NoType,
    #[error("could not decode audio of item {item_id:?}: its base64 is broken")]
    Base64 { item_id: String },
    #[error("audio of item {item_id:?} has an odd length of {bytes} bytes: the last one was dropped")]
    OddAudio { item_id: String, bytes: usize },
    #[error("a binary frame has an odd length of {bytes} bytes: the last one was dropped")]
    OddBinary { bytes: usize },
}

/// Reads one text frame. Audio is borrowed; anything else is taken over field by field.
///
/// # Errors
/// When the text is no JSON object with a `type`.
pub fn parse(text: &str) -> Result<Incoming<'_>, ParseError> {
    // A repeated key makes the borrowed form fail where the general one takes the last value.
    if let Ok(head) = serde_json::from_str::<Head<'_>>(text)
        && let Some(kind) = &head.kind.0
        && is_audio_delta(kind)
    {
        return Ok(Incoming::Audio(AudioDelta {
            item_id: head.item_id.0,
            response_id: head.response_id.0,
            delta: head.delta.0.unwrap_or_default(),
        }));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ParseError::NotJson { column: error.column(), why: category(&error).to_owned() })?;
    let Value::Object(map) = value else { return Err(ParseError::NotAnObject) };
    let Some(kind) = map.get("type").and_then(Value::as_str) else { return Err(ParseError::NoType) };
    if is_audio_delta(kind) {
        let fields = Fields(&map);
        return Ok(Incoming::Audio(AudioDelta {
            item_id: fields.string("item_id").map(Cow::Owned),
            response_id: fields.string("response_id").map(Cow::Owned),
            delta: fields.string("delta").map(Cow::Owned).unwrap_or_default(),
        }));
    }
    Ok(Incoming::Event(Box::new(event(kind, &map, text))))
}

fn is_audio_delta(kind: &str) -> bool {
    matches!(kind, "response.output_audio.delta" | "response.audio.delta")
}

/// serde_json's own words may quote the frame, which may hold what people said.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ => "unexpected character",
    }
}

fn event(kind: &str, map: &Map<String, Value>, text: &str) -> ServerEvent {
    let f = Fields(map);
    let item_id = || f.string("item_id");
    let response_id = || f.string("response_id");
    match kind {
        "session.created" => ServerEvent::SessionCreated { session: f.session() },
        "session.updated" => ServerEvent::SessionUpdated { session: f.session() },
        "conversation.created" => ServerEvent::ConversationCreated {
            conversation_id: f.object("conversation").and_then(|conversation| conversation.string("id")),
        },
        "ping" => ServerEvent::Ping { timestamp: f.count("timestamp").or_else(|| f.count("ping_timestamp")) },
        "input_audio_buffer.speech_started" => {
            ServerEvent::SpeechStarted { item_id: item_id(), audio_start_ms: f.count("audio_start_ms") }
        }
        "input_audio_buffer.speech_stopped" => {
            ServerEvent::SpeechStopped { item_id: item_id(), audio_end_ms: f.count("audio_end_ms") }
        }
        "input_audio_buffer.committed" => {
            ServerEvent::InputCommitted { item_id: item_id(), previous_item_id: f.string("previous_item_id") }
        }
        "input_audio_buffer.cleared" => ServerEvent::InputCleared,
        "input_audio_buffer.timeout_triggered" => ServerEvent::InputTimeout {
            item_id: item_id(),
            audio_start_ms: f.count("audio_start_ms"),
            audio_end_ms: f.count("audio_end_ms"),
        },
        "input_audio_buffer.dtmf_event_received" => {
            ServerEvent::Dtmf { digit: f.string("event").or_else(|| f.string("digit")) }
        }
        "conversation.item.added" | "conversation.item.created" => {
            ServerEvent::ItemAdded { item: f.item(), previous_item_id: f.string("previous_item_id") }
        }
        "conversation.item.deleted" => ServerEvent::ItemDeleted { item_id: item_id() },
        "conversation.item.truncated" => ServerEvent::ItemTruncated {
            item_id: item_id(),
            content_index: f.index("content_index"),
            audio_end_ms: f.count("audio_end_ms"),
            transcript: f.string("transcript"),
        },
        "conversation.item.input_audio_transcription.updated" => {
            ServerEvent::UserTranscriptUpdated { item_id: item_id(), transcript: f.string("transcript") }
        }
        "conversation.item.input_audio_transcription.completed" => ServerEvent::UserTranscriptCompleted {
            item_id: item_id(),
            transcript: f.string("transcript"),
            status: f.string("status").map(Into::into),
        },
        "response.created" => ServerEvent::ResponseCreated { response: f.response() },
        "response.done" => ServerEvent::ResponseDone { response: f.response() },
        "response.output_item.added" => ServerEvent::OutputItemAdded {
            item: f.item(),
            response_id: response_id(),
            output_index: f.index("output_index"),
        },
        "response.output_item.done" => ServerEvent::OutputItemDone {
            item: f.item(),
            response_id: response_id(),
            output_index: f.index("output_index"),
        },
        "response.content_part.added" => ServerEvent::ContentPartAdded {
            item_id: item_id(),
            response_id: response_id(),
            content_index: f.index("content_index"),
            part: f.part(),
        },
        "response.content_part.done" => ServerEvent::ContentPartDone {
            item_id: item_id(),
            response_id: response_id(),
            content_index: f.index("content_index"),
            part: f.part(),
        },
        "response.output_audio.done" | "response.audio.done" => {
            ServerEvent::AudioDone { item_id: item_id(), response_id: response_id() }
        }
        "response.output_audio_transcript.delta" | "response.audio_transcript.delta" => {
            ServerEvent::TranscriptDelta {
                item_id: item_id(),
                response_id: response_id(),
                delta: f.string("delta"),
                start_time: f.float("start_time"),
            }
        }
        "response.output_audio_transcript.done" | "response.audio_transcript.done" => {
            ServerEvent::TranscriptDone {
                item_id: item_id(),
                response_id: response_id(),
                transcript: f.string("transcript"),
            }
        }
        "response.output_text.delta" | "response.text.delta" => ServerEvent::TextDelta {
            item_id: item_id(),
            response_id: response_id(),
            delta: f.string("delta"),
        },
        "response.output_text.done" | "response.text.done" => {
            ServerEvent::TextDone { item_id: item_id(), response_id: response_id(), text: f.string("text") }
        }
        "response.function_call_arguments.delta" => ServerEvent::ArgumentsDelta {
            item_id: item_id(),
            response_id: response_id(),
            call_id: f.string("call_id"),
            delta: f.string("delta"),
        },
        "response.function_call_arguments.done" => ServerEvent::ArgumentsDone {
            item_id: item_id(),
            response_id: response_id(),
            call_id: f.string("call_id"),
            name: f.string("name"),
            arguments: f.string("arguments"),
        },
        "response.mcp_call_arguments.delta" => ServerEvent::McpArgumentsDelta {
            item_id: item_id(),
            response_id: response_id(),
            call_id: f.string("call_id"),
            delta: f.string("delta"),
        },
        "response.mcp_call_arguments.done" => ServerEvent::McpArgumentsDone {
            item_id: item_id(),
            response_id: response_id(),
            call_id: f.string("call_id"),
            name: f.string("name"),
            arguments: f.string("arguments"),
        },
        "error" => ServerEvent::Error { error: f.error() },
        _ => mcp(kind, f)
            .unwrap_or_else(|| ServerEvent::Unknown { kind: kind.to_owned(), raw: text.to_owned() }),
    }
}

fn mcp(kind: &str, fields: Fields<'_>) -> Option<ServerEvent> {
    let (family, progress) = kind.rsplit_once('.')?;
    let progress = match progress {
        "in_progress" => Progress::InProgress,
        "completed" => Progress::Completed,
        "failed" => Progress::Failed,
        _ => return None,
    };
    let item_id = fields.string("item_id");
    let error = (progress == Progress::Failed).then(|| fields.error());
    match family {
        "mcp_list_tools" => Some(ServerEvent::McpListTools { item_id, progress, error }),
        "response.mcp_call" => Some(ServerEvent::McpCall { item_id, progress, error }),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    item_id: Text<'a>,
    #[serde(borrow, default)]
    response_id: Text<'a>,
    #[serde(borrow, default)]
    delta: Text<'a>,
}

/// A string borrowed where it has no escapes (some servers write base64's `/` as `\/`), or nothing
/// where the value is of another type.
#[derive(Default)]
struct Text<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
