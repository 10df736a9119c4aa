//! Everything xAI may do instead of giving a token, as a table.

use std::time::Duration;

use tokio::net::TcpListener;

use crate::support::{Backend, FakeXai, KEY, Reply, SECRET, Script, settings};

async fn reply_to(script: Script) -> Reply {
    let xai = FakeXai::start(script).await;
    Backend::start(settings(&xai.url)).await.session(Some(SECRET), "").await
}

#[tokio::test]
async fn each_failure_names_whose_fault_it_is() {
    let leak = format!("{{\"code\":\"x\",\"error\":\"Incorrect API key provided: {KEY}\"}}");
    for (upstream, body, status, fault) in [
        (400, leak.as_str(), 502, "backend"),
        (401, leak.as_str(), 502, "backend"),
        (402, "{}", 502, "backend"),
        (403, leak.as_str(), 502, "backend"),
        (404, "<html>no such page</html>", 502, "backend"),
        (418, "", 502, "backend"),
        (500, leak.as_str(), 502, "xai"),
        (503, "<html>busy</html>", 502, "xai"),
        (201, "{\"value\":\"not the status of a token\"}", 502, "xai"),
        (200, "", 502, "xai"),
        (200, "<html>sign in to this network</html>", 502, "xai"),
        (200, "[]", 502, "xai"),
        (200, "null", 502, "xai"),
        (200, "{}", 502, "xai"),
        (200, "{\"value\":\"\"}", 502, "xai"),
        (200, "{\"value\":7}", 502, "xai"),
        (200, "{\"error\":\"no\"}", 502, "xai"),
        (200, "{\"value\":\"tok", 502, "xai"),
    ] {
        let reply = reply_to(Script::say(upstream, body)).await;
        assert_eq!((reply.status, reply.fault()), (status, fault), "{upstream} {body}: {reply:?}");
        assert!(!reply.raw.contains(KEY), "the key got out: {reply:?}");
        assert!(!reply.raw.contains("html"), "the upstream's words are passed on: {reply:?}");
    }
}

#[tokio::test]
async fn a_reply_with_the_key_in_it_is_not_passed_on() {
    let escaped: String = KEY.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    for body in [
        format!("{{\"value\":\"{KEY}\"}}"),
        format!("{{\"value\":\"a token\",\"debug\":[\"Bearer {KEY}\"]}}"),
        format!("{{\"value\":\"a token\",\"debug\":\"{escaped}\"}}"),
    ] {
        let reply = reply_to(Script::say(200, &body)).await;
        assert_eq!((reply.status, reply.fault()), (502, "xai"), "{body}");
        assert!(!reply.raw.contains(KEY) && !reply.raw.contains(&escaped), "{reply:?}");
    }
}

#[tokio::test]
async fn a_reply_without_expiry_is_a_token_too() {
    let reply = reply_to(Script::say(200, "{\"value\":\"t\"}")).await;
    assert_eq!((reply.status, reply.body), (200, serde_json::json!({ "value": "t" })));
}

#[tokio::test]
async fn xais_own_limit_is_passed_on_with_its_pause() {
    for (said, passed_on) in
        [(Some("7"), "7"), (Some("99999999"), "3600"), (Some("tomorrow"), "10"), (None, "10")]
    {
        let headers = said.map(|value| ("retry-after", value)).into_iter().collect();
        let reply = reply_to(Script::Say { status: 429, headers, body: String::new() }).await;
        assert_eq!((reply.status, reply.fault()), (429, "xai"), "{said:?}");
        assert_eq!(reply.header("retry-after"), Some(passed_on), "{said:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = FakeXai::start(Script::Token).await;
    let location: &'static str = Box::leak(elsewhere.url.clone().into_boxed_str());
    for status in [301, 302, 307, 308] {
        let headers = vec![("location", location)];
        let reply = reply_to(Script::Say { status, headers, body: String::new() }).await;
        assert_eq!((reply.status, reply.fault()), (502, "backend"), "{status}");
    }
    assert!(elsewhere.heard.lock().unwrap().is_empty(), "the key was sent elsewhere");
}

#[tokio::test]
async fn a_huge_reply_is_cut_short() {
    let body = format!("{{\"value\":\"t\",\"padding\":\"{}\"}}", "x".repeat(20 * 1024 * 1024));
    let reply = reply_to(Script::say(200, &body)).await;
    assert_eq!((reply.status, reply.fault()), (502, "xai"));
    assert!(reply.raw.len() < 1024, "{} bytes", reply.raw.len());
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
async fn an_upstream_that_is_not_there_or_hangs_up_is_the_networks_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let hanging_up = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let reply = Backend::start(settings(&url)).await.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (502, "network"), "hangs up");
    hanging_up.abort();
    hanging_up.await.unwrap_err();
    let reply = Backend::start(settings(&url)).await.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (502, "network"), "is not there");
}

#[tokio::test]
async fn an_upstream_that_speaks_no_tls_never_sees_the_key() {
    let xai = FakeXai::start(Script::Token).await;
    let https = xai.url.replace("http://", "https://");
    let reply = Backend::start(settings(&https)).await.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (502, "network"));
    assert!(xai.heard.lock().unwrap().is_empty());
}
