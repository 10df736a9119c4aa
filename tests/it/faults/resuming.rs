//! A conversation that is to be taken up again on a new line.

use super::sees::BROKE;
use super::sees::Sees::Reconnected;
use super::table::{after_a_break, run};

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn taking_up_a_conversation() {
    run("Taking up a conversation", &[
        after_a_break("it is replayed", &[], Reconnected(BROKE)),
        after_a_break("it is replayed as item.created", &[("replay", "created"), ("faulty", "9")], Reconnected(BROKE)),
        after_a_break("nothing is replayed", &[("replay", "off"), ("faulty", "9")], Reconnected(BROKE)),
        after_a_break("it is forgotten", &[("resume", "forgotten")], Reconnected(BROKE.told())),
        after_a_break("the session is refused", &[("resume", "rejected")], Reconnected(BROKE.told())),
        after_a_break("400 at the upgrade", &[("resume", "http400")], Reconnected(BROKE.told())),
        after_a_break("404 at the upgrade", &[("resume", "http404")], Reconnected(BROKE.told())),
        after_a_break("410 at the upgrade", &[("resume", "http410")], Reconnected(BROKE.told())),
        after_a_break("closed before the session is agreed", &[("resume", "close")], Reconnected(BROKE.told())),
        after_a_break("not a word", &[("resume", "silent")], Reconnected(BROKE.told())),
    ]).await;
}
