use super::*;
use crate::RATE_HZ;
use crate::level::rms_dbfs;
use crate::sounds::{Noise, words};

const SECOND: usize = RATE_HZ as usize;

/// The practice agent's own words, over and over.
fn speech(seconds: usize, names: &[&str]) -> Vec<f32> {
    words(names).into_iter().cycle().take(seconds * SECOND).collect()
}

fn far_side(seconds: usize) -> Vec<f32> {
    speech(seconds, &["greeting-1.wav", "greeting-2.wav", "greeting-3.wav"])
}

fn near_side(seconds: usize) -> Vec<f32> {
    speech(seconds, &["typed.wav", "tool.wav"])
}

/// A direct sound after `delay` samples and 300 reflections that die away within a quarter of a
/// second, 10 dB down in all.
fn echo(sound: &[f32], delay: usize) -> Vec<f32> {
    let mut noise = Noise(7);
    let mut taps = vec![(delay, 1.0)];
    for _ in 0..300 {
        let late = noise.next().abs();
        let fall = (-9.0 * late).exp();
        taps.push((delay + 200 + (late * 12_000.0) as usize, noise.next() * 0.25 * fall));
    }
    let power: f32 = taps.iter().map(|(_, gain)| gain * gain).sum();
    let scale = 0.316 / power.sqrt();
    (0..sound.len())
        .map(|at| {
            let reached =
                taps.iter().filter_map(|(late, gain)| Some(sound.get(at.checked_sub(*late)?)? * gain));
            reached.sum::<f32>() * scale
        })
        .collect()
}

/// What a call does to the processor, step by step: both devices call back on time.
fn run(processor: &mut Processor, far: &[f32], mic: &[f32]) -> (Vec<f32>, EchoFigures) {
    run_with(processor, far, mic, 0..0)
}

/// The same with a loudspeaker that stands still in some of the microphone's steps.
fn run_with(
    processor: &mut Processor,
    far: &[f32],
    mic: &[f32],
    still: std::ops::Range<usize>,
) -> (Vec<f32>, EchoFigures) {
    let began = Instant::now();
    let (mut out, mut figures) = (Vec::new(), EchoFigures::default());
    let mut given = 0;
    for (step, mic) in mic.chunks_exact(STEP).enumerate() {
        let at = began + Duration::from_millis(10) * step as u32;
        if !still.contains(&step)
            && let Some(far) = far.get(given..given + STEP)
        {
            // 20 ms of latency on the one side, so that the reference is there before it sounds.
            processor.speaker_called(given as f64, at, Duration::from_millis(20));
            processor.heard(far);
            given += STEP;
        }
        processor.microphone_called((step * STEP) as f64, at, Duration::ZERO);
        let mut frame: Step = mic.try_into().unwrap();
        figures = processor.capture(&mut frame);
        out.extend(frame);
    }
    (out, figures)
}

fn only(echo: bool, noise: bool, gain: bool) -> Processor {
    Processor::new(Processing { echo, noise, gain }).unwrap()
}

/// By how many dB the sound of second `from` to `to` has become quieter.
fn down(mic: &[f32], out: &[f32], from: usize, to: usize) -> f32 {
    rms_dbfs(&mic[from * SECOND..to * SECOND]) - rms_dbfs(&out[from * SECOND..to * SECOND])
}

#[test]
fn the_far_side_is_taken_out_and_the_figures_say_so() {
    let far = far_side(8);
    let mic = echo(&far, 2_400);
    let (out, figures) = run(&mut only(true, false, false), &far, &mic);
    assert!(down(&mic, &out, 5, 8) > 25.0, "{} dB", down(&mic, &out, 5, 8));
    assert!(figures.enhancement_db.is_some_and(|db| db > 20.0), "{figures:?}");
    assert!(figures.return_loss_db.is_some_and(|db| (db - 10.0).abs() < 3.0), "{figures:?}");
    // The samples of the echo come 50 ms after those of its cause, in blocks of 4 ms.
    assert!(figures.delay_ms.is_some_and(|ms| (ms - 50.0).abs() < 9.0), "{figures:?}");
    assert!(figures.residual_likelihood.is_some_and(|likelihood| likelihood < 0.5), "{figures:?}");
}

