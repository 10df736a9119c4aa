use proptest::prelude::*;
use realtime::{AudioDelta, ErrorWeight, Incoming, Item, ParseError, ServerEvent, Session, parse};
use serde_json::{Value, json};

use crate::meanings::{meanings, message, part, some};

const FRAMES: &str = include_str!("../data/server.jsonl");

fn event(frame: &str) -> ServerEvent {
    match parse(frame) {
        Ok(Incoming::Event(event)) => *event,
        other => panic!("{other:?} from {frame}"),
    }
}

#[test]
fn every_server_event_is_understood() {
    let meanings = meanings();
    assert_eq!(FRAMES.lines().count(), meanings.len());
    for (frame, meaning) in FRAMES.lines().zip(meanings) {
        assert_eq!(event(frame), meaning, "{frame}");
    }
}

#[test]
fn unknown_keys_change_nothing() {
    for (frame, meaning) in FRAMES.lines().zip(meanings()) {
        let mut value: Value = serde_json::from_str(frame).unwrap();
        value["zz"] = json!({ "deep": [1, null, { "type": "ping" }] });
        for nested in ["item", "session", "response", "error"] {
            if value[nested].is_object() {
                value[nested]["zz"] = json!([[]]);
            }
        }
        if !matches!(meaning, ServerEvent::Unknown { .. }) {
            assert_eq!(event(&value.to_string()), meaning, "{frame}");
        }
    }
}

#[test]
fn a_field_of_another_type_or_missing_loses_the_field_and_not_the_event() {
    for frame in FRAMES.lines() {
        let kind = std::mem::discriminant(&event(frame));
        let value: Value = serde_json::from_str(frame).unwrap();
        let Value::Object(map) = value else { panic!("{frame}") };
        for key in map.keys().filter(|key| *key != "type") {
            for odd in
                [json!(null), json!(-1.5), json!("inf"), json!({}), json!([{ "type": 3 }]), json!(true)]
            {
                let mut changed = map.clone();
                changed.insert(key.clone(), odd.clone());
                let changed = Value::Object(changed).to_string();
                assert_eq!(std::mem::discriminant(&event(&changed)), kind, "{key} = {odd} in {frame}");
            }
            let mut fewer = map.clone();
            fewer.remove(key);
            let fewer = Value::Object(fewer).to_string();
            assert_eq!(std::mem::discriminant(&event(&fewer)), kind, "no {key} in {frame}");
        }
    }
}

#[test]
fn audio_is_borrowed_wherever_its_type_stands() {
    for frame in [
        r#"{"type":"response.output_audio.delta","event_id":"x","item_id":"ad75","response_id":"feea","delta":"AAAB","content_index":0,"output_index":0,"rid":"ffb6","latency":"0.65","audio_duration_ms":489,"ts":1785214086092,"previous_item_id":null}"#,
        r#"{"delta":"AAAB","item_id":"ad75","response_id":"feea","type":"response.audio.delta"}"#,
    ] {
        let Ok(Incoming::Audio(audio)) = parse(frame) else { panic!("{frame}") };
        assert_eq!(
            (audio.item_id.as_deref(), audio.response_id.as_deref(), &*audio.delta),
            (Some("ad75"), Some("feea"), "AAAB")
        );
        assert!(matches!(audio.delta, std::borrow::Cow::Borrowed(_)), "copied: {frame}");
        assert!(matches!(audio.item_id, Some(std::borrow::Cow::Borrowed(_))), "copied: {frame}");
    }
}

