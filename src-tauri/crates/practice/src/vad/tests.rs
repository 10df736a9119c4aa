use super::*;

const USUAL: Tuning = Tuning { threshold: 0.85, silence_ms: 500, prefix_ms: 300 };

/// A 220 Hz tone of the given level in dBFS.
fn tone(rate: u32, ms: u64, db: f32) -> Vec<i16> {
    let peak = 32_767.0 * 10f32.powf(db / 20.0) * 2f32.sqrt();
    let count = ms * u64::from(rate) / 1000;
    (0..count)
        .map(|n| (peak * (std::f32::consts::TAU * 220.0 * n as f32 / rate as f32).sin()) as i16)
        .collect()
}

fn silence(rate: u32, ms: u64) -> Vec<i16> {
    vec![0; (ms * u64::from(rate) / 1000) as usize]
}

fn starts(heard: &[Heard]) -> usize {
    heard.iter().filter(|heard| matches!(heard, Heard::Started { .. })).count()
}

#[test]
fn a_burst_is_one_turn_at_every_rate() {
    for rate in [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
        let mut vad = Vad::new(rate, USUAL, 0);
        let sound = [silence(rate, 1000), tone(rate, 800, -20.0), silence(rate, 1000)].concat();
        let heard: Vec<Heard> = sound.chunks(777).flat_map(|piece| vad.hear(piece)).collect();
        assert_eq!(starts(&heard), 1, "{rate} Hz");
        let Some(Heard::Started { start_ms, onset_ms }) = heard.first() else { panic!("{heard:?}") };
        assert!((680..=740).contains(start_ms), "{rate} Hz: begins at {start_ms}");
        assert!((990..=1030).contains(onset_ms), "{rate} Hz: speech begins at {onset_ms}");
        let Some(Heard::Stopped { end_ms, samples }) = heard.last() else { panic!("{heard:?}") };
        assert!((1780..=1830).contains(end_ms), "{rate} Hz: ends at {end_ms}");
        let ms = samples.len() as u64 * 1000 / u64::from(rate);
        assert!((1250..=1350).contains(&ms), "{rate} Hz: {ms} ms of prefix, speech and tail");
    }
}

#[test]
fn a_higher_threshold_needs_louder_speech() {
    for (threshold, db, expected) in
        [(0.9, -34.0, 1), (0.9, -38.0, 0), (0.5, -44.0, 1), (0.5, -48.0, 0), (0.1, -54.0, 1), (0.1, -58.0, 0)]
    {
        let mut vad = Vad::new(24_000, Tuning { threshold, ..USUAL }, 0);
        let heard = vad.hear(&[silence(24_000, 500), tone(24_000, 500, db)].concat());
        assert_eq!(starts(&heard), expected, "{db} dBFS at {threshold}");
    }
}

#[test]
fn a_pause_shorter_than_asked_for_does_not_end_the_turn() {
    for (silence_ms, turns) in [(0, 2), (200, 2), (390, 2), (500, 1), (10_000, 1)] {
        let mut vad = Vad::new(16_000, Tuning { silence_ms, ..USUAL }, 0);
        let sound =
            [tone(16_000, 300, -20.0), silence(16_000, 450), tone(16_000, 300, -20.0), silence(16_000, 900)]
                .concat();
        assert_eq!(starts(&vad.hear(&sound)), turns, "{silence_ms} ms");
    }
}

#[test]
fn clicks_hum_and_offset_are_not_speech() {
    let click = [silence(24_000, 300), tone(24_000, 20, -6.0), silence(24_000, 300)].concat();
    let offset = vec![6000i16; 24_000];
    let hum: Vec<i16> = (0..48_000)
        .map(|n| (120.0 * (std::f32::consts::TAU * 50.0 * n as f32 / 24_000.0).sin()) as i16)
        .collect();
    for (name, sound) in [("click", click), ("hum", hum)] {
        let mut vad = Vad::new(24_000, USUAL, 0);
        assert_eq!(starts(&vad.hear(&sound)), 0, "{name}");
    }
    let mut vad = Vad::new(24_000, USUAL, 0);
    vad.hear(&offset);
    assert_eq!(starts(&vad.hear(&offset)), 0, "offset, once it has settled");
}

#[test]
fn a_steady_fan_does_not_hold_the_turn_open() {
    let mut vad = Vad::new(16_000, USUAL, 0);
    let heard = vad.hear(&tone(16_000, 40_000, -34.0));
    assert!(heard.iter().any(|heard| matches!(heard, Heard::Stopped { .. })));
    assert_eq!(starts(&vad.hear(&tone(16_000, 5000, -34.0))), 0);
    assert_eq!(starts(&vad.hear(&tone(16_000, 500, -18.0))), 1);
}

#[test]
fn an_endless_turn_is_ended() {
    let mut vad = Vad::new(8000, Tuning { silence_ms: 10_000, ..USUAL }, 0);
    let mut longest = 0;
    for second in 0..130 {
        let sound = if second % 2 == 0 { tone(8000, 1000, -10.0) } else { silence(8000, 1000) };
        for heard in vad.hear(&sound) {
            if let Heard::Stopped { samples, .. } = heard {
                longest = longest.max(samples.len());
            }
        }
    }
    assert!((59 * 8000..=60 * 8000 + 80).contains(&longest), "{longest}");
}

#[test]
fn clearing_forgets_the_turn_but_not_the_time() {
    let mut vad = Vad::new(24_000, USUAL, 0);
    vad.hear(&tone(24_000, 500, -20.0));
    vad.clear();
    assert_eq!(vad.finish(), None);
    assert_eq!(vad.position(), 12_000);
}

#[test]
fn a_word_that_trails_off_belongs_to_the_turn() {
    let mut vad = Vad::new(24_000, Tuning { silence_ms: 200, ..USUAL }, 0);
    // The usual threshold is −37.25 dBFS: the second part would not begin a turn.
    let sound =
        [tone(24_000, 300, -30.0), tone(24_000, 400, -41.0), tone(24_000, 100, -30.0), silence(24_000, 500)]
            .concat();
    let heard = vad.hear(&sound);
    assert_eq!(starts(&heard), 1);
    let Some(Heard::Stopped { end_ms, .. }) = heard.last() else { panic!("{heard:?}") };
    assert!((790..=820).contains(end_ms), "{end_ms}");
}

#[test]
fn recorded_speech_is_one_turn_at_the_usual_settings() {
    let line = crate::clips::greeting();
    let mut vad = Vad::new(24_000, USUAL, 0);
    // 15 dB below the level of the recording, as from a microphone a little too far away.
    let speech: Vec<i16> = line.samples.iter().map(|sample| sample / 6).collect();
    let heard = vad.hear(&[silence(24_000, 500), speech, silence(24_000, 800)].concat());
    assert_eq!(starts(&heard), 1);
    let Some(Heard::Stopped { samples, .. }) = heard.last() else { panic!("{heard:?}") };
    let whole = line.samples.len();
    assert!(samples.len() > whole && samples.len() < whole + 24_000, "{} of {whole}", samples.len());
}
