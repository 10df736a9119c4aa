//! What the fuzz targets hold of every input, held of all that was ever recorded or found: the recordings
//! of whole calls, the shapes of replies, the inputs in `fuzz/found`, and each of them cut short or with
//! one byte changed.

use std::path::PathBuf;

use serde_json::Value;

#[path = "../../fuzz/properties.rs"]
mod properties;

/// Longer inputs are tried at fewer places.
const PLACES: usize = 64;

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The server's side of every recorded call, and one frame of every shape that is known.
fn recorded() -> Vec<Vec<u8>> {
    let calls = std::fs::read_dir(here().join("../../../tests/recordings")).unwrap();
    let mut frames = Vec::new();
    for call in calls {
        let wire = std::fs::read_to_string(call.unwrap().path().join("wire.jsonl")).unwrap();
        for line in wire.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["from"] == "server" {
                frames.push(line["event"].to_string().into_bytes());
            }
        }
    }
    let shapes = std::fs::read_to_string(here().join("tests/data/server.jsonl")).unwrap();
    frames.extend(shapes.lines().map(|line| line.as_bytes().to_vec()));
    frames
}

fn found(target: &str) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(here().join("fuzz/found").join(target)).unwrap();
    files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn damaged(input: &[u8], property: impl Fn(&[u8])) {
    property(input);
    let step = (input.len() / PLACES).max(1);
    for place in (0..input.len()).step_by(step) {
        property(&input[..place]);
        for byte in [0, b'"', b'\\', b'{', b'[', b'-', 0xff] {
            let mut changed = input.to_vec();
            changed[place] = byte;
            property(&changed);
        }
    }
}

#[test]
fn every_recorded_frame_keeps_the_properties_also_when_damaged() {
    let frames: Vec<_> = recorded().into_iter().chain(found("events")).collect();
    assert!(frames.len() > 100, "{}", frames.len());
    for frame in frames {
        damaged(&frame, |frame| properties::event(&String::from_utf8_lossy(frame)));
    }
}

#[test]
fn every_known_reply_keeps_the_properties_also_when_damaged() {
    let shapes = std::fs::read_to_string(here().join("tests/data/replies.jsonl")).unwrap();
    let shapes = shapes.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["reply"].to_string().into_bytes()
    });
    let replies: Vec<_> = shapes.chain(found("replies")).collect();
    assert!(replies.len() > 10, "{}", replies.len());
    for reply in replies {
        damaged(&reply, properties::reply);
    }
}
