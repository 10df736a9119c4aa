//! Silence on the line, under a clock that does not wait.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use realtime::{ClientEvent, CloseKind, LineEvent};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    socket::pair,
    support::{end, next},
};

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_nothing_is_dead() {
    let (mut line, far) = pair().await;
    let start = Instant::now();
    let closed = end(&mut line).await;
    assert_eq!((closed.code, closed.kind), (None, CloseKind::PingTimeout));
    assert_eq!(closed.reason, "the server has been silent for 18 s");
    assert_eq!(start.elapsed().as_secs(), 18);
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_pings_stays() {
    let (mut line, mut far) = pair().await;
    let pings = tokio::spawn(async move {
        let mut pings = 0;
        // Reading answers each ping.
        while let Some(Ok(message)) = far.next().await {
            pings += usize::from(message.is_ping());
        }
        pings
    });
    assert!(timeout(Duration::from_secs(605), line.next()).await.is_err(), "the line has ended");
    line.close().await;
    assert_eq!(pings.await.unwrap(), 60, "one for every 10 s of quiet");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_talks_needs_no_pings() {
    let (mut line, mut far) = pair().await;
    for _ in 0..100 {
        sleep(Duration::from_secs(9)).await;
        far.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
        assert!(matches!(next(&mut line).await, LineEvent::Event(_)));
    }
    let nothing = timeout(Duration::from_millis(1), far.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
}

/// It still talks, so that no ping is ever due.
#[tokio::test(start_paused = true)]
async fn a_server_that_takes_nothing_is_dead() {
    let (mut line, far) = pair().await;
    let (mut sink, _unread) = far.split();
    let talk = tokio::spawn(async move {
        loop {
            sleep(Duration::from_secs(1)).await;
            if sink.send(Message::text(r#"{"type":"ping"}"#)).await.is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    while line.try_send(ClientEvent::InputAudioAppend { audio: vec![0; 24_000] }).is_ok() {
        tokio::task::yield_now().await;
    }
    let closed = end(&mut line).await;
    assert_eq!((closed.code, closed.kind), (None, CloseKind::PingTimeout));
    assert_eq!(closed.reason, "the server has taken nothing for 18 s");
    assert!((18..=20).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    talk.abort();
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_by_its_pong_and_by_nothing_else() {
    let (mut line, mut far) = pair().await;
    line.probe(Duration::from_secs(3));
    let answering = tokio::spawn(async move {
        let asked = far.next().await.unwrap().unwrap();
        assert!(asked.is_ping());
        // The answer has been queued by reading; nothing more is read, so nothing more is answered.
        far.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
        far
    });
    assert!(matches!(next(&mut line).await, LineEvent::Event(_)));
    let mut far = answering.await.unwrap();
    sleep(Duration::from_secs(5)).await;
    let start = Instant::now();
    line.probe(Duration::from_secs(3));
    for _ in 0..2 {
        sleep(Duration::from_secs(1)).await;
        far.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    }
    let closed = end(&mut line).await;
    assert_eq!(closed.kind, CloseKind::PingTimeout);
    assert_eq!(closed.reason, "the server did not answer within 3 s");
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn nobody_reading_here_is_not_silence_there() {
    let (mut line, mut far) = pair().await;
    let flood = tokio::spawn(async move {
        for number in 0..5000 {
            let text = format!(r#"{{"type":"ping","timestamp":{number}}}"#);
            far.send(Message::text(text)).await.unwrap();
        }
        far.close(None).await.unwrap();
    });
    sleep(Duration::from_secs(300)).await;
    for _ in 0..5000 {
        assert!(matches!(next(&mut line).await, LineEvent::Event(_)));
    }
    assert_eq!(end(&mut line).await.kind, CloseKind::Normal);
    flood.await.unwrap();
}
