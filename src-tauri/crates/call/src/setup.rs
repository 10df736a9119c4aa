//! What a call is made with, and what it can be told.

use audio::{Direction, Processing};
use realtime::{Caller, Profile};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::budget::Money;
use crate::event::{Mute, ProblemCode, Turns};
use crate::patience::Patience;

/// Whom to call and how.
#[derive(Clone, Debug)]
pub struct Setup {
    pub profile: Profile,
    pub access: Access,
    /// For the proxy that the profile names.
    pub proxy_password: Option<SecretString>,
    /// The agent runs on this computer: no money runs, and the window says so.
    pub practice: bool,
    pub turns: Turns,
    pub patience: Patience,
    /// A voice that this computer hears interrupts the agent before the server has noticed it.
    pub quick_barge_in: bool,
    pub idle: Idle,
    pub money: Money,
    /// What other calls have cost today.
    pub spent_today: f64,
    /// Seeds the jitter of the reconnect delays, so that a test can repeat them.
    pub seed: u64,
}

impl Setup {
    /// A call through `profile`, everything else as it is unless changed.
    pub fn new(profile: Profile, access: Access) -> Self {
        Self {
            profile,
            access,
            proxy_password: None,
            practice: false,
            turns: Turns::default(),
            patience: Patience::default(),
            quick_barge_in: true,
            idle: Idle::default(),
            money: Money::default(),
            spent_today: 0.0,
            seed: 0,
        }
    }

    /// A call with the practice agent, which greets, at its two addresses; `key` is its bearer.
    pub fn practice(token_url: String, realtime_url: String, key: SecretString) -> Self {
        let profile = Profile {
            name: "Practice agent".into(),
            token_url,
            caller: Caller::Bearer,
            realtime_url,
            agent_speaks_first: true,
            ..Profile::default()
        };
        Self { practice: true, ..Self::new(profile, Access::Backend(Some(key))) }
    }
}

/// How the call comes by its token.
#[derive(Clone, Debug)]
pub enum Access {
    /// The profile's backend mints one before every attempt; the secret is what it knows the
    /// caller by.
    Backend(Option<SecretString>),
    /// A token in hand, used for every attempt.
    Token(SecretString),
}

/// What becomes of a line on which nobody speaks, types or is heard. Muted is quiet, too. A call with
/// the practice agent costs nothing and is never hung up. Values outside their range count as the
/// nearest inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Idle {
    /// The quiet is warned about, and then hung up on.
    pub hang_up: bool,
    /// How long it is quiet before the warning, in s: 60 to 7,200.
    pub after_s: u32,
    /// How long the warning stands before the call is hung up, in s: 10 to 300.
    pub countdown_s: u32,
}

impl Default for Idle {
    fn default() -> Self {
        Self { hang_up: true, after_s: 300, countdown_s: 30 }
    }
}

impl Idle {
    pub(crate) fn after_ms(self) -> u64 {
        u64::from(self.after_s.clamp(60, 7_200)) * 1_000
    }

    /// From the beginning of the quiet to the end of the call.
    pub(crate) fn whole_ms(self) -> u64 {
        self.after_ms() + u64::from(self.countdown_s.clamp(10, 300)) * 1_000
    }
}

/// What a person can do to a running call.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Say something by keyboard. Kept until the line is ready.
    SendText(String),
    Mute(Mute),
    Turns(Turns),
    Patience(Patience),
    /// The talk key goes down or up.
    Talk(bool),
    QuickBargeIn(bool),
    /// Stop speaking.
    Interrupt,
    /// Speak on: the interruption was none. Only while [`Controls::can_continue`](crate::Controls).
    Continue,
    /// Linear gain of the loudspeaker, 0.0 to 1.0.
    Volume(f32),
    /// Nothing of the agent is heard, whatever the volume.
    Hush(bool),
    /// The devices to use from now on, by id, as in [`audio::EngineOptions`].
    Prefer {
        direction: Direction,
        order: Vec<String>,
    },
    /// What is done to the microphone's sound.
    Process(Processing),
    /// The quiet begins anew: somebody is there.
    Stay,
    Idle(Idle),
    Money(Money),
    /// Another day has begun, on which so much has been spent already.
    NewDay {
        spent: f64,
    },
    /// Put a notice away.
    Dismiss(ProblemCode),
    End,
}
