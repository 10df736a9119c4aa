use super::*;
use crate::sounds::{Noise, words};

const SECOND: usize = 48_000;
const STEP: usize = 2 * BLOCK;

/// The practice agent's own words, over and over, at -26 dBFS.
fn voice(seconds: usize, names: &[&str]) -> Vec<f32> {
    let sound = words(names);
    let gain = 0.05 / 10.0f32.powf(0.05 * decibels(&sound));
    sound.into_iter().cycle().take(seconds * SECOND).map(|sample| sample * gain).collect()
}

fn far_voice(seconds: usize) -> Vec<f32> {
    voice(seconds, &["greeting-1.wav", "greeting-2.wav", "greeting-3.wav"])
}

fn near_voice(seconds: usize) -> Vec<f32> {
    voice(seconds, &["typed.wav", "tool.wav"])
}

/// A direct sound after `delay` samples and reflections that die away within 150 ms.
fn room(sound: &[f32], delay: usize, seed: u32, gain: f32) -> Vec<f32> {
    let mut noise = Noise(seed);
    let mut taps = vec![(delay, 0.8 * gain)];
    for _ in 0..120 {
        let late = noise.next().abs();
        taps.push((delay + 96 + (late * 7_200.0) as usize, noise.next() * 0.15 * gain * (-5.0 * late).exp()));
    }
    let mut heard = vec![0.0; sound.len()];
    for (late, gain) in taps {
        for at in late..sound.len() {
            heard[at] += gain * sound[at - late];
        }
    }
    heard
}

fn add(one: &[f32], other: &[f32]) -> Vec<f32> {
    one.iter().zip(other).map(|(one, other)| one + other).collect()
}

fn hiss(sound: &[f32]) -> Vec<f32> {
    let mut noise = Noise(99);
    sound.iter().map(|sample| sample + 3e-4 * noise.next()).collect()
}

fn run(kalman: &mut Kalman, far: &[f32], mic: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(mic.len());
    for (far, mic) in far.chunks_exact(STEP).zip(mic.chunks_exact(STEP)) {
        let mut frame: [f32; STEP] = mic.try_into().unwrap();
        kalman.process(far.try_into().unwrap(), &mut frame);
        out.extend(frame);
    }
    out
}

fn decibels(sound: &[f32]) -> f32 {
    10.0 * (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32 + 1e-12).log10()
}

/// By how many dB seconds `from` to `to` have become quieter.
fn down(mic: &[f32], out: &[f32], from: usize, to: usize) -> f32 {
    decibels(&mic[from * SECOND..to * SECOND]) - decibels(&out[from * SECOND..to * SECOND])
}

/// Correlation of what was said, without its rumble, and what came out, at the delay of the canceller.
fn likeness(said: &[f32], out: &[f32]) -> f32 {
    let mut said = said.to_vec();
    HighPass::new(SECOND).run(&mut said);
    let correlate = |late: usize| {
        let (out, said) = (&out[late..], &said[..said.len() - late]);
        let product = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
        product(said, out) / (product(said, said) * product(out, out)).sqrt()
    };
    (480..600).map(correlate).fold(0.0, f32::max)
}

#[test]
fn the_far_side_is_taken_out_early_and_more_so_later() {
    let far = far_voice(10);
    let mic = hiss(&room(&far, 2_000, 3, 0.5));
    let out = run(&mut Kalman::new(), &far, &mic);
    assert!(down(&mic, &out, 1, 4) > 25.0, "{} dB", down(&mic, &out, 1, 4));
    assert!(down(&mic, &out, 6, 10) > 32.0, "{} dB", down(&mic, &out, 6, 10));
}

#[test]
fn the_filter_alone_takes_most_of_it_out() {
    let far = far_voice(10);
    let mic = hiss(&room(&far, 2_000, 3, 0.5));
    let mut kalman = Kalman::new();
    let (mut heard, mut left) = (0.0, 0.0);
    for (at, (far, mic)) in far.chunks_exact(STEP).zip(mic.chunks_exact(STEP)).enumerate() {
        let mut frame: [f32; STEP] = mic.try_into().unwrap();
        let before = energy_of(&frame);
        kalman.process(far.try_into().unwrap(), &mut frame);
        if at >= 600 {
            heard += before / 2.0;
            left += energy(kalman.filter.linear().error);
        }
    }
    assert!(10.0 * (heard / left).log10() > 18.0, "{} dB", 10.0 * (heard / left).log10());
}

fn energy_of(frame: &[f32]) -> f32 {
    frame.iter().map(|sample| sample * sample).sum()
}

