//! Every way in which the practice agent can be told to differ from its usual self, in one table.

pub(crate) mod choice;

use choice::*;

/// What the practice agent does. The default follows live frames of 2026-07 (model 1.0).
///
/// Set a switch by its name with [`Switches::set`]; [`help`] lists them all.
#[derive(Clone, Debug)]
pub struct Switches {
    pub(crate) order: Order,
    pub(crate) session_created: bool,
    pub(crate) dones: Dones,
    pub(crate) abandon: bool,
    pub(crate) speech_started: SpeechStarted,
    pub(crate) deaf: bool,
    pub(crate) manual_speech: bool,
    pub(crate) completed: Completed,
    pub(crate) errors: Errors,
    pub(crate) names: Names,
    pub(crate) part: Part,
    pub(crate) deleted: Deleted,
    pub(crate) unknown_events: bool,
    pub(crate) output: Output,
    pub(crate) replay: Replay,
    pub(crate) resume: Resume,
    pub(crate) model: Option<String>,
    pub(crate) update: Update,
    pub(crate) never_updated: bool,
    pub(crate) usage: Usage,
    pub(crate) truncate: Truncate,
    pub(crate) cancelled_item: CancelledItem,
    pub(crate) create_while_active: WhileActive,
    pub(crate) idle_close_s: u64,
    pub(crate) max_duration_s: u64,
    pub(crate) drop_after_s: Option<u64>,
    pub(crate) drop_after_deltas: Option<u64>,
    pub(crate) stall_after_deltas: Option<u64>,
    pub(crate) close_after_s: Option<u64>,
    pub(crate) close_code: u16,
    pub(crate) twice: bool,
    pub(crate) swapped: bool,
    pub(crate) malformed: bool,
    pub(crate) oversized_mb: u64,
    pub(crate) odd_audio: bool,
    pub(crate) handshake: Handshake,
    pub(crate) subprotocol_echo: Echo,
    pub(crate) faulty: u64,
    pub(crate) faulty_after: u64,
    pub(crate) token_life_s: Option<u64>,
    /// Seconds.
    pub(crate) clock_s: i64,
    pub(crate) single_use: bool,
    pub(crate) mint: Mint,
    pub(crate) mint_faulty: u64,
    pub(crate) mint_after: u64,
    pub(crate) retry_after_s: Option<u64>,
    pub(crate) retry_after_date: bool,
    pub(crate) mint_shape: MintShape,
    pub(crate) session_auth: SessionAuth,
    pub(crate) ping_ms: u64,
    pub(crate) ping_field: PingField,
    pub(crate) first_audio_ms: u64,
    pub(crate) delta_ms: u64,
    /// Times real time; 0 sends everything at once.
    pub(crate) delta_pace: f64,
    pub(crate) delta_delay_ms: u64,
    pub(crate) reading_s: Option<u64>,
    pub(crate) transcript: Vec<String>,
    pub(crate) tool_cue: Option<String>,
    pub(crate) tool_arguments: Option<String>,
    pub(crate) tool_calls: u64,
    pub(crate) stuck_tool: Option<String>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            order: Order::Live,
            session_created: true,
            dones: Dones::Live,
            abandon: false,
            speech_started: SpeechStarted::Once,
            deaf: false,
            manual_speech: false,
            completed: Completed::Live,
            errors: Errors::Nested,
            names: Names::New,
            part: Part::Live,
            deleted: Deleted::Id,
            unknown_events: false,
            output: Output::Asked,
            replay: Replay::Added,
            resume: Resume::Taken,
            model: None,
            update: Update::Accepted,
            never_updated: false,
            usage: Usage::Live,
            truncate: Truncate::Works,
            cancelled_item: CancelledItem::Kept,
            create_while_active: WhileActive::Replace,
            idle_close_s: 900,
            max_duration_s: 7200,
            drop_after_s: None,
            drop_after_deltas: None,
            stall_after_deltas: None,
            close_after_s: None,
            close_code: 1011,
            twice: false,
            swapped: false,
            malformed: false,
            oversized_mb: 0,
            odd_audio: false,
            handshake: Handshake::Accept,
            subprotocol_echo: Echo::Offered,
            faulty: 0,
            faulty_after: 0,
            token_life_s: None,
            clock_s: 0,
            single_use: false,
            mint: Mint::Ok,
            mint_faulty: 0,
            mint_after: 0,
            retry_after_s: Some(2),
            retry_after_date: false,
            mint_shape: MintShape::Flat,
            session_auth: SessionAuth::Required,
            ping_ms: 5000,
            ping_field: PingField::Timestamp,
            first_audio_ms: 300,
            delta_ms: 500,
            delta_pace: 4.0,
            delta_delay_ms: 0,
            reading_s: None,
            transcript: Vec::new(),
            tool_cue: None,
            tool_arguments: None,
            tool_calls: 1,
            stuck_tool: None,
        }
    }
}

