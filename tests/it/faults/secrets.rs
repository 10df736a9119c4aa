//! A call that meets every kind of trouble gives no secret away: not in a log of any level, and in
//! nothing that its window is told.

use tracing_subscriber::util::SubscriberInitExt as _;

use super::relay::Network;
use super::table::{At, Row, Sees, network, switched, told};

/// Every token of the practice agent begins so; what follows is the secret part.
const TOKEN: &str = "xai-realtime-client-secret-";

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn a_call_full_of_faults_gives_no_secret_away() {
    let rows = [
        switched("a refusal that quotes nothing", &[("mint", "401")], Sees::Nothing),
        switched("a token refused", &[("handshake", "refuse401")], Sees::Nothing),
        Row::subprotocol("a subprotocol that is not echoed", &[("subprotocol_echo", "unoffered")], Sees::Nothing),
        Row::subprotocol("a break, with a subprotocol", &[("drop_after_s", "12"), ("faulty", "1")], Sees::Nothing),
        switched("noise", &[("malformed", "on"), ("unknown_events", "on")], Sees::Nothing),
        network("a reset", At::Reply, Network::Down, 2_000, Sees::Nothing),
        network("a token cut in its middle", At::Once, Network::CutAfter(200), 0, Sees::Nothing),
    ];
    let log = rig::Captured::default();
    let guard = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish()
        .set_default();
    let mut window = String::new();
    for row in &rows {
        window += &told(row).await;
    }
    drop(guard);
    let log = log.text();
    for expected in ["asking the backend for a token", "opening the line", "the line is closed"] {
        assert!(log.contains(expected), "nothing was captured of {expected:?}");
    }
    for (place, text) in [("the log", &log), ("the window", &window)] {
        for secret in [TOKEN, super::desk::KEY] {
            // What the agent's side of the handshake logs is not ours to silence.
            let leak = text.lines().find(|line| line.contains(secret) && !line.contains("::server"));
            assert!(leak.is_none(), "{place} gives away {secret}: {leak:?}");
        }
    }
}
