//! A server that only keeps time: it replies, and says that a person speaks over every reply.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use audio::WIRE_RATE_HZ;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::stopwatch::{Stopwatch, Watches};

type Socket = WebSocketStream<TcpStream>;

/// Deltas of one reply, 100 ms of sound each, and how far apart they come.
const DELTAS: u16 = 10;
const DELTA_EVERY: Duration = Duration::from_millis(37);

/// What the replies are, and how many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replies {
    pub(crate) rounds: u16,
    /// From the agreed session to the first of them.
    pub(crate) settle: Duration,
    /// How long nothing happens after an interruption, and again before the next reply.
    pub(crate) rest: Duration,
    /// Peak of the 440 Hz tone that they are, as a share of full scale.
    pub(crate) loudness: f32,
}

impl Replies {
    /// A tone whose first sample is the delta's number.
    fn delta(&self, number: u16) -> Vec<i16> {
        let tone = |at: u32| (at as f32 * std::f32::consts::TAU * 440.0 / WIRE_RATE_HZ as f32).sin();
        let mut samples: Vec<i16> =
            (0..WIRE_RATE_HZ / 10).map(|at| (tone(at) * self.loudness * 32_767.0) as i16).collect();
        samples[0] = number as i16;
        samples
    }
}

/// Replies that a person interrupts, one after the other. Returns when each interruption was sent.
pub(crate) async fn serve(listener: TcpListener, replies: Replies, watches: Watches) -> Result<Vec<Instant>> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let (mut sink, stream) = tokio_tungstenite::accept_async(stream).await?.split();
    let (updates, mut updated) = mpsc::channel(4);
    let reader = tokio::spawn(read(stream, updates, watches.frames.clone()));
    send(&mut sink, &json!({ "type": "session.created", "session": { "id": "s" } })).await?;
    let session = updated.recv().await.context("the call asked for no session")?;
    send(&mut sink, &json!({ "type": "session.updated", "session": session })).await?;
    tokio::time::sleep(replies.settle).await;
    let mut interrupted = Vec::new();
    for round in 0..replies.rounds {
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
            let bytes: Vec<u8> =
                replies.delta(number).iter().flat_map(|sample| sample.to_le_bytes()).collect();
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
        let now = Instant::now();
        watches.flushes.begin(0, now);
        interrupted.push(now);
        send(&mut sink, &started).await?;
        tokio::time::sleep(replies.rest).await;
        let stopped =
            json!({ "type": "input_audio_buffer.speech_stopped", "item_id": person, "audio_end_ms": 100 });
        send(&mut sink, &stopped).await?;
        let done = json!({ "id": response, "status": "cancelled", "output": [] });
        send(&mut sink, &json!({ "type": "response.done", "response": done })).await?;
        tokio::time::sleep(replies.rest).await;
    }
    reader.abort();
    Ok(interrupted)
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
