/// What a session says about itself, in `session.created` and `session.updated`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// Absent in `session.updated`.
    pub id: Option<String>,
    /// The model really served, or the alias that was asked for.
    pub model: Option<String>,
    /// As sent; see [`Session::plain_voice`].
    pub voice: Option<String>,
    pub instructions: Option<String>,
    /// `server_vad`, or none for manual turns.
    pub turn_detection: Option<String>,
    pub input: WireFormat,
    pub output: WireFormat,
    pub transcription_model: Option<String>,
    pub reasoning_effort: Option<String>,
    /// Names of the functions in force (types for tools that have none).
    pub tools: Vec<String>,
}

impl Session {
    /// The voice without the `human_` or `xai_` that servers put before it, in lower case: the form in
    /// which two names can be compared.
    #[must_use]
    pub fn plain_voice(&self) -> Option<String> {
        let voice = self.voice.as_deref()?.to_ascii_lowercase();
        let plain = voice.strip_prefix("human_").or_else(|| voice.strip_prefix("xai_"));
        Some(plain.unwrap_or(&voice).to_owned())
    }
}

/// An audio format as the server echoes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireFormat {
    /// Such as `audio/pcm`.
    pub kind: Option<String>,
    /// Hz.
    pub rate: Option<u32>,
    /// `json` or `binary`.
    pub transport: Option<String>,
}

/// One entry of the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    pub id: Option<String>,
    pub kind: Option<ItemKind>,
    /// `user`, `assistant`, `system` or `tool`; a function call has been seen with both of the last
    /// and the first.
    pub role: Option<String>,
    pub status: Option<Status>,
    pub content: Vec<ContentPart>,
    pub call_id: Option<String>,
    pub name: Option<String>,
    /// JSON in a string.
    pub arguments: Option<String>,
    pub output: Option<String>,
    /// Set while an earlier conversation is replayed.
    pub replayed: Option<bool>,
}

impl Item {
    /// The words of all parts together, spoken or written; none when no part has any.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let words: String = self.content.iter().filter_map(ContentPart::words).collect();
        (!words.is_empty()).then_some(words)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemKind {
    Message,
    FunctionCall,
    FunctionCallOutput,
    ForceMessage,
    Other(String),
}

impl From<String> for ItemKind {
    fn from(kind: String) -> Self {
        match kind.as_str() {
            "message" => Self::Message,
            "function_call" => Self::FunctionCall,
            "function_call_output" => Self::FunctionCallOutput,
            "force_message" => Self::ForceMessage,
            _ => Self::Other(kind),
        }
    }
}

/// How far an item, a reply or a transcript has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    InProgress,
    Completed,
    Incomplete,
    Cancelled,
    Failed,
    Other(String),
}

impl From<String> for Status {
    fn from(status: String) -> Self {
        match status.as_str() {
            "in_progress" => Self::InProgress,
            "completed" => Self::Completed,
            "incomplete" => Self::Incomplete,
            "cancelled" => Self::Cancelled,
            "failed" => Self::Failed,
            _ => Self::Other(status),
        }
    }
}

/// One part of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentPart {
    /// `input_text`, `input_audio`, `text`, `output_text`, `audio`.
    pub kind: Option<String>,
    pub text: Option<String>,
    pub transcript: Option<String>,
}

impl ContentPart {
    fn words(&self) -> Option<&str> {
        self.transcript.as_deref().or(self.text.as_deref())
    }
}

/// One reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    pub id: Option<String>,
    pub status: Option<Status>,
    /// Why it has this status, when the server says so.
    pub status_reason: Option<String>,
    pub output: Vec<Item>,
    /// From the top level of `response.done` or from inside its `response`; none when empty.
    pub usage: Option<Usage>,
    /// What `response.create` was given.
    pub metadata: Vec<(String, String)>,
}

/// What a reply cost. A cancelled reply costs too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub total_tokens: Option<u64>,
    /// Seconds.
    pub output_audio_seconds: Option<f64>,
    /// Seconds; does not simply follow `output_audio_seconds`.
    pub billable_audio_seconds: Option<f64>,
}

/// Where a server-run tool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    InProgress,
    Completed,
    Failed,
}

/// An error in the server's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireError {
    /// The error's own type: `invalid_request_error`, `timeout`, `max_duration` and so on.
    pub kind: Option<String>,
    pub code: Option<String>,
    pub message: Option<String>,
    pub param: Option<String>,
    /// The `event_id` of the client event that failed.
    pub event_id: Option<String>,
}

/// What to do about an error. (Before the first `session.updated` every error is fatal, because a
/// rejected update leaves a bare session running.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorWeight {
    /// The answer to a cancel or truncate that came too late, or to a reply asked for twice.
    Benign,
    /// The session is about to be closed for quiet or for age.
    Ending,
    /// Worth telling.
    Notable,
}

impl WireError {
    /// Its type or its code is `name`.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        [&self.kind, &self.code].into_iter().flatten().any(|known| known.eq_ignore_ascii_case(name))
    }

    #[must_use]
    pub fn weight(&self) -> ErrorWeight {
        let named = |wanted: &str| self.is(wanted);
        if named("timeout") || named("max_duration") {
            return ErrorWeight::Ending;
        }
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        let benign = named("response_cancel_not_active")
            || named("conversation_already_has_active_response")
            || ["no active response", "already has an active response", "item not found", "truncat"]
                .iter()
                .any(|words| message.contains(words));
        if benign { ErrorWeight::Benign } else { ErrorWeight::Notable }
    }
}