/// Why a switch could not be set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SwitchError {
    #[error("there is no switch `{name}`; the switches are: {known}")]
    Unknown { name: String, known: String },
    #[error("the switch `{name}` does not take `{value}`; it takes {values}")]
    BadValue { name: &'static str, value: String, values: &'static str },
}

struct Entry {
    name: &'static str,
    /// What may stand after `=`; the default comes first.
    values: &'static str,
    about: &'static str,
    set: fn(&mut Switches, &str) -> Option<()>,
}

macro_rules! table {
    ($($name:ident: $values:literal, $parse:expr, $about:literal;)*) => {
        const TABLE: &[Entry] = &[$(Entry {
            name: stringify!($name),
            values: $values,
            about: $about,
            set: |switches, word| {
                switches.$name = ($parse)(word)?;
                Some(())
            },
        },)*];
    };
}

table! {
    order: "live | 2.0", Order::parse,
        "2.0: response.created comes before input_audio_buffer.committed.";
    session_created: "on | off", on,
        "off: conversation.created is the first event, as before mid-2026.";
    dones: "live | schema", Dones::parse,
        "schema: output_audio.done before output_audio_transcript.done.";
    abandon: "off | on", on,
        "on: a reply that was spoken over gets no done of any kind. (Inference: the live frames of a barge-in are not recorded.)";
    speech_started: "once | repeated | late", SpeechStarted::parse,
        "repeated: again every 200 ms of the turn; late: only together with speech_stopped.";
    deaf: "off | on", on,
        "on: no voice ever begins a turn, as if all of it were noise.";
    manual_speech: "off | on", on,
        "on: speech_started and speech_stopped come in manual turns too.";
    completed: "live | once | repeated", Completed::parse,
        "once: only the final transcript; repeated: the final one three times, the last during the reply.";
    errors: "nested | flat", Errors::parse,
        "flat: code and message stand beside type, without an error object.";
    names: "new | old", Names::parse,
        "old: response.audio.* and response.audio_transcript.* in place of response.output_*.";
    part: "live | missing | schema", Part::parse,
        "missing: content_part.added has no part either; schema: content_part.done has one too.";
    deleted: "id | empty", Deleted::parse,
        "empty: conversation.item.deleted names no item.";
    unknown_events: "off | on", on,
        "on: an event of an unknown type goes before session.updated and before every response.done.";
    output: "asked | binary", Output::parse,
        "binary: audio comes as raw frames whatever transport was asked for.";
    replay: "added | created | off", Replay::parse,
        "How a resumed conversation replays its items: as conversation.item.added or .created, or not at all.";
    resume: "taken | forgotten | http400 | http404 | http410 | rejected | close | silent", Resume::parse,
        "What a connection meets that names an earlier conversation. forgotten: a new one begins; http404: the upgrade is refused; rejected: session.update fails; close: 1008 before session.updated; silent: nothing is ever said. (All but taken are inference.)";
    model: "asked | substituted | NAME", model,
        "Which model the session names, whatever was asked for.";
    update: "accepted | rejected", Update::parse,
        "rejected: every session.update fails and leaves a bare session.";
    never_updated: "off | on", on,
        "on: session.update is taken, but session.updated never comes.";
    usage: "live | schema | off", Usage::parse,
        "Where response.done carries usage: beside the response, inside it, or nowhere.";
    truncate: "works | ignored | error", Truncate::parse,
        "What conversation.item.truncate meets.";
    cancelled_item: "kept | gone", CancelledItem::parse,
        "gone: the item of a reply that response.cancel ended can no longer be truncated or deleted.";
    create_while_active: "replace | error", WhileActive::parse,
        "What response.create does while a reply is being sent.";
    idle_close_s: "900 | SECONDS", up_to(1_000_000),
        "So long without audio, and the session ends: error `timeout`, then close 1001. 0: never.";
    max_duration_s: "7200 | SECONDS", up_to(1_000_000),
        "The cap of a session: error `max_duration`, then close 1000. 0: none. (The close is inference.)";
    drop_after_s: "off | SECONDS", maybe,
        "So long after the session began the TCP connection is reset, with no close frame.";
    drop_after_deltas: "off | COUNT", maybe,
        "After so many audio deltas in all, the same.";
    stall_after_deltas: "off | COUNT", maybe,
        "After so many audio deltas of a reply, nothing more of it comes, not even a done. 0: it is announced, and no more.";
    close_after_s: "off | SECONDS", maybe,
        "So long after the session began it is closed with `close_code`, without a word before.";
    close_code: "1011 | CODE", close_code,
        "The code of that close: 1000 to 1014 but for 1004 to 1006, or 3000 to 4999.";
    twice: "off | on", on,
        "on: every event is sent twice.";
    swapped: "off | on", on,
        "on: once the session is agreed, of every two events that go out together the later one goes first.";
    malformed: "off | on", on,
        "on: a text frame that is not JSON goes before session.updated and before every response.done.";
    oversized_mb: "0 | MEGABYTES", up_to(256),
        "A text frame of this size goes after session.updated.";
    odd_audio: "off | on", on,
        "on: one byte too many at the end of every audio delta.";
    handshake: "accept | close | refuse401 | refuse402 | refuse403 | refuse429 | refuse503 | hang", Handshake::parse,
        "What the WebSocket upgrade meets.";
    subprotocol_echo: "offered | none | unoffered", Echo::parse,
        "Which subprotocol the upgrade answers with. (Which one the service echoes is inference.)";
    faulty: "0 | COUNT", up_to(1_000_000),
        "Only so many connections misbehave; later ones keep transcript, tools, pace and `resume`, and are well. 0: all of them.";
    faulty_after: "0 | COUNT", up_to(1_000_000),
        "So many connections are well before that begins.";
    token_life_s: "off | SECONDS", maybe,
        "Life of a token, whatever was asked for; 0 makes tokens that have expired already.";
    clock_s: "0 | SECONDS", clock,
        "How far the clock that dates tokens and answers is ahead; less than 0: behind.";
    single_use: "off | on", on,
        "on: a token opens one session only. (Whether the service does so is not known.)";
    mint: "ok | 401 | 402 | 403 | 404 | 408 | 425 | 429 | 500 | 503 | error200 | html | empty | no_token | key | huge | hang", Mint::parse,
        "What both token endpoints answer. error200: 200 with an error member, like the cookbook's Python backend; key: a made-up API key in a token's place; huge: 20 MB.";
    mint_faulty: "0 | COUNT", up_to(1_000_000),
        "Only so many requests for a token are answered so; later ones get a token. 0: all of them.";
    mint_after: "0 | COUNT", up_to(1_000_000),
        "So many requests for a token get one before that begins.";
    retry_after_s: "2 | off | SECONDS", maybe,
        "The Retry-After of every 429 and 503.";
    retry_after_date: "off | on", on,
        "on: Retry-After is an HTTP date and no number.";
    mint_shape: "flat | client_secret | nested | string | camel | token | iso | xai | headers", MintShape::parse,
        "The reply's shape: the service's own, or those that backends in the wild make of it.";
    session_auth: "required | open", SessionAuth::parse,
        "open: POST /session asks for no bearer, like the cookbook's.";
    ping_ms: "5000 | MILLISECONDS", up_to(1_000_000),
        "Time between ping events; 0: only the first. (The period is inference.)";
    ping_field: "timestamp | ping_timestamp", PingField::parse,
        "The name of a ping's time.";
    first_audio_ms: "300 | MILLISECONDS", up_to(60_000),
        "From the end of a turn, or response.create, to the first audio.";
    delta_ms: "500 | MILLISECONDS", delta_ms,
        "Audio in one delta, 20 to 2000.";
    delta_pace: "4 | FACTOR", pace,
        "How much faster than real time audio is sent; below 1 the reply starves, 0 sends all at once.";
    delta_delay_ms: "0 | MILLISECONDS", up_to(60_000),
        "Extra wait before every delta.";
    reading_s: "off | SECONDS", reading,
        "Every reply reads recorded lines aloud for so long, 1 to 3600, in place of your own words.";
    transcript: "TEXT[|TEXT ...]", transcript,
        "What the coming turns are said to have said, one text each; later turns get a note of their length.";
    tool_cue: "off | NAME", name,
        "Every user turn calls this function, if the session declared it. Without: a turn whose text contains `tool` calls the first function.";
    tool_arguments: "off | JSON", name,
        "The arguments of such a call; without, they are made up from the function's parameters.";
    stuck_tool: "off | NAME", name,
        "Every spoken turn starts this tool on the server, and nothing more comes of that turn.";
    tool_calls: "1 | COUNT", tool_calls,
        "Parallel calls of one turn, 1 to 8.";
}

