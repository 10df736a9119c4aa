//! No text from a server makes the event parser or the sample decoder panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use realtime::{Incoming, parse};

fuzz_target!(|text: &str| {
    if let Ok(Incoming::Audio(audio)) = parse(text) {
        drop(audio.samples());
    }
});
