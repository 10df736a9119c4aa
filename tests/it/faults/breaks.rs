//! The line breaks in the middle of a call, by the network or by the server.

use call::{Fault, ProblemCode as Code};

use super::relay::Network;
use super::sees::Sees::{ClosedByServer, GivenUp, Nothing, Reconnected};
use super::sees::{
    BROKE, BROKE_FOR_GOOD, CAP, CLOSED, FAILED, Gap, OVERLOADED, POLICY, RESTARTED, SILENT, Sees, TOO_LARGE,
};
use super::story::{At, Story};
use super::table::{Row, Switched, network, run, switched};

const AGAIN: Gap = BROKE.rest(" Your sentence was sent again from its beginning.");

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn the_network_fails() {
    const NO_TOKEN: &[(Code, &str)] = &[(Code::Backend, "within 10 s")];
    const NO_WAY: &[(Code, &str)] = &[(Code::Network, "broke off")];
    run("The network fails", &[
        network("reset in the silence", At::Quiet, Network::Down, 2_000, Reconnected(BROKE.then(NO_WAY))),
        network("reset while you speak", At::Hearing, Network::Cut, 500, Reconnected(AGAIN)),
        network("reset while the agent speaks", At::Reply, Network::Cut, 500, Reconnected(BROKE)),
        network("reset while a tool runs", At::Tool, Network::Cut, 500,
            Reconnected(BROKE.rest(" The tool web_search was running; its result did not come.")))
            .with(&[("stuck_tool", "web_search"), ("faulty", "1")]),
        network("a frame cut in its middle", At::Reply, Network::CutAfter(1_000), 500, Reconnected(BROKE)),
        network("what is open is dead without a word", At::Quiet, Network::Hole, 1_000, Reconnected(SILENT)),
        network("stalled for 5 s in the silence", At::Quiet, Network::Stalled, 5_000, Nothing),
        network("stalled for 5 s while the agent speaks", At::Reply, Network::Stalled, 5_000, Nothing),
        network("stalled for 30 s", At::Quiet, Network::Stalled, 30_000, Reconnected(SILENT.then(NO_TOKEN))),
        network("stalled for 120 s", At::Quiet, Network::Stalled, 120_000, Reconnected(SILENT.then(NO_TOKEN))),
        network("down for 60 s", At::Quiet, Network::Down, 60_000, Reconnected(BROKE.then(NO_WAY))),
        network("down for good", At::Quiet, Network::Down, 0,
            GivenUp(BROKE_FOR_GOOD.then(NO_WAY), Code::Network, Fault::Network, "broke off")),
        network("a slow drip for 20 s", At::Reply, Network::Dripping(20_000), 20_000, Nothing),
        network("you speak while it is down", At::Quiet, Network::Down, 5_000,
            Reconnected(BROKE.then(NO_WAY).rest(" What you said meanwhile (… s) was kept and sent."))).story(Story::SpeakAway),
        network("you type while it is down", At::Quiet, Network::Down, 5_000, Reconnected(BROKE.then(NO_WAY))).story(Story::TypeAway),
    ]).await;
}

/// The server does this 30 s after the session began, when all is silent.
fn in_the_silence(name: &'static str, switches: Switched, sees: Sees) -> Row {
    switched(name, switches, sees).at(At::Quiet)
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn the_server_ends_the_line() {
    run("The server ends the line", &[
        in_the_silence("dropped", &[("drop_after_s", "30"), ("faulty", "1")], Reconnected(BROKE)),
        switched("dropped after some sound", &[("drop_after_deltas", "3"), ("faulty", "1")], Reconnected(BROKE)),
        in_the_silence("the cap", &[("max_duration_s", "30"), ("faulty", "1")], Reconnected(CAP)),
        switched("the cap in the middle of a sentence", &[("max_duration_s", "38"), ("reading_s", "20"), ("delta_pace", "1"), ("faulty", "1")],
            Reconnected(CAP)).at(At::Reply).story(Story::TalkWithOddSound),
        switched("a frame of 20 MB", &[("oversized_mb", "20"), ("faulty", "1")], Reconnected(TOO_LARGE)),
        in_the_silence("close 1000", &[("close_after_s", "30"), ("close_code", "1000")], ClosedByServer(1000, &[], "The server ended the call.")),
        in_the_silence("close 1001", &[("close_after_s", "30"), ("close_code", "1001")], ClosedByServer(1001, &[], "had heard nothing for too long")),
        in_the_silence("close 1008", &[("close_after_s", "30"), ("close_code", "1008"), ("faulty", "1")], Reconnected(POLICY)),
        in_the_silence("close 1011", &[("close_after_s", "30"), ("close_code", "1011"), ("faulty", "1")], Reconnected(FAILED)),
        in_the_silence("close 1012", &[("close_after_s", "30"), ("close_code", "1012"), ("faulty", "1")], Reconnected(RESTARTED)),
        in_the_silence("close 1013", &[("close_after_s", "30"), ("close_code", "1013"), ("faulty", "1")], Reconnected(OVERLOADED)),
        in_the_silence("close 4000", &[("close_after_s", "30"), ("close_code", "4000"), ("faulty", "1")], Reconnected(CLOSED)),
    ]).await;
}
