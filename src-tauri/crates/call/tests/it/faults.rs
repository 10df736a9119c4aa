//! What was given is on the left, what a person sees on the right.

use std::time::Duration;

use call::{Ending, Fault, ProblemCode, Status};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::desk::{Desk, practice, voice};
use crate::scripted::{Meets, answer, scripted};

/// How a call that cannot begin ends.
async fn ending(switches: &[(&str, &str)], change: impl FnOnce(&mut call::Setup)) -> call::Problem {
    let mut desk = Desk::open_with(switches, change).await;
    desk.until_word("ended").await;
    match desk.seen.status.clone() {
        Status::Ended { ending: Ending::Failed { problem } } => problem,
        other => panic!("not a failure: {other:?}"),
    }
}

/// A backend that answers every request with these bytes, or never when there are none.
pub(crate) async fn backend(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await;
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    format!("http://{address}/session")
}

pub(crate) fn http(status: &str, kind: &str, body: &str) -> &'static [u8] {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    Vec::leak((head + body).into_bytes())
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_gives_no_token_is_named_with_its_fault() {
    let twenty_mb = "x".repeat(20_000_000);
    let rows: [(&str, &'static [u8], ProblemCode, Fault, &str); 8] = [
        ("hangs", b"", ProblemCode::Backend, Fault::Backend, "within 10 s"),
        (
            "HTML",
            http("200 OK", "text/html", "<html>hello</html>"),
            ProblemCode::Backend,
            Fault::Backend,
            "not JSON",
        ),
        (
            "500",
            http("500 Oops", "application/json", r#"{"error":"no key"}"#),
            ProblemCode::Backend,
            Fault::Backend,
            "no key",
        ),
        ("empty", http("200 OK", "application/json", ""), ProblemCode::Backend, Fault::Backend, "empty"),
        (
            "20 MB",
            http("200 OK", "application/json", &twenty_mb),
            ProblemCode::Backend,
            Fault::Backend,
            "larger",
        ),
        (
            "error in a 200",
            http("200 OK", "application/json", r#"{"error":"upstream"}"#),
            ProblemCode::Backend,
            Fault::Backend,
            "upstream",
        ),
        (
            "401",
            http("401 No", "application/json", r#"{"error":"who"}"#),
            ProblemCode::BackendRefused,
            Fault::Profile,
            "401",
        ),
        ("429", http("429 Slow", "text/plain", "slow down"), ProblemCode::RateLimited, Fault::Backend, "429"),
    ];
    for (name, answer, code, fault, words) in rows {
        let url = backend(answer).await;
        let problem = ending(&[], |setup| setup.profile.token_url = url).await;
        assert_eq!((problem.code, problem.fault), (code, fault), "{name}: {problem:?}");
        assert!(problem.message.contains(words), "{name}: {problem:?}");
        assert!(!problem.cure.is_empty(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_the_backend_names_is_the_backends_fault_and_asked_for_once() {
    let nowhere = scripted([Meets::Answer(answer("404 Not Found", ""))]).await;
    for (address, code, words) in [
        ("nonsense", ProblemCode::Backend, "not a URL"),
        ("ws://voice.example/r", ProblemCode::Backend, "unencrypted"),
        (nowhere.url.as_str(), ProblemCode::LineRefused, "404"),
    ] {
        let reply = format!(r#"{{"value":"a-token","url":"{address}"}}"#);
        let url = backend(http("200 OK", "application/json", &reply)).await;
        let problem = ending(&[], |setup| {
            setup.profile.token_url = url;
            setup.profile.realtime_url = realtime::DEFAULT_REALTIME_URL.into();
        })
        .await;
        assert_eq!((problem.code, problem.fault), (code, Fault::Backend), "{address}: {problem:?}");
        assert!(problem.message.contains(words), "{problem:?}");
        assert!(problem.cure.contains("your backend returns"), "{problem:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_cannot_be_used_is_refused_before_anything_is_sent() {
    for (url, words) in [
        ("nonsense", "not a URL"),
        ("", "missing"),
        ("http://example.com/session", "unencrypted"),
        ("ftp://example.com/session", "https"),
    ] {
        let problem = ending(&[], |setup| setup.profile.token_url = url.into()).await;
        assert_eq!(
            (problem.code, problem.fault),
            (ProblemCode::Profile, Fault::Profile),
            "{url}: {problem:?}"
        );
        assert!(problem.message.contains(words), "{url}: {problem:?}");
    }
    let problem =
        ending(&[], |setup| setup.profile.realtime_url = "ws://example.com/v1/realtime".into()).await;
    assert!(problem.message.contains("unencrypted"), "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_at_the_backends_address_is_the_networks_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let problem = ending(&[], |setup| setup.profile.token_url = format!("http://{address}/session")).await;
    assert_eq!((problem.code, problem.fault), (ProblemCode::Network, Fault::Network), "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_open_the_line_is_named() {
    for (switch, code, words) in [
        (("handshake", "close"), ProblemCode::LineRefused, "closed the connection"),
        (("handshake", "refuse401"), ProblemCode::LineRefused, "401"),
        (("handshake", "refuse403"), ProblemCode::NotAllowed, "403"),
        (("never_updated", "on"), ProblemCode::SessionRefused, "did not confirm"),
        (("update", "rejected"), ProblemCode::SessionRefused, "refused the session"),
    ] {
        let problem = ending(&[switch], |_| {}).await;
        assert_eq!(problem.code, code, "{switch:?}: {problem:?}");
        assert!(problem.message.contains(words), "{switch:?}: {problem:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_minted_once_more() {
    let mut desk = Desk::open(&[("handshake", "refuse403"), ("faulty", "1")]).await;
    desk.until_word("listening").await;
}

/// Every way of saying the same must lead to the same conversation.
#[tokio::test(start_paused = true)]
async fn every_dialect_of_a_turn_is_understood() {
    for switches in [
        &[][..],
        &[("order", "2.0")],
        &[("session_created", "off")],
        &[("dones", "schema")],
        &[("names", "old")],
        &[("part", "missing")],
        &[("errors", "flat")],
        &[("unknown_events", "on")],
        &[("completed", "repeated")],
        &[("speech_started", "repeated")],
        &[("output", "binary")],
        &[("malformed", "on")],
        &[("delta_pace", "0")],
        &[("deleted", "empty")],
    ] {
        let mut all = vec![("transcript", "one two three")];
        all.extend_from_slice(switches);
        let mut desk = Desk::open(&all).await;
        desk.until_word("listening").await;
        desk.devices.say(voice(1_000, 5)).await;
        desk.until_word("speaking").await;
        desk.until_word("listening").await;
        let words: Vec<&str> = desk.seen.items.iter().map(|item| item.text.as_str()).collect();
        assert_eq!(words.len(), 2, "{switches:?}: {words:?}");
        assert_eq!(words[0], "one two three", "{switches:?}");
        assert!(!words[1].is_empty(), "{switches:?}");
        assert!(desk.devices.heard().len() > 20_000, "{switches:?}: the reply was heard");
    }
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_reply_does_not_stop_the_conversation() {
    let mut desk =
        Desk::open_with(&[("abandon", "on")], |setup| setup.profile.agent_speaks_first = true).await;
    desk.until_word("speaking").await;
    desk.pass(1_000).await;
    desk.devices.say(voice(800, 6)).await;
    desk.until_word("hearingYou").await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
}

#[tokio::test(start_paused = true)]
async fn another_model_than_the_one_asked_for_is_told() {
    let mut desk = Desk::open_with(&[("model", "grok-voice-fast-1.0")], |setup| {
        setup.profile.model = "grok-voice-3.0".into();
    })
    .await;
    desk.until_word("listening").await;
    assert_eq!(desk.seen.model.as_deref(), Some("grok-voice-fast-1.0"));
    let notice = desk.seen.notices.iter().find(|notice| notice.code == ProblemCode::WrongModel).unwrap();
    assert!(notice.message.contains("grok-voice-3.0") && notice.message.contains("grok-voice-fast-1.0"));
}

#[tokio::test(start_paused = true)]
async fn a_broken_line_comes_back_and_keeps_what_was_said() {
    let agent = practice(&[("drop_after_s", "4"), ("faulty", "1")]).await;
    let mut desk = Desk::open_typing(agent, "before the break", |_| {}).await;
    desk.until_word("reconnecting").await;
    desk.until_word("listening").await;
    assert!(desk.seen.items.iter().any(|item| item.text == "before the break"));
    assert!(desk.seen.items.iter().any(|item| item.role == call::Role::Note), "the gap is marked");
    assert!(desk.session().resumed, "the conversation was taken up again");
    desk.devices.say(voice(800, 7)).await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
}

#[tokio::test(start_paused = true)]
async fn quiet_ended_by_the_server_is_an_end_and_not_a_break() {
    let mut desk = Desk::open_with(&[("idle_close_s", "3")], |setup| setup.turns = call::Turns::Manual).await;
    desk.until_word("ended").await;
    let Status::Ended { ending: Ending::ByServer { code, problem, .. } } = &desk.seen.status else {
        panic!("{:?}", desk.seen.status)
    };
    assert_eq!((*code, problem.code), (1001, ProblemCode::Idle));
}

/// A server that agrees to everything and then says `frames`.
async fn server(frames: Vec<Message>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let frames = frames.clone();
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                let _ = socket.next().await;
                for frame in
                    [Message::text(r#"{"type":"session.updated","session":{}}"#)].into_iter().chain(frames)
                {
                    if socket.send(frame).await.is_err() {
                        return;
                    }
                }
                while let Some(Ok(_)) = socket.next().await {}
            });
        }
    });
    format!("ws://{address}/v1/realtime")
}

#[tokio::test(start_paused = true)]
async fn garbage_on_the_line_is_passed_over() {
    let reply =
        r#"{"type":"response.output_audio.delta","item_id":"i1","response_id":"r1","delta":"AAAAAAA="}"#;
    let url = server(vec![
        Message::text("{"),
        Message::text("[]"),
        Message::text(r#"{"no":"type"}"#),
        Message::text(r#"{"type":"never.heard.of","x":[1]}"#),
        Message::text(r#"{"type":"response.output_audio.delta","item_id":"i1","delta":"!!!"}"#),
        Message::text(reply),
        Message::binary(vec![1, 2, 3]),
        Message::text(r#"{"type":"response.done","response":{"id":"r1"}}"#),
        Message::text(r#"{"type":"response.output_audio_transcript.delta","item_id":"i2","response_id":"r2","delta":"still here"}"#),
    ])
    .await;
    let mut desk = Desk::open_with(&[], |setup| setup.profile.realtime_url = url).await;
    desk.until("the words after the garbage", |seen| seen.items.iter().any(|item| item.text == "still here"))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_frame_of_50_mb_costs_the_line_and_not_the_call() {
    let url = server(vec![Message::text("x".repeat(50_000_000))]).await;
    let mut desk = Desk::open_with(&[], |setup| setup.profile.realtime_url = url).await;
    desk.until_word("reconnecting").await;
    let notice = desk.seen.notices.iter().find(|notice| notice.code == ProblemCode::LineLost).unwrap();
    assert!(notice.message.contains("too large"), "{notice:?}");
    tokio::time::sleep(Duration::from_millis(1)).await;
}
