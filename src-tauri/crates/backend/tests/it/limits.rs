//! Requests that are too large or too slow, and stopping.

use std::time::Duration;

use backend::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Backend, DEADLINE, FakeXai, SECRET, Script, read, send, settings};

/// A wish of exactly so many bytes.
fn wish(length: usize) -> String {
    let frame = r#"{"padding":""}"#;
    format!(r#"{{"padding":"{}"}}"#, "x".repeat(length - frame.len()))
}

#[tokio::test]
async fn a_body_of_16_kib_is_read_and_one_byte_more_is_not() {
    let xai = FakeXai::start(Script::Token).await;
    let backend = Backend::start(settings(&xai.url)).await;
    assert_eq!(backend.session(Some(SECRET), &wish(16 * 1024)).await.status, 200);
    let reply = backend.session(Some(SECRET), &wish(16 * 1024 + 1)).await;
    assert_eq!((reply.status, reply.fault()), (413, "caller"));
    assert_eq!(xai.heard.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_measured_as_it_comes() {
    let xai = FakeXai::start(Script::Token).await;
    let backend = Backend::start(settings(&xai.url)).await;
    let chunked = |body: &str| {
        format!(
            "POST /session HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nTransfer-Encoding: chunked\r\n\
             Connection: close\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    };
    assert_eq!(send(backend.address, &chunked("{}")).await.status, 200);
    let reply = send(backend.address, &chunked(&wish(16 * 1024 + 1))).await;
    assert_eq!((reply.status, reply.fault()), (413, "caller"));
}

#[tokio::test]
async fn a_body_that_is_no_wish_is_the_callers_fault() {
    let backend = Backend::start(settings("http://127.0.0.1:9/")).await;
    for body in ["seconds=60", "[]", r#"{"expires_after":{"seconds":0}}"#] {
        let reply = backend.session(Some(SECRET), body).await;
        assert_eq!((reply.status, reply.fault()), (400, "caller"), "{body}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_not_read_to_its_end() {
    let backend = Backend::start(settings("http://127.0.0.1:9/")).await;
    let request = format!("GET /health HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(64 * 1024));
    assert_eq!(send(backend.address, &request).await.status, 431);
}

#[tokio::test]
async fn what_is_not_http_is_answered_400() {
    let backend = Backend::start(settings("http://127.0.0.1:9/")).await;
    assert_eq!(send(backend.address, "\u{16}\u{3}\u{1} a TLS hello\r\n\r\n").await.status, 400);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let mut settings = settings("http://127.0.0.1:9/");
    settings.limits.body_time = Duration::from_millis(50);
    let backend = Backend::start(settings).await;
    let head = format!(
        "POST /session HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 10\r\n\
         Connection: close\r\n\r\n{{"
    );
    let reply = send(backend.address, &head).await;
    assert_eq!((reply.status, reply.fault()), (408, "caller"));
}

#[tokio::test]
async fn a_silent_connection_is_closed_and_frees_its_place() {
    let mut settings = settings("http://127.0.0.1:9/");
    settings.limits.head_time = Duration::from_millis(50);
    settings.limits.connections = 1;
    let backend = Backend::start(settings).await;
    let mut silent = TcpStream::connect(backend.address).await.unwrap();
    let mut slow = TcpStream::connect(backend.address).await.unwrap();
    slow.write_all(b"GET /health HTTP/1.1\r\nHo").await.unwrap();
    // Each of these returns only once the backend has closed the connection.
    read(&mut silent).await;
    read(&mut slow).await;
    let reply = send(backend.address, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn stopping_answers_what_is_asked_already_and_accepts_nothing_new() {
    let mut settings = settings("http://127.0.0.1:9/");
    let long = Duration::from_secs(3600);
    settings.limits = Limits { head_time: long, body_time: long, stop_time: long, ..settings.limits };
    let backend = Backend::start(settings).await;
    let address = backend.address;
    let mut asking = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /session HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 2\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    asking.write_all(head.as_bytes()).await.unwrap();
    // `100 Continue` shows that the request is being read.
    let mut interim = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut asking, &mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    let idle = TcpStream::connect(address).await.unwrap();

    let running = backend.tell_to_stop();
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!running.is_finished(), "it did not wait for the request");
    asking.write_all(b"[]").await.unwrap();
    assert_eq!(read(&mut asking).await.status, 400);
    tokio::time::timeout(DEADLINE, running).await.expect("the idle connection holds it up").unwrap().unwrap();
    drop(idle);
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let xai = FakeXai::start(Script::Hang).await;
    let mut settings = settings(&xai.url);
    settings.limits.upstream_time = Duration::from_secs(3600);
    settings.limits.stop_time = Duration::from_millis(50);
    let backend = Backend::start(settings).await;
    let address = backend.address;
    let asking = tokio::spawn(async move { crate::support::post(address, Some(SECRET), "").await });
    while xai.heard.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    backend.tell_to_stop().await.unwrap().unwrap();
    assert_eq!(asking.await.unwrap().status, 0, "closed without an answer");
}
