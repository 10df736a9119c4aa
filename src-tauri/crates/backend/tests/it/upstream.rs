//! Everything xAI may do instead of giving a token, as a table.

use std::time::Duration;

use tokio::net::TcpListener;

use crate::failures::{Failure, failures};
use crate::support::{Backend, FakeXai, KEY, Reply, SECRET, Script, settings};

async fn reply_to(script: Script) -> Reply {
    let xai = FakeXai::start(script).await;
    Backend::start(settings(&xai.url)).await.session(Some(SECRET), "").await
}

#[tokio::test]
async fn each_failure_names_whose_fault_it_is() {
    let xai = FakeXai::start(Script::Token).await;
    let mut settings = settings(&xai.url);
    settings.per_minute = 100;
    let backend = Backend::start(settings).await;
    for (row, Failure { xai: script, status, fault, retry_after }) in failures().into_iter().enumerate() {
        xai.now(script);
        let reply = backend.session(Some(SECRET), "").await;
        let shown = format!("failure {row}: {reply:?}");
        assert_eq!((reply.status, reply.fault()), (status, fault), "{shown}");
        assert_eq!(reply.header("retry-after"), retry_after, "{shown}");
        assert!(!reply.raw.contains(KEY) && !reply.raw.contains("\\u00"), "the key got out: {shown}");
        assert!(!reply.raw.contains("html"), "the upstream's words are passed on: {shown}");
        assert!(reply.raw.len() < 1024, "{} bytes: {shown}", reply.raw.len());
    }
}

#[tokio::test]
async fn a_reply_without_expiry_is_a_token_too() {
    let reply = reply_to(Script::say(200, "{\"value\":\"t\"}")).await;
    assert_eq!((reply.status, reply.body), (200, serde_json::json!({ "value": "t" })));
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = FakeXai::start(Script::Token).await;
    for status in [301, 302, 307, 308] {
        let reply = reply_to(Script::say_with(status, "location", &elsewhere.url)).await;
        assert_eq!((reply.status, reply.fault()), (502, "backend"), "{status}");
    }
    assert!(elsewhere.heard.lock().unwrap().is_empty(), "the key was sent elsewhere");
}

#[tokio::test]
async fn an_upstream_that_never_answers_is_given_up() {
    let xai = FakeXai::start(Script::Hang).await;
    let mut settings = settings(&xai.url);
    settings.limits.upstream_time = Duration::from_millis(50);
    let reply = Backend::start(settings).await.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (504, "xai"));
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_the_networks_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let reply = Backend::start(settings(&url)).await.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (502, "network"));
}

#[tokio::test]
async fn an_upstream_that_speaks_no_tls_never_sees_the_key() {
    let xai = FakeXai::start(Script::Token).await;
    let https = xai.url.replace("http://", "https://");
    let reply = Backend::start(settings(&https)).await.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (502, "network"));
    assert!(xai.heard.lock().unwrap().is_empty());
}
