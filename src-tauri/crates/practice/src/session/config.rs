//! What `session.update` may set, how updates merge, and the echo of the result.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::out::Refusal;
use crate::format::Format;
use crate::vad::Tuning;

#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    instructions: String,
    voice: Option<String>,
    reasoning: Option<Value>,
    /// `None` while turns are manual.
    pub(crate) detection: Option<Detection>,
    pub(crate) input: Format,
    pub(crate) output: Format,
    input_binary: bool,
    pub(crate) output_binary: bool,
    transcription: Option<Value>,
    speed: Option<Value>,
    pub(crate) tools: Vec<Function>,
    tools_echo: Option<Value>,
    pub(crate) resumption: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Detection {
    threshold: Option<f64>,
    silence_ms: Option<u64>,
    prefix_ms: Option<u64>,
    pub(crate) idle_timeout_ms: Option<u64>,
    pub(crate) create_response: bool,
    pub(crate) interrupt_response: bool,
}

impl Default for Detection {
    fn default() -> Self {
        Self {
            threshold: None,
            silence_ms: None,
            prefix_ms: None,
            idle_timeout_ms: None,
            create_response: true,
            interrupt_response: true,
        }
    }
}

impl Detection {
    /// Threshold and prefix default as the guide says. The default silence is not published.
    pub(crate) fn tuning(&self) -> Tuning {
        Tuning {
            threshold: self.threshold.unwrap_or(0.85) as f32,
            silence_ms: self.silence_ms.unwrap_or(500),
            prefix_ms: self.prefix_ms.unwrap_or(333),
        }
    }

    fn echo(&self) -> Value {
        let mut echo = json!({
            "type": "server_vad",
            "create_response": self.create_response,
            "interrupt_response": self.interrupt_response,
        });
        let given = [
            ("threshold", self.threshold.map(Value::from)),
            ("silence_duration_ms", self.silence_ms.map(Value::from)),
            ("prefix_padding_ms", self.prefix_ms.map(Value::from)),
            ("idle_timeout_ms", self.idle_timeout_ms.map(Value::from)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                echo[name] = value;
            }
        }
        echo
    }
}

/// A function that the session declared.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) parameters: Value,
}

impl Config {
    /// Whether transcripts come as `.updated` snapshots too.
    pub(crate) fn snapshots(&self) -> bool {
        self.transcription.as_ref().and_then(|t| t.get("model")).and_then(Value::as_str)
            == Some("grok-transcribe")
    }

    /// This configuration with `patch` laid over it; what the patch does not name stays.
    pub(crate) fn merged(&self, patch: &Value) -> Result<Self, Refusal> {
        let Some(patch) = patch.as_object() else {
            return Err(Refusal::request("session must be an object."));
        };
        let mut next = self.clone();
        if let Some(text) = text(patch, "instructions")? {
            next.instructions = text;
        }
        let audio = part(patch, "audio")?;
        let (input, output) = (part(audio, "input")?, part(audio, "output")?);
        // The nesting of other dialects is accepted too, as live sessions accept it.
        if let Some(voice) = text(patch, "voice")?.or(text(output, "voice")?) {
            next.voice = Some(voice);
        }
        if let Some(detection) = patch.get("turn_detection").or_else(|| input.get("turn_detection")) {
            next.detection = detected(self.detection.as_ref(), detection)?;
        }
        if let Some(reasoning) = given(patch, "reasoning") {
            match reasoning.get("effort").and_then(Value::as_str) {
                Some("high" | "none") => next.reasoning = Some(reasoning.clone()),
                _ => return Err(Refusal::request("reasoning.effort must be high or none.")),
            }
        }
        let bad_format = |message| Refusal::coded("invalid_audio_format", message);
        if let Some(format) = given(input, "format") {
            next.input = Format::read(format).map_err(bad_format)?;
        }
        if let Some(format) = given(output, "format") {
            next.output = Format::read(format).map_err(bad_format)?;
        }
        if let Some(transport) = text(input, "transport")? {
            next.input_binary = binary(&transport)?;
        }
        if let Some(transport) = text(output, "transport")? {
            next.output_binary = binary(&transport)?;
        }
        if let Some(transcription) = input.get("transcription") {
            next.transcription = (!transcription.is_null()).then(|| transcription.clone());
        }
        if let Some(speed) = given(output, "speed") {
            match speed.as_f64() {
                Some(value) if (0.7..=1.5).contains(&value) => next.speed = Some(speed.clone()),
                _ => return Err(Refusal::request("audio.output.speed must lie between 0.7 and 1.5.")),
            }
        }
        if let Some(tools) = patch.get("tools") {
            (next.tools, next.tools_echo) = read_tools(tools)?;
        }
        if let Some(resumption) = given(patch, "resumption") {
            next.resumption = resumption
                .get("enabled")
                .and_then(Value::as_bool)
                .ok_or_else(|| Refusal::request("resumption.enabled must be true or false."))?;
        }
        Ok(next)
    }

