//! No body from a backend makes the token resolver panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Err(error) = realtime::resolve(body) {
        assert!(error.to_string().len() < 4096);
    }
});
