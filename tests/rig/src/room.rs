//! The air between a loudspeaker and a microphone.

use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::thread::JoinHandle;

use anyhow::{Context, Result};

use crate::process::{Running, wait_until};
use crate::sound::Sound;

/// Hz; more than the wire carries.
const RATE: usize = 24_000;
/// Samples carried at a time: 5 ms.
const STEP: usize = RATE / 200;
/// How much later the first echo is than the direct sound, in ms: the nearest wall.
const FIRST_WALL_MS: usize = 4;

/// What a room does to sound.
#[derive(Clone, Copy, Debug)]
pub struct Acoustics {
    /// Level of the echo at the microphone over the level played, in dB.
    pub echo_db: f32,
    /// Time in which the reverberation falls by 60 dB, in ms.
    pub rt60_ms: u32,
    /// How far the loudspeaker bends: 0 not at all; 1 turns a full-scale sine into nearly a square.
    pub bend: f32,
}

/// Carries what the sink `speaker` plays into the sink `mic_in`, as long as it lives.
#[derive(Debug)]
pub struct Room {
    ear: Running,
    mouth: Running,
    air: Option<JoinHandle<()>>,
}

impl Room {
    pub fn around(sound: &Sound, acoustics: Acoustics) -> Result<Self> {
        let format = ["--raw", "--rate=24000", "--channels=1", "--format=float32le"];
        let mut ear = sound.client("parec")?;
        ear.args(["-d", "speaker.monitor", "--latency-msec=10"]).args(format).stdout(Stdio::piped());
        let mut mouth = sound.client("pacat")?;
        // Several times what comes at once, or every late piece would leave a hole.
        mouth.args(["-p", "-d", "mic_in", "--latency-msec=80"]).args(format).stdin(Stdio::piped());
        let before = sound.sink_inputs()?;
        let mut mouth = Running::start(&mut mouth)?;
        // What is heard before the mouth is open would stand between the two for ever, as delay.
        wait_until(&mut mouth, "opening a mouth", || {
            sound.sink_inputs().ok().filter(|inputs| *inputs > before)
        })?;
        let mut ear = Running::start(&mut ear)?;
        let from = ear.stdout().context("the loudspeaker cannot be heard")?;
        let to = mouth.stdin().context("the microphone cannot be reached")?;
        let response = impulse_response(acoustics);
        // It ends with either of the two processes.
        let air = std::thread::spawn(move || drop(carry(from, to, &response, acoustics.bend)));
        Ok(Self { ear, mouth, air: Some(air) })
    }

    /// The process ids of those who carry the sound, for a bench that counts the app alone.
    pub fn ids(&self) -> [u32; 2] {
        [self.ear.id(), self.mouth.id()]
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.ear.kill();
        self.mouth.kill();
        if let Some(air) = self.air.take() {
            // A thread that panicked has said so already.
            drop(air.join());
        }
    }
}

fn carry(mut from: ChildStdout, mut to: ChildStdin, response: &[f32], bend: f32) -> std::io::Result<()> {
    let mut bytes = [0; STEP * 4];
    let mut past = vec![0.0; response.len() - 1];
    loop {
        from.read_exact(&mut bytes)?;
        past.extend(bytes.chunks_exact(4).map(|b| bent(f32::from_le_bytes([b[0], b[1], b[2], b[3]]), bend)));
        for (heard, window) in bytes.chunks_exact_mut(4).zip(past.windows(response.len())) {
            let sum: f32 = window.iter().rev().zip(response).map(|(sample, gain)| sample * gain).sum();
            heard.copy_from_slice(&sum.to_le_bytes());
        }
        past.drain(..STEP);
        to.write_all(&bytes)?;
    }
}

/// A small loudspeaker driven hard: soft clipping.
fn bent(sample: f32, bend: f32) -> f32 {
    if bend <= 0.0 { sample } else { (sample * bend * 4.0).tanh() / (bend * 4.0) }
}

/// Direct sound, then noise that dies away (Moorer 1979); the same every time.
fn impulse_response(acoustics: Acoustics) -> Vec<f32> {
    let length = (acoustics.rt60_ms as usize * RATE / 1_000).max(RATE / 50);
    let mut random = 1_u32;
    let mut response: Vec<f32> = (0..length)
        .map(|n| {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            let noise = random as f32 / u32::MAX as f32 * 2.0 - 1.0;
            let fall = -6.908 * n as f32 * 1_000.0 / (acoustics.rt60_ms.max(1) as f32 * RATE as f32);
            if n < FIRST_WALL_MS * RATE / 1_000 { 0.0 } else { 0.1 * noise * fall.exp() }
        })
        .collect();
    response[0] = 1.0;
    let power: f32 = response.iter().map(|gain| gain * gain).sum();
    let scale = 10_f32.powf(acoustics.echo_db / 20.0) / power.sqrt();
    response.iter_mut().for_each(|gain| *gain *= scale);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_has_the_level_and_the_length_that_were_asked_for() {
        let response = impulse_response(Acoustics { echo_db: -6.0, rt60_ms: 400, bend: 0.0 });
        let power = |part: &[f32]| 10.0 * part.iter().map(|gain| gain * gain).sum::<f32>().log10();
        assert!((power(&response) + 6.0).abs() < 0.01, "{} dB", power(&response));
        let window = RATE / 50;
        let (early, late) = (RATE / 20, RATE / 20 + RATE / 10);
        let fallen = power(&response[early..early + window]) - power(&response[late..late + window]);
        assert!((fallen - 15.0).abs() < 3.0, "in a quarter of the time a quarter of 60 dB: {fallen} dB");
    }

    #[test]
    fn a_loudspeaker_bends_only_what_is_loud() {
        assert!((bent(0.9, 0.0) - 0.9).abs() < 1e-6);
        assert!((bent(0.01, 0.5) - 0.01).abs() < 1e-4);
        assert!(bent(1.0, 0.5) < 0.6);
    }
}
