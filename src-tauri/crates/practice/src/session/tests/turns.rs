//! What a well-behaved conversation looks like.

use super::*;

#[test]
fn a_session_opens_in_the_live_order() {
    let mut rig = Rig::unopened(&[], &Common::default(), &Asked::default());
    let events = rig.events();
    assert_eq!(kinds(&events), ["session.created", "conversation.created", "ping"]);
    assert_eq!(events[0]["session"]["turn_detection"], json!({"type": null}));
    assert_eq!(events[0]["session"]["voice"], "xai_ara");
    assert_eq!(events[0]["session"]["id"].as_str().unwrap().len(), 32);
    assert!(events[0].get("previous_item_id").is_none());
    assert_eq!(events[1]["previous_item_id"], Value::Null);
    assert!(events[2]["timestamp"].is_u64());
    assert_eq!(kinds(&rig.wait(11_000)), ["ping", "ping"]);
}

#[test]
fn it_never_speaks_unasked() {
    let mut rig = Rig::vad(&[]);
    rig.hear(&[0; 24_000]);
    assert_eq!(count(&rig.wait(60_000), "response.created"), 0);
}

#[test]
fn a_spoken_turn_goes_in_the_live_order() {
    let mut rig = Rig::vad(&[("delta_ms", "700"), ("transcript", "Hello there, my name is Ada")]);
    let events = rig.turn();
    let mut kinds = kinds(&events);
    kinds.retain(|kind| *kind != "ping");
    kinds.dedup();
    let words = "conversation.item.input_audio_transcription";
    let (updated, completed) = (format!("{words}.updated"), format!("{words}.completed"));
    assert_eq!(
        kinds,
        [
            "input_audio_buffer.speech_started",
            "conversation.item.added",
            &updated,
            &completed,
            &updated,
            &completed,
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            &updated,
            &completed,
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_audio.delta",
            "response.output_audio_transcript.delta",
            "response.output_audio.delta",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_audio.done",
            "response.output_item.done",
            "response.done",
        ]
    );
    let transcripts: Vec<(&str, &str)> = events
        .iter()
        .filter(|event| event["type"] == completed)
        .map(|event| (event["transcript"].as_str().unwrap(), event["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        transcripts,
        [
            ("Hello", "in_progress"),
            ("Hello there,", "in_progress"),
            ("Hello there, my name is Ada", "in_progress"),
            ("Hello there, my name is Ada", "completed"),
        ]
    );
    let user = &first(&events, "input_audio_buffer.speech_started")["item_id"];
    for kind in ["input_audio_buffer.speech_stopped", "input_audio_buffer.committed", &completed] {
        assert_eq!(first(&events, kind)["item_id"], *user);
    }
    assert_eq!(first(&events, "conversation.item.added")["item"]["id"], *user);
    let done = first(&events, "response.done");
    assert_eq!(done["response"]["status"], "completed");
    assert_eq!(done["response"]["status_details"], "unimplemented");
    assert_eq!(done["response"]["usage"], json!({}));
    assert_eq!(
        done["response"]["output"][0]["content"][0]["transcript"],
        "You said: Hello there, my name is Ada"
    );
    assert!(done["usage"]["output_audio_seconds"].as_f64().unwrap() > 1.0);
    assert!(first(&events, "response.output_audio.delta")["latency"].is_string());
    assert!(first(&events, "response.content_part.done").get("part").is_none());
}

#[test]
fn the_reply_is_the_turn_sample_by_sample() {
    let mut rig = Rig::vad(&[]);
    let said = burst(800);
    let events = [rig.hear(&said), rig.wait(3000)].concat();
    let start =
        first(&events, "input_audio_buffer.speech_started")["audio_start_ms"].as_u64().unwrap() as usize;
    assert!((290..=310).contains(&start), "500 ms of silence less 200 ms of prefix: {start}");
    let reply = crate::format::pcm(&sound(&events));
    assert!(
        (1150 * 24..1250 * 24).contains(&reply.len()),
        "prefix, 800 ms and a tail: {} samples",
        reply.len()
    );
    assert_eq!(reply, said[start * 24..start * 24 + reply.len()]);
    let caption = first(&events, "response.output_audio_transcript.delta")["delta"].as_str().unwrap();
    assert_eq!(caption, "[your own words, 1.2 s]");
    let note = first(&events, "conversation.item.input_audio_transcription.completed")["transcript"]
        .as_str()
        .unwrap();
    assert_eq!(note, "[1.0 s of speech; the practice agent does not understand words]");
}

#[test]
fn audio_is_sent_faster_than_real_time_but_not_at_once() {
    let mut rig = Rig::vad(&[("delta_ms", "100")]);
    rig.hear(&burst(2000));
    let soon = rig.wait(300);
    assert_eq!(count(&soon, "response.output_audio.delta"), 1);
    let later = rig.wait(250);
    assert_eq!(count(&later, "response.output_audio.delta"), 10, "a second of sound in a quarter of one");
    assert_eq!(count(&rig.wait(500), "response.done"), 1);
}

#[test]
fn the_greeting_comes_once_sentence_by_sentence() {
    let mut rig = Rig::vad(&[]);
    let events = [rig.send(&respond()), rig.wait(5000)].concat();
    let deltas: Vec<&Value> =
        events.iter().filter(|event| event["type"] == "response.output_audio_transcript.delta").collect();
    assert_eq!(deltas.len(), 3);
    assert_eq!(deltas[0]["start_time"], 0.0);
    let whole: String = deltas.iter().map(|delta| delta["delta"].as_str().unwrap()).collect();
    assert_eq!(
        whole,
        first(&events, "response.output_audio_transcript.done")["transcript"].as_str().unwrap()
    );
    assert!(whole.starts_with("Hello, this is the practice agent"));

    // A sentence is captioned right after the first of its sound, and shares that delta's `rid`.
    let mut ms = 0.0;
    let mut last = &Value::Null;
    for event in &events {
        match event["type"].as_str().unwrap() {
            "response.output_audio.delta" => {
                ms += event["audio_duration_ms"].as_f64().unwrap();
                last = event;
            }
            "response.output_audio_transcript.delta" => {
                let before = ms - last["audio_duration_ms"].as_f64().unwrap();
                let start = event["start_time"].as_f64().unwrap() * 1000.0;
                assert!((before - start).abs() < 20.0, "{start} ms is captioned at {before} ms");
                assert_eq!(event["rid"], last["rid"]);
            }
            _ => {}
        }
    }

    let events = [rig.send(&respond()), rig.wait(3000)].concat();
    assert_eq!(first(&events, "response.output_audio_transcript.done")["transcript"], "I heard nothing.");
}

#[test]
fn typed_text_is_answered_with_a_recorded_line() {
    let mut rig = Rig::vad(&[]);
    let added = rig.send(&typed("What is the weather?"));
    assert_eq!(kinds(&added), ["conversation.item.added"]);
    assert_eq!(added[0]["item"]["status"], "completed");
    assert_eq!(added[0]["item"]["content"][0]["text"], "What is the weather?");
    assert_eq!(count(&rig.wait(1000), "response.created"), 0, "an item alone starts no reply");
    let events = [rig.send(&respond()), rig.wait(3000)].concat();
    let words = &first(&events, "response.output_audio_transcript.done")["transcript"];
    assert_eq!(words, "I got your text, but I can only speak recorded lines.");
    let assistant = first(&events, "conversation.item.added");
    assert_eq!(assistant["previous_item_id"], added[0]["item"]["id"]);
}

#[test]
fn a_manual_turn_waits_for_commit_and_for_response_create() {
    let mut rig = Rig::manual(&[]);
    let said = burst(600);
    assert!(rig.hear(&said).is_empty(), "no speech events in manual turns");
    let committed = rig.send(&json!({"type": "input_audio_buffer.commit"}));
    assert_eq!(kinds(&committed)[..2], ["input_audio_buffer.committed", "conversation.item.added"]);
    assert_eq!(count(&rig.wait(2000), "response.created"), 0);
    let events = [rig.send(&respond()), rig.wait(3000)].concat();
    assert_eq!(crate::format::pcm(&sound(&events)), said);
}

#[test]
fn an_empty_commit_is_tolerated() {
    for (mut rig, words) in [
        (Rig::manual(&[]), "I heard nothing."),
        // Clients commit before they ask for a greeting; the server ends turns itself and lets it pass.
        (Rig::vad(&[]), "Hello, this is the practice agent,"),
    ] {
        let committed = rig.send(&json!({"type": "input_audio_buffer.commit"}));
        assert_eq!(count(&committed, "input_audio_buffer.committed"), 1);
        assert_eq!(count(&committed, "error"), 0);
        let events = [rig.send(&respond()), rig.wait(5000)].concat();
        let said = first(&events, "response.output_audio_transcript.done")["transcript"].as_str().unwrap();
        assert!(said.starts_with(words), "{said}");
    }
}

#[test]
fn clear_forgets_the_audio() {
    let mut rig = Rig::manual(&[]);
    rig.send(&respond());
    rig.wait(5000);
    rig.hear(&burst(600));
    let cleared = rig.send(&json!({"type": "input_audio_buffer.clear"}));
    assert_eq!(kinds(&cleared), ["input_audio_buffer.cleared"]);
    rig.send(&json!({"type": "input_audio_buffer.commit"}));
    let events = [rig.send(&respond()), rig.wait(3000)].concat();
    assert_eq!(first(&events, "response.output_audio_transcript.done")["transcript"], "I heard nothing.");
}

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
