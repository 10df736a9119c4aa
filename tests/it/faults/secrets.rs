//! A call that meets every kind of trouble gives no secret away: not in a log of any level, and in
//! nothing that its window is told, that is kept of it, exported or reported.

use std::sync::Arc;

use call::{Access, Ending, Fault, Net, ProblemCode as Code, Setup, Snapshot, Status};
use history::{Calendar, History};
use realtime::Profile;
use rig::Protocol;
use sidetone_shell::ledger::unix_ms;
use sidetone_shell::record;
use sidetone_shell::view::Keeping;
use tokio::sync::broadcast;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::desk::{self, KEY};
use super::relay::Network;
use super::sees::Sees::{Failed, GivenUp, Nothing, Reconnected};
use super::sees::{BROKE, BROKE_FOR_GOOD};
use super::story::At;
use super::table::{Row, Way, after_a_break, network, on_the_way, outcome, switched};
use super::way;

/// Every token of the practice agent begins so; what follows is the secret part.
const TOKEN: &str = "xai-realtime-client-secret-";
/// What a practice agent that gives away its key gives away begins so.
const KEY_OF_THE_BACKEND: &str = "xai-practice00key";
const PASSWORD: &str = "a-word-that-only-the-proxy-knows";
/// `me` and the password, as a proxy is shown them (RFC 7617).
const LOGIN: &str = "bWU6YS13b3JkLXRoYXQtb25seS10aGUtcHJveHkta25vd3M=";
const QUOTED: &str = "HTTP/1.1 500 Oops\r\ncontent-type: application/json\r\ncontent-length: 72\r\n\r\n{\"error\":\"the caller a-key-that-only-this-desk-knows is not known here\"}";

#[rustfmt::skip]
async fn rows(net: &mut way::Net) -> Vec<Row> {
    let proxy = |code, words| Failed(code, Fault::Profile, words);
    for protocol in [Protocol::Connect, Protocol::Socks] {
        net.locked("a proxy with a password", protocol, PASSWORD, ("me", Some(PASSWORD)),
            Failed(Code::LineRefused, Fault::Backend, "HTTP 401")).await;
        net.locked("a proxy that refuses the password", protocol, "word", ("me", Some(PASSWORD)), proxy(Code::ProxyLogin, "did not accept")).await;
    }
    net.answering("a backend that quotes its caller's secret", QUOTED, Failed(Code::Backend, Fault::Backend, "is not known here")).await;
    let mut rows = std::mem::take(&mut net.rows);
    rows.extend([
        switched("a refusal that quotes nothing", &[("mint", "401")], Failed(Code::BackendRefused, Fault::Profile, "HTTP 401")),
        switched("an API key in a token's place", &[("mint", "key")], Failed(Code::Backend, Fault::Backend, "returned its xAI API key")),
        switched("a token refused", &[("handshake", "refuse401")], Failed(Code::LineRefused, Fault::Backend, "HTTP 401")),
        Row::subprotocol("another subprotocol", &[("subprotocol_echo", "unoffered")], Failed(Code::LineRefused, Fault::Xai, "not offered")),
        Row::subprotocol("a break, with a subprotocol", &[("drop_after_s", "30"), ("faulty", "1")], Reconnected(BROKE)).at(At::Quiet),
        switched("noise", &[("malformed", "on"), ("unknown_events", "on")], Nothing),
        network("a reset", At::Reply, Network::Cut, 500, Reconnected(BROKE)),
        after_a_break("a token refused after a break", &[("handshake", "refuse403"), ("faulty_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::NotAllowed, Fault::Backend, "HTTP 403")),
        after_a_break("an API key after a break", &[("mint", "key"), ("mint_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::Backend, Fault::Backend, "returned its xAI API key")),
        after_a_break("a refusal after a break", &[("mint", "401"), ("mint_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::BackendRefused, Fault::Profile, "HTTP 401")),
        on_the_way("a token cut in its middle", Way::Backend, Network::CutAfter(200), 0, Failed(Code::Network, Fault::Network, "broke off")),
    ]);
    rows
}

/// The call as the history keeps it and as people take it along.
async fn export(seen: &Snapshot) -> String {
    let history = Arc::new(History::in_memory().unwrap());
    let seen = Snapshot { status: Status::Ended { ending: Ending::ByYou }, ..seen.clone() };
    let setup = Setup::new(Profile::default(), Access::Backend(None));
    let recording = record::start(history.clone(), &setup, unix_ms, move || {
        std::future::ready(Some((seen.clone(), broadcast::channel(1).1)))
    });
    recording.watch().wait_for(|keeping| *keeping == Keeping::Kept).await.unwrap();
    let (call, items) = (history.find(recording.id()).unwrap(), history.items(recording.id()).unwrap());
    let calendar = Calendar::posix("UTC0").unwrap();
    history::plain_text(&call.unwrap(), &items, &calendar, |amount| amount.to_string())
}

/// *Check my backend*, of a backend with these switches.
async fn report(switches: &[(&str, &str)]) -> String {
    let practice = desk::practice(switches).await;
    let mut setup = desk::setup(&practice);
    setup.profile.token_url += &format!("?caller={KEY}");
    let checkup = Net::new().unwrap().check(&setup, |_| {}).await;
    let text = checkup.report.clone().unwrap();
    format!("{checkup:?}\n{}\n{text}", serde_json::to_string(&checkup).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_call_full_of_faults_gives_no_secret_away() {
    let log = rig::Captured::default();
    let guard = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish()
        .set_default();
    let (mut window, mut exports, mut reports) = (String::new(), String::new(), String::new());
    let mut net = way::Net::new();
    for row in rows(&mut net).await {
        let outcome = outcome(&row).await;
        outcome.verdict.unwrap_or_else(|problem| panic!("{}: {problem}", row.name));
        window += &format!("{} {:?} {:?}", outcome.said, outcome.told, outcome.seen);
        window += &serde_json::to_string(&(&outcome.told, &outcome.seen)).unwrap();
        exports += &export(&outcome.seen).await;
    }
    for mint in ["ok", "401", "key", "no_token", "error200"] {
        reports += &report(&[("mint", mint)]).await;
    }
    reports += &report(&[("handshake", "refuse401")]).await;
    drop(guard);
    let log = log.text();
    for (expected, text) in [
        ("asking the backend for a token", &log),
        ("opening the line", &log),
        ("the line is closed", &log),
        ("The line broke here.", &window),
        ("The line broke here.", &exports),
        ("returned its xAI API key", &reports),
        ("Session: agreed", &reports),
    ] {
        assert!(text.contains(expected), "nothing was captured of {expected:?}");
    }
    for (place, text) in [("log", &log), ("window", &window), ("export", &exports), ("report", &reports)] {
        for secret in [TOKEN, KEY, KEY_OF_THE_BACKEND, PASSWORD, LOGIN] {
            let leak = text.lines().find(|line| line.contains(secret));
            assert!(leak.is_none(), "the {place} gives away {secret}: {leak:?}");
        }
    }
}
