//! The echo canceller's place in the chain.

use crate::STEP;

/// Takes the loudspeaker's sound out of the microphone's.
///
/// Both methods get 10 ms (480 samples, mono, 48 kHz). The order of the calls is the order of the
/// sound: everything the loudspeaker's callback has handed to the device comes before the
/// microphone's sound that can contain its echo. Today nothing is cancelled: what comes in goes out.
#[derive(Debug, Default)]
pub(crate) struct Canceller;

impl Canceller {
    /// What the device was really given to play: after volume, with every silence and every flush.
    pub(crate) fn reference(&mut self, frame: &[f32]) {
        debug_assert_eq!(frame.len(), STEP);
    }

    /// What the microphone heard; changed in place.
    pub(crate) fn capture(&mut self, frame: &mut [f32]) {
        debug_assert_eq!(frame.len(), STEP);
    }
}
