use std::collections::BTreeMap;

use realtime::{
    ClientEvent, Content, Effort, NewItem, Role, SessionConfig, Transcription, Transport, TurnDetection,
};
use serde_json::{Value, json};

fn create(item: NewItem) -> ClientEvent {
    ClientEvent::ItemCreate { previous_item_id: None, item }
}

fn table() -> Vec<(&'static str, Option<&'static str>, ClientEvent)> {
    let session = SessionConfig {
        voice: Some("eve".into()),
        instructions: Some("Be brief.".into()),
        turn_detection: TurnDetection::ServerVad {
            threshold: Some(0.85),
            silence_duration_ms: Some(500),
            prefix_padding_ms: Some(333),
            idle_timeout_ms: None,
        },
        transcription: Some(Transcription {
            language_hint: Some("en".into()),
            keyterms: vec!["Grok".into()],
            ..Transcription::default()
        }),
        speed: Some(1.0),
        resumption: true,
        reasoning_effort: Some(Effort::None),
        replace: BTreeMap::from([("xAI".into(), "ex ay eye".into())]),
        ..SessionConfig::default()
    };
    let manual = SessionConfig {
        turn_detection: TurnDetection::Manual,
        input_rate: 16_000,
        output_rate: 48_000,
        input_transport: Transport::Binary,
        output_transport: Transport::Binary,
        transcription: None,
        tools: vec![json!({
            "type": "function", "name": "get_weather", "parameters": { "type": "object", "properties": {} }
        })],
        ..SessionConfig::default()
    };
    let message =
        |id: Option<&str>, role, content| NewItem::Message { id: id.map(Into::into), role, content };
    vec![
        ("session", Some("evt_1"), ClientEvent::SessionUpdate { session: Box::new(session) }),
        ("manual session", None, ClientEvent::SessionUpdate { session: Box::new(manual) }),
        ("append", None, ClientEvent::InputAudioAppend { audio: vec![0, 1, -1, i16::MAX, i16::MIN] }),
        ("append with id", Some("evt_2"), ClientEvent::InputAudioAppend { audio: vec![1] }),
        ("commit", None, ClientEvent::InputAudioCommit),
        ("clear", None, ClientEvent::InputAudioClear),
        ("typed", None, create(NewItem::user_text("Hi \"there\""))),
        (
            "history",
            None,
            ClientEvent::ItemCreate {
                previous_item_id: Some("52ba".into()),
                item: message(
                    Some("mine"),
                    Role::Assistant,
                    vec![Content::OutputText { text: "Hello.".into() }, Content::Text { text: "Hm.".into() }],
                ),
            },
        ),
        ("recorded", None, create(message(None, Role::System, vec![Content::InputAudio { audio: vec![1] }]))),
        (
            "seeded call",
            None,
            create(NewItem::FunctionCall {
                id: None,
                call_id: Some("call-1".into()),
                name: "get_weather".into(),
                arguments: "{}".into(),
            }),
        ),
        (
            "tool output",
            None,
            create(NewItem::FunctionCallOutput {
                id: None,
                call_id: "call-1".into(),
                output: json!({ "ok": true }).to_string(),
            }),
        ),
        (
            "forced words",
            None,
            create(NewItem::ForceMessage { text: "One moment.".into(), interruptible: Some(false) }),
        ),
        ("delete", None, ClientEvent::ItemDelete { item_id: "52ba".into() }),
        (
            "truncate",
            None,
            ClientEvent::ItemTruncate { item_id: "ad75".into(), content_index: 0, audio_end_ms: 1480 },
        ),
        ("bare reply", None, ClientEvent::reply()),
        (
            "special reply",
            None,
            ClientEvent::ResponseCreate {
                instructions: Some("Say hello.".into()),
                modalities: Some(vec!["text".into(), "audio".into()]),
                metadata: BTreeMap::from([("k".into(), "v".into())]),
            },
        ),
        ("cancel", None, ClientEvent::ResponseCancel { response_id: None }),
        ("cancel one", None, ClientEvent::ResponseCancel { response_id: Some("feea".into()) }),
        ("pong", None, ClientEvent::Pong { ping_timestamp: 1_785_214_081_855 }),
    ]
}

#[test]
fn every_client_event_has_the_shape_of_the_guide() {
    let wanted: BTreeMap<String, Value> = serde_json::from_str(include_str!("../data/client.json")).unwrap();
    let table = table();
    assert_eq!(table.len(), wanted.len(), "an example without a test, or the other way round");
    for (name, id, event) in table {
        let written: Value = serde_json::from_str(&event.to_json_as(id)).unwrap();
        assert_eq!(written, wanted[name], "{name}");
        assert_eq!(written["type"], event.kind(), "{name}");
        if id.is_none() {
            assert_eq!(event.to_json(), event.to_json_as(None), "{name}");
        }
    }
}

#[test]
fn the_default_session_names_what_servers_get_wrong_when_unnamed() {
    let event = ClientEvent::SessionUpdate { session: Box::default() };
    let session = serde_json::from_str::<Value>(&event.to_json()).unwrap()["session"].clone();
    assert_eq!(session["turn_detection"]["type"], "server_vad");
    for direction in ["input", "output"] {
        assert_eq!(session["audio"][direction]["format"], json!({ "type": "audio/pcm", "rate": 24000 }));
    }
    assert_eq!(session["audio"]["input"]["transcription"]["model"], "grok-transcribe");
}