    /// The `session` object of `session.updated`, with the oddities of the live frames.
    pub(crate) fn echo(&self, model: &str) -> Value {
        let transport = |binary| if binary { "binary" } else { "json" };
        let mut input = json!({"format": self.input.echo(), "transport": transport(self.input_binary)});
        if let Some(transcription) = &self.transcription {
            input["transcription"] = transcription.clone();
        }
        let mut output = json!({"format": self.output.echo(), "transport": transport(self.output_binary)});
        if let Some(speed) = &self.speed {
            output["speed"] = speed.clone();
        }
        let model_of_transcription =
            self.transcription.as_ref().map_or(Value::Null, |t| json!({"model": t.get("model")}));
        let mut echo = json!({
            "instructions": self.instructions,
            "enable_noise_suppression": true,
            "turn_detection": self.detection.as_ref().map_or_else(|| json!({}), Detection::echo),
            "model": model,
            "keep_context": false,
            "enable_phonetic_spelling": false,
            "input_audio_transcription": model_of_transcription,
            "modalities": ["audio"],
            "input_audio_format": "not specified",
            "output_audio_format": "not specified",
            "tool_choice": "auto",
            "temperature": -1.0,
            "max_response_output_tokens": "inf",
            "audio": {"input": input, "output": output},
        });
        for (name, value) in [
            ("voice", self.voice.as_ref().map(|voice| json!(voice))),
            ("reasoning", self.reasoning.clone()),
            ("tools", self.tools_echo.clone()),
        ] {
            if let Some(value) = value {
                echo[name] = value;
            }
        }
        echo
    }
}

fn detected(before: Option<&Detection>, value: &Value) -> Result<Option<Detection>, Refusal> {
    let Some(fields) = value.as_object() else {
        return if value.is_null() {
            Ok(None)
        } else {
            Err(Refusal::request("turn_detection must be an object or null."))
        };
    };
    match fields.get("type") {
        Some(Value::Null) => return Ok(None),
        Some(Value::String(name)) if name == "server_vad" => {}
        None if !fields.is_empty() => {}
        _ => return Err(Refusal::request("turn_detection.type must be server_vad or null.")),
    }
    let mut next = before.cloned().unwrap_or_default();
    if let Some(threshold) = given(fields, "threshold") {
        next.threshold = Some(
            threshold
                .as_f64()
                .filter(|value| (0.1..=0.9).contains(value))
                .ok_or_else(|| Refusal::request("turn_detection.threshold must lie between 0.1 and 0.9."))?,
        );
    }
    for (name, slot) in
        [("silence_duration_ms", &mut next.silence_ms), ("prefix_padding_ms", &mut next.prefix_ms)]
    {
        if let Some(value) = given(fields, name) {
            let ms = value.as_u64().filter(|ms| *ms <= 10_000);
            *slot = Some(ms.ok_or_else(|| {
                Refusal::request(format!("turn_detection.{name} must lie between 0 and 10000."))
            })?);
        }
    }
    if let Some(value) = fields.get("idle_timeout_ms") {
        next.idle_timeout_ms = value.as_u64();
        if next.idle_timeout_ms.is_none() && !value.is_null() {
            return Err(Refusal::request("turn_detection.idle_timeout_ms must be a whole number or null."));
        }
    }
    for (name, slot) in
        [("create_response", &mut next.create_response), ("interrupt_response", &mut next.interrupt_response)]
    {
        if let Some(value) = given(fields, name) {
            *slot = value
                .as_bool()
                .ok_or_else(|| Refusal::request(format!("turn_detection.{name} must be true or false.")))?;
        }
    }
    Ok(Some(next))
}

/// Functions may come flat or nested; the echo is nested.
fn read_tools(value: &Value) -> Result<(Vec<Function>, Option<Value>), Refusal> {
    let tools = match value {
        Value::Null => return Ok((Vec::new(), None)),
        Value::Array(tools) => tools,
        _ => return Err(Refusal::request("tools must be an array.")),
    };
    let mut functions = Vec::new();
    let mut echo = Vec::new();
    for tool in tools {
        match tool.get("type").and_then(Value::as_str) {
            Some("function") => {
                let mut function = tool.get("function").unwrap_or(tool).clone();
                let name = function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
                let Some(name) = name.map(str::to_owned) else {
                    return Err(Refusal::request("A function tool needs a name."));
                };
                let parameters = function.get("parameters").cloned().unwrap_or(Value::Null);
                if !parameters.is_object() && !parameters.is_null() {
                    return Err(Refusal::request(format!("The parameters of {name} must be an object.")));
                }
                if let Some(fields) = function.as_object_mut() {
                    fields.remove("type");
                }
                functions.push(Function { name, parameters });
                echo.push(json!({"type": "function", "function": function}));
            }
            Some("web_search" | "x_search" | "file_search" | "mcp") => echo.push(tool.clone()),
            _ => return Err(Refusal::request("A tool has an unknown type.")),
        }
    }
    let echo = (!echo.is_empty()).then_some(Value::Array(echo));
    Ok((functions, echo))
}

fn binary(transport: &str) -> Result<bool, Refusal> {
    match transport {
        "json" => Ok(false),
        "binary" => Ok(true),
        _ => Err(Refusal::request("A transport must be json or binary.")),
    }
}

/// A field that is present and not null.
fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match given(fields, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::request(format!("{name} must be a string."))),
    }
}

fn part<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a Map<String, Value>, Refusal> {
    static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    match given(fields, name) {
        None => Ok(&NOTHING),
        Some(Value::Object(part)) => Ok(part),
        Some(_) => Err(Refusal::request(format!("{name} must be an object."))),
    }
}
