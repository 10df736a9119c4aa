//! What the client asks for, and what it gets: interruption, cancelling, cutting, tools, resumption.

use super::*;

#[test]
fn speaking_over_a_reply_ends_it() {
    let mut rig = Rig::vad(&[("delta_pace", "1")]);
    rig.send(&respond());
    rig.wait(1500);
    let events = rig.hear(&burst(800));
    let order =
        ["input_audio_buffer.speech_started", "conversation.item.added", "response.output_audio.done"];
    assert_eq!(kinds(&events)[..3], order);
    assert_eq!(first(&events, "response.output_item.done")["item"]["status"], "incomplete");
    assert_eq!(first(&events, "response.done")["response"]["status"], "cancelled");
    let after = rig.wait(5000);
    assert_eq!(count(&after, "response.created"), 1, "then the new turn is answered");
    let old = &first(&events, "response.done")["response_id"];
    assert!(after.iter().all(|event| event["response_id"] != *old), "nothing more of the old reply");
}

#[test]
fn speaking_after_the_last_delta_cancels_nothing() {
    let mut rig = Rig::vad(&[("delta_pace", "0")]);
    rig.send(&respond());
    assert_eq!(first(&rig.wait(400), "response.done")["response"]["status"], "completed");
    assert_eq!(count(&rig.hear(&burst(800)), "response.done"), 0);
}

#[test]
fn a_session_may_forbid_interruption_and_automatic_replies() {
    let mut rig = Rig::new(&[("delta_pace", "1")]);
    let detection = json!({"type": "server_vad", "create_response": false, "interrupt_response": false});
    rig.send(&update(json!({"turn_detection": detection})));
    rig.send(&respond());
    rig.wait(1000);
    let events = rig.hear(&burst(800));
    assert_eq!(count(&events, "input_audio_buffer.committed"), 1);
    assert_eq!(count(&events, "response.done"), 0);
    let later = rig.wait(20_000);
    assert_eq!(count(&later, "response.done"), 1);
    assert_eq!(count(&later, "response.created"), 0);
}

#[test]
fn cancel_ends_the_active_reply_only() {
    let mut rig = Rig::vad(&[("delta_pace", "1")]);
    let cancel = json!({"type": "response.cancel", "event_id": "mine"});
    let error = rig.send(&cancel);
    assert_eq!(error[0]["error"]["code"], "response_cancel_not_active");
    assert_eq!(error[0]["error"]["message"], "Cancellation failed: no active response found");
    assert_eq!(error[0]["error"]["event_id"], "mine");
    let id = first(&rig.send(&respond()), "response.created")["response"]["id"].clone();
    rig.wait(1000);
    let wrong = rig.send(&json!({"type": "response.cancel", "response_id": "another"}));
    assert_eq!(kinds(&wrong), ["error"]);
    let events = rig.send(&json!({"type": "response.cancel", "response_id": id}));
    assert_eq!(first(&events, "response.done")["response"]["status"], "cancelled");
    assert_eq!(count(&rig.wait(4000), "response.output_audio.delta"), 0);
}

#[test]
fn cancel_before_the_reply_began_keeps_it_from_beginning() {
    for order in ["live", "2.0"] {
        let mut rig = Rig::vad(&[("order", order), ("first_audio_ms", "1000")]);
        let mut events = rig.hear(&burst(800));
        events.extend(rig.send(&json!({"type": "response.cancel"})));
        events.extend(rig.wait(4000));
        assert_eq!(count(&events, "response.created"), 0, "{order}");
        assert_eq!(count(&events, "input_audio_buffer.committed"), 1, "{order}");
    }
}

