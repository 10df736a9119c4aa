//! Between 48 kHz and 24 kHz: a linear-phase low-pass of 63 taps, 0.65 ms each way.

const TAPS: usize = 63;

pub(super) struct Halfband {
    taps: [f32; TAPS],
    past: [f32; TAPS - 1],
}

impl Halfband {
    /// Cuts at 11.4 kHz, so that little folds back below 10.8 kHz.
    pub(super) fn new() -> Self {
        let middle = (TAPS - 1) as f32 / 2.0;
        let mut taps = std::array::from_fn(|at| {
            let turn = std::f32::consts::PI * (at as f32 - middle);
            let ideal = if turn == 0.0 { 0.475 } else { (0.475 * turn).sin() / turn };
            let place = std::f32::consts::TAU * at as f32 / (TAPS - 1) as f32;
            ideal * (0.42 - 0.5 * place.cos() + 0.08 * (2.0 * place).cos())
        });
        let sum: f32 = taps.iter().sum();
        taps.iter_mut().for_each(|tap| *tap /= sum);
        Self { taps, past: [0.0; TAPS - 1] }
    }

    /// Every second sample of the filtered input.
    pub(super) fn down<const IN: usize, const OUT: usize>(
        &mut self,
        samples: &[f32; IN],
        out: &mut [f32; OUT],
    ) {
        for (at, out) in out.iter_mut().enumerate() {
            let last = 2 * at;
            *out = (0..TAPS).map(|tap| self.taps[tap] * self.sample(samples, last, tap)).sum();
        }
        self.keep(samples);
    }

    /// Twice as many samples.
    pub(super) fn up<const IN: usize, const OUT: usize>(
        &mut self,
        samples: &[f32; IN],
        out: &mut [f32; OUT],
    ) {
        for (at, out) in out.iter_mut().enumerate() {
            let (last, first) = (at / 2, at % 2);
            *out = (first..TAPS)
                .step_by(2)
                .enumerate()
                .map(|(back, tap)| 2.0 * self.taps[tap] * self.sample(samples, last, back))
                .sum();
        }
        self.keep(samples);
    }

    fn sample(&self, samples: &[f32], last: usize, back: usize) -> f32 {
        if back <= last { samples[last - back] } else { self.past[TAPS - 1 + last - back] }
    }

    fn keep<const IN: usize>(&mut self, samples: &[f32; IN]) {
        let kept = TAPS - 1;
        if IN >= kept {
            self.past.copy_from_slice(&samples[IN - kept..]);
        }
    }
}
