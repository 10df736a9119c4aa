//! A recording is a folder under `tests/recordings/` with `wire.jsonl`, what passed on the wire, and
//! `expected.json`, the call's last state. The server's part is played back over a real socket.
//!
//! Make one with the headless caller: `talk … --events wire.jsonl --snapshot expected.json`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use call::{Access, Call, Command, Devices, FileDevices, Net, Setup, Snapshot};
use futures_util::{SinkExt as _, StreamExt as _};
use realtime::Profile;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::desk::Metronome;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/recordings")
}

#[tokio::test(start_paused = true)]
async fn every_recording_leads_to_the_state_it_led_to() {
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("wire.jsonl").exists())
        .collect();
    names.sort();
    assert!(names.len() >= 4, "the recordings are there: {names:?}");
    for path in names {
        let last = replay(&path.join("wire.jsonl")).await;
        let expected: Value =
            serde_json::from_slice(&std::fs::read(path.join("expected.json")).unwrap()).unwrap();
        assert_eq!(
            comparable(serde_json::to_value(last).unwrap()),
            comparable(expected),
            "{}",
            path.display()
        );
    }
}

/// Times, names and devices differ from run to run; words, their order and their cuts must not.
fn comparable(mut snapshot: Value) -> Value {
    for key in ["clock", "price", "microphone", "speaker", "with", "practice", "controls", "figures", "quiet"]
    {
        snapshot.as_object_mut().unwrap().remove(key);
    }
    for item in snapshot["items"].as_array_mut().unwrap() {
        item.as_object_mut().unwrap().remove("atMs");
    }
    snapshot
}

async fn replay(wire: &Path) -> Snapshot {
    let _metronome = Metronome::start(1);
    let lines: Vec<Value> = std::fs::read_to_string(wire)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["from"] != "call")
        .collect();
    let length = lines.last().unwrap()["at_ms"].as_u64().unwrap();
    let typed: Vec<(u64, String)> = lines.iter().filter_map(typed).collect();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(play(listener, lines));

    let (ports, far) = audio::ports();
    let _files = FileDevices::start(far, Duration::from_millis(20));
    let profile = Profile { realtime_url: format!("ws://{address}/v1/realtime"), ..Profile::default() };
    let setup = Setup::new(profile, Access::Token("recorded".to_owned().into()));
    let began = Instant::now();
    let call = Call::start(setup, Devices { ports, engine: Box::new(()) }, Net::new().unwrap(), None);
    for (at_ms, text) in typed {
        tokio::time::sleep_until(began + Duration::from_millis(at_ms)).await;
        call.send(Command::SendText(text)).await.unwrap();
    }
    // The last reply goes on sounding after the last word on the wire.
    tokio::time::sleep_until(began + Duration::from_millis(length + 4_000)).await;
    call.send(Command::End).await.unwrap();
    let last = loop {
        let snapshot = call.snapshot().await.unwrap();
        if matches!(snapshot.status, call::Status::Ended { .. }) {
            break snapshot;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    call.close().await;
    server.abort();
    last
}

/// What a person typed, from what the client sent.
fn typed(line: &Value) -> Option<(u64, String)> {
    let event = &line["event"];
    if line["from"] != "client"
        || event["type"] != "conversation.item.create"
        || event["item"]["role"] != "user"
    {
        return None;
    }
    let text = event["item"]["content"][0]["text"].as_str()?.to_owned();
    // It was typed before it was sent, and the server must not answer before it was typed.
    Some((line["at_ms"].as_u64()?.saturating_sub(200), text))
}

/// Says what the server said, at the times when it said it.
async fn play(listener: TcpListener, lines: Vec<Value>) {
    let (stream, _) = listener.accept().await.unwrap();
    let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let (mut out, mut incoming) = socket.split();
    let reading = tokio::spawn(async move { while let Some(Ok(_)) = incoming.next().await {} });
    let first = lines.iter().find(|line| line["from"] == "server").unwrap()["at_ms"].as_u64().unwrap();
    let began = Instant::now();
    for line in lines.iter().filter(|line| line["from"] == "server") {
        let at = Duration::from_millis(line["at_ms"].as_u64().unwrap().saturating_sub(first));
        tokio::time::sleep_until(began + at).await;
        if out.send(Message::text(with_sound(line["event"].clone()).to_string())).await.is_err() {
            break;
        }
    }
    // Silence, but an open line: the recording ends with the call, not with the server.
    let _ = reading.await;
}

/// Puts sound of the recorded length back where only its length was kept.
fn with_sound(mut event: Value) -> Value {
    let Some(ms) = event["audio_ms"].as_u64() else { return event };
    let bytes = vec![0u8; ms as usize * 48];
    event["delta"] = json!(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes));
    event
}
