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

/// The clock of the caller is set, by two hours and back again, while it waits for a line that broke.
#[cfg(target_os = "linux")]
#[test]
fn a_clock_that_is_set_is_no_sleep_and_ends_nothing() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let clock = folder.path().join("clock");
    std::fs::write(&clock, "+0").unwrap();
    call::write_wav(&folder.path().join("speech.wav"), &voice(5_000, 1)).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let agent = runtime.block_on(practice(&[("drop_after_s", "2"), ("faulty", "1")]));
    let mut caller = Command::new(env!("CARGO_BIN_EXE_talk"))
        .args(backend(&agent))
        .args(["--in", "speech.wav", "--timeout", "40", "--out", "reply.wav", "--events", "events.jsonl"])
        .current_dir(folder.path())
        .envs([("SIDETONE_LOG", "debug"), ("NO_COLOR", "1")])
        .env("LD_PRELOAD", faketime())
        .envs([("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")])
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = String::new();
    for line in BufReader::new(caller.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        let set = [("opening the line", "+3600"), ("the line is closed", "-3600")];
        if let Some((_, offset)) = set.iter().find(|(words, _)| line.contains(words)) {
            std::fs::write(&clock, offset).unwrap();
        }
        log += &line;
        log.push('\n');
    }
    let status = caller.wait().unwrap();
    runtime.block_on(agent.stop());
    assert!(status.success(), "{log}");
    let hours: std::collections::BTreeSet<&str> = log.lines().filter_map(|line| line.get(11..13)).collect();
    assert!(hours.len() >= 2, "the clock was never set: {hours:?}");
    let events = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    assert!(events.contains("It was back after"), "the line never broke: {log}");
    assert!(!events.contains("slept"), "a clock that was set is taken for a sleep");
}

#[cfg(target_os = "linux")]
fn faketime() -> std::path::PathBuf {
    let mut places = vec!["/usr/lib64".into(), "/usr/lib".into()];
    places.extend(std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path()));
    let library = |place: &std::path::PathBuf| place.join("faketime/libfaketime.so.1");
    places.iter().map(library).find(|path| path.is_file()).expect("cargo xtask test brings libfaketime")
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
