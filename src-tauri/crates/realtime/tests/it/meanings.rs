use realtime::{
    ContentPart, Item, ItemKind, Progress, Response, ServerEvent, Session, Status, Usage, WireError,
    WireFormat,
};

pub(crate) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(crate) fn part(kind: &str, text: Option<&str>, transcript: Option<&str>) -> ContentPart {
    ContentPart { kind: some(kind), text: text.map(Into::into), transcript: transcript.map(Into::into) }
}

pub(crate) fn message(id: &str, role: &str, status: Option<Status>, content: Vec<ContentPart>) -> Item {
    let kind = Some(ItemKind::Message);
    Item { id: some(id), kind, role: some(role), status, content, ..Item::default() }
}

fn call(role: &str, status: Status, arguments: &str) -> Item {
    Item {
        id: some("0339"),
        kind: Some(ItemKind::FunctionCall),
        role: some(role),
        status: Some(status),
        call_id: some("call-af8e-0"),
        name: some("get_weather"),
        arguments: some(arguments),
        ..Item::default()
    }
}

/// What the frames of `server.jsonl` mean, in its order.
pub(crate) fn meanings() -> Vec<ServerEvent> {
    use ServerEvent as E;
    let pcm = WireFormat { kind: some("audio/pcm"), rate: Some(24_000), transport: some("json") };
    let (item, feea) = (|| some("ad75"), || some("feea"));
    let added =
        |item, previous: Option<&str>| E::ItemAdded { item, previous_item_id: previous.map(Into::into) };
    let london = r#"{"city":"London"}"#;
    vec![
        E::SessionCreated {
            session: Session {
                id: some("aea33af4e0394bbbacf1ff68f7e57f6c"),
                model: some("grok-voice-latest"),
                voice: some("ara"),
                instructions: some(""),
                ..Session::default()
            },
        },
        E::ConversationCreated { conversation_id: some("21b7a7da-63a1-46ae-beea-ea58f4e04d9d") },
        E::Ping { timestamp: Some(1_785_214_081_855) },
        E::Ping { timestamp: Some(1_785_214_081_856) },
        E::SessionUpdated {
            session: Session {
                model: some("grok-voice-latest"),
                instructions: some("Reply in a few words."),
                turn_detection: some("server_vad"),
                input: pcm.clone(),
                output: pcm,
                transcription_model: some("grok-transcribe"),
                ..Session::default()
            },
        },
        E::SessionUpdated {
            session: Session {
                voice: some("xai_Eve"),
                reasoning_effort: some("none"),
                tools: ["get_weather", "flat", "web_search", "notes"].map(Into::into).to_vec(),
                ..Session::default()
            },
        },
        E::SpeechStarted { item_id: some("939d"), audio_start_ms: Some(227) },
        E::SpeechStopped { item_id: some("939d"), audio_end_ms: Some(432) },
        E::InputCommitted { item_id: some("939d"), previous_item_id: None },
        E::InputCleared,
        E::InputTimeout { item_id: some("t1"), audio_start_ms: Some(39_100), audio_end_ms: Some(49_300) },
        E::Dtmf { digit: some("5") },
        E::Dtmf { digit: some("#") },
        added(
            message("939d", "user", Some(Status::InProgress), vec![part("input_audio", None, Some(""))]),
            None,
        ),
        added(
            message(
                "52ba",
                "user",
                Some(Status::Completed),
                vec![part("input_text", Some("What is the weather in London?"), None)],
            ),
            None,
        ),
        added(message("ad75", "assistant", Some(Status::InProgress), vec![]), Some("52ba")),
        added(call("tool", Status::InProgress, ""), None),
        added(
            Item {
                id: some("c064"),
                kind: Some(ItemKind::FunctionCallOutput),
                role: some("tool"),
                status: Some(Status::Completed),
                call_id: some("call-af8e-0"),
                output: some("It is foggy"),
                ..Item::default()
            },
            None,
        ),
        added(
            Item {
                replayed: Some(true),
                ..message("r1", "assistant", None, vec![part("text", Some("Hello again."), None)])
            },
            None,
        ),
        E::ItemDeleted { item_id: some("") },
        E::ItemTruncated {
            item_id: item(),
            content_index: Some(0),
            audio_end_ms: Some(1480),
            transcript: some("text kept"),
        },
        E::UserTranscriptUpdated { item_id: some("939d"), transcript: some("Hello, my name is") },
        E::UserTranscriptCompleted {
            item_id: some("939d"),
            transcript: some("Hello, my name is"),
            status: Some(Status::InProgress),
        },
        E::UserTranscriptCompleted {
            item_id: some("939d"),
            transcript: some("Hello, my name is Marcelo."),
            status: Some(Status::Completed),
        },
        E::ResponseCreated {
            response: Response { id: feea(), status: Some(Status::InProgress), ..Response::default() },
        },
        E::OutputItemAdded {
            item: message("ad75", "assistant", Some(Status::InProgress), vec![]),
            response_id: feea(),
            output_index: Some(0),
        },
        E::ContentPartAdded {
            item_id: item(),
            response_id: feea(),
            content_index: Some(0),
            part: Some(part("audio", None, Some(""))),
        },
        E::TranscriptDelta {
            item_id: item(),
            response_id: feea(),
            delta: some("Hello Marcelo! Nice to meet you."),
            start_time: Some(0.0),
        },
        E::TranscriptDone {
            item_id: item(),
            response_id: feea(),
            transcript: some("Hello Marcelo! Nice to meet you."),
        },
        E::TranscriptDelta {
            item_id: item(),
            response_id: feea(),
            delta: some("Old name"),
            start_time: None,
        },
        E::TranscriptDone { item_id: item(), response_id: feea(), transcript: some("Old name") },
        E::ContentPartDone { item_id: item(), response_id: feea(), content_index: Some(0), part: None },
        E::ContentPartDone {
            item_id: item(),
            response_id: feea(),
            content_index: Some(0),
            part: Some(part("audio", None, Some("With a part"))),
        },
        E::AudioDone { item_id: item(), response_id: feea() },
        E::AudioDone { item_id: item(), response_id: feea() },
        E::OutputItemDone {
            item: message("ad75", "assistant", Some(Status::Completed), vec![]),
            response_id: feea(),
            output_index: Some(0),
        },
        E::ResponseDone {
            response: Response {
                id: feea(),
                status: Some(Status::Completed),
                output: vec![message(
                    "ad75",
                    "assistant",
                    Some(Status::Completed),
                    vec![part("audio", None, Some("Hello Marcelo!"))],
                )],
                usage: Some(Usage {
                    input_tokens: Some(7),
                    output_tokens: Some(113),
                    total_tokens: Some(120),
                    output_audio_seconds: Some(2.081_166_666_666_667),
                    billable_audio_seconds: Some(1.0),
                }),
                ..Response::default()
            },
        },
        E::ResponseDone {
            response: Response {
                id: some("feeb"),
                status: Some(Status::Cancelled),
                status_reason: some("turn_detected"),
                metadata: vec![("k".into(), "v".into())],
                usage: Some(Usage { total_tokens: Some(9), ..Usage::default() }),
                ..Response::default()
            },
        },
        E::TextDelta { item_id: item(), response_id: feea(), delta: some("written") },
        E::TextDelta { item_id: item(), response_id: feea(), delta: some("written") },
        E::TextDone { item_id: item(), response_id: feea(), text: some("written") },
        E::TextDone { item_id: item(), response_id: feea(), text: some("written") },
        E::OutputItemAdded {
            item: call("user", Status::InProgress, ""),
            response_id: feea(),
            output_index: Some(0),
        },
        E::ArgumentsDelta {
            item_id: some("0339"),
            response_id: feea(),
            call_id: some("call-af8e-0"),
            delta: some(london),
        },
        E::ArgumentsDone {
            item_id: some("0339"),
            response_id: feea(),
            call_id: some("call-af8e-0"),
            name: some("get_weather"),
            arguments: some(london),
        },
        E::OutputItemDone {
            item: call("user", Status::Completed, london),
            response_id: feea(),
            output_index: Some(0),
        },
        E::McpListTools { item_id: some("m1"), progress: Progress::InProgress, error: None },
        E::McpListTools { item_id: some("m1"), progress: Progress::Completed, error: None },
        E::McpListTools {
            item_id: some("m1"),
            progress: Progress::Failed,
            error: Some(WireError {
                kind: some("connection_error"),
                message: some("no route"),
                ..WireError::default()
            }),
        },
        E::McpArgumentsDelta {
            item_id: some("m2"),
            response_id: feea(),
            call_id: some("call-2"),
            delta: some(r#"{"q":"#),
        },
        E::McpArgumentsDone {
            item_id: some("m2"),
            response_id: feea(),
            call_id: some("call-2"),
            name: some("find"),
            arguments: some(r#"{"q":1}"#),
        },
        E::McpCall { item_id: some("m2"), progress: Progress::InProgress, error: None },
        E::McpCall { item_id: some("m2"), progress: Progress::Completed, error: None },
        E::McpCall {
            item_id: some("m2"),
            progress: Progress::Failed,
            error: Some(WireError {
                kind: some("tool_execution_error"),
                message: some("Tool timed out"),
                ..WireError::default()
            }),
        },
        E::Error {
            error: WireError {
                kind: some("invalid_request_error"),
                code: some("invalid_audio_format"),
                message: some("Audio format not supported. Use audio/pcm, audio/pcmu, or audio/pcma."),
                param: None,
                event_id: some("evt_1"),
            },
        },
        E::Error {
            error: WireError {
                code: some("timeout"),
                message: some("Conversation timed out due to inactivity"),
                ..WireError::default()
            },
        },
        E::Unknown {
            kind: "rate_limits.updated".into(),
            raw: r#"{"type":"rate_limits.updated","rate_limits":[]}"#.into(),
        },
    ]
}
