//! Every switch that acts inside a session does what its line in the table says.

use super::*;

const COMPLETED: &str = "conversation.item.input_audio_transcription.completed";

#[test]
fn order() {
    let events = Rig::vad(&[("order", "2.0")]).turn();
    assert!(place(&events, "input_audio_buffer.speech_stopped") < place(&events, "response.created"));
    assert!(place(&events, "response.created") < place(&events, "input_audio_buffer.committed"));
    assert!(place(&events, "input_audio_buffer.committed") < place(&events, "response.output_audio.delta"));
}

#[test]
fn session_created() {
    let mut rig = Rig::unopened(&[("session_created", "off")], &Common::default(), &Asked::default());
    assert_eq!(kinds(&rig.events()), ["conversation.created", "ping"]);
}

#[test]
fn dones() {
    let events = Rig::vad(&[("dones", "schema")]).turn();
    assert!(
        place(&events, "response.output_audio.done")
            < place(&events, "response.output_audio_transcript.done")
    );
}

#[test]
fn abandon() {
    let mut rig = Rig::vad(&[("abandon", "on"), ("delta_pace", "1")]);
    rig.send(&respond());
    rig.wait(1000);
    let mut events = rig.hear(&burst(800));
    events.extend(rig.wait(600));
    assert_eq!(events.iter().filter(|e| e["type"].as_str().unwrap().ends_with(".done")).count(), 0);
    assert_eq!(count(&events, "response.created"), 1);
}

