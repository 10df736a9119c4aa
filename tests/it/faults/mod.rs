//! The fault table: everything that the practice agent, the backend and the network can do wrong, and
//! what a person sees of it. Every row is one whole call at a simulated desk; `artefacts/faults` has
//! the tables of the last run.

mod breaks;
#[path = "../../../src-tauri/crates/call/tests/it/desk.rs"]
#[expect(dead_code, reason = "the call's own tests ask for more of the desk")]
mod desk;
mod dialects;
mod opening;
#[path = "../../../src-tauri/crates/call/tests/it/relay.rs"]
mod relay;
mod resuming;
mod secrets;
mod sees;
mod story;
mod table;
mod token;
mod turns;
mod way;
