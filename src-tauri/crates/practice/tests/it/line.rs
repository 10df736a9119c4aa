use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use practice::{Options, Practice, StartError, Switches};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Client, KEY, Show, start, token};

fn status(result: Result<Client, Error>) -> Option<u16> {
    match result {
        Err(Error::Http(response)) => Some(response.status().as_u16()),
        _ => None,
    }
}

#[tokio::test]
async fn the_handshake_can_be_refused_closed_or_left_hanging() {
    for (how, expected) in [("refuse401", Some(401)), ("refuse403", Some(403)), ("close", None)] {
        let practice = start(&[("handshake", how), ("faulty", "1")]).await;
        let token = token(&practice).await;
        let attempt = Client::connect(&practice, "", Show::Bearer(&token)).await;
        assert!(attempt.is_err(), "{how}");
        assert_eq!(status(attempt), expected, "{how}");
        Client::connect(&practice, "", Show::Bearer(&token)).await.expect("only the first attempt fails");
    }
    let practice = start(&[("handshake", "hang")]).await;
    let token = token(&practice).await;
    let attempt = Client::connect(&practice, "", Show::Bearer(&token));
    assert!(tokio::time::timeout(Duration::from_millis(100), attempt).await.is_err());
}

#[tokio::test]
async fn connections_can_be_refused_after_good_ones() {
    let practice = start(&[("handshake", "refuse402"), ("faulty_after", "1"), ("faulty", "1")]).await;
    let mut found = Vec::new();
    for _ in 0..3 {
        found.push(status(Client::connect(&practice, "", Show::Bearer(KEY)).await));
    }
    assert_eq!(found, [None, Some(402), None]);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_taken_up_or_refused_in_every_way() {
    for (how, refused) in [("http400", Some(400)), ("http404", Some(404)), ("http410", Some(410))] {
        let practice = start(&[("resume", how)]).await;
        let attempt = Client::connect(&practice, "conversation_id=c", Show::Bearer(KEY)).await;
        assert_eq!(status(attempt), refused);
        Client::ready(&practice).await;
    }
    for (how, kept) in [("taken", true), ("forgotten", false)] {
        let practice = start(&[("resume", how)]).await;
        Client::ready_with(&practice, "", json!({"resumption": {"enabled": true}})).await;
        let id = practice.wire_log().sessions[0].conversation_id.clone();
        Client::ready_with(&practice, &format!("conversation_id={id}"), json!({})).await;
        let second = practice.wire_log().sessions[1].clone();
        assert_eq!((second.resumed, second.conversation_id == id), (kept, kept), "{how}");
    }
    let asking = async |how: &str| {
        let practice = start(&[("resume", how)]).await;
        let mut client = Client::connect(&practice, "conversation_id=c", Show::Bearer(KEY)).await.unwrap();
        client.send(&json!({"type": "session.update", "session": {}})).await;
        (practice, client)
    };
    let (_practice, mut client) = asking("rejected").await;
    client.until("error").await;
    let (_practice, mut client) = asking("close").await;
    assert_eq!(client.end().await.unwrap(), Some(1008));
    let (_practice, mut client) = asking("silent").await;
    let waited = tokio::time::timeout(Duration::from_secs(30), client.socket.next()).await;
    assert!(waited.is_err(), "nothing is said: {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn quiet_sessions_are_closed_with_1001_and_old_ones_with_1000() {
    for (switch, code) in [("idle_close_s", 1001), ("max_duration_s", 1000)] {
        let practice = start(&[(switch, "3")]).await;
        let mut client = Client::ready(&practice).await;
        client.until("error").await;
        assert_eq!(client.end().await.unwrap(), Some(code), "{switch}");
        assert!(practice.wire_log().sessions[0].over);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drop_is_a_reset_without_a_close() {
    let practice = start(&[("drop_after_s", "2")]).await;
    let mut client = Client::ready(&practice).await;
    match client.end().await {
        Err(Error::Io(error)) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_oversized_frame_is_really_sent() {
    let practice = start(&[("oversized_mb", "50")]).await;
    let mut client = Client::connect(&practice, "", Show::Bearer(&token(&practice).await)).await.unwrap();
    client.send(&json!({"type": "session.update", "session": {}})).await;
    client.until("session.updated").await;
    assert!(matches!(client.end().await, Err(Error::Capacity(_))), "beyond what this client takes");
}

#[tokio::test]
async fn a_message_too_big_for_the_server_ends_the_session_with_1009() {
    let practice = start(&[]).await;
    let mut client = Client::ready(&practice).await;
    let huge = Message::text("x".repeat(17 << 20));
    // The server may close while the rest is still being written.
    if client.socket.send(huge).await.is_ok() {
        assert!(matches!(client.end().await, Ok(Some(1009)) | Err(_)));
    }
    Client::ready(&practice).await;
}

#[tokio::test]
async fn sixteen_sessions_are_enough() {
    let practice = start(&[]).await;
    let token = token(&practice).await;
    let mut clients = Vec::new();
    for _ in 0..16 {
        clients.push(Client::connect(&practice, "", Show::Bearer(&token)).await.unwrap());
    }
    assert_eq!(status(Client::connect(&practice, "", Show::Bearer(&token)).await), Some(429));
    let mut one = clients.remove(0);
    one.socket.close(None).await.unwrap();
    one.end().await.unwrap();
    drop(one);
    // The place is free once the server has seen the end.
    while Client::connect(&practice, "", Show::Bearer(&token)).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn stopping_says_goodbye_and_dropping_does_not() {
    let practice = start(&[]).await;
    let address = practice.realtime_url();
    let mut client = Client::ready(&practice).await;
    let (code, ()) = tokio::join!(client.end(), practice.stop());
    assert_eq!(code.unwrap(), Some(1001));
    let host = address.strip_prefix("ws://").unwrap().split('/').next().unwrap();
    assert!(TcpStream::connect(host).await.is_err(), "nobody listens any more");

    let practice = start(&[]).await;
    let mut client = Client::ready(&practice).await;
    drop(practice);
    assert!(client.end().await.is_err(), "the line just breaks");
}

#[tokio::test]
async fn it_listens_on_loopback_only_and_says_why_it_cannot() {
    let practice = start(&[]).await;
    assert!(practice.token_url().starts_with("http://127.0.0.1:"));
    assert!(practice.session_url().ends_with("/session"));
    assert_eq!(practice.key(), KEY);
    assert!(!format!("{practice:?}").contains(KEY));
    let port: u16 =
        practice.realtime_url().split(':').nth(2).unwrap().split('/').next().unwrap().parse().unwrap();
    let taken =
        Practice::start(Options { port, key: KEY.into(), switches: Switches::default() }).await.unwrap_err();
    assert!(matches!(taken, StartError::Listen { port: taken, .. } if taken == port));
    let keyless =
        Practice::start(Options { port: 0, key: String::new(), switches: Switches::default() }).await;
    assert!(matches!(keyless, Err(StartError::NoKey)));
}
