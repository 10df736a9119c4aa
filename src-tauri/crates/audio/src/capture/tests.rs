use std::time::Duration;

use super::*;
use crate::port::{Processing, Report};
use crate::ring::{self, CaptureEnd};

struct Bench {
    capture: Capture,
    end: CaptureEnd,
    frames: flume::Receiver<Frame>,
    processor: Processor,
    meters: Meters,
    voice: Voice,
    reports: flume::Receiver<Report>,
    outbox: Outbox,
}

impl Bench {
    fn new(rate_hz: u32) -> Self {
        let (frames_in, frames) = flume::bounded(50);
        let mut capture = Capture::new(frames_in).unwrap();
        let (end, lane, _) = ring::capture(rate_hz, 1);
        capture.attach(lane).unwrap();
        let processor = Processor::new(Processing::OFF).unwrap();
        let (reports_in, reports) = flume::bounded(50);
        let voice = Voice::new(RATE_HZ, STEP).unwrap();
        let outbox = Outbox::new(reports_in);
        Self { capture, end, frames, processor, meters: Meters::default(), voice, reports, outbox }
    }

    /// Half a second of a tone at -9 dBFS, in callbacks of uneven sizes.
    fn hear(&mut self, rate_hz: u32, gate: Gate) {
        let tone: Vec<f32> = (0..rate_hz / 2)
            .map(|at| (at as f32 * std::f32::consts::TAU * 500.0 / rate_hz as f32).sin() * 0.5)
            .collect();
        let mut rest = tone.as_slice();
        for size in [12usize, 480, 7, 320, 1_000].into_iter().cycle() {
            let (piece, left) = rest.split_at(size.min(rest.len()));
            self.end.take(piece, Duration::ZERO);
            self.pump(gate);
            rest = left;
            if rest.is_empty() {
                break;
            }
        }
    }

    fn pump(&mut self, gate: Gate) {
        self.capture.pump(gate, &mut self.processor, &mut self.voice, &self.meters, &mut self.outbox);
    }

    fn samples(&self) -> Vec<f32> {
        let frames = self.frames.try_iter();
        frames.flat_map(|frame| frame.samples).map(|sample| f32::from(sample) / 32_768.0).collect()
    }
}

#[test]
fn every_rate_becomes_the_wire_s() {
    for rate_hz in [8_000, 16_000, 44_100, 48_000, 96_000] {
        let mut bench = Bench::new(rate_hz);
        bench.hear(rate_hz, Gate::Open);
        let samples = bench.samples();
        assert!(samples.len().is_multiple_of(FRAME_SAMPLES) && samples.len() >= 10_560, "{}", samples.len());
        let level = rms_dbfs(&samples[2_400..9_600]);
        assert!((level + 9.03).abs() < 0.2, "{rate_hz} Hz: {level} dBFS");
        assert!((bench.meters.level(Direction::Microphone) + 9.03).abs() < 0.5);
    }
}

#[test]
fn a_silent_gate_lets_frames_through_and_nothing_in_them() {
    let mut bench = Bench::new(48_000);
    bench.hear(48_000, Gate::Silent);
    let samples = bench.samples();
    assert!(!samples.is_empty());
    assert!(samples.iter().all(|&sample| sample == 0.0));
    assert_eq!(bench.meters.level(Direction::Microphone), SILENCE_DBFS);
}

#[test]
fn a_call_that_does_not_listen_costs_frames_and_they_are_counted() {
    let mut bench = Bench::new(48_000);
    for _ in 0..4 {
        bench.hear(48_000, Gate::Open);
    }
    assert_eq!(bench.frames.len(), 50);
    let dropped = bench.meters.dropped_frames.load(Ordering::Relaxed);
    assert!((48..=50).contains(&dropped), "{dropped}");
}

#[test]
fn a_full_ring_is_counted_as_an_overrun() {
    let mut bench = Bench::new(48_000);
    bench.end.take(&[0.0f32; 24_480], Duration::ZERO);
    bench.pump(Gate::Open);
    assert_eq!(bench.meters.overruns.load(Ordering::Relaxed), 480);
}

#[test]
fn nothing_of_an_old_device_is_heard_through_a_new_one() {
    let mut bench = Bench::new(48_000);
    bench.hear(48_000, Gate::Open);
    bench.samples();
    let (mut end, lane, _) = ring::capture(48_000, 1);
    bench.capture.attach(lane).unwrap();
    end.take(&[0.0f32; 4_800], Duration::ZERO);
    bench.pump(Gate::Open);
    assert!(bench.samples().iter().all(|&sample| sample == 0.0));
}

#[test]
fn a_voice_is_told_behind_a_closed_gate_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("said.wav");
    rig::speech("Is anybody there?", &path).unwrap();
    let (said, rate) = rig::wav::read_mono(&path).unwrap();
    let mut bench = Bench::new(48_000);
    bench.voice.listen(Some(-50.0), |_| {});
    for piece in rig::resample(&said, rate, 48_000).chunks(480) {
        bench.end.take(piece, Duration::ZERO);
        bench.pump(Gate::Silent);
    }
    let told: Vec<Report> = bench.reports.try_iter().collect();
    assert!(matches!(told.first(), Some(Report::Voice { speaking: true, .. })), "{told:?}");
    assert!(bench.samples().iter().all(|&sample| sample == 0.0), "and nothing of it is sent");
}
