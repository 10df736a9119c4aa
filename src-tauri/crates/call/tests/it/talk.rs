use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::desk::{practice, voice};

/// Runs the headless caller beside a practice agent that has a runtime of its own.
fn talk(
    folder: &Path,
    switches: &[(&str, &str)],
    arguments: impl FnOnce(&practice::Practice) -> Vec<String>,
) -> Output {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let agent = runtime.block_on(practice(switches));
    let output = Command::new(env!("CARGO_BIN_EXE_talk"))
        .args(arguments(&agent))
        .args(["--out", "reply.wav", "--events", "events.jsonl", "--fast"])
        .current_dir(folder)
        .output()
        .unwrap();
    runtime.block_on(agent.stop());
    output
}

fn backend(agent: &practice::Practice) -> Vec<String> {
    let header = format!("Authorization: Bearer {}", agent.key());
    ["--token-url", &agent.token_url(), "--token-header", &header, "--realtime-url", &agent.realtime_url()]
        .map(str::to_owned)
        .into()
}

#[test]
fn speech_from_a_file_comes_back_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let said = voice(1_200, 1);
    call::write_wav(&folder.path().join("speech.wav"), &said).unwrap();
    let output = talk(folder.path(), &[], |agent| {
        let mut arguments = backend(agent);
        arguments.extend(["--in", "speech.wav", "--turns", "1", "--timeout", "30"].map(str::to_owned));
        arguments
    });
    assert!(output.status.success(), "{output:?}");
    let heard = call::read_wav(&folder.path().join("reply.wav")).unwrap();
    let floats = |samples: &[i16]| samples.iter().map(|&s| f32::from(s) / 32_768.0).collect::<Vec<_>>();
    let likeness = rig::correlate(&floats(&said), &floats(&heard), audio::WIRE_RATE_HZ).correlation;
    assert!(likeness > 0.9, "{likeness}");

    let events = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    let lines: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (from, kind) in [
        ("client", "session.update"),
        ("client", "input_audio_buffer.append"),
        ("server", "session.updated"),
        ("server", "response.output_audio.delta"),
        ("call", "status"),
    ] {
        assert!(
            lines.iter().any(|line| line["from"] == from && line["event"]["type"] == kind),
            "{from} {kind} is in the events"
        );
    }
    assert!(
        !events.contains(crate::desk::KEY) && !events.contains("client-secret"),
        "no secret is in the events"
    );
}

#[test]
fn typed_text_by_token_and_subprotocol() {
    let folder = tempfile::tempdir().unwrap();
    let output = talk(folder.path(), &[], |agent| {
        [
            "--token",
            agent.key(),
            "--auth",
            "subprotocol",
            "--realtime-url",
            &agent.realtime_url(),
            "--say",
            "hello",
        ]
        .map(str::to_owned)
        .into()
    });
    assert!(output.status.success(), "{output:?}");
    assert!(!call::read_wav(&folder.path().join("reply.wav")).unwrap().is_empty());
}

#[test]
fn a_failure_is_one_line_that_names_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let output = talk(folder.path(), &[], |agent| {
        ["--token", "wrong", "--realtime-url", &agent.realtime_url(), "--say", "hello"]
            .map(str::to_owned)
            .into()
    });
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(words.contains("401"), "{words}");
}

#[test]
fn a_reply_that_never_comes_is_a_failure_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let output = talk(folder.path(), &[("never_updated", "on")], |agent| {
        let mut arguments = backend(agent);
        arguments.extend(["--say", "hello", "--timeout", "2"].map(str::to_owned));
        arguments
    });
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not completed within 2 s"), "{output:?}");
}

#[test]
fn a_file_that_is_no_sound_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("speech.wav"), "not a wav").unwrap();
    let output = talk(folder.path(), &[], |agent| {
        let mut arguments = backend(agent);
        arguments.extend(["--in", "speech.wav"].map(str::to_owned));
        arguments
    });
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("speech.wav"), "{output:?}");
}
