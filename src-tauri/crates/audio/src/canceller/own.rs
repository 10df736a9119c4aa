//! Our own echo canceller, with sonora's noise suppression behind it.

use super::sonora::Sonora;
use super::{Canceller, Step};
use crate::STEP;
use crate::kalman::Kalman;
use crate::port::EchoFigures;

/// Samples of the canceller's rate in one ms.
const PER_MS: f32 = 24.0;

pub(crate) struct Own {
    kalman: Kalman,
    reference: Step,
    noise: Option<Sonora>,
}

impl Own {
    pub(crate) fn new(noise: bool) -> Self {
        let noise = noise.then(|| Sonora::new(false, true, 0));
        Self { kalman: Kalman::new(), reference: [0.0; STEP], noise }
    }
}

impl Canceller for Own {
    fn reference(&mut self, frame: &Step) {
        self.reference = *frame;
    }

    fn capture(&mut self, frame: &mut Step) -> EchoFigures {
        let known = self.kalman.process(&self.reference, frame);
        if let Some(noise) = &mut self.noise {
            noise.capture(frame);
        }
        let Some(delay) = known.delay else { return EchoFigures::default() };
        EchoFigures {
            delay_ms: Some(delay as f32 / PER_MS),
            residual_likelihood: Some(known.echo),
            near_likelihood: Some(known.near),
            ..EchoFigures::default()
        }
    }
}
