//! `session.update`: what it takes, what it refuses, what comes back.

use super::*;

fn set(rig: &mut Rig, session: Value) -> Value {
    let events = rig.send(&json!({"type": "session.update", "session": session}));
    assert_eq!(events.len(), 1, "{:?}", kinds(&events));
    events[0].clone()
}

#[test]
fn the_echo_has_the_live_shape() {
    let mut rig = Rig::new(&[]);
    let echo = set(
        &mut rig,
        json!({
            "instructions": "Reply in a few words.",
            "turn_detection": {"type": "server_vad"},
            "audio": {
                "input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": {"model": "grok-transcribe"}},
                "output": {"format": {"type": "audio/pcm", "rate": 24000}},
            },
        }),
    );
    // As recorded live on 2026-07-28.
    let expected = json!({
        "instructions": "Reply in a few words.", "enable_noise_suppression": true,
        "turn_detection": {"type": "server_vad", "create_response": true, "interrupt_response": true},
        "model": "grok-voice-latest", "keep_context": false, "enable_phonetic_spelling": false,
        "input_audio_transcription": {"model": "grok-transcribe"}, "modalities": ["audio"],
        "input_audio_format": "not specified", "output_audio_format": "not specified",
        "tool_choice": "auto", "temperature": -1.0, "max_response_output_tokens": "inf",
        "audio": {
            "input": {"format": {"type": "audio/pcm", "rate": 24000}, "transport": "json",
                "transcription": {"model": "grok-transcribe"}},
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "transport": "json"},
        },
    });
    assert_eq!(echo["session"], expected);
}

#[test]
fn updates_merge() {
    let mut rig = Rig::new(&[]);
    set(&mut rig, json!({"voice": "eve", "turn_detection": {"type": "server_vad", "threshold": 0.3}}));
    let echo = set(&mut rig, json!({"instructions": "x", "turn_detection": {"silence_duration_ms": 700}}));
    assert_eq!(echo["session"]["voice"], "eve");
    assert_eq!(echo["session"]["turn_detection"]["threshold"], 0.3);
    assert_eq!(echo["session"]["turn_detection"]["silence_duration_ms"], 700);
    for manual in [json!(null), json!({"type": null})] {
        assert_eq!(set(&mut rig, json!({"turn_detection": manual}))["session"]["turn_detection"], json!({}));
    }
}

#[test]
fn a_bad_update_is_refused_and_changes_nothing() {
    let mut rig = Rig::new(&[]);
    let before = set(&mut rig, json!({"voice": "eve"}))["session"].clone();
    for (session, part) in [
        (json!({"tools": "web_search"}), "tools"),
        (json!({"tools": [{"type": "teleport"}]}), "tool"),
        (json!({"tools": [{"type": "function"}]}), "name"),
        (json!({"turn_detection": {"type": "semantic_vad"}}), "turn_detection"),
        (json!({"turn_detection": {"type": "server_vad", "threshold": 1.5}}), "threshold"),
        (json!({"turn_detection": {"type": "server_vad", "silence_duration_ms": 10_001}}), "silence"),
        (json!({"turn_detection": {"type": "server_vad", "prefix_padding_ms": -1}}), "prefix"),
        (json!({"audio": {"input": {"format": {"type": "audio/opus"}}}}), "audio/pcm"),
        (json!({"audio": {"output": {"format": {"type": "audio/pcm", "rate": 1}}}}), "rate"),
        (json!({"audio": {"output": {"transport": "pigeon"}}}), "transport"),
        (json!({"audio": {"output": {"speed": 3}}}), "speed"),
        (json!({"audio": 5}), "audio"),
        (json!({"voice": 5}), "voice"),
        (json!({"reasoning": {"effort": "some"}}), "effort"),
        (json!({"resumption": {}}), "resumption"),
        (json!(null), "session"),
    ] {
        let error = set(&mut rig, session.clone());
        assert_eq!(error["type"], "error", "{session}");
        assert!(error["error"]["message"].as_str().unwrap().contains(part), "{error}");
    }
    assert_eq!(set(&mut rig, json!({}))["session"], before);
}

#[test]
fn fields_of_other_dialects_are_let_pass() {
    let mut rig = Rig::new(&[]);
    let echo = set(
        &mut rig,
        json!({
            "type": "realtime", "output_modalities": ["audio"], "input_audio_format": "pcm16",
            "temperature": 0.5, "enable_echo_detection_filtering": true, "replace": {"a": "b"},
            "audio": {"input": {"turn_detection": {"type": "server_vad"}}, "output": {"voice": "ara"}},
        }),
    );
    assert_eq!(echo["session"]["voice"], "ara");
    assert_eq!(echo["session"]["turn_detection"]["type"], "server_vad");
}

#[test]
fn the_input_format_is_fixed_once_audio_came() {
    let mut rig = Rig::vad(&[]);
    let format = json!({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}});
    assert_eq!(set(&mut rig, format.clone())["type"], "session.updated");
    rig.hear(&[0; 960]);
    let back = json!({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}}}});
    assert_eq!(set(&mut rig, back)["error"]["code"], "invalid_audio_format");
    assert_eq!(set(&mut rig, format)["type"], "session.updated");
}

#[test]
fn every_pair_of_formats_carries_a_turn() {
    let encode =
        |name: &str| if name == "audio/pcm" { vec![8000, 16_000, 22_050, 48_000] } else { vec![8000] };
    for input in ["audio/pcm", "audio/pcmu", "audio/pcma"] {
        for rate in encode(input) {
            let mut rig = Rig::new(&[("delta_pace", "0")]);
            let format = json!({"type": input, "rate": rate});
            rig.send(&update(json!({"audio": {
                "input": {"format": format},
                "output": {"format": {"type": "audio/pcm", "rate": 24000}},
            }})));
            let said = crate::resample::resample(&burst(800), 24_000, rate, 0..(2300 * rate as usize / 1000));
            let bytes = crate::format::Format::read(&format).unwrap().encode(&said);
            rig.session.on_binary(&bytes, rig.now);
            let events = rig.wait(3000);
            let reply = crate::format::pcm(&sound(&events));
            assert!((1150 * 24..1250 * 24).contains(&reply.len()), "{format}: {} samples", reply.len());
            assert_eq!(
                periods(&reply),
                175,
                "{format}: 800 ms of 220 Hz are 176 swings, the first from silence"
            );
        }
    }
}

#[test]
fn models_are_repeated_if_they_are_known() {
    for (asked, model) in [
        (Some("grok-voice-think-fast-2.0"), "grok-voice-think-fast-2.0"),
        (Some("gpt-realtime"), "grok-voice-latest"),
        (None, "grok-voice-latest"),
    ] {
        let asked = Asked { model: asked.map(str::to_owned), conversation_id: None };
        let mut rig = Rig::unopened(&[], &Common::default(), &asked);
        assert_eq!(rig.events()[0]["session"]["model"], model);
    }
}

/// How often a sound swings from well below zero to well above.
fn periods(sound: &[i16]) -> usize {
    let mut below = false;
    let mut count = 0;
    for sample in sound {
        if *sample < -1000 {
            below = true;
        } else if *sample > 1000 && below {
            below = false;
            count += 1;
        }
    }
    count
}
