//! The fault table: everything that the practice agent, the backend and the network can do wrong, and
//! what a person sees of it. Every row is one whole call at a simulated desk; `artefacts/faults` has
//! the tables of the last run.

#[path = "../../../src-tauri/crates/call/tests/it/desk.rs"]
#[expect(dead_code, reason = "the call's own tests ask for more of the desk")]
mod desk;
#[path = "../../../src-tauri/crates/call/tests/it/relay.rs"]
mod relay;
mod secrets;
mod table;
mod way;

use call::{Fault, ProblemCode};

use relay::Network;
use table::At;
use table::Sees::{ClosedByServer, Failed, Nothing, Notice, Reconnected, ReconnectedFrom};
use table::{Row, changed, network, run, switched};

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn getting_a_token() {
    run("Getting a token", &[
        changed("no such host", |setup| setup.profile.token_url = "https://backend.invalid/session".into(),
            Failed(ProblemCode::Network, Fault::Network, "Could not find backend.invalid")),
        changed("nobody listens", |setup| setup.profile.token_url = "http://127.0.0.1:9/session".into(),
            Failed(ProblemCode::Network, Fault::Network, "backend runs")),
        network("reset", At::Once, Network::Down, 0, Failed(ProblemCode::Network, Fault::Network, "")),
        network("stalled for good", At::Once, Network::Stalled, 0, Failed(ProblemCode::Backend, Fault::Backend, "10 s")),
        network("cut in the middle of the reply", At::Once, Network::CutAfter(60), 0, Failed(ProblemCode::Network, Fault::Network, "")),
        network("stalled for 5 s", At::Once, Network::Stalled, 5_000, Nothing),
        network("a slow drip", At::Once, Network::Dripping(2_000), 3_000, Nothing),
        switched("401", &[("mint", "401")], Failed(ProblemCode::BackendRefused, Fault::Profile, "caller secret")),
        switched("429 with Retry-After", &[("mint", "429"), ("retry_after_s", "7")], Failed(ProblemCode::RateLimited, Fault::Backend, "7 s")),
        switched("500", &[("mint", "500")], Failed(ProblemCode::Backend, Fault::Backend, "500")),
        switched("503", &[("mint", "503")], Failed(ProblemCode::Backend, Fault::Backend, "503")),
        switched("a web page", &[("mint", "html")], Failed(ProblemCode::Backend, Fault::Backend, "not JSON")),
        switched("nothing", &[("mint", "empty")], Failed(ProblemCode::Backend, Fault::Backend, "empty")),
        switched("20 MB", &[("mint", "huge")], Failed(ProblemCode::Backend, Fault::Backend, "larger")),
        switched("no answer", &[("mint", "hang")], Failed(ProblemCode::Backend, Fault::Backend, "10 s")),
        switched("the backend's clock is an hour ahead", &[("clock_s", "3600")], Nothing),
        switched("the backend's clock is an hour behind", &[("clock_s", "-3600")], Nothing),
        switched("every shape: nested", &[("mint_shape", "nested")], Nothing),
        switched("every shape: camel", &[("mint_shape", "camel")], Nothing),
        switched("every shape: ISO date", &[("mint_shape", "iso")], Nothing),
        switched("every shape: headers", &[("mint_shape", "headers")], Nothing),
    ]).await;
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn opening_the_line() {
    run("Opening the line", &[
        changed("no such host", |setup| setup.profile.realtime_url = "wss://voice.invalid/v1/realtime".into(),
            Failed(ProblemCode::Network, Fault::Network, "voice.invalid")),
        changed("nobody listens", |setup| setup.profile.realtime_url = "ws://127.0.0.1:9/v1/realtime".into(),
            Failed(ProblemCode::Network, Fault::Network, "")),
        switched("closed in the handshake", &[("handshake", "close")], Failed(ProblemCode::LineRefused, Fault::Network, "closed")),
        switched("no answer", &[("handshake", "hang")], Failed(ProblemCode::LineRefused, Fault::Network, "")),
        switched("401 for every token", &[("handshake", "refuse401")], Failed(ProblemCode::LineRefused, Fault::Backend, "Two fresh tokens")),
        switched("401 once", &[("handshake", "refuse401"), ("faulty", "1")], Nothing),
        switched("403: the key may not", &[("handshake", "refuse403")], Failed(ProblemCode::NotAllowed, Fault::Backend, "403")),
        switched("402: no credits", &[("handshake", "refuse402")], Failed(ProblemCode::NoCredit, Fault::Xai, "credit")),
        switched("429", &[("handshake", "refuse429")], Failed(ProblemCode::RateLimited, Fault::Xai, "429")),
        switched("503", &[("handshake", "refuse503")], Failed(ProblemCode::ServerFailed, Fault::Xai, "503")),
        switched("a token that has expired", &[("token_life_s", "0")], Failed(ProblemCode::Backend, Fault::Backend, "almost over")),
        switched("a token for one session only", &[("single_use", "on")], Nothing),
        switched("a token for one session, and a break", &[("single_use", "on"), ("drop_after_deltas", "8"), ("faulty", "1")], Reconnected),
        Row::subprotocol("the subprotocol is not echoed", &[("subprotocol_echo", "none")], Nothing),
        Row::subprotocol("another subprotocol is echoed", &[("subprotocol_echo", "unoffered")], Failed(ProblemCode::LineRefused, Fault::Xai, "")),
        Row::subprotocol("the token as a subprotocol", &[], Nothing),
        switched("the session is refused", &[("update", "rejected")], Failed(ProblemCode::SessionRefused, Fault::Xai, "refused the session")),
        switched("the session is never confirmed", &[("never_updated", "on")], Failed(ProblemCode::SessionRefused, Fault::Xai, "did not confirm")),
        switched("another model", &[("model", "grok-voice-fast-1.0")], Nothing),
        Row::model("another model than the one named", &[("model", "grok-voice-fast-1.0")], Notice(ProblemCode::WrongModel)),
    ]).await;
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn dialects_and_noise() {
    run("Dialects and noise", &[
        switched("the order of model 2.0", &[("order", "2.0")], Nothing),
        switched("no session.created", &[("session_created", "off")], Nothing),
        switched("dones in the schema's order", &[("dones", "schema")], Nothing),
        switched("old names", &[("names", "old")], Nothing),
        switched("no part", &[("part", "missing")], Nothing),
        switched("flat errors", &[("errors", "flat")], Nothing),
        switched("unknown events", &[("unknown_events", "on")], Nothing),
        switched("final transcripts again and again", &[("completed", "repeated")], Nothing),
        switched("only one transcript", &[("completed", "once")], Nothing),
        switched("speech_started again and again", &[("speech_started", "repeated")], Nothing),
        switched("speech_started late", &[("speech_started", "late")], Nothing),
        switched("binary sound", &[("output", "binary")], Nothing),
        switched("odd sound", &[("odd_audio", "on")], Nothing),
        switched("malformed JSON", &[("malformed", "on")], Nothing),
        switched("everything at once", &[("delta_pace", "0")], Nothing),
        switched("slower than it is heard", &[("delta_pace", "0.5")], Nothing),
        switched("deletions without a name", &[("deleted", "empty")], Nothing),
        switched("usage in the response", &[("usage", "schema")], Nothing),
        switched("no usage", &[("usage", "off")], Nothing),
        switched("pings with the other name", &[("ping_field", "ping_timestamp")], Nothing),
        switched("every event twice", &[("twice", "on")], Nothing),
        switched("events out of order", &[("swapped", "on")], Nothing),
        switched("no transcripts of a resumed conversation", &[("replay", "off"), ("drop_after_deltas", "8"), ("faulty", "1")], Reconnected),
        switched("a replay as item.created", &[("replay", "created"), ("drop_after_deltas", "8"), ("faulty", "1")], Reconnected),
    ]).await;
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn the_line_breaks() {
    run("The line breaks", &[
        network("reset in the silence", At::Quiet, Network::Down, 2_000, Reconnected),
        network("reset while you speak", At::Hearing, Network::Down, 2_000, Reconnected),
        network("reset while the agent speaks", At::Reply, Network::Down, 2_000, Reconnected),
        network("a frame cut in its middle", At::Reply, Network::CutAfter(1_000), 500, Reconnected),
        network("stalled for 5 s in the silence", At::Quiet, Network::Stalled, 5_000, Nothing),
        network("stalled for 5 s while the agent speaks", At::Reply, Network::Stalled, 5_000, Nothing),
        network("only what is open is reset", At::Reply, Network::Cut, 500, Reconnected),
        network("what is open is dead without a word", At::Quiet, Network::Hole, 1_000, Reconnected),
        network("stalled for 30 s", At::Quiet, Network::Stalled, 30_000, Reconnected),
        network("stalled for 120 s", At::Quiet, Network::Stalled, 120_000, Reconnected),
        network("down for 60 s", At::Quiet, Network::Down, 60_000, Reconnected),
        network("a slow drip for 20 s", At::Reply, Network::Dripping(20_000), 20_000, Nothing),
        Row { switches: &[("stuck_tool", "web_search"), ("faulty", "1")],
            ..network("reset while a tool runs", At::Tool, Network::Down, 2_000, ReconnectedFrom("usingTool")) },
        switched("the cap in the middle of a sentence", &[("max_duration_s", "3"), ("delta_pace", "1"), ("faulty", "1")], ReconnectedFrom("speaking")),
        switched("dropped after some sound", &[("drop_after_deltas", "3"), ("faulty", "1")], Reconnected),
        switched("a frame of 20 MB", &[("oversized_mb", "20"), ("faulty", "1")], Reconnected),
        switched("close 1000", &[("close_after_s", "5"), ("close_code", "1000")], ClosedByServer(1000)),
        switched("close 1001", &[("close_after_s", "5"), ("close_code", "1001")], ClosedByServer(1001)),
        switched("close 1008", &[("close_after_s", "5"), ("close_code", "1008"), ("faulty", "1")], Reconnected),
        switched("close 1011", &[("close_after_s", "5"), ("close_code", "1011"), ("faulty", "1")], Reconnected),
        switched("close 1012", &[("close_after_s", "5"), ("close_code", "1012"), ("faulty", "1")], Reconnected),
        switched("close 4000", &[("close_after_s", "5"), ("close_code", "4000"), ("faulty", "1")], Reconnected),
        switched("too quiet for the server", &[("idle_close_s", "5")], Nothing),
        switched("a reply that is never finished", &[("stall_after_deltas", "1"), ("faulty", "1")], Nothing),
        switched("replies that are abandoned", &[("abandon", "on")], Nothing),
    ]).await;
}
