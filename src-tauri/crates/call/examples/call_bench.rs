//! What the call and the line add to a conversation, over a loopback socket: a server that only keeps
//! time on one side, and on the other side devices that only keep time. Both ends of every figure are
//! in this process and on one clock; the devices' own buffers are not in it (`audio`'s `latency`
//! measures those). Prints one line of JSON per figure.
//!
//! `cargo run --release -p call --example call_bench -- [ROUNDS]` (60 replies unless told).

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use audio::{Control, DeviceFormat, Direction, FRAME_SAMPLES, FarPorts, Frame, Played, Report, WIRE_RATE_HZ};
use base64::{Engine, engine::general_purpose::STANDARD};
use call::{Access, Call, Command, Devices, Net, Setup};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use realtime::Profile;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

type Socket = WebSocketStream<TcpStream>;

/// Deltas of one reply, and how far apart they come.
const DELTAS: u16 = 10;
const DELTA_EVERY: Duration = Duration::from_millis(37);
/// How long nothing happens between a barge-in and the next reply.
const REST: Duration = Duration::from_millis(150);

/// When something began, by its number, and how long it took until it was seen at the other end.
#[derive(Clone, Debug, Default)]
struct Stopwatch(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    began: HashMap<u16, Instant>,
    took: Vec<Duration>,
}

impl Stopwatch {
    fn begin(&self, number: u16, at: Instant) {
        self.times().began.insert(number, at);
    }

