//! Whatever a server may send in a text frame.
#![no_main]

mod properties;

libfuzzer_sys::fuzz_target!(|text: &str| properties::event(text));
