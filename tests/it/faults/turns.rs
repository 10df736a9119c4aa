//! Who speaks: interruptions, turns by the talk key, the closed microphone, tools.

use call::{ProblemCode as Code, Turns};

use super::sees::Sees;
use super::sees::Sees::{ClosedByServer, Nothing, Notices};
use super::story::{At, By, Story};
use super::table::{Row, Switched, changed, run, switched};

/// Answers are long enough to be interrupted.
fn interrupted(name: &'static str, by: By, switches: Switched) -> Row {
    switched(name, switches, Nothing).story(Story::Interrupt(by))
}

/// The server alone hears a voice.
fn by_the_server(name: &'static str, switches: Switched) -> Row {
    interrupted(name, By::Voice, switches).setup(|setup| setup.quick_barge_in = false)
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn interrupting_the_agent() {
    run("Interrupting the agent", &[
        interrupted("by voice", By::Voice, &[("reading_s", "20"), ("delta_pace", "1.5")]),
        interrupted("by typing", By::Typing, &[("reading_s", "20"), ("delta_pace", "1.5")]),
        interrupted("by the button", By::Button, &[("reading_s", "20"), ("delta_pace", "1.5")]),
        by_the_server("by voice that only the server hears", &[("reading_s", "20"), ("delta_pace", "1.5")]),
        by_the_server("a reply that is spoken over gets no done", &[("reading_s", "20"), ("delta_pace", "1.5"), ("abandon", "on")]),
        by_the_server("the same with old names", &[("reading_s", "20"), ("delta_pace", "1.5"), ("abandon", "on"), ("names", "old")]),
        interrupted("a truncation is passed over", By::Voice, &[("reading_s", "20"), ("delta_pace", "1.5"), ("truncate", "ignored")]),
        interrupted("a truncation is an error", By::Voice, &[("reading_s", "20"), ("delta_pace", "1.5"), ("truncate", "error")]),
        interrupted("a truncation is a flat error", By::Voice, &[("reading_s", "20"), ("delta_pace", "1.5"), ("truncate", "error"), ("errors", "flat")]),
        interrupted("the cancelled item is gone", By::Button, &[("reading_s", "20"), ("delta_pace", "1.5"), ("cancelled_item", "gone")]),
        interrupted("the cancelled item is gone, said flatly", By::Typing, &[("reading_s", "20"), ("delta_pace", "1.5"), ("cancelled_item", "gone"), ("errors", "flat")]),
        interrupted("sound in binary, late and odd", By::Button, &[("reading_s", "20"), ("delta_pace", "1.5"), ("output", "binary"), ("odd_audio", "on")]),
        interrupted("every event twice", By::Voice, &[("reading_s", "20"), ("delta_pace", "1.5"), ("twice", "on")]),
        switched("an answer is asked for while another begins", &[("create_while_active", "error")], Nothing).story(Story::TypeIntoAnswer),
        switched("the same, said flatly", &[("create_while_active", "error"), ("errors", "flat")], Nothing).story(Story::TypeIntoAnswer),
    ]).await;
}

fn by_key(name: &'static str, switches: Switched, sees: Sees) -> Row {
    changed(name, |setup| setup.turns = Turns::Manual, sees).with(switches)
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn whose_turn_it_is() {
    run("Whose turn it is", &[
        by_key("the talk key", &[], Nothing).story(Story::TalkKey),
        by_key("late speech events in turns by the key", &[("manual_speech", "on"), ("speech_started", "late")], Nothing).story(Story::TalkKey),
        by_key("a truncation is an error", &[("truncate", "error")], Nothing).story(Story::TalkKey),
        by_key("too quiet for the server", &[("idle_close_s", "9")],
            ClosedByServer(1001, &[(Code::Idle, "about to end the call")], "had heard nothing for too long")).at(At::Quiet),
        switched("a server that hears nothing", &[("deaf", "on")], Nothing).story(Story::Unheard),
        switched("a reply that is announced and never comes", &[("stall_after_deltas", "0"), ("faulty", "1")],
            Notices(&[(Code::ReplyLost, "nothing of it came for 30 seconds")])).story(Story::LoseReply),
    ]).await;
}
