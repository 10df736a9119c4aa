//! What a call asks of the server, and how long it waits before it asks again.

use std::time::Duration;

use audio::WIRE_RATE_HZ;
use realtime::{ClientEvent, Content, NewItem, Role, SessionConfig, TurnDetection};

use crate::event::Turns;
use crate::setup::Setup;

/// Delays between attempts to get the line back, in ms: doubling from the first to the last.
const BACK_OFF_MS: (u64, u64) = (1_000, 30_000);

/// The whole session, always explicit: the server's defaults differ from its documentation.
pub(crate) fn update(setup: &Setup) -> ClientEvent {
    let profile = &setup.profile;
    let some = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let session = SessionConfig {
        voice: some(&profile.voice),
        instructions: some(&profile.instructions),
        turn_detection: turn_detection(setup),
        input_rate: WIRE_RATE_HZ,
        output_rate: WIRE_RATE_HZ,
        resumption: true,
        ..SessionConfig::default()
    };
    ClientEvent::SessionUpdate { session: Box::new(session) }
}

/// Who ends a turn, and how.
pub(crate) fn turn_detection(setup: &Setup) -> TurnDetection {
    match setup.turns {
        Turns::Auto => setup.patience.turn_detection(),
        Turns::Manual => TurnDetection::Manual,
    }
}

/// A line of text for the conversation.
pub(crate) fn text_item(role: Role, text: String) -> ClientEvent {
    let content = vec![Content::InputText { text }];
    ClientEvent::ItemCreate { previous_item_id: None, item: NewItem::Message { id: None, role, content } }
}

/// What a new conversation is told of the one that could not be resumed.
pub(crate) fn recap(summary: &str) -> String {
    format!("The line broke and this conversation goes on. So far it went like this:\n{summary}")
}

/// For an agent that was interrupted by mistake before anything of its reply was there.
pub(crate) const GO_ON: &str =
    "That was a noise, not the user. Go on with what you were about to say, without mentioning this.";

/// What the user has heard of a reply although it was cut off.
pub(crate) fn heard_after_all(text: &str) -> String {
    format!("The interruption was a noise, not the user, who has now also heard you say: {text}")
}

/// The same, of a reply that was never finished.
pub(crate) fn heard_and_go_on(text: &str) -> String {
    format!("{} Go on from there, without mentioning this.", heard_after_all(text))
}

/// The delay before attempt `attempt` (counted from 1): doubling, with up to a fifth taken off by
/// chance so that many clients do not return in step.
pub(crate) fn back_off(attempt: u32, seed: &mut u64) -> Duration {
    let (first, last) = BACK_OFF_MS;
    let full = first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(last);
    Duration::from_millis(full - next_random(seed) % (full / 5))
}

/// SplitMix64 (Steele, Lea and Flood 2014).
fn next_random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_its_bound_and_is_never_in_step() {
        let mut seed = 7;
        let mut delays = Vec::new();
        for attempt in 1..=9 {
            let full = (1_000 << (attempt - 1)).min(30_000);
            let delay = back_off(attempt, &mut seed).as_millis() as u64;
            assert!((full * 4 / 5..=full).contains(&delay), "attempt {attempt} waits {delay} ms of {full}");
            delays.push(delay);
        }
        delays.dedup();
        assert_eq!(delays.len(), 9, "{delays:?}");
    }
}
