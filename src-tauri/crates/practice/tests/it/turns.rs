use serde_json::{Value, json};

use crate::client::{Client, Show, correlation, first, http, sound, speech, start, token};

/// The types of `events` without repetitions and pings.
fn course(events: &[Value]) -> Vec<&str> {
    let mut course: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    course.retain(|kind| *kind != "ping");
    course.dedup();
    course
}

#[tokio::test(start_paused = true)]
async fn a_turn_comes_back_in_ones_own_voice() {
    let practice = start(&[]).await;
    let mut client = Client::ready(&practice).await;
    let said = speech(400, 900);
    client.hear(&said).await;
    let events = client.until("response.done").await;
    let mut course = course(&events);
    // Every delta of sound that follows the caption is one more of the same.
    course.dedup();
    assert_eq!(
        course,
        [
            "input_audio_buffer.speech_started",
            "conversation.item.added",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.input_audio_transcription.completed",
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
    let heard = sound(&events);
    let word = &said[400 * 24..500 * 24];
    let likeness = correlation(&heard, word);
    assert!(likeness > 0.999, "what came back is what was said: {likeness}");

    let log = practice.wire_log().sessions.remove(0);
    assert_eq!(log.samples_in, said.len() as u64);
    assert_eq!(log.samples_out, heard.len() as u64);
    assert_eq!(log.of_type("input_audio_buffer.append").count(), said.len().div_ceil(480));
    assert!(!log.over);
}

#[tokio::test(start_paused = true)]
async fn another_output_rate_keeps_the_sound() {
    let practice = start(&[]).await;
    let output = json!({"audio": {"output": {"format": {"type": "audio/pcm", "rate": 48000}}}});
    let mut client = Client::ready_with(&practice, "", output).await;
    let said = speech(400, 900);
    client.hear(&said).await;
    let heard: Vec<i16> = sound(&client.until("response.done").await).into_iter().step_by(2).collect();
    let likeness = correlation(&heard, &said[400 * 24..500 * 24]);
    assert!(likeness > 0.99, "{likeness}");
}

#[tokio::test(start_paused = true)]
async fn raw_frames_carry_audio_both_ways() {
    let practice = start(&[]).await;
    let output = json!({"audio": {"output": {"transport": "binary"}}});
    let mut client = Client::ready_with(&practice, "", output).await;
    let bytes: Vec<u8> = speech(400, 900).iter().flat_map(|sample| sample.to_le_bytes()).collect();
    for piece in bytes.chunks(960) {
        let message = tokio_tungstenite::tungstenite::Message::binary(piece.to_vec());
        futures_util::SinkExt::send(&mut client.socket, message).await.unwrap();
    }
    let events = client.until("response.done").await;
    let got: u64 = events.iter().filter_map(|event| event["bytes"].as_u64()).sum();
    assert_eq!(got, practice.wire_log().sessions[0].samples_out * 2);
    assert!(got > 48_000);
}

#[tokio::test(start_paused = true)]
async fn two_turns_are_two_replies() {
    let practice = start(&[("transcript", "One.|Two.")]).await;
    let mut client = Client::ready(&practice).await;
    for text in ["One.", "Two."] {
        client.hear(&speech(300, 700)).await;
        let events = client.until("response.done").await;
        let words = &first(&events, "response.output_audio_transcript.done")["transcript"];
        assert_eq!(*words, format!("You said: {text}"));
    }
}

#[tokio::test(start_paused = true)]
async fn speaking_over_a_reply_stops_it() {
    let practice = start(&[("delta_pace", "1")]).await;
    let mut client = Client::ready(&practice).await;
    client.send(&json!({"type": "response.create"})).await;
    client.until("response.output_audio.delta").await;
    client.hear(&speech(100, 500)).await;
    let events = client.until("response.done").await;
    assert_eq!(first(&events, "response.done")["response"]["status"], "cancelled");
    first(&events, "input_audio_buffer.speech_started");
    let item = &first(&events, "response.output_item.done")["item"]["id"];
    client
        .send(&json!({"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": 0}))
        .await;
    let truncated = client.until("conversation.item.truncated").await;
    assert_eq!(truncated.last().unwrap()["transcript"], "");
    client.until("response.done").await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_conversation_is_taken_up_again() {
    let practice = start(&[("drop_after_deltas", "40"), ("faulty", "1")]).await;
    let resumption = json!({"resumption": {"enabled": true}});
    let mut client = Client::ready_with(&practice, "", resumption).await;
    client.send(&json!({"type": "response.create"})).await;
    client.until("response.done").await;
    let id = practice.wire_log().sessions[0].conversation_id.clone();
    client.send(&json!({"type": "response.create"})).await;
    client.until("response.done").await;
    client.hear(&speech(100, 20_000)).await;
    assert!(client.end().await.is_err(), "a reset is no close");

    let token = token(&practice).await;
    let query = format!("model=grok-voice-latest&conversation_id={id}");
    let mut client = Client::connect(&practice, &query, Show::Bearer(&token)).await.unwrap();
    let events = client.until("conversation.item.added").await;
    assert_eq!(first(&events, "conversation.created")["conversation"]["id"], id.as_str());
    assert!(events.last().unwrap()["item"]["content"][0]["text"].as_str().unwrap().starts_with("Hello"));
    assert!(practice.wire_log().sessions[1].resumed);
    client.hear(&speech(300, 20_000)).await;
    let health = practice.session_url().replace("/session", "/health");
    assert_eq!(http("GET", &health, None, "").await.unwrap().status, 200);
}

/// The same story twice on a clock that stands still gives the same events.
#[tokio::test(start_paused = true)]
async fn a_still_clock_gives_the_same_story_every_time() {
    let mut stories = Vec::new();
    for _ in 0..2 {
        let practice = start(&[("transcript", "Good morning to you")]).await;
        let mut client = Client::ready(&practice).await;
        client.send(&json!({"type": "response.create"})).await;
        let mut events = client.until("response.done").await;
        client.hear(&speech(200, 800)).await;
        events.extend(client.until("response.done").await);
        let story: Vec<String> = events
            .iter()
            .filter(|event| event["type"] != "ping")
            .map(|event| format!("{} {} {}", event["type"], event["transcript"], event["audio_duration_ms"]))
            .collect();
        stories.push(story);
    }
    assert_eq!(stories[0], stories[1]);
}