#[test]
fn both_sides_at_once_leave_the_near_one_whole() {
    let (far, near) = (far_voice(14), near_voice(14));
    let echo = room(&far, 2_000, 3, 0.5);
    let mut near = near.iter().map(|sample| 0.5 * sample).collect::<Vec<_>>();
    near[..6 * SECOND].fill(0.0);
    let mic = hiss(&add(&echo, &near));
    let mut kalman = Kalman::new();
    let out = run(&mut kalman, &far, &mic);
    let (said, heard) = (&near[7 * SECOND..], &out[7 * SECOND..]);
    let level = decibels(heard) - decibels(said);
    assert!(level.abs() < 2.0, "{level} dB");
    assert!(likeness(said, heard) > 0.9, "{}", likeness(said, heard));
    assert!(likeness(&mic[7 * SECOND..], &mic[7 * SECOND..]) < 0.9, "the measure sees a delay");
}

#[test]
fn somebody_who_speaks_is_noticed_and_the_echo_is_nobody() {
    let far = far_voice(14);
    let mut near = near_voice(14);
    near[..10 * SECOND].fill(0.0);
    let mic = hiss(&add(&room(&far, 2_000, 3, 0.5), &near));
    let mut kalman = Kalman::new();
    let mut noticed = [0; 2];
    for (at, (far, mic)) in far.chunks_exact(STEP).zip(mic.chunks_exact(STEP)).enumerate() {
        let mut frame: [f32; STEP] = mic.try_into().unwrap();
        let sure = kalman.process(far.try_into().unwrap(), &mut frame).near > 0.5;
        if at >= 600 {
            noticed[usize::from(at >= 1_000)] += usize::from(sure);
        }
    }
    assert!(noticed[0] < 20, "{noticed:?}");
    assert!(noticed[1] > 150, "{noticed:?}");
}

#[test]
fn the_first_words_alone_are_nobody() {
    let far = far_voice(5);
    for (delay, gain) in [(500, 0.5), (2_000, 1.5), (9_000, 0.5), (16_000, 0.2)] {
        let mic = hiss(&room(&far, delay, 3, gain));
        let mut kalman = Kalman::new();
        let (mut before, mut after) = (0.0, 0.0);
        for (at, (far, mic)) in far.chunks_exact(STEP).zip(mic.chunks_exact(STEP)).enumerate() {
            let mut frame: [f32; STEP] = mic.try_into().unwrap();
            let near = kalman.process(far.try_into().unwrap(), &mut frame).near;
            if (30..400).contains(&at) {
                assert!(near < 0.1, "{near} at step {at}, echo after {delay} samples");
                before += energy_of(mic);
                after += energy_of(&frame);
            }
        }
        let down = 10.0 * (before / after).log10();
        assert!(down > 30.0, "{down} dB, echo after {delay} samples");
    }
}

#[test]
fn a_step_allocates_nothing() {
    let far = far_voice(4);
    let mic = hiss(&room(&far, 9_000, 3, 0.5));
    let mut kalman = Kalman::new();
    let mut out = Vec::with_capacity(mic.len());
    let before = counting::calls();
    for (far, mic) in far.chunks_exact(STEP).zip(mic.chunks_exact(STEP)) {
        let mut frame: [f32; STEP] = mic.try_into().unwrap();
        kalman.process(far.try_into().unwrap(), &mut frame);
        out.extend(frame);
    }
    assert_eq!(counting::calls() - before, 0);
    assert!(kalman.found.is_some(), "the delay was looked for, and the filter moved");
    drop(std::hint::black_box(vec![0u8; 100]));
    assert!(counting::calls() - before >= 2, "the counter counts");
}

/// An allocator that counts what each thread asks of it.
#[cfg_attr(
    windows,
    expect(
        clippy::missing_const_for_thread_local,
        reason = "it is const; the lint misreads what the macro makes of it there"
    )
)]
mod counting {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    struct Counting;

