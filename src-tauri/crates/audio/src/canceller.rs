//! The boundary behind which the loudspeaker's sound is taken out of the microphone's.

mod own;
mod sonora;

use self::own::Own;
pub(crate) use self::sonora::Gain;
use self::sonora::Sonora;
use crate::STEP;
use crate::port::{EchoFigures, Processing};

/// 10 ms, mono, 48 kHz, between -1.0 and 1.0.
pub(crate) type Step = [f32; STEP];

/// Takes the echo, and noise if it is asked to, out of the microphone's sound.
///
/// The two methods are called in turn, [`Canceller::reference`] first, and the pairs keep step: the
/// echo of a reference comes in the same or a later capture, always after the same time, up to 500 ms
/// (see [`crate::alignment`]). A canceller is made new where that way changes for good.
pub(crate) trait Canceller: Send {
    /// What the loudspeaker's device was really given to play: after volume, with every silence and
    /// every flush.
    fn reference(&mut self, frame: &Step);

    /// What the microphone heard; cleaned in place. Gives what the canceller knows of the echo:
    /// [`EchoFigures::delay_ms`] counts from the reference of the same step, and the two ratios of
    /// powers are measured by others.
    fn capture(&mut self, frame: &mut Step) -> EchoFigures;
}

/// Leaves the sound alone, bit by bit.
#[derive(Debug)]
pub(crate) struct PassThrough;

impl Canceller for PassThrough {
    fn reference(&mut self, _: &Step) {}

    fn capture(&mut self, _: &mut Step) -> EchoFigures {
        EchoFigures::default()
    }
}

/// Who takes the echo out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EchoMethod {
    /// Our own Kalman filter, made for double talk.
    #[default]
    Kalman,
    /// AEC3 of libwebrtc, as sonora has it: to compare with.
    Sonora,
}

/// The canceller that does what `processing` asks of it. `expected_ms`: the delay of the echo behind
/// its reference, as far as the instants of the two devices tell it.
pub(crate) fn canceller(processing: Processing, method: EchoMethod, expected_ms: u32) -> Box<dyn Canceller> {
    match (processing, method) {
        (Processing { echo: false, noise: false, .. }, _) => Box::new(PassThrough),
        (Processing { echo: true, noise, .. }, EchoMethod::Kalman) => Box::new(Own::new(noise)),
        (Processing { echo, noise, .. }, _) => Box::new(Sonora::new(echo, noise, expected_ms)),
    }
}