fn model(word: &str) -> Option<Option<String>> {
    match word {
        "" => None,
        "asked" => Some(None),
        "substituted" => Some(Some("grok-voice-think-fast-1.0".into())),
        name => Some(Some(name.into())),
    }
}

/// At most a day.
fn clock(word: &str) -> Option<i64> {
    word.parse().ok().filter(|seconds: &i64| seconds.abs() <= 86_400)
}

fn name(word: &str) -> Option<Option<String>> {
    match word {
        "" => None,
        "off" => Some(None),
        name => Some(Some(name.into())),
    }
}

fn transcript(word: &str) -> Option<Vec<String>> {
    Some(word.split('|').map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect())
}

fn pace(word: &str) -> Option<f64> {
    word.parse().ok().filter(|pace: &f64| (0.0..=1000.0).contains(pace) && (*pace == 0.0 || *pace >= 0.01))
}

fn delta_ms(word: &str) -> Option<u64> {
    up_to(2000)(word).filter(|ms| *ms >= 20)
}

fn reading(word: &str) -> Option<Option<u64>> {
    maybe(word).filter(|seconds| seconds.is_none_or(|seconds| (1..=3600).contains(&seconds)))
}

/// The codes that a close frame may carry (RFC 6455, 7.4).
fn close_code(word: &str) -> Option<u16> {
    word.parse().ok().filter(|code| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999))
}