#[test]
fn speech_started() {
    let repeated = Rig::vad(&[("speech_started", "repeated")]).turn();
    let ids: Vec<&Value> = repeated
        .iter()
        .filter(|event| event["type"] == "input_audio_buffer.speech_started")
        .map(|event| &event["item_id"])
        .collect();
    assert!(ids.len() > 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let late = Rig::vad(&[("speech_started", "late"), ("transcript", "one two three four")]).turn();
    assert_eq!(
        kinds(&late)[..3],
        ["input_audio_buffer.speech_started", "conversation.item.added", "input_audio_buffer.speech_stopped"]
    );
}

#[test]
fn manual_speech() {
    let mut rig = Rig::manual(&[("manual_speech", "on")]);
    assert_eq!(kinds(&rig.hear(&burst(400))), ["input_audio_buffer.speech_started"]);
    let committed = rig.send(&json!({"type": "input_audio_buffer.commit"}));
    assert_eq!(kinds(&committed)[..2], ["input_audio_buffer.speech_stopped", "input_audio_buffer.committed"]);
    let mut late = Rig::manual(&[("manual_speech", "on"), ("speech_started", "late")]);
    assert_eq!(late.hear(&burst(400)).len(), 0);
    let committed = late.send(&json!({"type": "input_audio_buffer.commit"}));
    let started = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"];
    assert_eq!(kinds(&committed)[..2], started);
}

#[test]
fn completed() {
    let once = Rig::vad(&[("completed", "once"), ("transcript", "one two three")]).turn();
    assert_eq!(count(&once, COMPLETED), 1);
    assert_eq!(count(&once, "conversation.item.input_audio_transcription.updated"), 0);
    let repeated = Rig::vad(&[("completed", "repeated"), ("transcript", "one two three")]).turn();
    let last = repeated.iter().rposition(|event| event["type"] == COMPLETED).unwrap();
    assert!(last > place(&repeated, "response.output_audio.delta"));
    assert_eq!(repeated.iter().filter(|e| e["type"] == COMPLETED && e["status"] == "completed").count(), 3);
}

#[test]
fn errors() {
    let error = Rig::vad(&[("errors", "flat")]).send(&json!({"type": "response.cancel"}));
    assert_eq!(error[0]["code"], "response_cancel_not_active");
    assert_eq!(error[0]["message"], "Cancellation failed: no active response found");
    assert!(error[0].get("error").is_none());
}

#[test]
fn names() {
    let events = Rig::vad(&[("names", "old")]).turn();
    for kind in ["audio.delta", "audio.done", "audio_transcript.delta", "audio_transcript.done"] {
        assert!(count(&events, &format!("response.{kind}")) > 0, "{kind}");
        assert_eq!(count(&events, &format!("response.output_{kind}")), 0, "{kind}");
    }
}

#[test]
fn part() {
    for (value, added, done) in [("live", true, false), ("missing", false, false), ("schema", true, true)] {
        let events = Rig::vad(&[("part", value)]).turn();
        assert_eq!(first(&events, "response.content_part.added").get("part").is_some(), added, "{value}");
        assert_eq!(first(&events, "response.content_part.done").get("part").is_some(), done, "{value}");
    }
}

#[test]
fn deleted() {
    let mut rig = Rig::vad(&[("deleted", "empty")]);
    let id = rig.send(&typed("x"))[0]["item"]["id"].clone();
    assert_eq!(rig.send(&json!({"type": "conversation.item.delete", "item_id": id}))[0]["item_id"], "");
}

#[test]
fn unknown_events_and_malformed() {
    for (switch, kind) in [("unknown_events", "practice.unheard_of"), ("malformed", "<malformed>")] {
        let mut rig = Rig::new(&[(switch, "on")]);
        assert_eq!(kinds(&rig.send(&update(json!({})))), [kind, "session.updated"]);
        let events = rig.turn();
        assert!(place(&events, kind) < place(&events, "response.done"));
        assert_eq!(first(&events, "response.done")["response"]["status"], "completed");
    }
}

#[test]
fn output() {
    let events = Rig::vad(&[("output", "binary")]).turn();
    assert_eq!(count(&events, "response.output_audio.delta"), 0);
    assert!(count(&events, "<binary>") > 1);
    assert!(count(&events, "response.output_audio_transcript.delta") > 0);
    let mut rig = Rig::new(&[]);
    let echo = rig.send(&update(json!({"audio": {"output": {"transport": "binary"}}})));
    assert_eq!(echo[0]["session"]["audio"]["output"]["transport"], "binary");
    assert!(count(&rig.turn(), "<binary>") > 1, "and when the session asks for it");
}

#[test]
fn replay() {
    for (value, expected) in [("created", Some("conversation.item.created")), ("off", None)] {
        let common = Common::default();
        common.conversations.keep("c", vec!["Hello.".into()], Instant::now());
        let asked = Asked { conversation_id: Some("c".into()), model: None };
        let mut rig = Rig::unopened(&[("replay", value)], &common, &asked);
        let events = rig.events();
        assert_eq!(kinds(&events).get(3).copied(), expected, "{value}");
        assert_eq!(events[1]["conversation"]["id"], "c");
    }
}

#[test]
fn model() {
    for (value, model) in [("substituted", "grok-voice-think-fast-1.0"), ("grok-voice-9", "grok-voice-9")] {
        let mut rig = Rig::unopened(&[("model", value)], &Common::default(), &Asked::default());
        assert_eq!(rig.events()[0]["session"]["model"], model);
        assert_eq!(rig.send(&update(json!({})))[0]["session"]["model"], model);
    }
}

#[test]
fn update_rejected_and_never_updated() {
    let mut rig = Rig::new(&[("update", "rejected")]);
    assert_eq!(kinds(&rig.send(&update(json!({})))), ["error"]);
    assert!(
        rig.turn().iter().all(|event| event["type"] == "ping"),
        "the session stays bare, in manual turns"
    );
    let mut rig = Rig::new(&[("never_updated", "on")]);
    assert!(rig.send(&update(json!({}))).is_empty());
    assert_eq!(count(&rig.turn(), "response.done"), 1, "the update took effect all the same");
}

#[test]
fn usage() {
    for (value, beside, inside) in [("live", true, false), ("schema", false, true), ("off", false, false)] {
        let events = Rig::vad(&[("usage", value)]).turn();
        let done = first(&events, "response.done");
        assert_eq!(done.get("usage").is_some(), beside, "{value}");
        assert_eq!(done["response"]["usage"].get("total_tokens").is_some(), inside, "{value}");
    }
}

#[test]
fn truncate() {
    for (value, expected) in [("ignored", vec![]), ("error", vec!["error"])] {
        let mut rig = Rig::vad(&[("truncate", value)]);
        let id = first(&rig.turn(), "response.output_item.done")["item"]["id"].clone();
        let cut = json!({"type": "conversation.item.truncate", "item_id": id, "content_index": 0, "audio_end_ms": 10});
        assert_eq!(kinds(&rig.send(&cut)), expected);
    }
}

#[test]
fn cancelled_item() {
    for (value, expected) in [("kept", "conversation.item.truncated"), ("gone", "error")] {
        let mut rig = Rig::vad(&[("cancelled_item", value), ("delta_pace", "1")]);
        rig.send(&respond());
        rig.wait(1000);
        let events = rig.send(&json!({"type": "response.cancel"}));
        let id = &first(&events, "response.output_item.done")["item"]["id"];
        let cut = json!({"type": "conversation.item.truncate", "item_id": id, "content_index": 0, "audio_end_ms": 10});
        assert_eq!(kinds(&rig.send(&cut)), [expected], "{value}");
    }
}

#[test]
fn create_while_active() {
    let mut rig = Rig::vad(&[("create_while_active", "error"), ("delta_pace", "1")]);
    rig.send(&respond());
    rig.wait(1000);
    assert_eq!(rig.send(&respond())[0]["error"]["code"], "conversation_already_has_active_response");
    assert_eq!(first(&rig.wait(20_000), "response.done")["response"]["status"], "completed");
}

#[test]
fn idle_close_s() {
    let mut rig = Rig::vad(&[("idle_close_s", "10"), ("ping_ms", "0")]);
    assert!(rig.wait(9000).is_empty());
    rig.hear(&[0; 480]);
    assert!(rig.wait(9000).is_empty(), "audio, even silence, keeps it open");
    let events = rig.wait(2000);
    assert_eq!(kinds(&events), ["error", "<close>"]);
    assert_eq!(events[0]["error"]["type"], "timeout");
    assert_eq!(events[1]["code"], 1001);
    assert!(rig.session.over());
}

#[test]
fn max_duration_s() {
    let mut rig = Rig::vad(&[("max_duration_s", "10"), ("ping_ms", "0")]);
    let events = rig.wait(10_000);
    assert_eq!(events[0]["error"]["code"], "max_duration");
    assert_eq!(events[1]["code"], 1000);
}

#[test]
fn drops() {
    let mut rig = Rig::vad(&[("drop_after_s", "10"), ("ping_ms", "0")]);
    assert!(rig.wait(9900).is_empty());
    assert_eq!(kinds(&rig.wait(200)), ["<reset>"]);
    let mut rig = Rig::vad(&[("drop_after_deltas", "2")]);
    let events = rig.turn();
    assert_eq!(count(&events, "response.output_audio.delta"), 2);
    assert_eq!(kinds(&events).last(), Some(&"<reset>"));
    assert!(rig.send(&respond()).is_empty(), "it is over");
}

#[test]
fn stall_after_deltas() {
    let mut rig = Rig::vad(&[("stall_after_deltas", "2")]);
    rig.send(&respond());
    let events = rig.wait(60_000);
    assert_eq!(count(&events, "response.output_audio.delta"), 2);
    assert_eq!(count(&events, "response.done"), 0);
    let cancelled = rig.send(&json!({"type": "response.cancel"}));
    assert_eq!(first(&cancelled, "response.done")["response"]["status"], "cancelled");
    let mut rig = Rig::vad(&[("stall_after_deltas", "0")]);
    let mut events = rig.send(&respond());
    events.extend(rig.wait(60_000));
    assert_eq!(count(&events, "response.created"), 1);
    assert_eq!(count(&events, "response.output_audio.delta"), 0);
}

#[test]
fn stuck_tool() {
    let mut rig = Rig::vad(&[("stuck_tool", "web_search")]);
    let events = rig.turn();
    assert_eq!(first(&events, "response.mcp_call_arguments.done")["name"], "web_search");
    assert_eq!(count(&events, "response.mcp_call.in_progress"), 1);
    assert_eq!(count(&rig.wait(60_000), "response.done"), 0);
}

#[test]
fn oversized_mb() {
    let mut rig = Rig::new(&[("oversized_mb", "3")]);
    let events = rig.send(&update(json!({})));
    assert_eq!(kinds(&events), ["session.updated", "practice.oversized"]);
    assert_eq!(events[1]["padding"].as_str().unwrap().len(), 3 << 20);
}

#[test]
fn odd_audio() {
    let events = Rig::vad(&[("odd_audio", "on")]).turn();
    let lengths: Vec<usize> = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta")
        .map(|event| STANDARD.decode(event["delta"].as_str().unwrap()).unwrap().len())
        .collect();
    assert!(lengths.len() > 1 && lengths.iter().all(|length| length % 2 == 1), "{lengths:?}");
}

#[test]
fn pings() {
    let mut rig = Rig::vad(&[("ping_ms", "100"), ("ping_field", "ping_timestamp")]);
    let events = rig.wait(1000);
    assert_eq!(count(&events, "ping"), 10);
    assert!(events[0]["ping_timestamp"].is_u64() && events[0].get("timestamp").is_none());
}

#[test]
fn pace() {
    let deltas = |switches: &[(&str, &str)]| {
        let mut rig = Rig::vad(switches);
        rig.send(&respond());
        count(&rig.wait(2100), "response.output_audio.delta")
    };
    assert_eq!(deltas(&[("first_audio_ms", "2200")]), 0);
    assert_eq!(deltas(&[("first_audio_ms", "100"), ("delta_pace", "1")]), 5, "0, 0.5, 1, 1.5 and 2 s");
    assert_eq!(deltas(&[("first_audio_ms", "100"), ("delta_pace", "0.5")]), 3, "0, 1 and 2 s");
    assert_eq!(deltas(&[("first_audio_ms", "100"), ("delta_ms", "1000"), ("delta_pace", "1")]), 3);
    assert_eq!(deltas(&[("first_audio_ms", "100"), ("delta_pace", "0"), ("delta_delay_ms", "400")]), 6);
}

#[test]
fn transcript_is_one_text_per_turn() {
    let mut rig = Rig::vad(&[("transcript", "First.|Second.")]);
    let finals: Vec<String> = (0..3)
        .flat_map(|_| rig.turn())
        .filter(|event| event["type"] == COMPLETED && event["status"] == "completed")
        .map(|event| event["transcript"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(finals[..2], ["First.", "Second."]);
    assert!(finals[2].contains("does not understand"), "{}", finals[2]);
}

#[test]
fn reading_s() {
    let mut rig = Rig::manual(&[("reading_s", "12"), ("delta_pace", "0")]);
    let mut events = rig.send(&typed("Read to me."));
    events.extend(rig.send(&respond()));
    events.extend(rig.wait(2000));
    let seconds = sound(&events).len() / 2 / 24_000;
    assert!((12..18).contains(&seconds), "{seconds} s");
    let refused = Switches::default().set("reading_s", "0").unwrap_err();
    assert!(refused.to_string().contains("SECONDS"), "{refused}");
}

#[test]
fn tool_cue() {
    let tool = |name: &str| json!({"type": "function", "name": name});
    let switches = [("tool_cue", "second"), ("tool_arguments", "{not json"), ("tool_calls", "2")];
    let mut rig = Rig::new(&switches);
    rig.send(&update(json!({"tools": [tool("first"), tool("second")]})));
    let events = rig.turn();
    let calls: Vec<&Value> =
        events.iter().filter(|event| event["type"] == "response.function_call_arguments.done").collect();
    assert_eq!(calls.len(), 2);
    for (n, call) in calls.iter().enumerate() {
        assert_eq!((call["name"].as_str(), call["arguments"].as_str()), (Some("second"), Some("{not json")));
        assert!(call["call_id"].as_str().unwrap().ends_with(&format!("-{n}")));
    }
    assert_eq!(count(&events, "response.done"), 1);
    assert_eq!(first(&events, "response.done")["response"]["output"].as_array().unwrap().len(), 2);
}

#[test]
fn close_after_s() {
    let mut rig = Rig::vad(&[("close_after_s", "3"), ("close_code", "1008")]);
    assert_eq!(count(&rig.wait(2_900), "<close>"), 0);
    assert_eq!(first(&rig.wait(200), "<close>")["code"], 1008);
    assert!(Switches::default().set("close_code", "1006").is_err(), "1006 is never sent");
}

#[test]
fn twice() {
    let events = Rig::vad(&[("twice", "on")]).turn();
    assert!(events.len() > 10 && events.chunks(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn swapped() {
    let mut rig = Rig::unopened(&[("swapped", "on")], &Common::default(), &Asked::default());
    assert_eq!(
        kinds(&rig.events())[..2],
        ["session.created", "conversation.created"],
        "not before it is agreed"
    );
    rig.send(&update(json!({})));
    let (swapped, usual) = (rig.turn(), Rig::vad(&[]).turn());
    let (mut swapped, mut usual) = (kinds(&swapped), kinds(&usual));
    assert_ne!(swapped, usual);
    swapped.sort();
    usual.sort();
    assert_eq!(swapped, usual, "nothing is lost or added");
}
