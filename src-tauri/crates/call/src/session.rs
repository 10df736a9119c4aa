//! What a call asks of the server, and how long it waits before it asks again.

use std::time::Duration;

use audio::WIRE_RATE_HZ;
use realtime::{ClientEvent, Content, DEFAULT_VOICE, NewItem, Role, Session, SessionConfig, TurnDetection};

use crate::event::Turns;
use crate::setup::Setup;

/// Delays between attempts to get the line back, in ms: doubling from the first to the last.
const BACK_OFF_MS: (u64, u64) = (1_000, 30_000);

/// What a line was opened with: the backend's wishes for the session, beside its token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// The model that the server was asked for in the address, whoever has named it.
    pub(crate) model: Option<String>,
    pub(crate) voice: Option<String>,
    pub(crate) instructions: Option<String>,
}

/// The whole session, always explicit: the server's defaults differ from its documentation. Where the
/// profile has nothing of its own to say, the backend's wishes are followed.
pub(crate) fn update(setup: &Setup, wishes: &Wishes) -> ClientEvent {
    let profile = &setup.profile;
    let some = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let wished = |wish: &Option<String>| wish.as_deref().and_then(some);
    let session = SessionConfig {
        voice: match some(&profile.voice) {
            Some(own) if own != DEFAULT_VOICE => Some(own),
            usual => wished(&wishes.voice).or(usual),
        },
        instructions: some(&profile.instructions).or_else(|| wished(&wishes.instructions)),
        turn_detection: turn_detection(setup),
        input_rate: WIRE_RATE_HZ,
        output_rate: WIRE_RATE_HZ,
        resumption: true,
        ..SessionConfig::default()
    };
    ClientEvent::SessionUpdate { session: Box::new(session) }
}

/// A rate that the server insists on where ours was asked for: sound would be fast or slow speech,
/// without any error.
pub(crate) fn other_rate(session: &Session) -> Option<u32> {
    let rates = [session.input.rate, session.output.rate];
    rates.into_iter().flatten().find(|rate| *rate != WIRE_RATE_HZ)
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
    fn the_backends_wishes_are_followed_where_the_profile_has_none() {
        let wishes = |voice: &str, instructions: &str| Wishes {
            voice: Some(voice.into()),
            instructions: Some(instructions.into()),
            ..Wishes::default()
        };
        for (own, wishes, asked) in [
            (("eve", ""), Wishes::default(), (Some("eve"), None)),
            (("eve", ""), wishes("ara", " Be brief. "), (Some("ara"), Some("Be brief."))),
            (("", ""), wishes("ara", ""), (Some("ara"), None)),
            (("leo", "Be long."), wishes("ara", "Be brief."), (Some("leo"), Some("Be long."))),
            (("eve", "Be long."), wishes("", "Be brief."), (Some("eve"), Some("Be long."))),
        ] {
            let mut setup = Setup::practice(String::new(), String::new(), String::new().into());
            (setup.profile.voice, setup.profile.instructions) = (own.0.into(), own.1.into());
            let ClientEvent::SessionUpdate { session } = update(&setup, &wishes) else {
                panic!("no session is asked for");
            };
            let found = (session.voice.as_deref(), session.instructions.as_deref());
            assert_eq!(found, asked, "{own:?} {wishes:?}");
        }
    }

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
