//! The crate from outside: wire events against recorded shapes, minting and the line against servers in
//! the test itself, on loopback or over a pipe.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a broken expectation is what fails a test")]

mod certificates;
mod client_events;
mod corpus;
mod meanings;
mod mint;
mod open;
mod proxies;
mod quiet;
mod redact;
mod replies;
mod secrets;
mod server_events;
mod socket;
mod support;
