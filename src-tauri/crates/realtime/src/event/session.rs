use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value, json};

/// What a session is asked to be. Voice, turn detection and both formats are always written, because
/// the server's own defaults differ from the documented ones (live frames 2026-07).
#[derive(Clone, PartialEq)]
pub struct SessionConfig {
    /// None keeps the server's.
    pub voice: Option<String>,
    pub instructions: Option<String>,
    pub turn_detection: TurnDetection,
    /// Hz, mono signed 16-bit; the server takes 8000, 16000, 22050, 24000, 32000, 44100, 48000.
    pub input_rate: u32,
    /// Hz, as above.
    pub output_rate: u32,
    pub input_transport: Transport,
    pub output_transport: Transport,
    /// Captions of what you say; none asks for none.
    pub transcription: Option<Transcription>,
    /// 0.7 to 1.5; none is 1.0.
    pub speed: Option<f64>,
    /// Tool declarations as the server takes them. May hold credentials.
    pub tools: Vec<Value>,
    /// Keep the conversation for 30 minutes so that a later connection can resume it.
    pub resumption: bool,
    pub reasoning_effort: Option<super::client::Effort>,
    /// How phrases are to be spoken.
    pub replace: BTreeMap<String, String>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            voice: None,
            instructions: None,
            turn_detection: TurnDetection::default(),
            input_rate: 24_000,
            output_rate: 24_000,
            input_transport: Transport::default(),
            output_transport: Transport::default(),
            transcription: Some(Transcription::default()),
            speed: None,
            tools: Vec::new(),
            resumption: false,
            reasoning_effort: None,
            replace: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for SessionConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SessionConfig")
            .field("voice", &self.voice)
            .field("turn_detection", &self.turn_detection)
            .field("input_rate", &self.input_rate)
            .field("output_rate", &self.output_rate)
            .field("input_transport", &self.input_transport)
            .field("output_transport", &self.output_transport)
            .field("transcription", &self.transcription)
            .field("tools", &self.tools.len())
            .field("resumption", &self.resumption)
            .finish_non_exhaustive()
    }
}

/// Who ends your turn.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnDetection {
    /// The server hears when you stop. A field that is none keeps the server's default.
    ServerVad {
        /// 0.1 to 0.9; higher needs louder speech.
        threshold: Option<f64>,
        silence_duration_ms: Option<u32>,
        prefix_padding_ms: Option<u32>,
        /// Quiet this long after a reply makes the server check in; none never does.
        idle_timeout_ms: Option<u32>,
    },
    /// You commit the input yourself and ask for the reply.
    Manual,
}

impl Default for TurnDetection {
    fn default() -> Self {
        Self::ServerVad {
            threshold: None,
            silence_duration_ms: None,
            prefix_padding_ms: None,
            idle_timeout_ms: None,
        }
    }
}

/// How audio travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Base64 in events.
    #[default]
    Json,
    /// Raw frames; they carry no ids.
    Binary,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Binary => "binary",
        }
    }
}

/// Captions of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcription {
    /// Only `grok-transcribe` gives captions while you speak.
    pub model: String,
    /// BCP 47; Spanish and Portuguese need a region.
    pub language_hint: Option<String>,
    /// At most 100 of at most 50 characters.
    pub keyterms: Vec<String>,
}

impl Default for Transcription {
    fn default() -> Self {
        Self { model: "grok-transcribe".into(), language_hint: None, keyterms: Vec::new() }
    }
}

impl SessionConfig {
    /// The `session` member of `session.update`: voice and turn detection at its top, formats nested.
    pub(super) fn to_value(&self) -> Value {
        let mut session = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                session.insert(name.into(), value);
            }
        };
        set("voice", self.voice.as_deref().map(Value::from));
        set("instructions", self.instructions.as_deref().map(Value::from));
        set("reasoning", self.reasoning_effort.map(|effort| json!({ "effort": effort.name() })));
        set("turn_detection", Some(self.turn_detection.to_value()));
        let mut input = direction(self.input_rate, self.input_transport);
        if let Some(transcription) = &self.transcription {
            input.insert("transcription".into(), transcription.to_value());
        }
        let mut output = direction(self.output_rate, self.output_transport);
        if let Some(speed) = self.speed {
            output.insert("speed".into(), speed.into());
        }
        set("audio", Some(json!({ "input": input, "output": output })));
        set("tools", Some(Value::Array(self.tools.clone())));
        set("resumption", self.resumption.then(|| json!({ "enabled": true })));
        set("replace", (!self.replace.is_empty()).then(|| json!(self.replace)));
        Value::Object(session)
    }
}

fn direction(rate: u32, transport: Transport) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("format".into(), json!({ "type": "audio/pcm", "rate": rate }));
    map.insert("transport".into(), transport.name().into());
    map
}

impl TurnDetection {
    fn to_value(&self) -> Value {
        match self {
            Self::Manual => json!({ "type": null }),
            Self::ServerVad { threshold, silence_duration_ms, prefix_padding_ms, idle_timeout_ms } => {
                let mut vad = Map::new();
                vad.insert("type".into(), "server_vad".into());
                if let Some(threshold) = threshold {
                    vad.insert("threshold".into(), (*threshold).into());
                }
                if let Some(ms) = silence_duration_ms {
                    vad.insert("silence_duration_ms".into(), (*ms).into());
                }
                if let Some(ms) = prefix_padding_ms {
                    vad.insert("prefix_padding_ms".into(), (*ms).into());
                }
                // Updates merge, so only a written null switches an earlier value off.
                vad.insert("idle_timeout_ms".into(), json!(idle_timeout_ms));
                Value::Object(vad)
            }
        }
    }
}

impl Transcription {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("model".into(), self.model.as_str().into());
        if let Some(hint) = &self.language_hint {
            map.insert("language_hint".into(), hint.as_str().into());
        }
        if !self.keyterms.is_empty() {
            map.insert("keyterms".into(), json!(self.keyterms));
        }
        Value::Object(map)
    }
}