#[test]
fn odd_audio_deltas_stay_audio() {
    fn audio(frame: &str) -> AudioDelta<'_> {
        match parse(frame) {
            Ok(Incoming::Audio(audio)) => audio,
            other => panic!("{other:?} from {frame}"),
        }
    }
    let kind = r#""type":"response.output_audio.delta""#;
    let escaped = format!(r#"{{{kind},"delta":"a\/\/b","item_id":"\u0061"}}"#);
    assert_eq!(audio(&escaped).delta, "a//b");
    assert_eq!(audio(&escaped).item_id.as_deref(), Some("a"));
    for empty in ["", r#","delta":null"#, r#","delta":{"a":[1]}"#, r#","delta":3.5,"item_id":[null]"#] {
        let frame = format!("{{{kind}{empty}}}");
        assert_eq!(audio(&frame).delta, "", "{frame}");
    }
    let twice = format!(r#"{{{kind},"delta":"AAAA","item_id":"a","item_id":"b"}}"#);
    assert_eq!(audio(&twice).item_id.as_deref(), Some("b"), "a repeated key takes the last value");
}

#[test]
fn what_is_no_event_says_why() {
    let problem = |frame: &str| parse(frame).expect_err(frame);
    assert!(matches!(problem(""), ParseError::NotJson { .. }));
    assert!(matches!(problem(r#"{"type":"ping""#), ParseError::NotJson { .. }));
    assert!(matches!(problem(&"[".repeat(100_000)), ParseError::NotJson { .. }));
    assert_eq!(problem("[]"), ParseError::NotAnObject);
    assert_eq!(problem("\"ping\""), ParseError::NotAnObject);
    assert_eq!(problem("{}"), ParseError::NoType);
    assert_eq!(problem(r#"{"type":null}"#), ParseError::NoType);
    let quoting = problem(r#"{"type":"error","message":"pearl"x}"#).to_string();
    assert!(!quoting.contains("pearl"), "{quoting}");
}

#[test]
fn errors_are_weighed() {
    let weigh = |code: &str, message: &str| {
        let error = json!({ "type": "error", "error": { "type": code, "message": message } });
        let ServerEvent::Error { error } = event(&error.to_string()) else { panic!("no error") };
        error.weight()
    };
    for (code, message, weight) in [
        ("invalid_request_error", "Cancellation failed: no active response found", ErrorWeight::Benign),
        ("response_cancel_not_active", "", ErrorWeight::Benign),
        ("invalid_event", "Conversation already has an active response in progress: x", ErrorWeight::Benign),
        ("invalid_event", "Item not found: 52ba", ErrorWeight::Benign),
        ("invalid_event", "Could not truncate", ErrorWeight::Benign),
        ("timeout", "Conversation timed out", ErrorWeight::Ending),
        ("max_duration", "", ErrorWeight::Ending),
        ("invalid_request_error", "Audio format not supported.", ErrorWeight::Notable),
    ] {
        assert_eq!(weigh(code, message), weight, "{code} {message}");
    }
}

#[test]
fn voices_compare_without_their_prefix() {
    for voice in ["human_Ara", "xai_ara", "ARA", "ara"] {
        let session = Session { voice: some(voice), ..Session::default() };
        assert_eq!(session.plain_voice().as_deref(), Some("ara"));
    }
}

#[test]
fn an_items_text_is_all_its_parts() {
    let parts = vec![part("audio", None, Some("Hello ")), part("text", Some("there"), None)];
    assert_eq!(message("a", "assistant", None, parts).text().as_deref(), Some("Hello there"));
    assert_eq!(Item::default().text(), None);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        drop(parse(&text));
    }

    #[test]
    fn no_json_panics(kind in "[a-z_.]{0,40}", key in "[a-z_]{0,12}", number in any::<f64>(), text in any::<String>()) {
        let frame = json!({ "type": kind, key: { "a": number, "b": [text, number] } });
        prop_assert!(parse(&frame.to_string()).is_ok());
    }

    #[test]
    fn no_broken_frame_panics(
        line in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        other in any::<char>(),
        drop_rest in any::<bool>(),
    ) {
        let frames: Vec<&str> = FRAMES.lines().collect();
        let mut frame: Vec<char> = line.get(&frames).chars().collect();
        let at = at.index(frame.len());
        frame[at] = other;
        if drop_rest {
            frame.truncate(at);
        }
        drop(parse(&frame.into_iter().collect::<String>()));
    }
}
