use super::*;
use crate::port::{ItemId, Processing};
use crate::ring::{self, PlaybackEnd};

/// A loudspeaker whose callback is called by hand.
struct Bench {
    playback: Playback,
    end: PlaybackEnd,
    processor: Processor,
    meters: Meters,
    outbox: Outbox,
    reports: flume::Receiver<Report>,
    rate_hz: u32,
    out: Vec<f32>,
}

impl Bench {
    fn new(rate_hz: u32) -> Self {
        let (reports_in, reports) = flume::bounded(256);
        let mut outbox = Outbox::new(reports_in);
        let mut playback = Playback::new(1.0).unwrap();
        let (end, lane, _) = ring::playback(rate_hz, 1);
        playback.attach(lane, &mut outbox).unwrap();
        let (processor, meters) = (Processor::new(Processing::OFF).unwrap(), Meters::default());
        Self { playback, end, processor, meters, outbox, reports, rate_hz, out: Vec::new() }
    }

    fn say(&mut self, item: &str, samples: Vec<i16>) {
        assert_eq!(self.playback.speak(ItemId::from(item), samples), 0);
        self.playback.finish(&ItemId::from(item), &mut self.outbox);
    }

    fn pump(&mut self) {
        self.playback.pump(&mut self.processor, &self.meters, &mut self.outbox);
    }

    /// The device asks for 10 ms.
    fn call_back(&mut self) {
        let mut data = vec![0.0f32; self.rate_hz as usize / 100];
        self.end.give(&mut data, Duration::ZERO);
        self.out.extend(data);
    }

    fn run(&mut self, callbacks: usize) {
        for _ in 0..callbacks {
            self.pump();
            self.call_back();
        }
        // The ear is behind the callback by what the callback handed over: let that time pass.
        std::thread::sleep(STEP_TIME * 2);
        self.pump();
    }

    fn reports(&self) -> Vec<Report> {
        self.reports.try_iter().filter(|report| !matches!(report, Report::Progress(_))).collect()
    }
}

fn tone(ms: usize) -> Vec<i16> {
    let sample = |at: usize| (at as f32 * std::f32::consts::TAU * 500.0 / 24_000.0).sin() * 16_384.0;
    (0..ms * 24).map(|at| sample(at) as i16).collect()
}