#[test]
fn the_other_canceller_takes_the_far_side_out_too() {
    let far = far_side(8);
    let mic = echo(&far, 2_400);
    let echo_only = Processing { echo: true, noise: false, gain: false };
    let (own, other) = (
        run(&mut Processor::with(echo_only, EchoMethod::Kalman).unwrap(), &far, &mic).0,
        run(&mut Processor::with(echo_only, EchoMethod::Sonora).unwrap(), &far, &mic).0,
    );
    assert!(down(&mic, &other, 5, 8) > 25.0, "{} dB", down(&mic, &other, 5, 8));
    assert!(own != other, "it is the one that was asked for");
}

#[test]
fn the_near_side_passes_as_loud_as_it_was() {
    let mic = near_side(6);
    let far = vec![0.0; mic.len()];
    let (out, figures) = run(&mut only(true, false, false), &far, &mic);
    assert!(down(&mic, &out, 2, 6).abs() < 1.0, "{} dB", down(&mic, &out, 2, 6));
    assert_eq!(figures.enhancement_db, None);
}

#[test]
fn switched_off_every_bit_passes() {
    let far = far_side(1);
    let mic = echo(&far, 900);
    let mut processor = only(true, true, true);
    run(&mut processor, &far, &mic);
    processor.switch(Processing::OFF);
    let (out, figures) = run(&mut processor, &far, &mic);
    assert!(out == mic[..out.len()]);
    assert_eq!(figures, EchoFigures::default());
}

#[test]
fn noise_is_suppressed_only_when_it_is_asked_for() {
    let mut noise = Noise(9);
    let mic: Vec<f32> = (0..4 * SECOND).map(|_| noise.next() * 0.01).collect();
    let silence = vec![0.0; mic.len()];
    let (out, _) = run(&mut only(false, true, false), &silence, &mic);
    assert!(down(&mic, &out, 3, 4) > 10.0, "{} dB", down(&mic, &out, 3, 4));
    let (out, _) = run(&mut only(true, false, false), &silence, &mic);
    // What is above 16 kHz is gone, which the wire does not carry anyway.
    assert!(down(&mic, &out, 3, 4) < 4.0, "{} dB", down(&mic, &out, 3, 4));
}

#[test]
fn a_quiet_voice_is_brought_up_gently() {
    let mic: Vec<f32> = near_side(12).iter().map(|sample| sample * 0.1).collect();
    let silence = vec![0.0; mic.len()];
    let (out, _) = run(&mut only(false, false, true), &silence, &mic);
    let up = |from, to| -down(&mic, &out, from, to);
    assert!(up(0, 1).abs() < 3.0, "{} dB in the first second", up(0, 1));
    assert!((6.0..19.0).contains(&up(10, 12)), "{} dB", up(10, 12));
}

#[test]
fn an_echo_that_jumps_is_found_again() {
    let far = far_side(14);
    let (early, late) = (echo(&far, 1_200), echo(&far, 1_200 + SECOND / 20));
    let mic = [&early[..6 * SECOND], &late[6 * SECOND..]].concat();
    let (out, _) = run(&mut only(true, false, false), &far, &mic);
    assert!(down(&mic, &out, 10, 14) > 20.0, "{} dB", down(&mic, &out, 10, 14));
}

#[test]
fn another_loudspeaker_and_another_microphone_begin_anew() {
    let far = far_side(6);
    let mut processor = only(true, false, false);
    for delay in [1_200, 9_600] {
        let mic = echo(&far, delay);
        processor.speaker_changed();
        processor.microphone_changed();
        let (out, figures) = run(&mut processor, &far, &mic);
        assert!(down(&mic, &out, 4, 6) > 20.0, "{} dB", down(&mic, &out, 4, 6));
        assert!(figures.enhancement_db.is_some());
    }
}

#[test]
fn a_loudspeaker_that_stood_still_does_not_move_the_echo() {
    let far = far_side(8);
    let mut played = far.clone();
    played.splice(5 * SECOND..5 * SECOND, vec![0.0; SECOND / 5]);
    let mic = echo(&played, 2_400);
    let (out, _) = run_with(&mut only(true, false, false), &far, &mic[..8 * SECOND], 500..520);
    assert!(down(&mic, &out, 3, 5) > 20.0, "{} dB before", down(&mic, &out, 3, 5));
    assert!(down(&mic, &out, 6, 8) > 20.0, "{} dB after", down(&mic, &out, 6, 8));
}
