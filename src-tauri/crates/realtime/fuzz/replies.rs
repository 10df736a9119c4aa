//! Whatever a backend may answer to a request for a token.
#![no_main]

mod properties;

libfuzzer_sys::fuzz_target!(|body: &[u8]| properties::reply(body));
