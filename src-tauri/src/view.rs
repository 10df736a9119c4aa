//! What the window is told: the shell's part of the contract, beside `call`'s events.

use audio::{Findings, Processing, Trial, TrialProgress};
use call::{Event, Idle, Money, Patience, Problem, Snapshot, Turns};
use realtime::Profile;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Everything a freshly loaded window needs.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppSnapshot {
    pub version: String,
    pub call: Option<Snapshot>,
    /// What has become of that call's words; absent without a call.
    pub keeping: Option<Keeping>,
    pub profiles: Vec<ProfileView>,
    /// The id of the profile that *Start* calls.
    pub active: Option<String>,
    pub keychain: Keychain,
    pub settings: Settings,
    /// Absent where it cannot be read.
    pub spending: Option<Spending>,
    /// What was tried out since the app was started.
    pub trials: Vec<TrialView>,
    /// What is wrong beside calls: a file that could not be read at the start, an old secret that is still in
    /// the keychain.
    pub troubles: Vec<Problem>,
}

/// What a person has set; kept over restarts. It applies to a running call at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Linear gain of the loudspeaker, 0.0 to 1.0.
    pub volume: f32,
    /// Who ends your turn when a call begins.
    pub turns: Turns,
    /// Ids of the microphones to use, the best one first; none: whatever the system uses.
    pub microphones: Vec<String>,
    /// The same for loudspeakers.
    pub speakers: Vec<String>,
    /// How long the agent waits for you, and how loud you must be.
    pub patience: Patience,
    /// A voice that this computer hears interrupts the agent before the server has noticed it.
    pub quick_barge_in: bool,
    /// How the talk key talks.
    pub talk_key: TalkKey,
    /// What is done to your microphone's sound.
    pub processing: Processing,
    /// What becomes of a line on which nobody speaks.
    pub idle: Idle,
    /// What money is counted in, and what may be spent.
    pub money: Money,
}

/// What a press of the talk key does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TalkKey {
    /// Talks while it is down.
    #[default]
    Hold,
    /// Talks until it is pressed again.
    Toggle,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            volume: 1.0,
            turns: Turns::Auto,
            microphones: Vec::new(),
            speakers: Vec::new(),
            patience: Patience::default(),
            quick_barge_in: true,
            talk_key: TalkKey::default(),
            processing: Processing::default(),
            idle: Idle::default(),
            money: Money::default(),
        }
    }
}

/// What calls have cost by this computer's calendar, estimated, in the currency of the settings. Calls that
/// were deleted are in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Spending {
    pub today: f64,
    pub month: f64,
}

/// What has become of a call's words.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Keeping {
    /// What is final is kept; more may come.
    Writing,
    /// The call is over, and all of it is kept on this computer.
    Kept,
    /// Some of it is not kept, for now or for good.
    Unkept { problem: Problem },
    /// The person had it deleted.
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Keychain {
    Available,
    /// It was asked and has not answered yet: most often it asks the person for a password.
    Waiting,
    /// A secret that is entered now lives only until the app is closed, and the window says so.
    Unavailable {
        why: KeychainTrouble,
        problem: Problem,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum KeychainTrouble {
    /// There is none.
    Missing,
    /// It is there, and waits for its password.
    Locked,
    /// The person turned its question down.
    Denied,
    /// It is there, and does not answer.
    Silent,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProfileView {
    pub profile: Profile,
    pub secret: SecretState,
    /// Where the password for the profile's proxy is.
    pub proxy_password: SecretState,
}

/// Where a profile's caller secret is. The secret itself never reaches the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SecretState {
    None,
    Keychain,
    ThisRun,
}

#[expect(clippy::large_enum_variant, reason = "events are made, sent and dropped one at a time")]
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AppEvent {
    /// Apply to the call snapshot.
    Call {
        event: Event,
    },
    /// Replace the call snapshot (a call began, was cleared, or the stream had a gap).
    CallSnapshot {
        call: Option<Snapshot>,
    },
    Keeping {
        keeping: Keeping,
    },
    Profiles {
        profiles: Vec<ProfileView>,
        active: Option<String>,
    },
    Keychain {
        keychain: Keychain,
    },
    /// Replaces them all.
    Troubles {
        troubles: Vec<Problem>,
    },
    Settings {
        settings: Settings,
    },
    Spending {
        spending: Option<Spending>,
    },
    /// Replaces what was known of this trial; `null` where it was stopped before it found anything.
    Trial {
        trial: Trial,
        state: Option<TrialState>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrialView {
    pub trial: Trial,
    pub state: TrialState,
}

/// How far a part of the sound check has come.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TrialState {
    Running { progress: TrialProgress },
    Done { findings: Findings },
    Failed { problem: Problem },
}

/// Whom to call.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Target {
    Practice,
    Profile { id: String },
}

/// A profile as the form sends it.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProfileDraft {
    /// An empty `id` makes a new profile.
    pub profile: Profile,
    /// `null` keeps the stored secret.
    #[ts(type = "string | null")]
    pub secret: Option<secrecy::SecretString>,
    /// The same for the password of the profile's proxy.
    #[ts(type = "string | null")]
    pub proxy_password: Option<secrecy::SecretString>,
}

/// What *Check* tries out.
#[expect(clippy::large_enum_variant, reason = "one comes at a time, from a person")]
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum CheckTarget {
    /// The agent on this computer.
    Practice,
    /// A profile, saved or as it is being typed.
    Profile { draft: ProfileDraft },
}

/// What came out of a file of profiles.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// The names of the new profiles, in the order of the file.
    pub names: Vec<String>,
    /// How many of them ask for a secret, which no file holds.
    pub secrets_missing: usize,
}

/// The devices that are there now.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeviceList {
    pub microphones: Vec<DeviceEntry>,
    pub speakers: Vec<DeviceEntry>,
}

/// A device as a person may choose it.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeviceEntry {
    /// Stable, for [`Settings::microphones`] and [`Settings::speakers`].
    pub id: String,
    /// No two of a list are the same.
    pub name: String,
    /// What the system uses today.
    pub is_default: bool,
    /// A Bluetooth headset whose microphone makes it sound like a telephone.
    pub telephone: bool,
}

impl From<audio::Device> for DeviceEntry {
    fn from(device: audio::Device) -> Self {
        let audio::Device { id, name, is_default, format, .. } = device;
        Self { id, name, is_default, telephone: format.is_some_and(|format| format.is_telephone()) }
    }
}
