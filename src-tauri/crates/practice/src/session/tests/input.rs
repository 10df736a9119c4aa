//! Bad input: every client event, garbage, and too much of everything.

use proptest::prelude::*;

use super::*;

#[test]
fn garbage_is_an_error_and_the_session_goes_on() {
    let mut rig = Rig::vad(&[]);
    for text in [
        "",
        "{",
        "[]",
        "5",
        "null",
        "{}",
        r#"{"type":5}"#,
        r#"{"type":"conversation.item.retrieve"}"#,
        "\u{0}",
    ] {
        rig.session.on_text(text, rig.now);
        let events = rig.events();
        assert_eq!(kinds(&events), ["error"], "{text}");
        assert_eq!(events[0]["error"]["type"], "invalid_event", "{text}");
    }
    let deep = "[".repeat(100_000);
    rig.session.on_text(&deep, rig.now);
    assert_eq!(kinds(&rig.events()), ["error"]);
    assert_eq!(count(&rig.turn(), "response.done"), 1);
}

#[test]
fn an_error_names_the_event_that_failed() {
    let mut rig = Rig::vad(&[]);
    for event in [
        json!({"type": "input_audio_buffer.append"}),
        json!({"type": "input_audio_buffer.append", "audio": "%%%"}),
        json!({"type": "input_audio_buffer.append", "audio": "AAAA"}),
        json!({"type": "conversation.item.create"}),
        json!({"type": "conversation.item.create", "item": {"type": "song"}}),
        json!({"type": "conversation.item.create", "item": {"type": "message", "role": "robot"}}),
        json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": 5}}),
        json!({"type": "conversation.item.create", "item": {"type": "function_call_output"}}),
        json!({"type": "conversation.item.create", "item": {"type": "force_message", "content": []}}),
        json!({"type": "conversation.item.truncate", "item_id": "x"}),
        json!({"type": "conversation.item.delete"}),
        json!({"type": "response.create", "response": 5}),
        json!({"type": "response.create", "response": {"metadata": {"k": 5}}}),
    ] {
        let mut named = event.clone();
        named["event_id"] = json!("mine");
        let events = rig.send(&named);
        assert_eq!(kinds(&events), ["error"], "{event}");
        assert_eq!(events[0]["error"]["type"], "invalid_request_error", "{event}");
        assert_eq!(events[0]["error"]["event_id"], "mine", "{event}");
    }
}

#[test]
fn pong_is_accepted_in_silence() {
    let mut rig = Rig::vad(&[]);
    assert!(rig.send(&json!({"type": "pong", "ping_timestamp": 1})).is_empty());
}

#[test]
fn a_manual_turn_holds_a_minute_and_says_so() {
    let mut rig = Rig::manual(&[("delta_pace", "0")]);
    for _ in 0..60 {
        assert!(rig.hear(&[100; 24_000]).is_empty());
    }
    let full = rig.hear(&[100; 24_000]);
    assert_eq!(kinds(&full), ["error"], "once");
    assert_eq!(full[0]["error"]["code"], "input_audio_buffer_full");
    rig.send(&json!({"type": "input_audio_buffer.commit"}));
    let events = [rig.send(&respond()), rig.wait(3000)].concat();
    assert_eq!(sound(&events).len(), 60 * 48_000);
    assert!(rig.hear(&[100; 24_000]).is_empty(), "the next turn has room again");
}

#[test]
fn the_record_keeps_events_but_not_their_audio() {
    let common = Common::default();
    let mut rig = Rig::unopened(&[], &common, &Asked::default());
    rig.send(&update(json!({})));
    rig.hear(&[0; 480]);
    rig.session.on_text("{", rig.now);
    rig.send(&typed(&"x".repeat(70_000)));
    let log = common.log.snapshot().sessions.remove(0);
    assert_eq!(
        kinds(&log.events),
        ["session.update", "input_audio_buffer.append", "conversation.item.create"]
    );
    assert_eq!(log.events[1]["audio_samples"], 480);
    assert!(log.events[2]["bytes"].as_u64().unwrap() > 70_000);
    assert_eq!((log.samples_in, log.malformed), (480, 1));
    assert_eq!(log.of_type("session.update").count(), 1);
}

/// Any JSON, a few levels deep.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z_./-]{0,12}".prop_map(Value::from),
        prop_oneof![Just("server_vad"), Just("message"), Just("user"), Just("AAAA"), Just("audio/pcm")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "session",
        "turn_detection",
        "type",
        "threshold",
        "silence_duration_ms",
        "prefix_padding_ms",
        "audio",
        "input",
        "output",
        "format",
        "rate",
        "transport",
        "tools",
        "name",
        "parameters",
        "item",
        "id",
        "role",
        "content",
        "text",
        "call_id",
        "item_id",
        "content_index",
        "audio_end_ms",
        "response",
        "metadata",
        "resumption",
        "enabled",
        "idle_timeout_ms",
        "event_id",
    ])
    .prop_map(str::to_owned)
}

fn client_event() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec![
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "input_audio_buffer.clear",
        "conversation.item.create",
        "conversation.item.delete",
        "conversation.item.truncate",
        "response.create",
        "response.cancel",
        "pong",
        "other",
    ]);
    let fields = prop::collection::vec((field(), json_value()), 0..4);
    (kind, fields).prop_map(|(kind, fields)| {
        let mut event: serde_json::Map<String, Value> = fields.into_iter().collect();
        event.insert("type".into(), kind.into());
        Value::Object(event).to_string()
    })
}

proptest! {
    #[test]
    fn no_text_panics_the_session(texts in prop::collection::vec(prop_oneof![any::<String>(), client_event()], 0..12)) {
        let mut rig = Rig::vad(&[]);
        for text in &texts {
            rig.session.on_text(text, rig.now);
            rig.hear(&burst(100)[..6000]);
            rig.wait(400);
        }
        prop_assert!(!rig.session.over());
    }

    #[test]
    fn no_bytes_panic_the_session(
        format in prop::sample::select(vec!["audio/pcm", "audio/pcmu", "audio/pcma"]),
        rate in prop::sample::select(vec![8000, 11_025, 22_050, 48_000]),
        silence in 0u64..10_000,
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..12),
    ) {
        let mut rig = Rig::new(&[("transcript", "a b c|d"), ("order", "2.0")]);
        rig.send(&update(json!({
            "turn_detection": {"type": "server_vad", "threshold": 0.1, "silence_duration_ms": silence},
            "audio": {"input": {"format": {"type": format, "rate": rate}}},
        })));
        for piece in &pieces {
            rig.session.on_binary(piece, rig.now);
            rig.wait(50);
        }
        prop_assert!(!rig.session.over());
    }
}