    thread_local! {
        static CALLS: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn calls() -> u64 {
        CALLS.with(Cell::get)
    }

    #[expect(unsafe_code, reason = "an allocator cannot be written without")]
    // SAFETY: everything is handed on to the system's allocator unchanged.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            CALLS.with(|calls| calls.set(calls.get() + 1));
            // SAFETY: the caller keeps the contract of `alloc`.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            CALLS.with(|calls| calls.set(calls.get() + 1));
            // SAFETY: the caller keeps the contract of `dealloc`.
            unsafe { System.dealloc(pointer, layout) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;
}

#[test]
fn a_quiet_loudspeaker_leaves_the_voice_alone() {
    let mic = near_voice(6);
    let out = run(&mut Kalman::new(), &vec![0.0; mic.len()], &mic);
    assert!(down(&mic, &out, 1, 6).abs() < 0.5, "{} dB", down(&mic, &out, 1, 6));
    // What is above 12 kHz in this voice is missing.
    assert!(likeness(&mic, &out) > 0.93, "{}", likeness(&mic, &out));
}

#[test]
fn another_path_is_learned_again() {
    let far = far_voice(12);
    let (before, after) = (room(&far, 2_000, 3, 0.5), room(&far, 2_000, 77, 0.5));
    let mic = hiss(&[&before[..6 * SECOND], &after[6 * SECOND..]].concat());
    let out = run(&mut Kalman::new(), &far, &mic);
    assert!(down(&mic, &out, 8, 12) > 25.0, "{} dB", down(&mic, &out, 8, 12));
}

#[test]
fn a_jump_of_the_delay_is_followed() {
    let far = far_voice(12);
    let (before, after) = (room(&far, 2_000, 3, 0.5), room(&far, 19_000, 3, 0.5));
    let mic = hiss(&[&before[..6 * SECOND], &after[6 * SECOND..]].concat());
    let mut kalman = Kalman::new();
    let out = run(&mut kalman, &far, &mic);
    assert!(down(&mic, &out, 8, 12) > 25.0, "{} dB", down(&mic, &out, 8, 12));
    let found = kalman.found.unwrap();
    assert!(found.abs_diff(9_500) < JUMP, "{found} samples");
}

#[test]
fn two_clocks_are_told_apart() {
    let far = far_voice(20);
    let echo = room(&far, 2_000, 3, 0.5);
    // A microphone that is 80 ppm slow hears everything earlier and earlier.
    let drifting: Vec<f32> = (0..far.len() - 200)
        .map(|at| {
            let place = at as f64 * (1.0 + 80e-6);
            let (whole, part) = (place as usize, (place % 1.0) as f32);
            echo[whole] * (1.0 - part) + echo[whole + 1] * part
        })
        .collect();
    let mic = hiss(&drifting);
    let mut kalman = Kalman::new();
    let out = run(&mut kalman, &far, &mic);
    let ppm = kalman.reference.pace() * 1e6;
    assert!((ppm - 80.0).abs() < 15.0, "{ppm} ppm");
    assert!(down(&mic, &out, 15, 19) > 28.0, "{} dB", down(&mic, &out, 15, 19));
}

#[test]
fn silence_stays_silence() {
    let quiet = vec![0.0; 3 * SECOND];
    assert!(run(&mut Kalman::new(), &quiet, &quiet).iter().all(|&sample| sample.abs() < 1e-6));
}

#[test]
fn what_is_no_sound_does_no_lasting_harm() {
    let far = far_voice(8);
    let mut mic = hiss(&room(&far, 2_000, 3, 0.5));
    let mut broken = far;
    for (at, bad) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX].into_iter().enumerate() {
        broken[SECOND + at * 5_000] = bad;
        mic[SECOND + 2_000 + at * 7_000] = bad;
    }
    let out = run(&mut Kalman::new(), &broken, &mic);
    assert!(out.iter().all(|sample| sample.is_finite()));
    assert!(down(&mic, &out, 6, 8) > 25.0, "{} dB", down(&mic, &out, 6, 8));
}

#[test]
fn with_headphones_a_voice_over_the_far_side_passes_whole() {
    let far = far_voice(12);
    let near = near_voice(12);
    let mic = hiss(&near);
    let out = run(&mut Kalman::new(), &far, &mic);
    assert!(down(&mic, &out, 4, 12).abs() < 1.5, "{} dB", down(&mic, &out, 4, 12));
    let alike = likeness(&near[4 * SECOND..], &out[4 * SECOND..]);
    assert!(alike > 0.9, "{alike}");
}

#[test]
fn an_echo_that_begins_when_the_headphones_come_off_is_taken_out() {
    let far = far_voice(20);
    let echo = room(&far, 2_000, 3, 0.5);
    let mut mic = hiss(&vec![0.0; far.len()]);
    for at in 8 * SECOND..mic.len() {
        mic[at] += echo[at];
    }
    let out = run(&mut Kalman::new(), &far, &mic);
    assert!(down(&mic, &out, 12, 20) > 25.0, "{} dB", down(&mic, &out, 12, 20));
}
