//! What the log says, and what it never says.

use crate::support::{Backend, FakeXai, KEY, SECRET, Script, TOKEN, send, settings};

#[tokio::test]
async fn each_request_is_one_line_without_secrets() {
    let captured = rig::Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(captured.clone())
        .finish();
    // The test's runtime has this one thread, so everything of this test is captured.
    let _guard = tracing::subscriber::set_default(subscriber);

    let leak = format!("{{\"code\":\"c\",\"error\":\"no\\nsuch key: {KEY}, nor {TOKEN}\"}}");
    for script in [Script::Token, Script::say(401, &leak), Script::say(200, &leak)] {
        let xai = FakeXai::start(script).await;
        let backend = Backend::start(settings(&xai.url)).await;
        backend.session(Some(SECRET), "").await;
        backend.session(Some("a-secret-that-is-not-known"), "").await;
        let odd = "GET /a%0Apath?token=in-the-query HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        send(backend.address, odd).await;
        backend.tell_to_stop().await.unwrap().unwrap();
    }
    let log = captured.text();
    for secret in [KEY, SECRET, TOKEN, "a-secret-that-is-not-known", "in-the-query"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    let requests: Vec<_> = log.lines().filter(|line| line.contains(": request ")).collect();
    assert_eq!(requests.len(), 9, "{log}");
    assert!(requests[0].contains("caller=\"anna\" status=200"), "{}", requests[0]);
    assert!(requests[1].contains("caller=\"unknown\" status=401"), "{}", requests[1]);
    assert!(log.contains("such key: [redacted], nor [redacted]"), "the cause is lost:\n{log}");
}
