use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use realtime::{
    Auth, ClientEvent, CloseKind, Closed, Line, LineClosed, LineEvent, ParseError, ServerEvent, open_over,
};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::support::{end, next, options};

pub(crate) type Far = WebSocketStream<DuplexStream>;

/// A line and the server at its other end, joined by a pipe.
pub(crate) async fn pair() -> (Line, Far) {
    let (near, far) = duplex(1 << 16);
    let (line, far) =
        tokio::join!(open_over(near, options("ws://localhost/", Auth::Bearer)), accept_async(far));
    (line.unwrap(), far.unwrap())
}

async fn say(far: &mut Far, text: &str) {
    far.send(Message::text(text)).await.unwrap();
}

async fn hear(far: &mut Far) -> serde_json::Value {
    loop {
        match far.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn events_go_both_ways_in_order() {
    let (mut line, mut far) = pair().await;
    for ms in 0..50 {
        line.send(ClientEvent::ItemTruncate { item_id: "a".into(), content_index: 0, audio_end_ms: ms })
            .await
            .unwrap();
    }
    line.send_as("evt_9", ClientEvent::ResponseCancel { response_id: None }).await.unwrap();
    line.try_send(ClientEvent::InputAudioCommit).unwrap();
    for ms in 0..50 {
        assert_eq!(hear(&mut far).await["audio_end_ms"], ms);
    }
    assert_eq!(hear(&mut far).await["event_id"], "evt_9");
    assert_eq!(hear(&mut far).await["type"], "input_audio_buffer.commit");

    say(&mut far, r#"{"type":"ping","timestamp":1}"#).await;
    say(
        &mut far,
        r#"{"type":"response.output_audio.delta","item_id":"i","response_id":"r","delta":"AQD//w=="}"#,
    )
    .await;
    far.send(Message::binary(vec![2, 0, 3, 0])).await.unwrap();
    assert_eq!(next(&mut line).await, LineEvent::Event(ServerEvent::Ping { timestamp: Some(1) }));
    let LineEvent::Audio { item_id, response_id, samples, .. } = next(&mut line).await else { panic!() };
    assert_eq!((item_id.as_str(), response_id.as_deref(), samples), ("i", Some("r"), vec![1, -1]));
    let LineEvent::Binary { samples, .. } = next(&mut line).await else { panic!() };
    assert_eq!(samples, [2, 3]);
}

#[tokio::test]
async fn a_frame_that_cannot_be_used_is_told_and_the_line_goes_on() {
    let (mut line, mut far) = pair().await;
    say(&mut far, "{").await;
    say(&mut far, "[]").await;
    say(&mut far, r#"{"no":"type"}"#).await;
    say(&mut far, r#"{"type":"response.output_audio.delta","item_id":"i","delta":"§§"}"#).await;
    say(&mut far, r#"{"type":"brand.new","x":1}"#).await;
    let LineEvent::Malformed { problem: ParseError::NotJson { .. } } = next(&mut line).await else {
        panic!()
    };
    assert_eq!(next(&mut line).await, LineEvent::Malformed { problem: ParseError::NotAnObject });
    assert_eq!(next(&mut line).await, LineEvent::Malformed { problem: ParseError::NoType });
    let problem = ParseError::Base64 { item_id: "i".into() };
    assert_eq!(next(&mut line).await, LineEvent::Malformed { problem });
    let unknown =
        ServerEvent::Unknown { kind: "brand.new".into(), raw: r#"{"type":"brand.new","x":1}"#.into() };
    assert_eq!(next(&mut line).await, LineEvent::Event(unknown));
}

#[tokio::test]
async fn odd_audio_loses_its_last_byte_and_is_told_once() {
    let (mut line, mut far) = pair().await;
    say(&mut far, r#"{"type":"response.audio.delta","item_id":"i","delta":"AQACAAM="}"#).await;
    far.send(Message::binary(vec![4, 0, 5])).await.unwrap();
    say(&mut far, r#"{"type":"response.audio.delta","delta":""}"#).await;
    let problem = ParseError::OddAudio { item_id: "i".into(), bytes: 5 };
    assert_eq!(next(&mut line).await, LineEvent::Malformed { problem });
    let LineEvent::Audio { samples, .. } = next(&mut line).await else { panic!() };
    assert_eq!(samples, [1, 2]);
    assert_eq!(next(&mut line).await, LineEvent::Malformed { problem: ParseError::OddBinary { bytes: 3 } });
    let LineEvent::Binary { samples, .. } = next(&mut line).await else { panic!() };
    assert_eq!(samples, [4]);
    let LineEvent::Audio { item_id, samples, .. } = next(&mut line).await else { panic!() };
    assert_eq!((item_id.as_str(), samples.len()), ("", 0));
}

#[tokio::test]
async fn close_codes_and_reasons_arrive() {
    for (code, kind) in [
        (1000, CloseKind::Normal),
        (1001, CloseKind::Idle),
        (1008, CloseKind::Other),
        (1011, CloseKind::Other),
        (4000, CloseKind::Other),
    ] {
        let (mut line, mut far) = pair().await;
        say(&mut far, r#"{"type":"ping"}"#).await;
        let frame = CloseFrame { code: CloseCode::from(code), reason: "timed out".into() };
        far.close(Some(frame)).await.unwrap();
        assert!(matches!(next(&mut line).await, LineEvent::Event(_)), "what came before is not lost");
        let closed = Closed { code: Some(code), reason: "timed out".into(), kind };
        assert_eq!(line.next().await, LineEvent::Closed(closed.clone()));
        assert_eq!(line.next().await, LineEvent::Closed(closed), "the end is repeated");
        assert_eq!(line.send(ClientEvent::InputAudioCommit).await, Err(LineClosed::Closed));
        assert_eq!(line.try_send(ClientEvent::InputAudioCommit), Err(LineClosed::Closed));
        let answer = far.next().await.unwrap().unwrap();
        assert!(matches!(answer, Message::Close(_)), "the close frame is answered: {answer:?}");
    }
}

#[tokio::test]
async fn a_close_frame_without_a_code_is_normal() {
    let (mut line, mut far) = pair().await;
    far.close(None).await.unwrap();
    assert_eq!(end(&mut line).await.code, Some(1005));
}

#[tokio::test]
async fn a_connection_that_breaks_is_lost() {
    let (mut line, far) = pair().await;
    drop(far);
    let closed = end(&mut line).await;
    assert_eq!((closed.code, closed.kind), (None, CloseKind::Lost));
}

#[tokio::test]
async fn a_breach_of_the_websocket_protocol_ends_the_line() {
    let (mut line, mut far) = pair().await;
    // A server must not mask (RFC 6455), and opcode 3 does not exist.
    far.get_mut().write_all(&[0x83, 0x00]).await.unwrap();
    let closed = end(&mut line).await;
    assert_eq!((closed.code, closed.kind), (None, CloseKind::Other));
    assert!(closed.reason.starts_with("the server broke the WebSocket protocol"), "{closed:?}");
}

#[tokio::test]
async fn a_message_of_fifty_megabytes_ends_the_line_with_a_reason() {
    let (mut line, mut far) = pair().await;
    let sending = tokio::spawn(async move {
        drop(far.feed(Message::binary(vec![0; 50 << 20])).await);
        drop(far.flush().await);
    });
    let closed = end(&mut line).await;
    assert_eq!(closed.kind, CloseKind::TooLarge);
    assert_eq!(closed.reason, "a message of 52428800 bytes came, and 16777216 is the most that is taken");
    sending.await.unwrap();
}

#[tokio::test]
async fn a_message_in_many_fragments_is_limited_too() {
    let (mut line, mut far) = pair().await;
    let sending = tokio::spawn(async move {
        // Text, unfinished; then continuations of 1 MiB each, never finished.
        let head = |opcode: u8| [&[opcode, 127][..], &(1_u64 << 20).to_be_bytes()].concat();
        let body = vec![b'x'; 1 << 20];
        for opcode in std::iter::once(0x01).chain(std::iter::repeat_n(0x00, 40)) {
            if far.get_mut().write_all(&head(opcode)).await.is_err()
                || far.get_mut().write_all(&body).await.is_err()
            {
                return;
            }
        }
    });
    assert_eq!(end(&mut line).await.kind, CloseKind::TooLarge);
    sending.await.unwrap();
}

#[tokio::test]
async fn a_dropped_line_says_goodbye() {
    let (line, mut far) = pair().await;
    line.send(ClientEvent::InputAudioCommit).await.unwrap();
    drop(line);
    assert_eq!(hear(&mut far).await["type"], "input_audio_buffer.commit", "what was sent still leaves");
    let Message::Close(Some(frame)) = far.next().await.unwrap().unwrap() else { panic!() };
    assert_eq!(frame.code, CloseCode::Normal);
}

#[tokio::test]
async fn closing_waits_for_the_last_words() {
    let (line, mut far) = pair().await;
    for _ in 0..100 {
        line.send(ClientEvent::InputAudioCommit).await.unwrap();
    }
    let heard = tokio::spawn(async move {
        let mut heard = 0;
        while let Some(Ok(message)) = far.next().await {
            heard += usize::from(message.is_text());
        }
        heard
    });
    line.close().await;
    assert_eq!(heard.await.unwrap(), 100);
}

#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_a_server_that_is_gone_deaf() {
    let (line, far) = pair().await;
    // More than the pipe holds, and nobody reads.
    for _ in 0..20 {
        line.send(ClientEvent::InputAudioAppend { audio: vec![0; 4096] }).await.unwrap();
    }
    tokio::time::timeout(Duration::from_secs(3), line.close()).await.expect("closing is bounded");
    drop(far);
}

#[tokio::test]
async fn a_dropped_line_ends_its_task_even_when_nobody_reads() {
    let (line, mut far) = pair().await;
    let (count, counted) = tokio::sync::watch::channel(0);
    let flood = tokio::spawn(async move {
        while far.send(Message::text(r#"{"type":"ping"}"#)).await.is_ok() {
            count.send_modify(|sent| *sent += 1);
        }
    });
    // One thread and a pipe in memory: when many turns bring nothing, everybody waits for somebody.
    let mut before = 0;
    loop {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let sent = *counted.borrow();
        if sent > 0 && sent == before {
            break;
        }
        before = sent;
    }
    assert!(before > 256, "the queue of the line is full, its task waits for room in it: {before}");
    drop(line);
    flood.await.expect("the task has ended and with it the connection");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_told_and_loses_nothing() {
    let (mut line, mut far) = pair().await;
    let event = || ClientEvent::InputAudioAppend { audio: vec![7; 8192] };
    let mut taken = 0;
    loop {
        match line.try_send(event()) {
            Ok(()) => taken += 1,
            Err(error) => {
                assert_eq!(error, LineClosed::Full);
                break;
            }
        }
    }
    assert_eq!(taken, 128);
    // A server that does not read does not keep us from reading.
    tokio::time::sleep(Duration::from_secs(1)).await;
    say(&mut far, r#"{"type":"ping"}"#).await;
    assert!(matches!(next(&mut line).await, LineEvent::Event(ServerEvent::Ping { .. })));
    for _ in 0..taken {
        assert_eq!(hear(&mut far).await["type"], "input_audio_buffer.append");
    }
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let (mut line, mut far) = pair().await;
    for number in 0..20 {
        tokio::select! {
            biased;
            _ = line.next() => panic!("nothing was sent"),
            () = tokio::task::yield_now() => {}
        }
        say(&mut far, &format!(r#"{{"type":"ping","timestamp":{number}}}"#)).await;
        assert_eq!(next(&mut line).await, LineEvent::Event(ServerEvent::Ping { timestamp: Some(number) }));
    }
}
