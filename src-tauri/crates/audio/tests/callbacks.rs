//! A device callback allocates nothing, whatever it is asked: proved with an allocator that counts.
#![cfg_attr(
    windows,
    expect(
        clippy::missing_const_for_thread_local,
        reason = "it is const; the lint misreads what the macro makes of it there"
    )
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use audio::ring;

struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
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

fn allocations(work: impl FnOnce()) -> u64 {
    let before = CALLS.with(Cell::get);
    work();
    CALLS.with(Cell::get) - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(vec![0u8; 100]))) >= 2);
}

#[test]
fn the_microphone_callback_allocates_nothing_even_when_nobody_reads() {
    let (mut end, _lane, _) = ring::capture(48_000, 2);
    let (floats, shorts) = ([0.1f32; 960], [100i16; 24]);
    let many = [cpal::I24::new_unchecked(5); 960];
    let count = allocations(|| {
        for _ in 0..1_000 {
            end.take(&floats, Duration::ZERO);
            end.take(&shorts, Duration::ZERO);
            end.take_24(&many, Duration::ZERO);
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn the_loudspeaker_callback_allocates_nothing_dry_full_or_flushed() {
    let (mut end, mut lane, _) = ring::playback(48_000, 2);
    let (mut floats, mut shorts) = ([0.0f32; 960], [0i16; 24]);
    let count = allocations(|| {
        for round in 0..1_000 {
            for _ in 0..(round % 7) * 100 {
                lane.push(0.5);
            }
            if round % 5 == 0 {
                lane.flush();
            }
            end.give(&mut floats, Duration::from_millis(10));
            end.give(&mut shorts, Duration::ZERO);
        }
    });
    assert_eq!(count, 0);
}
