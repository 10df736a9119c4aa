//! What the server says (xAI realtime guide and its published schema; shapes seen in live frames
//! 2026-07 to 2026-09).
//!
//! Live frames contradict the schema in places (`status_details` is a string, `usage` may be `{}`,
//! `session` echoes `-1.0` and `"inf"`), so a field of an unexpected type is dropped and its event kept.

mod fields;
mod kinds;
mod parse;

pub use kinds::{
    ContentPart, ErrorWeight, Item, ItemKind, Progress, Response, Session, Status, Usage, WireError,
    WireFormat,
};
pub use parse::{AudioDelta, Incoming, ParseError, parse};

/// One event from the server. Audio comes apart from these, as [`AudioDelta`].
#[derive(Clone, Debug, PartialEq)]
pub enum ServerEvent {
    /// `session.created`: names the model really served. Older servers never send it.
    SessionCreated { session: Session },
    /// `session.updated`: the configuration is in force.
    SessionUpdated { session: Session },
    /// `conversation.created`: the id to resume with.
    ConversationCreated { conversation_id: Option<String> },
    /// `ping`: a JSON keep-alive. `timestamp` in Unix milliseconds, under either of its two names.
    Ping { timestamp: Option<u64> },

    /// `input_audio_buffer.speech_started`. May repeat, come late, or be false. `audio_start_ms` counts
    /// from the start of the input audio.
    SpeechStarted { item_id: Option<String>, audio_start_ms: Option<u64> },
    /// `input_audio_buffer.speech_stopped`.
    SpeechStopped { item_id: Option<String>, audio_end_ms: Option<u64> },
    /// `input_audio_buffer.committed`: the turn is in the conversation.
    InputCommitted { item_id: Option<String>, previous_item_id: Option<String> },
    /// `input_audio_buffer.cleared`.
    InputCleared,
    /// `input_audio_buffer.timeout_triggered`: nobody spoke for `idle_timeout_ms`.
    InputTimeout { item_id: Option<String>, audio_start_ms: Option<u64>, audio_end_ms: Option<u64> },
    /// `input_audio_buffer.dtmf_event_received` (telephony only).
    Dtmf { digit: Option<String> },

    /// `conversation.item.added`, or its older name `conversation.item.created`.
    ItemAdded { item: Item, previous_item_id: Option<String> },
    /// `conversation.item.deleted`; the id may be empty.
    ItemDeleted { item_id: Option<String> },
    /// `conversation.item.truncated`. `transcript` is what remains of the text.
    ItemTruncated {
        item_id: Option<String>,
        content_index: Option<u32>,
        audio_end_ms: Option<u64>,
        transcript: Option<String>,
    },
    /// `conversation.item.input_audio_transcription.updated`: the whole text so far, not an addition.
    UserTranscriptUpdated { item_id: Option<String>, transcript: Option<String> },
    /// `conversation.item.input_audio_transcription.completed`: also a whole snapshot. Several come per
    /// item; only one with `status` `Completed` or none is final, and even that may be superseded.
    UserTranscriptCompleted { item_id: Option<String>, transcript: Option<String>, status: Option<Status> },

    /// `response.created`: closes whatever reply was open before.
    ResponseCreated { response: Response },
    /// `response.done`: everything has been sent, not everything has been heard.
    ResponseDone { response: Response },
    /// `response.output_item.added`.
    OutputItemAdded { item: Item, response_id: Option<String>, output_index: Option<u32> },
    /// `response.output_item.done`.
    OutputItemDone { item: Item, response_id: Option<String>, output_index: Option<u32> },
    /// `response.content_part.added`.
    ContentPartAdded {
        item_id: Option<String>,
        response_id: Option<String>,
        content_index: Option<u32>,
        part: Option<ContentPart>,
    },
    /// `response.content_part.done`; `part` is absent in live frames.
    ContentPartDone {
        item_id: Option<String>,
        response_id: Option<String>,
        content_index: Option<u32>,
        part: Option<ContentPart>,
    },
    /// `response.output_audio.done` or `response.audio.done`.
    AudioDone { item_id: Option<String>, response_id: Option<String> },
    /// `response.output_audio_transcript.delta` or `response.audio_transcript.delta`: text to append.
    /// `start_time` is where its sentence begins, in seconds within the item.
    TranscriptDelta {
        item_id: Option<String>,
        response_id: Option<String>,
        delta: Option<String>,
        start_time: Option<f64>,
    },
    /// `response.output_audio_transcript.done` or `response.audio_transcript.done`: the full text.
    TranscriptDone { item_id: Option<String>, response_id: Option<String>, transcript: Option<String> },
    /// `response.output_text.delta` or `response.text.delta`.
    TextDelta { item_id: Option<String>, response_id: Option<String>, delta: Option<String> },
    /// `response.output_text.done` or `response.text.done`.
    TextDone { item_id: Option<String>, response_id: Option<String>, text: Option<String> },

    /// `response.function_call_arguments.delta`.
    ArgumentsDelta {
        item_id: Option<String>,
        response_id: Option<String>,
        call_id: Option<String>,
        delta: Option<String>,
    },
    /// `response.function_call_arguments.done`. The same call also comes in `OutputItemDone`: count by
    /// `call_id`. `arguments` is JSON in a string, and may be broken.
    ArgumentsDone {
        item_id: Option<String>,
        response_id: Option<String>,
        call_id: Option<String>,
        name: Option<String>,
        arguments: Option<String>,
    },
    /// `mcp_list_tools.in_progress`, `.completed` or `.failed`.
    McpListTools { item_id: Option<String>, progress: Progress, error: Option<WireError> },
    /// `response.mcp_call_arguments.delta`.
    McpArgumentsDelta {
        item_id: Option<String>,
        response_id: Option<String>,
        call_id: Option<String>,
        delta: Option<String>,
    },
    /// `response.mcp_call_arguments.done`.
    McpArgumentsDone {
        item_id: Option<String>,
        response_id: Option<String>,
        call_id: Option<String>,
        name: Option<String>,
        arguments: Option<String>,
    },
    /// `response.mcp_call.in_progress`, `.completed` or `.failed`.
    McpCall { item_id: Option<String>, progress: Progress, error: Option<WireError> },

    /// `error`, nested or flat. Errors do not close the line by themselves.
    Error { error: WireError },

    /// A `type` this crate does not know, with the whole frame.
    Unknown { kind: String, raw: String },
}