#[test]
fn truncate_answers_with_the_words_that_were_heard() {
    let mut rig = Rig::vad(&[]);
    let events = [rig.send(&respond()), rig.wait(5000)].concat();
    let item = first(&events, "response.output_item.done")["item"]["id"].clone();
    let cut = |ms: u64| json!({"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": ms});
    let truncated = rig.send(&cut(4200));
    assert_eq!(kinds(&truncated), ["conversation.item.truncated"]);
    assert_eq!(truncated[0]["audio_end_ms"], 4200);
    let kept = truncated[0]["transcript"].as_str().unwrap();
    assert!(kept.starts_with("Hello, this is the practice agent, on your own computer. Say"), "{kept}");
    assert!(!kept.contains("voice"), "{kept}");
    let beyond = rig.send(&cut(4201));
    assert!(beyond[0]["error"]["message"].as_str().unwrap().contains("truncat"), "there is no more to cut");
}

#[test]
fn truncate_and_delete_need_an_item() {
    let mut rig = Rig::vad(&[]);
    for event in [
        json!({"type": "conversation.item.truncate", "item_id": "none", "content_index": 0, "audio_end_ms": 5}),
        json!({"type": "conversation.item.delete", "item_id": "none"}),
    ] {
        assert!(rig.send(&event)[0]["error"]["message"].as_str().unwrap().starts_with("Item not found"));
    }
    let added = rig.send(&typed("x"));
    let id = &added[0]["item"]["id"];
    let delete = json!({"type": "conversation.item.delete", "item_id": id});
    assert_eq!(rig.send(&delete)[0]["item_id"], *id);
    assert_eq!(kinds(&rig.send(&delete)), ["error"]);
}

#[test]
fn a_text_with_the_cue_calls_the_declared_function() {
    let mut rig = Rig::new(&[]);
    let tool = json!({"type": "function", "name": "get_weather", "description": "d",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}});
    let echo = rig.send(&update(json!({"tools": [tool]})));
    assert_eq!(echo[0]["session"]["tools"][0]["function"]["name"], "get_weather", "the echo is nested");
    rig.send(&typed("Use a tool, please"));
    let events = rig.send(&respond());
    assert_eq!(
        kinds(&events),
        [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.done",
        ]
    );
    assert_eq!(events[1]["item"]["role"], "user");
    assert_eq!(events[2]["item"]["role"], "tool");
    assert_eq!(events[4]["name"], "get_weather");
    let arguments: Value = serde_json::from_str(events[4]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, json!({"city": "practice"}));
    let call_id = &events[4]["call_id"];
    assert!(call_id.as_str().unwrap().starts_with("call-") && call_id.as_str().unwrap().ends_with("-0"));

    let output = json!({"type": "function_call_output", "call_id": call_id, "output": "{}"});
    let added = rig.send(&json!({"type": "conversation.item.create", "item": output}));
    assert_eq!(added[0]["item"]["role"], "tool");
    assert_eq!(count(&rig.wait(1000), "response.created"), 0);
    let events = [rig.send(&respond()), rig.wait(3000)].concat();
    assert_eq!(
        first(&events, "response.output_audio_transcript.done")["transcript"],
        "The tool has answered."
    );
}

#[test]
fn the_cue_alone_calls_nothing() {
    let mut rig = Rig::vad(&[]);
    rig.send(&typed("Use a tool, please"));
    let events = [rig.send(&respond()), rig.wait(3000)].concat();
    assert_eq!(count(&events, "response.function_call_arguments.done"), 0);
    let unknown = json!({"type": "function_call_output", "call_id": "call-x-0", "output": "{}"});
    assert_eq!(kinds(&rig.send(&json!({"type": "conversation.item.create", "item": unknown}))), ["error"]);
}

#[test]
fn a_forced_message_is_spoken_without_being_asked_for() {
    let mut rig = Rig::vad(&[]);
    for kind in ["output_text", "text"] {
        let item = json!({"type": "force_message", "role": "assistant", "content": [{"type": kind, "text": "Mind the gap."}]});
        let mut events = rig.send(&json!({"type": "conversation.item.create", "item": item}));
        events.extend(rig.wait(3000));
        assert_eq!(
            first(&events, "response.done")["response"]["output"][0]["content"][0]["transcript"],
            "Mind the gap."
        );
        assert!(!sound(&events).is_empty());
    }
}

