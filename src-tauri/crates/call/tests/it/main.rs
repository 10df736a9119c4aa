//! The real task against a real server over loopback, with files for devices and simulated time.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets the unexpected has failed")]

/// *Check my backend*.
mod checkup;
/// What happens in a call when nothing goes wrong.
mod conversation;
/// A call at a simulated desk.
mod desk;
/// Backends and servers that misbehave.
mod faults;
/// Lines that break and come back.
mod line;
/// A long call on a bad network.
mod long;
/// Recorded wire scripts and the state they must lead to.
mod recordings;
/// A network that can be made to fail.
#[expect(dead_code, reason = "the fault table has failures that a long call has not")]
mod relay;
/// A server that does what a test says.
mod scripted;
/// The headless caller, as a program.
mod talk;
/// What is allocated.
mod weight;
