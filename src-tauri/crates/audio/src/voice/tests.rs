use super::*;
use crate::{RATE_HZ, STEP};

/// Real speech at 48 kHz and full length, at about -20 dBFS.
fn speech() -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("said.wav");
    rig::speech("Wait a moment please, I would like to say something about that.", &path).unwrap();
    let (samples, rate) = rig::wav::read_mono(&path).unwrap();
    rig::resample(&samples, rate, RATE_HZ)
}

/// The reports of a detector that hears `sound`, after half a second of silence and before one.
fn hear(sound: &[f32], from_dbfs: f32) -> Vec<(bool, u32)> {
    let mut voice = Voice::new(RATE_HZ, STEP).unwrap();
    voice.listen(Some(from_dbfs), |_| {});
    let quiet = vec![0.0; RATE_HZ as usize / 2];
    let mut reports = Vec::new();
    for piece in [&quiet, sound, &quiet].concat().chunks_exact(STEP) {
        voice.hear(piece, |report| match report {
            Report::Voice { speaking, voiced_ms } => reports.push((speaking, voiced_ms)),
            other => panic!("{other:?} is no voice"),
        });
    }
    reports
}

#[test]
fn speech_is_a_voice_from_its_beginning_to_its_end() {
    let reports = hear(&speech(), -50.0);
    assert_eq!(reports.first(), Some(&(true, 48)), "it is told as soon as it is sure");
    assert!(!reports.last().unwrap().0, "and its end is told: {reports:?}");
    assert!(reports.iter().any(|&(speaking, ms)| speaking && ms >= 240), "{reports:?}");
    assert!(reports.len() <= 3 * (TOLD_MS / DETECTOR_FRAME_MS) as usize, "{} reports", reports.len());
}

#[test]
fn hum_clicks_and_noise_are_no_voice() {
    let hum: Vec<f32> =
        (0..RATE_HZ).map(|at| (at as f32 * std::f32::consts::TAU * 50.0 / 48_000.0).sin() * 0.1).collect();
    assert_eq!(hear(&hum, -50.0), []);
    let clicks: Vec<f32> = (0..RATE_HZ).map(|at| if at % 9_600 < 48 { 0.5 } else { 0.0 }).collect();
    assert_eq!(hear(&clicks, -50.0), []);
    let (mut seed, mut low) = (1u32, 0.0f32);
    let fan: Vec<f32> = (0..RATE_HZ)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let white = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
            low += 0.05 * (white - low);
            low * 0.3
        })
        .collect();
    assert_eq!(hear(&fan, -50.0), []);
}

#[test]
fn speech_below_the_level_is_nobody_s() {
    let far: Vec<f32> = speech().iter().map(|sample| sample * 0.01).collect();
    assert_eq!(hear(&far, -40.0), []);
}

#[test]
fn switching_off_ends_a_voice_and_hears_nothing_more() {
    let mut voice = Voice::new(RATE_HZ, STEP).unwrap();
    voice.listen(Some(-50.0), |_| {});
    let speech = speech();
    let mut speaking = false;
    for piece in speech.chunks_exact(STEP).take_while(|_| true) {
        voice.hear(piece, |_| speaking = true);
        if speaking {
            break;
        }
    }
    assert!(speaking);
    let mut ended = None;
    voice.listen(None, |report| ended = Some(report));
    assert!(matches!(ended, Some(Report::Voice { speaking: false, .. })), "{ended:?}");
    for piece in speech.chunks_exact(STEP) {
        voice.hear(piece, |report| panic!("{report:?}"));
    }
}