#[test]
fn what_is_said_comes_out_whole_at_every_rate() {
    for rate_hz in [8_000, 16_000, 44_100, 48_000, 96_000] {
        let mut bench = Bench::new(rate_hz);
        bench.say("a", tone(400));
        bench.run(60);
        let sounding = bench.out.iter().rposition(|sample| sample.abs() > 0.01).unwrap_or(0);
        let length_ms = sounding as u32 * 1_000 / rate_hz;
        assert!(length_ms.abs_diff(400) < 15, "{rate_hz} Hz: {length_ms} ms");
        let middle = &bench.out[bench.out.len() / 6..bench.out.len() / 2];
        assert!((rms_dbfs(middle) + 9.03).abs() < 0.2, "{rate_hz} Hz: {} dBFS", rms_dbfs(middle));
        let reports = bench.reports();
        let [Report::Started { .. }, Report::Finished(played)] = reports.as_slice() else {
            panic!("{rate_hz} Hz: {reports:?}")
        };
        assert_eq!(played.ms, 400);
        assert_eq!(bench.meters.underruns.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn the_first_word_reaches_the_ring_in_the_round_that_brings_it() {
    let mut bench = Bench::new(48_000);
    bench.run(5);
    bench.say("a", tone(100));
    bench.pump();
    bench.call_back();
    assert!(bench.out[bench.out.len() - 240..].iter().any(|sample| sample.abs() > 0.1));
}

#[test]
fn only_a_little_is_put_ahead_of_the_device() {
    let mut bench = Bench::new(48_000);
    bench.say("a", tone(2_000));
    bench.run(20);
    let ahead = bench.playback.line.as_ref().map_or(0, |line| line.lane.waiting());
    assert!((480..=480 * 4).contains(&ahead), "{ahead} samples");
}

#[test]
fn a_flush_leaves_silence_and_the_truth() {
    let mut bench = Bench::new(48_000);
    bench.say("long", tone(2_000));
    bench.say("next", tone(500));
    bench.run(50);
    bench.playback.flush(&mut bench.outbox);
    let before = bench.out.len();
    bench.run(10);
    assert!(bench.out[before..].iter().all(|&sample| sample == 0.0));
    let reports = bench.reports();
    let [Report::Started { .. }, Report::Flushed(items)] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!(items.len(), 2);
    assert!(items[0].ms.abs_diff(500) <= 12, "{items:?}");
    assert_eq!((&*items[1].item, items[1].ms), ("next", 0));

    bench.say("after", tone(100));
    bench.run(20);
    assert!(bench.reports().iter().any(|report| matches!(report, Report::Finished(p) if p.ms == 100)));
}

#[test]
fn a_device_that_stands_still_does_not_keep_a_flush_waiting() {
    let mut bench = Bench::new(48_000);
    bench.say("a", tone(500));
    bench.pump();
    bench.playback.flush(&mut bench.outbox);
    bench.pump();
    assert!(bench.reports().is_empty());
    std::thread::sleep(FLUSH_PATIENCE);
    bench.pump();
    assert!(matches!(bench.reports().as_slice(), [Report::Flushed(items)] if items[0].ms == 0));
}

#[test]
fn a_flush_of_nothing_is_answered_at_once() {
    let mut bench = Bench::new(48_000);
    bench.playback.flush(&mut bench.outbox);
    assert!(matches!(bench.reports().as_slice(), [Report::Flushed(items)] if items.is_empty()));
}

#[test]
fn volume_moves_without_a_step() {
    let mut bench = Bench::new(48_000);
    bench.say("a", vec![16_384; 24_000]);
    bench.run(20);
    bench.playback.set_volume(0.0);
    bench.run(20);
    let jump = bench.out[960..].windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(jump < 0.01, "{jump}");
    assert!(bench.out[bench.out.len() - 960..].iter().all(|sample| sample.abs() < 1e-4));
    bench.playback.set_volume(f32::NAN);
    assert_eq!(bench.playback.volume, 1.0);
}

#[test]
fn the_loudspeaker_level_is_that_of_what_was_handed_over() {
    let mut bench = Bench::new(44_100);
    bench.say("a", tone(200));
    bench.run(10);
    assert!((bench.meters.level(Direction::Speaker) + 9.03).abs() < 0.5);
    bench.run(30);
    assert_eq!(bench.meters.level(Direction::Speaker), SILENCE_DBFS);
}

#[test]
fn a_dry_ring_with_more_to_say_is_an_underrun_and_silence_is_not() {
    let mut bench = Bench::new(48_000);
    bench.run(10);
    assert_eq!(bench.meters.underruns.load(Ordering::Relaxed), 0);
    bench.say("a", tone(1_000));
    bench.run(10);
    for _ in 0..8 {
        bench.call_back();
    }
    bench.pump();
    assert!(bench.meters.underruns.load(Ordering::Relaxed) > 0);
}

#[test]
fn without_a_device_time_itself_plays() {
    let mut bench = Bench::new(48_000);
    let began = Instant::now();
    bench.playback.detach(&mut bench.outbox);
    bench.playback.patient_until = began;
    bench.say("a", tone(60));
    while !bench.reports().iter().any(|report| matches!(report, Report::Finished(p) if p.ms == 60)) {
        bench.pump();
    }
    assert!(began.elapsed() >= Duration::from_millis(50), "it took {:?}", began.elapsed());
}

#[test]
fn a_lost_device_neither_loses_an_item_nor_counts_it_twice() {
    let mut bench = Bench::new(48_000);
    bench.say("a", tone(300));
    bench.run(10);
    let (end, lane, _) = ring::playback(44_100, 2);
    bench.playback.attach(lane, &mut bench.outbox).unwrap();
    (bench.end, bench.rate_hz) = (end, 88_200);
    bench.run(40);
    let reports = bench.reports();
    let [Report::Started { .. }, Report::Finished(played)] = reports.as_slice() else {
        panic!("{reports:?}")
    };
    assert_eq!(played.ms, 300);
}

#[test]
fn what_a_device_took_along_unheard_is_said_by_the_next() {
    let mut bench = Bench::new(48_000);
    bench.say("a", tone(300));
    for _ in 0..10 {
        bench.pump();
        bench.call_back();
    }
    // Pulled out: what is in its ring is heard by nobody.
    bench.playback.detach(&mut bench.outbox);
    bench.pump();
    let before = bench.out.len();
    let (end, lane, _) = ring::playback(48_000, 1);
    bench.playback.attach(lane, &mut bench.outbox).unwrap();
    bench.end = end;
    bench.run(40);
    let sounding = |out: &[f32]| out.iter().rposition(|sample| sample.abs() > 0.01).unwrap_or(0) / 48;
    let (first, second) = (sounding(&bench.out[..before]), sounding(&bench.out[before..]));
    // At most the last callback sounds twice: nobody knows whether it was heard.
    assert!((295..=325).contains(&(first + second)), "{first} ms and {second} ms of 300 ms");
    let reports = bench.reports();
    let [Report::Started { .. }, Report::Finished(played)] = reports.as_slice() else {
        panic!("{reports:?}")
    };
    assert_eq!(played.ms, 300);
}

#[test]
fn a_device_with_a_long_way_to_the_ear_comes_to_the_end_of_an_item_too() {
    let mut bench = Bench::new(48_000);
    bench.say("a", tone(100));
    let latency = Duration::from_millis(150);
    let mut finished = None;
    for callback in 0..60 {
        bench.pump();
        let mut data = vec![0.0f32; 480];
        bench.end.give(&mut data, latency);
        std::thread::sleep(STEP_TIME);
        bench.pump();
        let over = bench.reports().iter().any(|report| matches!(report, Report::Finished(p) if p.ms == 100));
        finished = finished.or(over.then_some(callback));
    }
    // 100 ms of sound and the way to the ear.
    assert!(finished.is_some_and(|callback| callback >= 20), "{finished:?}");
}

#[test]
fn between_two_devices_nothing_is_played_into_nothing() {
    let mut bench = Bench::new(48_000);
    bench.say("a", tone(60));
    bench.playback.detach(&mut bench.outbox);
    std::thread::sleep(STEP_TIME * 3);
    bench.pump();
    assert_eq!(bench.playback.queue.waiting(), 60 * 24);
}

#[test]
fn a_hushed_loudspeaker_counts_what_it_does_not_sound_and_keeps_its_volume() {
    let mut bench = Bench::new(48_000);
    bench.playback.set_volume(0.5);
    bench.playback.set_hushed(true);
    bench.say("a", tone(200));
    bench.run(40);
    // The first step is the way from full volume to nothing.
    assert!(bench.out[960..].iter().all(|&sample| sample == 0.0));
    assert!(bench.reports().iter().any(|report| matches!(report, Report::Finished(p) if p.ms == 200)));
    bench.playback.set_hushed(false);
    bench.out.clear();
    bench.say("b", tone(200));
    bench.run(30);
    let loudest = bench.out.iter().fold(0.0f32, |most, sample| most.max(sample.abs()));
    assert!((loudest - 0.25).abs() < 0.01, "{loudest}");
}
