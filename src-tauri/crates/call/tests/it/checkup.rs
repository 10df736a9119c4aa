//! *Check my backend* against the practice agent, and against everything that can be wrong on the way.

use std::sync::{Arc, Mutex};

use call::{CheckState, CheckStep as At, Checkup, Fault, Net, Problem, ProblemCode as Code, Setup};
use practice::Practice;
use realtime::{DEFAULT_MODEL, DEFAULT_REALTIME_URL, Dial, Proxy, Trust};
use rig::{Authority, Between, Certified, Protocol};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::desk::{Desk, KEY, Metronome, practice, setup};
use crate::faults::{backend, http};

struct Run {
    found: Checkup,
    told: Vec<Checkup>,
    _practice: Practice,
}

async fn check(switches: &[(&str, &str)], change: impl FnOnce(&mut Setup)) -> Run {
    let _metronome = Metronome::start(1);
    let practice = practice(switches).await;
    let mut setup = setup(&practice);
    change(&mut setup);
    let told: Arc<Mutex<Vec<Checkup>>> = Arc::default();
    let notes = told.clone();
    let net = Net::new().unwrap();
    let found = net.check(&setup, move |checkup| notes.lock().unwrap().push(checkup)).await;
    let told = told.lock().unwrap().clone();
    Run { found, told, _practice: practice }
}

async fn failure(switches: &[(&str, &str)], change: impl FnOnce(&mut Setup)) -> (At, Problem) {
    let found = check(switches, change).await.found;
    assert!(!found.passed());
    let (step, problem) = found.failure().unwrap_or_else(|| panic!("{found:?}"));
    for line in &found.lines {
        let tried = !matches!(line.state, CheckState::NotTried);
        assert_eq!(tried, line.step <= step, "{line:?}: the steps after the failed one are not tried");
    }
    let report = found.report.as_deref().unwrap();
    assert!(report.contains("FAILED") && report.contains(&problem.message), "{report}");
    assert!(!problem.cure.is_empty());
    (step, problem.clone())
}

