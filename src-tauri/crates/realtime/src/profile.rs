//! A profile: one backend and its settings. Holds no secret.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a realtime session is opened unless the profile says otherwise (`protocol.md` §2.1).
pub const DEFAULT_REALTIME_URL: &str = "wss://api.x.ai/v1/realtime";
/// The alias that follows xAI's newest voice model (`protocol.md` §2.2).
pub const DEFAULT_MODEL: &str = "grok-voice-latest";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    /// Names the profile's secret in the keychain; never shown.
    pub id: String,
    pub name: String,
    /// `https`, or `http` to a loopback address.
    pub token_url: String,
    pub method: Method,
    /// How the backend knows its callers; the secret itself is kept apart.
    pub caller: Caller,
    /// `wss`, or `ws` to a loopback address.
    pub realtime_url: String,
    pub model: String,
    /// How the token is shown to the realtime server.
    pub auth: Auth,
    pub voice: String,
    pub instructions: String,
    /// Ask for a reply as soon as the line is open.
    pub agent_speaks_first: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            token_url: String::new(),
            method: Method::default(),
            caller: Caller::default(),
            realtime_url: DEFAULT_REALTIME_URL.into(),
            model: DEFAULT_MODEL.into(),
            auth: Auth::default(),
            voice: "eve".into(),
            instructions: String::new(),
            agent_speaks_first: false,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    #[default]
    Post,
    Get,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Caller {
    /// The backend asks for nothing.
    #[default]
    Open,
    /// `Authorization: Bearer <secret>`.
    Bearer,
    /// `<name>: <secret>`.
    Header { name: String },
}

/// The two ways of `protocol.md` §1.5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Auth {
    #[default]
    Bearer,
    Subprotocol,
}
