use serde_json::{Map, Value};

use super::kinds::{ContentPart, Item, Response, Session, Usage, WireError, WireFormat};

/// Reads fields out of one JSON object; a field of the wrong type counts as absent.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn str(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    pub(super) fn string(self, name: &str) -> Option<String> {
        self.str(name).map(str::to_owned)
    }

    pub(super) fn float(self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }

    /// A count; servers also write it as `12.0`, and a negative one means nothing.
    pub(super) fn count(self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        value.as_u64().or_else(|| {
            let float = value.as_f64()?;
            (0.0..=9e15).contains(&float).then_some(float as u64)
        })
    }

    pub(super) fn index(self, name: &str) -> Option<u32> {
        self.count(name)?.try_into().ok()
    }

    pub(super) fn object(self, name: &str) -> Option<Fields<'a>> {
        self.0.get(name)?.as_object().map(Fields)
    }

    fn objects(self, name: &str) -> impl Iterator<Item = Fields<'a>> {
        self.0
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(Fields)
    }

    pub(super) fn session(self) -> Session {
        let Some(session) = self.object("session") else { return Session::default() };
        let audio = session.object("audio");
        let direction = |name| audio.and_then(|audio| audio.object(name));
        let transcription = direction("input")
            .and_then(|input| input.object("transcription"))
            .or_else(|| session.object("input_audio_transcription"));
        Session {
            id: session.string("id"),
            model: session.string("model"),
            voice: session.string("voice"),
            instructions: session.string("instructions"),
            turn_detection: session.object("turn_detection").and_then(|turns| turns.string("type")),
            input: direction("input").map(Fields::format).unwrap_or_default(),
            output: direction("output").map(Fields::format).unwrap_or_default(),
            transcription_model: transcription.and_then(|transcription| transcription.string("model")),
            reasoning_effort: session.object("reasoning").and_then(|reasoning| reasoning.string("effort")),
            tools: session.objects("tools").filter_map(Fields::tool_name).collect(),
        }
    }

    fn format(self) -> WireFormat {
        let format = self.object("format");
        WireFormat {
            kind: format.and_then(|format| format.string("type")),
            rate: format.and_then(|format| format.index("rate")),
            transport: self.string("transport"),
        }
    }

    /// Functions are sent flat and come back nested.
    fn tool_name(self) -> Option<String> {
        self.string("name")
            .or_else(|| self.object("function")?.string("name"))
            .or_else(|| self.string("server_label"))
            .or_else(|| self.string("type"))
    }

    pub(super) fn item(self) -> Item {
        self.object("item").map(Fields::as_item).unwrap_or_default()
    }

    fn as_item(self) -> Item {
        Item {
            id: self.string("id"),
            kind: self.string("type").map(Into::into),
            role: self.string("role"),
            status: self.string("status").map(Into::into),
            content: self.objects("content").map(Fields::as_part).collect(),
            call_id: self.string("call_id"),
            name: self.string("name"),
            arguments: self.string("arguments"),
            output: self.string("output"),
            replayed: self.0.get("replayed").and_then(Value::as_bool),
        }
    }

    pub(super) fn part(self) -> Option<ContentPart> {
        self.object("part").map(Fields::as_part)
    }

    fn as_part(self) -> ContentPart {
        ContentPart {
            kind: self.string("type"),
            text: self.string("text"),
            transcript: self.string("transcript"),
        }
    }

    /// The reply of a `response.*` event. `response_id` and `usage` live beside it or inside it.
    pub(super) fn response(self) -> Response {
        let inner = self.object("response");
        let details = inner.and_then(|inner| inner.0.get("status_details"));
        let status_reason = match details {
            Some(Value::String(words)) if words != "unimplemented" => Some(words.clone()),
            Some(Value::Object(map)) => {
                let details = Fields(map);
                details
                    .string("reason")
                    .or_else(|| details.object("error")?.string("message"))
                    .or_else(|| details.string("type"))
            }
            _ => None,
        };
        let metadata = inner.and_then(|inner| inner.object("metadata"));
        Response {
            id: inner.and_then(|inner| inner.string("id")).or_else(|| self.string("response_id")),
            status: inner.and_then(|inner| inner.string("status")).map(Into::into),
            status_reason,
            output: inner
                .into_iter()
                .flat_map(|inner| inner.objects("output"))
                .map(Fields::as_item)
                .collect(),
            usage: self.usage().or_else(|| inner?.usage()),
            metadata: metadata
                .into_iter()
                .flat_map(|metadata| metadata.0)
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect(),
        }
    }

    fn usage(self) -> Option<Usage> {
        let usage = self.object("usage")?;
        let usage = Usage {
            input_tokens: usage.count("input_tokens"),
            output_tokens: usage.count("output_tokens"),
            total_tokens: usage.count("total_tokens"),
            output_audio_seconds: usage.float("output_audio_seconds"),
            billable_audio_seconds: usage.float("billable_audio_seconds"),
        };
        (usage != Usage::default()).then_some(usage)
    }

    /// The nested form, or the flat one in which the error's fields stand beside `type`.
    pub(super) fn error(self) -> WireError {
        match self.object("error") {
            Some(nested) => WireError {
                kind: nested.string("type"),
                code: nested.string("code"),
                message: nested.string("message"),
                param: nested.string("param"),
                event_id: nested.string("event_id"),
            },
            None => WireError {
                kind: None,
                code: self.string("code"),
                message: self.string("message").or_else(|| self.string("error")),
                param: self.string("param"),
                event_id: None,
            },
        }
    }
}
