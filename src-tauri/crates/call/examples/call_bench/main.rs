//! What the call and the line add to a conversation, over a loopback socket: a server that only keeps
//! time on one side, and on the other side devices that only keep time. Both ends of every figure are
//! in this process and on one clock; the devices' own buffers are not in it (`audio`'s `latency`
//! measures those). Prints one line of JSON per figure.
//!
//! With `--desk` the devices are the engine on a private PulseAudio server, and what is measured is the
//! time from the server's `speech_started` to the last sample that its loudspeaker plays of the reply.
//!
//! `cargo run --release -p call --example call_bench -- [--desk] [ROUNDS]` (60 replies unless told).

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod server;
mod sink;
mod stopwatch;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use audio::{
    Control, DeviceFormat, Direction, Engine, EngineOptions, FRAME_SAMPLES, FarPorts, Frame, Played, Report,
    WIRE_RATE_HZ,
};
use call::{Access, Call, Command, Devices, Net, Setup};
use realtime::Profile;
use serde_json::json;
use tokio::net::TcpListener;

use crate::server::{Replies, serve};
use crate::sink::Ear;
use crate::stopwatch::Watches;

#[tokio::main]
async fn main() -> Result<()> {
    let mut words: Vec<_> = std::env::args().skip(1).collect();
    let number = |text: Option<&String>| text.map_or(Ok(60), |text| text.parse::<u16>()).context("ROUNDS");
    match words.first().map(String::as_str) {
        Some("--desk") => {
            number(words.get(1))?;
            words[0] = "--at-the-desk".to_owned();
            rig::Sound::run_again(&words)
        }
        Some("--at-the-desk") => sounding(number(words.get(1))?).await,
        _ => timed(number(words.first())?).await,
    }
}

async fn timed(rounds: u16) -> Result<()> {
    let watches = Watches::default();
    let (ports, far) = audio::ports();
    let devices = std::thread::spawn({
        let watches = watches.clone();
        move || run_devices(&far, &watches)
    });
    let replies =
        Replies { rounds, settle: Duration::from_secs(1), rest: Duration::from_millis(150), loudness: 0.0 };
    converse(Devices { ports, engine: Box::new(()) }, replies, &watches).await?;
    ensure!(devices.join().is_ok(), "the devices have panicked");
    watches.frames.print("captured frame → read from the socket", 5.0)?;
    watches.deltas.print("audio delta → handed to the audio thread", 3.0)?;
    watches.flushes.print("speech_started → flush at the audio thread", 20.0)
}

/// From the server's word to silence at the loudspeaker of the sound server that this process was given.
async fn sounding(rounds: u16) -> Result<()> {
    let (engine, ports) = Engine::start(EngineOptions::default());
    let ear = Ear::open()?;
    // PulseAudio hands a new stream a second of sound at once; the rest is longer than what it holds then.
    let settle = Duration::from_secs(5);
    let replies = Replies { rounds, settle, rest: Duration::from_millis(500), loudness: 0.25 };
    let devices = Devices { ports, engine: Box::new(engine) };
    let interrupted = converse(devices, replies, &Watches::default()).await?;
    let (ends, buffered) = ear.close()?;
    let silences = sink::silences(&interrupted, &ends)?;
    stopwatch::print("speech_started → last sample at the sink", silences, json!(null))?;
    stopwatch::print("held by the stream and the sink", buffered, json!(null))
}

/// One call through all replies; returns when each of them was interrupted.
async fn converse(devices: Devices, replies: Replies, watches: &Watches) -> Result<Vec<Instant>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(listener, replies, watches.clone()));
    let profile =
        Profile { name: "bench".into(), realtime_url: format!("ws://{address}/"), ..Profile::default() };
    let setup = Setup::new(profile, Access::Token("a-token-for-loopback".to_owned().into()));
    let call = Call::start(setup, devices, Net::new()?, None);
    let limit = Duration::from_secs(30) + Duration::from_secs(3) * replies.rounds.into();
    let interrupted = tokio::time::timeout(limit, server)
        .await
        .context("the call has not gone through all replies")???;
    call.send(Command::End).await?;
    call.close().await;
    Ok(interrupted)
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