fn tool_calls(word: &str) -> Option<u64> {
    up_to(8)(word).filter(|count| *count >= 1)
}

impl Switches {
    /// Sets the switch `name`.
    ///
    /// # Errors
    /// An unknown name (the error lists them all) or a value the switch does not take.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
        let Some(entry) = TABLE.iter().find(|entry| entry.name == name) else {
            let known = TABLE.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
            return Err(SwitchError::Unknown { name: name.into(), known });
        };
        (entry.set)(self, value).ok_or_else(|| SwitchError::BadValue {
            name: entry.name,
            value: value.into(),
            values: entry.values,
        })
    }

    /// What is left once `faulty` connections have misbehaved.
    pub(crate) fn recovered(&self) -> Self {
        Self {
            ping_ms: self.ping_ms,
            first_audio_ms: self.first_audio_ms,
            delta_ms: self.delta_ms,
            delta_pace: self.delta_pace,
            delta_delay_ms: self.delta_delay_ms,
            reading_s: self.reading_s,
            transcript: self.transcript.clone(),
            tool_cue: self.tool_cue.clone(),
            tool_arguments: self.tool_arguments.clone(),
            tool_calls: self.tool_calls,
            resume: self.resume,
            ..Self::default()
        }
    }
}

/// One paragraph per switch: its name, its values with the default first, what it does.
pub fn help() -> String {
    TABLE.iter().map(|entry| format!("  {}={}\n      {}\n", entry.name, entry.values, entry.about)).collect()
}

#[cfg(test)]
mod tests;
