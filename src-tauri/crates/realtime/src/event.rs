//! The events of the wire, both ways. Every field but `type` may be missing, and unknown ones pass.

pub mod client;
pub mod server;
pub mod session;
