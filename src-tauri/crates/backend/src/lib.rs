//! The reference token backend: it holds the xAI API key and hands out short-lived tokens to callers
//! that it knows.
//!
//! `POST /session` mints at xAI and passes the reply on; `GET /health` says that it runs. It keeps no
//! state but the last minute of each caller's requests, so any number of them can stand behind a load
//! balancer. It speaks plain HTTP: TLS belongs to the proxy in front of it. The API key leaves it in one
//! header of one request and nowhere else.
//!
//! It is not a proxy for calls: audio and words go straight between the caller and xAI.

mod callers;
mod followed;
mod health;
mod mint;
mod rate;
mod refusal;
mod route;
mod server;
mod settings;

pub use callers::{Caller, Callers, CallersError};
pub use followed::{FileError, Followed};
pub use health::{HealthError, health};
pub use mint::MintError;
pub use server::{ServeError, serve};
pub use settings::{ApiKey, Life, Limits, Offer, Settings, SettingsError, Upstream};
