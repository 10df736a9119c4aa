//! Who is let in, and what they get.

use backend::{Callers, Followed, Life, Offer, ServeError, Settings, serve};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Backend, FakeXai, KEY, SECRET, Script, TOKEN, post, send, settings};

#[tokio::test]
async fn a_known_caller_gets_a_token() {
    let xai = FakeXai::start(Script::Token).await;
    let backend = Backend::start(settings(&xai.url)).await;
    let reply = backend.session(Some(SECRET), "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.body, json!({ "value": TOKEN, "expires_at": 1_785_214_681 }));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));

    let reply =
        backend.session(Some(SECRET), r#"{"expires_after":{"seconds":60},"session":{"model":"x"}}"#).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let heard = xai.heard.lock().unwrap().clone();
    assert_eq!(heard[0].authorization, format!("Bearer {KEY}"));
    assert_eq!(heard[0].body, json!({ "expires_after": { "seconds": 300 } }));
    assert_eq!(heard[1].body, json!({ "expires_after": { "seconds": 60 } }), "nothing else is passed on");
}

#[tokio::test]
async fn an_unknown_caller_gets_401_and_xai_is_not_asked() {
    let xai = FakeXai::start(Script::Token).await;
    let backend = Backend::start(settings(&xai.url)).await;
    for bearer in [
        None,
        Some(""),
        Some("wrong"),
        Some(KEY),
        Some("anna-secret-0123456788"),
        Some("ANNA-secret-0123456789"),
    ] {
        let reply = backend.session(bearer, "{}").await;
        assert_eq!(reply.status, 401, "{bearer:?}: {reply:?}");
        assert_eq!(reply.fault(), "caller");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    assert!(xai.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn health_needs_no_secret_and_does_not_ask_xai() {
    let backend = Backend::start(settings("http://127.0.0.1:9/")).await;
    let request = format!("GET /health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", backend.address);
    let reply = send(backend.address, &request).await;
    assert_eq!((reply.status, reply.body), (200, json!({ "status": "ok" })));
}

#[tokio::test]
async fn other_paths_and_methods_are_named() {
    let backend = Backend::start(settings("http://127.0.0.1:9/")).await;
    for (line, status, allow) in [
        ("GET /session", 405, Some("POST")),
        ("DELETE /session", 405, Some("POST")),
        ("POST /health", 405, Some("GET")),
        ("GET /", 404, None),
        ("POST /session/", 404, None),
        ("POST /v1/realtime/client_secrets", 404, None),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let reply = send(backend.address, &request).await;
        assert_eq!((reply.status, reply.header("allow")), (status, allow), "{line}");
        assert_eq!(reply.fault(), "caller");
    }
}

#[tokio::test]
async fn without_callers_programs_here_are_served_and_web_pages_are_not() {
    let xai = FakeXai::start(Script::Token).await;
    let mut settings = settings(&xai.url);
    settings.callers = Followed::fixed(Callers::AnyoneHere);
    let backend = Backend::start(settings).await;
    assert_eq!(backend.session(None, "").await.status, 200);
    assert_eq!(backend.session(Some("whatever a profile still sends"), "").await.status, 200);
    for head in ["Host: rebound.example.com", "Host: localhost\r\nOrigin: https://example.com"] {
        let request =
            format!("POST /session HTTP/1.1\r\n{head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let reply = send(backend.address, &request).await;
        assert_eq!((reply.status, reply.fault()), (403, "caller"), "{head}");
    }
    assert_eq!(xai.heard.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn without_callers_only_loopback_is_listened_on() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let mut settings = settings("http://127.0.0.1:9/");
    settings.callers = Followed::fixed(Callers::AnyoneHere);
    let error = serve(listener, settings, std::future::pending()).await.unwrap_err();
    assert!(matches!(error, ServeError::Open(_)), "{error}");
    assert!(error.to_string().contains("name the callers"), "{error}");
}

#[tokio::test]
async fn the_eleventh_request_of_a_minute_is_turned_away() {
    let xai = FakeXai::start(Script::Token).await;
    let backend = Backend::start(settings(&xai.url)).await;
    for _ in 0..10 {
        assert_eq!(backend.session(Some(SECRET), "").await.status, 200);
    }
    let reply = backend.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (429, "caller"));
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(xai.heard.lock().unwrap().len(), 10);
    let other = post(backend.address, Some("ben-secret-0123456789"), "").await;
    assert_eq!(other.status, 200, "one caller pays for another");
}

#[tokio::test]
async fn all_callers_together_have_a_limit_of_their_own() {
    let xai = FakeXai::start(Script::Token).await;
    let mut settings = settings(&xai.url);
    settings.per_minute_for_all = 2;
    let backend = Backend::start(settings).await;
    for secret in [SECRET, "ben-secret-0123456789"] {
        assert_eq!(backend.session(Some(secret), "").await.status, 200);
    }
    let reply = backend.session(Some(SECRET), "").await;
    assert_eq!((reply.status, reply.fault()), (429, "backend"));
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(backend.session(Some("nobody-0123456789"), "").await.status, 401, "strangers learn nothing");
    assert_eq!(xai.heard.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_life_is_granted_within_the_bounds() {
    let xai = FakeXai::start(Script::Token).await;
    let mut settings = settings(&xai.url);
    settings.life = Life { shortest: 60, usual: 120, longest: 240 };
    let backend = Backend::start(settings).await;
    for (wish, granted) in [
        ("{}", 120),
        (r#"{"expires_after":{"seconds":5}}"#, 60),
        (r#"{"expires_after":{"seconds":3600}}"#, 240),
    ] {
        assert_eq!(backend.session(Some(SECRET), wish).await.status, 200);
        let asked = xai.heard.lock().unwrap().pop().unwrap().body;
        assert_eq!(asked, json!({ "expires_after": { "seconds": granted } }), "{wish}");
    }
}

#[tokio::test]
async fn what_is_offered_stands_beside_the_token() {
    let body = json!({ "value": TOKEN, "expires_at": 1, "model": "what-xai-says" }).to_string();
    let xai = FakeXai::start(Script::say(200, &body)).await;
    let mut settings = settings(&xai.url);
    settings.offer = Offer {
        model: Some("grok-voice-latest".into()),
        voice: Some("ara".into()),
        instructions: Some("Be brief.\nBe kind.".into()),
    };
    let reply = Backend::start(settings).await.session(Some(SECRET), "").await;
    assert_eq!(
        reply.body,
        json!({
            "value": TOKEN, "expires_at": 1,
            "model": "grok-voice-latest", "voice": "ara", "instructions": "Be brief.\nBe kind.",
        })
    );
}

#[tokio::test]
async fn settings_out_of_range_are_refused() {
    let life = |shortest, usual, longest| {
        move |settings: &mut Settings| settings.life = Life { shortest, usual, longest }
    };
    let changes: [&dyn Fn(&mut Settings); 11] = [
        &|settings| settings.per_minute = 0,
        &|settings| settings.per_minute_for_all = 0,
        &life(0, 300, 300),
        &life(1, 300, 3601),
        &life(301, 300, 300),
        &life(1, 300, 299),
        &|settings| settings.offer.model = Some(String::new()),
        &|settings| settings.offer.model = Some("two words".into()),
        &|settings| settings.offer.voice = Some("x".repeat(129)),
        &|settings| settings.offer.instructions = Some(" ".into()),
        &|settings| settings.offer.instructions = Some("x".repeat(16 * 1024 + 1)),
    ];
    for change in changes {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut settings = settings("http://127.0.0.1:9/");
        change(&mut settings);
        let error = serve(listener, settings, std::future::pending()).await.unwrap_err();
        assert!(matches!(error, ServeError::Settings(_)), "{error}");
    }
}
