//! Fourier transforms over two blocks, with every buffer made beforehand.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::{BINS, BLOCK};

pub(super) type Bins = [Complex32; BINS];
pub(super) const ZERO: Complex32 = Complex32::new(0.0, 0.0);

/// Transforms of `2 · BLOCK` samples to [`BINS`] bins, and back with the right level.
pub(super) struct Fourier {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    scratch: Vec<Complex32>,
}

impl Fourier {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(2 * BLOCK);
        let inverse = planner.plan_fft_inverse(2 * BLOCK);
        let scratch = vec![ZERO; forward.get_scratch_len().max(inverse.get_scratch_len())];
        Self { forward, inverse, scratch }
    }

    /// `block` is lost.
    pub(super) fn forward(&mut self, block: &mut [f32; 2 * BLOCK], bins: &mut Bins) {
        // It fails only on wrong lengths, which the types rule out.
        let _ = self.forward.process_with_scratch(block, bins, &mut self.scratch);
    }

    /// `bins` are lost.
    pub(super) fn inverse(&mut self, bins: &mut Bins, block: &mut [f32; 2 * BLOCK]) {
        // A real signal has no imaginary part at either end; rounding leaves one.
        bins[0].im = 0.0;
        bins[BINS - 1].im = 0.0;
        let _ = self.inverse.process_with_scratch(bins, block, &mut self.scratch);
        for sample in block.iter_mut() {
            *sample *= 1.0 / (2 * BLOCK) as f32;
        }
    }
}