#[test]
fn a_message_with_audio_is_said_back() {
    let mut rig = Rig::vad(&[]);
    let said = burst(300);
    let audio = append(&said)["audio"].clone();
    let item =
        json!({"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": audio}]});
    let added = rig.send(&json!({"type": "conversation.item.create", "item": item}));
    assert!(added[0]["item"]["content"][0].get("audio").is_none());
    let events = [rig.send(&respond()), rig.wait(3000)].concat();
    assert_eq!(crate::format::pcm(&sound(&events)), said);
}

#[test]
fn metadata_comes_back() {
    let mut rig = Rig::vad(&[]);
    let response = json!({"metadata": {"k": "v"}, "instructions": "x", "modalities": ["text"]});
    let events =
        [rig.send(&json!({"type": "response.create", "response": response})), rig.wait(5000)].concat();
    for kind in ["response.created", "response.done"] {
        assert_eq!(first(&events, kind)["response"]["metadata"], json!({"k": "v"}));
    }
    let many: serde_json::Map<String, Value> = (0..17).map(|n| (n.to_string(), json!("v"))).collect();
    assert_eq!(
        kinds(&rig.send(&json!({"type": "response.create", "response": {"metadata": many}}))),
        ["error"]
    );
}

#[test]
fn a_new_request_replaces_the_active_reply() {
    let mut rig = Rig::vad(&[("delta_pace", "1")]);
    rig.send(&respond());
    rig.wait(1000);
    let events = rig.send(&respond());
    assert_eq!(first(&events, "response.done")["response"]["status"], "cancelled");
    assert!(place(&events, "response.done") < place(&events, "response.created"));
}

#[test]
fn a_long_silence_makes_it_ask_again_if_the_session_wants_that() {
    let mut rig = Rig::new(&[("idle_close_s", "0")]);
    rig.send(&update(json!({"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}})));
    rig.send(&respond());
    let events = rig.wait(14_000);
    assert_eq!(
        count(&events, "input_audio_buffer.timeout_triggered"),
        0,
        "the greeting is still being played"
    );
    let events = rig.wait(4000);
    assert!(place(&events, "input_audio_buffer.timeout_triggered") < place(&events, "response.created"));
    assert_eq!(
        count(&rig.wait(10_000), "input_audio_buffer.timeout_triggered"),
        1,
        "and again after that reply"
    );
}

#[test]
fn a_conversation_can_be_taken_up_again() {
    let common = Common::default();
    let mut rig = Rig::unopened(&[], &common, &Asked::default());
    let id = first(&rig.events(), "conversation.created")["conversation"]["id"].as_str().unwrap().to_owned();
    rig.send(&update(json!({"resumption": {"enabled": true}})));
    rig.send(&typed("not replayed"));
    rig.send(&respond());
    let events = rig.wait(5000);
    let said = first(&events, "response.output_audio_transcript.done")["transcript"].clone();
    drop(rig);

    let asked = Asked { conversation_id: Some(id.clone()), model: None };
    let mut rig = Rig::unopened(&[], &common, &asked);
    let events = rig.events();
    assert_eq!(
        kinds(&events),
        ["session.created", "conversation.created", "ping", "conversation.item.added"]
    );
    assert_eq!(events[1]["conversation"]["id"], id.as_str());
    assert_eq!(events[3]["item"]["content"], json!([{"type": "text", "text": said}]));
    let sessions = common.log.snapshot().sessions;
    assert_eq!(
        sessions.iter().map(|s| (s.resumed, s.over)).collect::<Vec<_>>(),
        [(false, true), (true, false)]
    );

    let asked = Asked { conversation_id: Some("unknown".into()), model: None };
    let mut rig = Rig::unopened(&[], &common, &asked);
    assert_eq!(kinds(&rig.events()), ["session.created", "conversation.created", "ping"]);
}
