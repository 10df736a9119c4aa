use super::*;

const MS: Duration = Duration::from_millis(1);
/// What the loudspeaker's instants claim in these tests.
const LATENCY: Duration = Duration::from_millis(40);

/// Two devices whose samples are numbers that say where they belong.
struct Bench {
    alignment: Alignment,
    began: Instant,
    given: f64,
    taken: f64,
    /// How much faster the loudspeaker's clock is.
    faster: f64,
    /// For how many seconds it has not asked for anything.
    stopped: f64,
    now: f64,
}

impl Bench {
    fn new(faster: f64) -> Self {
        let alignment = Alignment::new().unwrap();
        let began = alignment.began;
        Self { alignment, began, given: 0.0, taken: 0.0, faster, stopped: 0.0, now: 0.0 }
    }

    fn at(&self) -> Instant {
        self.began + Duration::from_secs_f64(self.now)
    }

    /// The loudspeaker asks for 10 ms at the time of its own clock, in which its samples grow by one
    /// in a second.
    fn speaker(&mut self) {
        let due = self.given / f64::from(RATE_HZ) / (1.0 + self.faster);
        let at = self.stopped + due;
        self.alignment.speaker_called(self.given, self.began + Duration::from_secs_f64(at), LATENCY);
        let value = |n: usize| ((self.given + n as f64) / f64::from(RATE_HZ)) as f32;
        let frame: Vec<f32> = (0..STEP).map(value).collect();
        self.alignment.heard(&frame);
        self.given += STEP as f64;
    }

    /// The microphone brings 10 ms; how many seconds the partner of its first sample is away from
    /// the sample that is heard at that time, 10 ms of lead taken off.
    fn microphone(&mut self) -> f64 {
        self.alignment.microphone_called(self.taken, self.at(), 10 * MS);
        self.taken += STEP as f64;
        let partner = f64::from(self.alignment.next()[0]);
        let heard = (self.now - 0.01 + LEAD - LATENCY.as_secs_f64()) * (1.0 + self.faster);
        partner - heard
    }

    /// Both run for so many seconds; the worst that is seen in the last of them.
    fn run(&mut self, seconds: f64) -> f64 {
        let until = self.now + seconds;
        let mut worst = 0.0_f64;
        while self.now < until {
            while self.given <= self.now * f64::from(RATE_HZ) * (1.0 + self.faster) {
                self.speaker();
            }
            let off = self.microphone();
            if self.now > until - 1.0 {
                worst = worst.max(off.abs());
            }
            self.now += 0.01;
        }
        worst
    }
}

#[test]
fn a_captured_sample_has_beside_it_what_was_heard_at_that_time() {
    let worst = Bench::new(0.0).run(3.0);
    assert!(worst < 0.002, "{worst} s off");
}

#[test]
fn without_instants_there_is_silence_and_nothing_piles_up() {
    let mut alignment = Alignment::new().unwrap();
    for _ in 0..500 {
        alignment.heard(&[0.5; STEP]);
        assert!(alignment.next().iter().all(|&sample| sample == 0.0));
    }
    assert_eq!(alignment.waiting.len(), MOST_WAITING);
    assert_eq!(alignment.waiting.capacity(), MOST_WAITING);
}

#[test]
fn two_clocks_that_differ_stay_together() {
    for faster in [100e-6, -100e-6] {
        let mut bench = Bench::new(faster);
        bench.run(120.0);
        let waiting = bench.alignment.waiting.len();
        let worst = bench.run(480.0);
        let learnt = bench.alignment.drift.ratio();
        assert!((learnt - faster).abs() < 15e-6, "{} ppm", learnt * 1e6);
        assert!(worst < LEAD, "{worst} s off");
        assert!(bench.alignment.waiting.len() < waiting + 480, "{}", bench.alignment.waiting.len());
    }
}

#[test]
fn a_loudspeaker_that_stands_still_is_silence_and_keeps_its_place() {
    let mut bench = Bench::new(0.0);
    bench.run(2.0);
    for _ in 0..20 {
        bench.microphone();
        bench.now += 0.01;
    }
    let silent = bench.alignment.next().iter().all(|&sample| sample.abs() < 1e-6);
    bench.taken += STEP as f64;
    bench.now += 0.01;
    assert!(silent);
    bench.stopped = 0.21;
    // It goes on 210 ms later with the sample that comes after its last.
    let mut worst = 0.0_f64;
    for step in 0..300 {
        bench.speaker();
        let off = bench.microphone();
        bench.now += 0.01;
        if step > 200 {
            worst = worst.max((off + 0.21).abs());
        }
    }
    assert!(worst < 0.03, "{worst} s off");
}

#[test]
fn a_microphone_that_lost_a_piece_is_paired_anew() {
    let mut bench = Bench::new(0.0);
    bench.run(2.0);
    // 300 ms go by unheard.
    for _ in 0..30 {
        bench.speaker();
        bench.now += 0.01;
    }
    let worst = bench.run(4.0);
    assert!(worst < 0.003, "{worst} s off");
}

#[test]
fn another_loudspeaker_is_paired_by_its_own_instants() {
    let mut bench = Bench::new(0.0);
    bench.run(2.0);
    bench.alignment.speaker_changed();
    let moved = bench.now;
    (bench.given, bench.stopped) = (0.0, moved);
    let mut worst = 0.0_f64;
    for step in 0..200 {
        bench.speaker();
        let off = bench.microphone() + moved;
        bench.now += 0.01;
        if step > 100 {
            worst = worst.max(off.abs());
        }
    }
    assert!(worst < 0.003, "{worst} s off");
}

#[test]
fn the_whole_loop_is_told() {
    let mut bench = Bench::new(0.0);
    assert_eq!(bench.alignment.loop_ms(30.0), 30.0);
    bench.run(1.0);
    assert!((bench.alignment.loop_ms(30.0) - 70.0).abs() < 0.01, "{}", bench.alignment.loop_ms(30.0));
}

#[test]
fn a_late_loudspeaker_is_waited_for_and_one_that_stands_still_is_not() {
    let mut bench = Bench::new(0.0);
    bench.run(2.0);
    while bench.alignment.is_ready(bench.at()) {
        bench.microphone();
        bench.now += 0.001;
    }
    assert!(bench.alignment.waiting.len() < STEP);
    assert!(!bench.alignment.is_ready(bench.at() + 30 * MS));
    bench.stopped = bench.now - 2.0;
    bench.speaker();
    assert!(bench.alignment.is_ready(bench.at()));
    while bench.alignment.waiting.len() >= STEP {
        bench.microphone();
    }
    assert!(bench.alignment.is_ready(bench.at() + 100 * MS));
}

#[test]
fn a_loudspeaker_that_was_only_late_is_paired_as_before() {
    let mut bench = Bench::new(0.0);
    bench.run(2.0);
    // Its device has gone on playing; the callbacks of 80 ms come at once.
    for _ in 0..8 {
        bench.microphone();
        bench.now += 0.01;
    }
    let worst = bench.run(2.0);
    assert!(worst < 0.005, "{worst} s off");
}
