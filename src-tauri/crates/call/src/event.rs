//! What a call tells the outside: a [`Snapshot`] at any time, and [`Event`]s that change it.

use audio::Direction;
use realtime::Price;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::cost::Cost;
use crate::figures::Figures;

/// The state word under the presence (`Ready` belongs to the shell: it means that no call exists).
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "word", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Status {
    /// Asking the backend, opening the line, or waiting for `session.updated`.
    Connecting { step: Step },
    /// The microphone's gate is open and the server is ready.
    Listening,
    /// The server hears speech.
    HearingYou,
    /// Your turn has ended and no sound has come yet.
    Thinking,
    /// Samples are leaving the loudspeaker.
    Speaking,
    /// A tool runs.
    UsingTool { name: String },
    /// The gate is closed. `released`: the microphone itself is closed too.
    Muted { released: bool },
    /// The line broke and the conversation is kept.
    Reconnecting {
        attempt: u32,
        #[ts(type = "number")]
        retry_in_ms: u64,
    },
    /// Over. Nothing is open any more.
    Ended { ending: Ending },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    AskingBackend,
    OpeningLine,
    AgreeingSession,
}

/// Why a call is over.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "reason", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Ending {
    /// You pressed *End*.
    ByYou,
    /// The server closed the line in good order.
    ByServer { code: u16, text: String, problem: Problem },
    /// Nobody said anything for so long.
    Quiet {
        #[ts(type = "number")]
        for_ms: u64,
    },
    /// It could not go on.
    Failed { problem: Problem },
}

/// Something that went wrong, said so that a person knows what to do.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Names the kind; stable, for the window's choice of buttons and for replacing an older notice.
    pub code: ProblemCode,
    pub fault: Fault,
    /// What happened and what it means: one sentence.
    pub message: String,
    /// What to do: one sentence.
    pub cure: String,
    /// The raw words behind it, folded away. Never contains a secret.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    Computer,
    Profile,
    Backend,
    Network,
    Xai,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ProblemCode {
    Profile,
    Backend,
    BackendRefused,
    RateLimited,
    /// The team behind the key has none left.
    NoCredit,
    /// The key may not use the voice agent.
    NotAllowed,
    Network,
    /// The proxy gives no connection.
    Proxy,
    /// The proxy wants to know who asks, or does not know them.
    ProxyLogin,
    Tls,
    CertificateExpired,
    CertificateNotYetValid,
    /// It is made out to somebody else.
    CertificateOtherHost,
    /// Nobody whom this computer trusts has issued it.
    CertificateUnknown,
    /// The network shows a page of its own: it wants its guests to sign in first.
    SignIn,
    LineRefused,
    LineLost,
    /// The server closed the line in good order.
    ServerClosed,
    /// The server had heard nothing for too long.
    Idle,
    /// The longest session that the server allows is over.
    SessionCap,
    /// The next session cannot be opened before this one is over.
    HandOver,
    ServerPolicy,
    ServerFailed,
    ServerBusy,
    /// A reply was announced and never came.
    ReplyLost,
    SessionRefused,
    ServerError,
    WrongModel,
    Microphone,
    MicrophoneDenied,
    Speaker,
    /// Another microphone than before is used.
    MicrophoneMoved,
    SpeakerMoved,
    /// It gives only digital zeros.
    SilentMicrophone,
    /// You speak while you are muted.
    MutedSpeech,
    /// A Bluetooth headset sounds as bad as a telephone.
    Telephone,
    /// The cap on what may be spent today is near, reached, or cannot be kept.
    DailyCap,
    Keychain,
    Storage,
    Internal,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The wire's `item_id`.
    pub id: String,
    pub role: Role,
    pub text: String,
    /// Still changing: shown lighter.
    pub partial: bool,
    /// Only set on an interrupted item: `text` ends where the ear stopped, and this is what was
    /// never heard.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unheard: Option<String>,
    /// Typed, not spoken.
    pub typed: bool,
    /// Milliseconds since the call began.
    #[ts(type = "number")]
    pub at_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    You,
    Agent,
    Tool,
    /// A line of ours in the transcript, such as a gap.
    Note,
}

/// Soft mute sends silence; hard mute closes the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Mute {
    #[default]
    Open,
    Soft,
    Hard,
}

/// Who ends your turn: the server's voice detection, or your finger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Turns {
    #[default]
    Auto,
    Manual,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Controls {
    pub mute: Mute,
    pub turns: Turns,
    /// Nothing of the agent is heard. Apart from the volume.
    pub hushed: bool,
    /// The talk key is held.
    pub talking: bool,
    /// How loud a sound must be to count as a voice, in dBFS; about, for xAI does not publish its scale.
    pub voice_from_dbfs: f32,
    /// The agent was interrupted by a sound and no words followed: it may be told to continue.
    pub can_continue: bool,
}

/// A device as the window shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeviceView {
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A stream is open right now.
    pub open: bool,
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Clock {
    /// Milliseconds since the line was ready, standing still once ended.
    #[ts(type = "number")]
    pub elapsed_ms: u64,
    /// Absent when the call costs nothing.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// Nobody has said anything for long, and the call is about to be hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Quiet {
    /// How long it was quiet when this warning came, in ms.
    #[ts(type = "number")]
    pub after_ms: u64,
    /// In whole seconds.
    #[ts(type = "number")]
    pub hang_up_in_ms: u64,
}

/// Everything a window needs to draw a call from nothing.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Who is on the line: the profile's name.
    pub with: String,
    /// The call is with the practice agent on this computer.
    pub practice: bool,
    pub status: Status,
    pub controls: Controls,
    pub items: Vec<Item>,
    pub microphone: DeviceView,
    pub speaker: DeviceView,
    pub clock: Clock,
    /// What the cost is reckoned by; absent when the call costs nothing.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Only while the end is being counted down.
    pub quiet: Option<Quiet>,
    /// Troubles that do not end the call, one per code.
    pub notices: Vec<Problem>,
    pub figures: Figures,
    /// The model that really answered.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    Status {
        status: Status,
    },
    Controls {
        controls: Controls,
    },
    /// The item at `index` is new or has changed; an item with a known id replaces it where it stands.
    Item {
        index: usize,
        item: Item,
    },
    /// RMS of the sound really captured and really played, in dBFS (-96 = silence). At most 30 a second.
    Levels {
        microphone: f32,
        speaker: f32,
    },
    Device {
        direction: Direction,
        device: DeviceView,
    },
    Clock {
        clock: Clock,
    },
    /// Once a second while the end is being counted down; `null` when somebody is there after all.
    Quiet {
        quiet: Option<Quiet>,
    },
    /// Replaces an older notice of the same code.
    Notice {
        problem: Problem,
    },
    NoticeGone {
        code: ProblemCode,
    },
    Model {
        model: String,
    },
    /// At most three a second.
    Figures {
        figures: Figures,
    },
}