#[tokio::test(start_paused = true)]
async fn every_step_of_a_good_backend_is_told_as_it_ends() {
    let Run { found, told, .. } = check(&[], |_| {}).await;
    assert!(found.passed(), "{found:?}");
    assert_eq!(told.last(), Some(&found));
    let trying = |checkup: &Checkup| {
        checkup.lines.iter().find(|line| line.state == CheckState::Trying).map(|line| line.step)
    };
    let mut order: Vec<At> = told.iter().filter_map(trying).collect();
    order.dedup();
    assert_eq!(order, found.lines.iter().map(|line| line.step).collect::<Vec<_>>(), "each was the one tried");
    let words = |step: At| match &found.lines.iter().find(|line| line.step == step).unwrap().state {
        CheckState::Passed { found, .. } => found.clone(),
        other => panic!("{other:?}"),
    };
    for (step, wanted) in [
        (At::Profile, "POST, with a bearer secret"),
        (At::BackendName, "127.0.0.1"),
        (At::BackendReached, "127.0.0.1:"),
        (At::BackendTls, "on this computer"),
        (At::BackendAnswer, "HTTP 200"),
        (At::TokenFound, "\u{201c}value\u{201d}"),
        (At::TokenLife, "300 s"),
        (At::LineName, "127.0.0.1"),
        (At::LineOpen, "in a header"),
        (At::SessionCreated, "grok-voice"),
        (At::SessionUpdated, "24 kHz"),
    ] {
        assert!(words(step).contains(wanted), "{step:?}: {}", words(step));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_and_reported_holds_no_secret() {
    let query = "a-value-that-nobody-may-see";
    let Run { found, told, .. } = check(&[], |setup| {
        setup.profile.token_url += &format!("?app={query}");
        setup.profile.realtime_url += &format!("?app={query}");
        setup.profile.proxy = "http://proxy.example:1".into();
        setup.profile.proxy_user = "somebody".into();
        setup.proxy_password = Some("a-proxy-word".to_owned().into());
    })
    .await;
    assert!(found.passed(), "{found:?}");
    let report = found.report.unwrap();
    assert!(report.contains("/session?\u{2026}") || report.contains("?\u{2026}"), "{report}");
    for secret in [KEY, query, "a-proxy-word", "client-secret-"] {
        assert!(!report.contains(secret), "{report}");
        assert!(!serde_json::to_string(&told).unwrap().contains(secret), "{secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_failure_stands_at_its_step_with_its_cure() {
    type Row = (&'static [(&'static str, &'static str)], fn(&mut Setup), At, Code, &'static str);
    let same = |_: &mut Setup| {};
    let table: [Row; 16] = [
        (&[], |setup| setup.profile.token_url = "nonsense".into(), At::Profile, Code::Profile, "not a URL"),
        (
            &[],
            |setup| setup.access = call::Access::Backend(None),
            At::Profile,
            Code::Profile,
            "secret is missing",
        ),
        (
            &[],
            |setup| setup.profile.extra_ca = "/no/such.pem".into(),
            At::Profile,
            Code::Profile,
            "/no/such.pem",
        ),
        (
            &[],
            |setup| setup.profile.token_url = "https://backend.invalid/session".into(),
            At::BackendName,
            Code::Network,
            "backend.invalid",
        ),
        (
            &[],
            |setup| setup.profile.token_url = "http://127.0.0.1:9/session".into(),
            At::BackendReached,
            Code::Network,
            "127.0.0.1",
        ),
        (&[("mint", "401")], same, At::BackendAnswer, Code::BackendRefused, "401"),
        (&[("mint", "429")], same, At::BackendAnswer, Code::RateLimited, "429"),
        (&[("mint", "hang")], same, At::BackendAnswer, Code::Backend, "10 s"),
        (&[("mint", "html")], same, At::TokenFound, Code::Backend, "not JSON"),
        (&[("token_life_s", "0")], same, At::TokenLife, Code::Backend, "almost over"),
        (
            &[],
            |setup| setup.profile.realtime_url = "wss://voice.invalid/v1/realtime".into(),
            At::LineName,
            Code::Network,
            "voice.invalid",
        ),
        (
            &[],
            |setup| setup.profile.realtime_url = "ws://127.0.0.1:9/v1/realtime".into(),
            At::LineReached,
            Code::Network,
            "127.0.0.1",
        ),
        (&[("handshake", "refuse401")], same, At::LineOpen, Code::LineRefused, "401"),
        (&[("handshake", "close")], same, At::LineOpen, Code::LineRefused, "closed"),
        (&[("update", "rejected")], same, At::SessionUpdated, Code::SessionRefused, "refused the session"),
        (&[("never_updated", "on")], same, At::SessionUpdated, Code::SessionRefused, "did not confirm"),
    ];
    for (switches, change, step, code, words) in table {
        let (at, problem) = failure(switches, change).await;
        assert_eq!((at, problem.code), (step, code), "{problem:?}");
        assert!(problem.message.contains(words), "{words}: {problem:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_certificate_and_a_proxy_stand_at_their_steps() {
    let authority = Authority::new("An authority of the test").unwrap();
    let certified = Certified { host: "voice.example", valid_days: (-30, -2) };
    let server = authority.serve(certified, "HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let open = Between::start(Protocol::Connect, server, None).await.unwrap();
    let locked = Between::start(Protocol::Socks, server, Some(("me", "word"))).await.unwrap();
    let lead = |setup: &mut Setup, between: &Between| {
        setup.profile.token_url = "https://voice.example/session".into();
        setup.profile.proxy = between.url();
        setup.profile.extra_ca = authority.file().display().to_string();
    };
    let (step, problem) = failure(&[], |setup| lead(setup, &open)).await;
    assert_eq!((step, problem.code), (At::BackendTls, Code::CertificateExpired));
    let (step, problem) = failure(&[], |setup| lead(setup, &locked)).await;
    assert_eq!((step, problem.code), (At::BackendReached, Code::ProxyLogin));
}

/// A backend whose reply has an address beside its token: the practice agent's, and this behind it. The
/// profile leaves address and model to it.
async fn naming(practice: &Practice, behind: &str) -> Setup {
    let mut setup = setup(practice);
    let dial = Dial::new(Trust::system().unwrap(), Proxy::default());
    let key = practice.key().to_owned().into();
    let minted = realtime::mint(&dial, &setup.profile, Some(&key)).await.unwrap();
    let url = practice.realtime_url() + behind;
    let reply = json!({ "value": minted.token.secret().expose_secret(), "url": url }).to_string();
    setup.profile.token_url = backend(http("200 OK", "application/json", &reply)).await;
    setup.profile.realtime_url = DEFAULT_REALTIME_URL.into();
    assert_eq!(setup.profile.model, DEFAULT_MODEL);
    setup
}

#[tokio::test(start_paused = true)]
async fn a_model_that_the_backend_has_fixed_and_another_that_answers_are_both_named() {
    let _metronome = Metronome::start(1);
    let switches = [("model", "grok-voice-fast-1.0")];
    let agent = practice(&switches).await;
    let setup = naming(&agent, "?model=grok-voice-3.0").await;
    let found = Net::new().unwrap().check(&setup, |_| {}).await;
    assert!(found.passed(), "{found:?}");
    let model = found.lines.iter().find(|line| line.step == At::SessionCreated).unwrap();
    let CheckState::Noted { problem, .. } = &model.state else { panic!("{model:?}") };
    assert!(problem.message.contains("Your backend asked for the model grok-voice-3.0"), "{problem:?}");
    assert!(problem.cure.contains("your backend"), "{problem:?}");
    let report = found.report.unwrap();
    let server = format!("Realtime server: {}?\u{2026} (as the backend says)\n", agent.realtime_url());
    assert!(report.contains(&server), "{report}");
    assert!(report.contains("Model: grok-voice-3.0 (as the backend says)\n"), "{report}");

    let mut desk = Desk::open_at(agent, 1, Net::new().unwrap(), |call| *call = setup).await;
    desk.until("a word of the model", |seen| seen.notices.iter().any(|one| one.code == Code::WrongModel))
        .await;
    let said = &desk.seen.notices.iter().find(|one| one.code == Code::WrongModel).unwrap().message;
    assert!(said.contains("grok-voice-3.0") && said.contains("grok-voice-fast-1.0"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_address_of_the_backend_that_cannot_be_used_is_the_backends_fault() {
    let (step, problem) = {
        let url = backend(http("200 OK", "application/json", r#"{"value":"t","url":"nonsense"}"#)).await;
        failure(&[], |setup| {
            setup.profile.token_url = url;
            setup.profile.realtime_url = DEFAULT_REALTIME_URL.into();
        })
        .await
    };
    assert_eq!((step, problem.code, problem.fault), (At::LineName, Code::Backend, Fault::Backend));
    assert!(problem.message.contains("not a URL") && problem.cure.contains("your backend"), "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_call_lives_with_is_no_failure() {
    let found = check(&[("model", "grok-voice-fast-1.0")], |setup| {
        setup.profile.model = "grok-voice-3.0".into();
    })
    .await
    .found;
    let model = found.lines.iter().find(|line| line.step == At::SessionCreated).unwrap();
    let CheckState::Noted { problem, .. } = &model.state else { panic!("{model:?}") };
    assert_eq!(problem.code, Code::WrongModel);
    assert!(found.passed() && found.report.unwrap().contains("grok-voice-fast-1.0"));
    assert!(check(&[("session_created", "off")], |_| {}).await.found.passed());
    assert!(check(&[("order", "2.0")], |_| {}).await.found.passed());
    assert!(check(&[("handshake", "refuse401"), ("faulty", "1")], |_| {}).await.found.passed());
}

#[tokio::test]
async fn a_check_that_is_dropped_hangs_up() {
    let practice = practice(&[("never_updated", "on")]).await;
    let setup = setup(&practice);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let net = Net::new().unwrap();
    let checking = net.check(&setup, move |checkup| drop(tell.send(checkup)));
    let opened = async {
        while let Some(checkup) = told.recv().await {
            let last = checkup.lines.last().unwrap();
            if last.state == CheckState::Trying {
                return;
            }
        }
    };
    tokio::select! {
        found = checking => panic!("{found:?}"),
        () = opened => {}
    }
    assert!(told.recv().await.is_none(), "nobody tells any more");
    practice.stop().await;
}
