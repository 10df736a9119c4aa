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
    assert_eq!(note, "[0.8 s of speech; the practice agent does not understand words]");
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
