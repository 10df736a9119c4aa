//! The upgrade to a WebSocket and the session on it, at first and after a break.

use call::{Fault, ProblemCode as Code};

use super::relay::Network;
use super::sees::Sees::{Failed, GivenUp, Nothing, Notices, Reconnected};
use super::sees::{BROKE, BROKE_FOR_GOOD};
use super::table::{Row, Way, after_a_break, changed, on_the_way, run, switched};

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn opening_the_line() {
    run("Opening the line", &[
        changed("no such host", |setup| setup.profile.realtime_url = "wss://voice.invalid/v1/realtime".into(),
            Failed(Code::Network, Fault::Network, "Could not find voice.invalid")),
        changed("nobody listens", |setup| setup.profile.realtime_url = "ws://127.0.0.1:9/v1/realtime".into(),
            Failed(Code::Network, Fault::Network, "no firewall forbids the address")),
        on_the_way("reset", Way::Line, Network::Down, 0, Failed(Code::LineRefused, Fault::Network, "closed the connection before the line was open")),
        on_the_way("reset in the middle of the upgrade", Way::Line, Network::CutAfter(20), 0,
            Failed(Code::LineRefused, Fault::Network, "closed the connection before the line was open")),
        on_the_way("stalled for good", Way::Line, Network::Stalled, 0, Failed(Code::LineRefused, Fault::Network, "within 10 s")),
        on_the_way("stalled for 5 s", Way::Line, Network::Stalled, 5_000, Nothing),
        switched("closed in the handshake", &[("handshake", "close")], Failed(Code::LineRefused, Fault::Network, "closed the connection before")),
        switched("no answer", &[("handshake", "hang")], Failed(Code::LineRefused, Fault::Network, "within 10 s")),
        switched("401 for every token", &[("handshake", "refuse401")], Failed(Code::LineRefused, Fault::Backend, "Two fresh tokens")),
        switched("401 once", &[("handshake", "refuse401"), ("faulty", "1")], Nothing),
        switched("tokens that are over and do not say so", &[("mint_shape", "string"), ("token_life_s", "0")],
            Failed(Code::LineRefused, Fault::Backend, "Two fresh tokens")),
        switched("403: the key may not", &[("handshake", "refuse403")], Failed(Code::NotAllowed, Fault::Backend, "HTTP 403")),
        switched("402: no credits", &[("handshake", "refuse402")], Failed(Code::NoCredit, Fault::Xai, "Add credit")),
        switched("429", &[("handshake", "refuse429")], Failed(Code::RateLimited, Fault::Xai, "HTTP 429")),
        switched("503", &[("handshake", "refuse503")], Failed(Code::ServerFailed, Fault::Xai, "HTTP 503")),
        switched("503, and well for the next call", &[("handshake", "refuse503"), ("faulty", "1")],
            Failed(Code::ServerFailed, Fault::Xai, "It asks for 2 s")).then_call_again(),
        switched("a token for one session only", &[("single_use", "on")], Nothing),
        Row::subprotocol("the subprotocol is not echoed", &[("subprotocol_echo", "none")], Nothing),
        Row::subprotocol("another subprotocol is echoed", &[("subprotocol_echo", "unoffered")], Failed(Code::LineRefused, Fault::Xai, "not offered")),
        Row::subprotocol("the token as a subprotocol", &[], Nothing),
        switched("the session is refused", &[("update", "rejected")], Failed(Code::SessionRefused, Fault::Xai, "refused the session")),
        switched("the session is refused by a flat error", &[("update", "rejected"), ("errors", "flat")],
            Failed(Code::SessionRefused, Fault::Xai, "refused the session")),
        switched("the session is never confirmed", &[("never_updated", "on")], Failed(Code::SessionRefused, Fault::Xai, "did not confirm")),
        switched("another model", &[("model", "grok-voice-fast-1.0")], Nothing),
        Row::model("another model than the one named", &[("model", "grok-voice-fast-1.0")],
            Notices(&[(Code::WrongModel, "asked for the model grok-voice-3.0, and grok-voice-fast-1.0 answered")])),
    ]).await;
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn opening_the_line_again() {
    run("Opening the line again", &[
        after_a_break("401 once", &[("handshake", "refuse401"), ("faulty_after", "1"), ("faulty", "1")], Reconnected(BROKE)),
        after_a_break("401 for every token", &[("handshake", "refuse401"), ("faulty_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::LineRefused, Fault::Backend, "Two fresh tokens")),
        after_a_break("402", &[("handshake", "refuse402"), ("faulty_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::NoCredit, Fault::Xai, "Add credit")),
        after_a_break("403 once", &[("handshake", "refuse403"), ("faulty_after", "1"), ("faulty", "1")], Reconnected(BROKE)),
        after_a_break("403 for every token", &[("handshake", "refuse403"), ("faulty_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::NotAllowed, Fault::Backend, "HTTP 403")),
        after_a_break("429 with Retry-After", &[("handshake", "refuse429"), ("retry_after_s", "7"), ("faulty_after", "1"), ("faulty", "1")],
            Reconnected(BROKE.then(&[(Code::RateLimited, "It asks for 7 s")]))),
        after_a_break("503 with Retry-After", &[("handshake", "refuse503"), ("retry_after_s", "7"), ("faulty_after", "1"), ("faulty", "1")],
            Reconnected(BROKE.then(&[(Code::ServerFailed, "It asks for 7 s")]))),
        after_a_break("503 five times", &[("handshake", "refuse503"), ("retry_after_s", "off"), ("faulty_after", "1"), ("faulty", "5")],
            Reconnected(BROKE.then(&[(Code::ServerFailed, "HTTP 503")]))),
        after_a_break("503 that asks for more than ten minutes", &[("handshake", "refuse503"), ("retry_after_s", "700"), ("faulty_after", "1")],
            GivenUp(BROKE_FOR_GOOD, Code::ServerFailed, Fault::Xai, "too long for a call to wait")),
        after_a_break("closed in the handshake, once", &[("handshake", "close"), ("faulty_after", "1"), ("faulty", "1")],
            Reconnected(BROKE.then(&[(Code::LineRefused, "closed the connection before")]))),
        after_a_break("no answer, once", &[("handshake", "hang"), ("faulty_after", "1"), ("faulty", "1")],
            Reconnected(BROKE.then(&[(Code::LineRefused, "within 10 s")]))),
        after_a_break("a token for one session only", &[("single_use", "on")], Reconnected(BROKE)),
    ]).await;
}