    /// What was never begun, or was seen before, does not count.
    fn end(&self, number: u16) {
        let now = Instant::now();
        let mut times = self.times();
        if let Some(began) = times.began.remove(&number) {
            times.took.push(now - began);
        }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One row per share, and how many there were.
    fn print(&self, name: &str, at_most_ms: f64) -> Result<()> {
        let mut times = self.times().took.clone();
        ensure!(!times.is_empty(), "nothing was seen of: {name}");
        times.sort_unstable();
        for (share, word, bar) in [(0.5, "p50", json!(null)), (0.99, "p99", json!(at_most_ms))] {
            let place = ((times.len() as f64 * share) as usize).min(times.len() - 1);
            let name = format!("{name}, {word} of {}", times.len());
            let ms = times[place].as_secs_f64() * 1_000.0;
            println!("{}", json!({ "name": name, "value": ms, "unit": "ms", "bar": bar }));
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
struct Watches {
    frames: Stopwatch,
    deltas: Stopwatch,
    flushes: Stopwatch,
}

#[tokio::main]
async fn main() -> Result<()> {
    let rounds: u16 = std::env::args().nth(1).map_or(Ok(60), |text| text.parse()).context("ROUNDS")?;
    let watches = Watches::default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(listener, rounds, watches.clone()));

    let (ports, far) = audio::ports();
    let devices = std::thread::spawn({
        let watches = watches.clone();
        move || run_devices(&far, &watches)
    });
    let profile =
        Profile { name: "bench".into(), realtime_url: format!("ws://{address}/"), ..Profile::default() };
    let setup = Setup::new(profile, Access::Token("a-token-for-loopback".to_owned().into()));
    let call = Call::start(setup, Devices { ports, engine: Box::new(()) }, Net::new()?, None);
    let limit = Duration::from_secs(30) + Duration::from_secs(2) * rounds.into();
    tokio::time::timeout(limit, server).await.context("the call has not gone through all replies")???;
    call.send(Command::End).await?;
    call.close().await;
    ensure!(devices.join().is_ok(), "the devices have panicked");

    watches.frames.print("captured frame → read from the socket", 5.0)?;
    watches.deltas.print("audio delta → handed to the audio thread", 3.0)?;
    watches.flushes.print("speech_started → flush at the audio thread", 20.0)
}

/// Frames every 20 ms with their number as first sample; every order of the call is timed and answered.
fn run_devices(far: &FarPorts, watches: &Watches) {
    for direction in [Direction::Microphone, Direction::Speaker] {
        let device = DeviceFormat {
            id: "bench".into(),
            name: "bench".into(),
            rate_hz: WIRE_RATE_HZ,
            channels: 1,
            format: "i16".into(),
        };
        if far.reports.send(Report::Opened { direction, device }).is_err() {
            return;
        }
    }
    let mut number = 0;
    let mut next = Instant::now();
    let mut playing: Option<audio::ItemId> = None;
    loop {
        match far.control.recv_deadline(next) {
            Err(flume::RecvTimeoutError::Disconnected) => return,
            Err(flume::RecvTimeoutError::Timeout) => {
                next += Duration::from_millis(audio::FRAME_MS);
                // A sample holds 15 bits of it; 10 minutes pass before a number comes again.
                number = (number + 1) % 32_768;
                let mut samples = [0; FRAME_SAMPLES];
                samples[0] = number as i16;
                let captured_at = Instant::now();
                watches.frames.begin(number, captured_at);
                if far.frames.send(Frame { samples, captured_at }).is_err() {
                    return;
                }
            }
            Ok(Control::Speak { item, samples }) => {
                watches.deltas.end(samples.first().copied().unwrap_or_default() as u16);
                if playing.as_ref() != Some(&item) {
                    playing = Some(item.clone());
                    if far.reports.send(Report::Started { item }).is_err() {
                        return;
                    }
                }
            }
            Ok(Control::Flush) => {
                watches.flushes.end(0);
                let items = playing.take().map(|item| Played { item, ms: 100 });
                if far.reports.send(Report::Flushed(items.into_iter().collect())).is_err() {
                    return;
                }
            }
            Ok(_) => {}
        }
    }
}

/// Replies that a person interrupts, `rounds` times.
async fn serve(listener: TcpListener, rounds: u16, watches: Watches) -> Result<()> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let (mut sink, stream) = tokio_tungstenite::accept_async(stream).await?.split();
    let (updates, mut updated) = mpsc::channel(4);
    let reader = tokio::spawn(read(stream, updates, watches.frames.clone()));
    send(&mut sink, &json!({ "type": "session.created", "session": { "id": "s" } })).await?;
    let session = updated.recv().await.context("the call asked for no session")?;
    send(&mut sink, &json!({ "type": "session.updated", "session": session })).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for round in 0..rounds {
        let (response, item) = (format!("response-{round}"), format!("reply-{round}"));
        let created = json!({ "id": response, "status": "in_progress", "output": [] });
        send(&mut sink, &json!({ "type": "response.created", "response": created })).await?;
        let added = json!({ "id": item, "type": "message", "role": "assistant", "status": "in_progress" });
        let added = json!({
            "type": "response.output_item.added", "response_id": response, "output_index": 0, "item": added,
        });
        send(&mut sink, &added).await?;
        for delta in 0..DELTAS {
            let number = round % 3_000 * DELTAS + delta + 1;
            let mut samples = vec![0_i16; WIRE_RATE_HZ as usize / 10];
            samples[0] = number as i16;
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            let event = json!({
                "type": "response.output_audio.delta", "response_id": response, "item_id": item,
                "output_index": 0, "content_index": 0, "delta": STANDARD.encode(bytes),
            });
            let text = Message::text(event.to_string());
            watches.deltas.begin(number, Instant::now());
            sink.send(text).await?;
            tokio::time::sleep(DELTA_EVERY).await;
        }
        let person = format!("person-{round}");
        let started =
            json!({ "type": "input_audio_buffer.speech_started", "item_id": person, "audio_start_ms": 0 });
        watches.flushes.begin(0, Instant::now());
        send(&mut sink, &started).await?;
        tokio::time::sleep(REST).await;
        let stopped =
            json!({ "type": "input_audio_buffer.speech_stopped", "item_id": person, "audio_end_ms": 100 });
        send(&mut sink, &stopped).await?;
        let done = json!({ "id": response, "status": "cancelled", "output": [] });
        send(&mut sink, &json!({ "type": "response.done", "response": done })).await?;
        tokio::time::sleep(REST).await;
    }
    reader.abort();
    Ok(())
}

async fn read(
    mut stream: SplitStream<Socket>,
    updates: mpsc::Sender<Value>,
    frames: Stopwatch,
) -> Result<()> {
    while let Some(message) = stream.next().await {
        let Message::Text(text) = message? else { continue };
        let event: Value = serde_json::from_str(&text)?;
        match event["type"].as_str() {
            Some("session.update") => updates.send(event["session"].clone()).await?,
            Some("input_audio_buffer.append") => {
                let bytes = STANDARD.decode(event["audio"].as_str().unwrap_or_default())?;
                if let [low, high, ..] = bytes[..] {
                    frames.end(u16::from_le_bytes([low, high]));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

async fn send(sink: &mut SplitSink<Socket, Message>, event: &Value) -> Result<()> {
    Ok(sink.send(Message::text(event.to_string())).await?)
}
