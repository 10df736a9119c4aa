//! How many times faster than real time events are read on one core: audio deltas of 500 ms with the
//! captions between them, decoded to samples. Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use realtime::{Incoming, parse};

const DELTA_MS: usize = 500;
const SAMPLES: usize = 24 * DELTA_MS;
const RUN: Duration = Duration::from_secs(2);

fn main() {
    let bytes: Vec<u8> = (0..SAMPLES).flat_map(|n| ((n * 7919) as i16).to_le_bytes()).collect();
    let audio = format!(
        r#"{{"type":"response.output_audio.delta","event_id":"0d6cbe32-5b3e-4b2c-9d0f-6d1d9c7ab001","item_id":"ad75a1f0-4a2e-4f6f-9b3e-2d1f5f0a7c11","response_id":"feea7b0c-0b1d-4f3c-8a77-5e0a8b7c6d21","delta":"{}","content_index":0,"output_index":0,"audio_duration_ms":{DELTA_MS},"previous_item_id":null}}"#,
        STANDARD.encode(bytes)
    );
    let caption = r#"{"type":"response.output_audio_transcript.delta","event_id":"b9ee0f3a-33f0-4cc7-a1b4-1f6d6f3f9a01","item_id":"ad75a1f0-4a2e-4f6f-9b3e-2d1f5f0a7c11","response_id":"feea7b0c-0b1d-4f3c-8a77-5e0a8b7c6d21","delta":"Hello there, nice to meet you.","content_index":0,"output_index":0,"start_time":0.0,"previous_item_id":null}"#;
    let start = Instant::now();
    let mut deltas: u64 = 0;
    while start.elapsed() < RUN {
        for frame in [audio.as_str(), caption] {
            match parse(black_box(frame)) {
                Ok(Incoming::Audio(delta)) => {
                    drop(black_box(delta.samples()));
                    deltas += 1;
                }
                other => drop(black_box(other)),
            }
        }
    }
    let spent = start.elapsed().as_secs_f64();
    let carried = deltas as f64 * DELTA_MS as f64 / 1000.0;
    println!(
        r#"{{"name":"wire events parsed","value":{:.0},"unit":"× real time","bar":">= 1000"}}"#,
        carried / spent
    );
}
