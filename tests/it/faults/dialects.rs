//! The ways in which servers say the same, and what they say besides.

use super::sees::CAP;
use super::sees::Sees::{Nothing, Reconnected};
use super::story::{At, Story};
use super::table::{run, switched};

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn dialects_and_noise() {
    run("Dialects and noise", &[
        switched("the order of model 2.0", &[("order", "2.0")], Nothing),
        switched("no session.created", &[("session_created", "off")], Nothing),
        switched("dones in the schema's order", &[("dones", "schema")], Nothing),
        switched("old names", &[("names", "old")], Nothing),
        switched("no part", &[("part", "missing")], Nothing),
        switched("a part at the end too", &[("part", "schema")], Nothing),
        switched("a flat error", &[("errors", "flat"), ("max_duration_s", "30"), ("faulty", "1")], Reconnected(CAP)).at(At::Quiet),
        switched("unknown events", &[("unknown_events", "on")], Nothing),
        switched("final transcripts again and again", &[("completed", "repeated")], Nothing),
        switched("only one transcript", &[("completed", "once")], Nothing),
        switched("speech_started again and again", &[("speech_started", "repeated")], Nothing),
        switched("speech_started late", &[("speech_started", "late")], Nothing),
        switched("binary sound", &[("output", "binary")], Nothing),
        switched("odd sound", &[("odd_audio", "on")], Nothing),
        switched("odd binary sound", &[("odd_audio", "on"), ("output", "binary")], Nothing),
        switched("malformed JSON", &[("malformed", "on")], Nothing),
        switched("everything at once", &[("delta_pace", "0")], Nothing),
        switched("slower than it is heard", &[("delta_pace", "0.5")], Nothing),
        switched("usage in the response", &[("usage", "schema")], Nothing),
        switched("no usage", &[("usage", "off")], Nothing),
        switched("pings with the other name", &[("ping_field", "ping_timestamp")], Nothing),
        // The sound is heard twice too: a delta has no id of its own.
        switched("every event twice", &[("twice", "on")], Nothing).story(Story::TalkWithOddSound),
        switched("events out of order", &[("swapped", "on")], Nothing),
        switched("replies that are never finished", &[("stall_after_deltas", "1")], Nothing).story(Story::TalkWithOddSound),
    ]).await;
}
