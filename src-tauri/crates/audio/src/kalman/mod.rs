//! An echo canceller of our own, made for double talk: a frequency-domain Kalman filter, which needs no
//! double-talk detector, and a suppressor that is gentle while the near end speaks.
//!
//! It works on blocks of 10 ms at 24 kHz, the rate of the wire: what is above 12 kHz is never sent.
//! What comes out is 11.3 ms late: a block for the suppressor's windows, the rest for the two filters
//! between 48 kHz and 24 kHz.

mod coherence;
mod delay;
mod drift;
mod fft;
mod filter;
mod floor;
mod halfband;
mod reference;
mod residual;
mod suppressor;

use delay::Delay;
use drift::Drift;
use fft::Fourier;
use filter::{Filter, Linear};
use halfband::Halfband;
use reference::Reference;
use suppressor::Suppressor;

/// Rate in Hz at which echo is cancelled.
const RATE_HZ: usize = 24_000;
/// Samples of 10 ms at [`RATE_HZ`].
const BLOCK: usize = 240;
/// Bins of a real transform over two blocks.
const BINS: usize = BLOCK + 1;
/// Where the echo is to begin in the filter, in samples: 3 ms.
const LEAD: usize = 72;
/// An echo that begins this far into the filter is left where it is: 40 ms.
const ROOMY: usize = 960;
/// A change of the delay by more than this is a jump, in samples: 2 ms.
const JUMP: usize = 48;
/// A first delay by more blocks than this finds nothing in the filter that is worth keeping.
const FAR_OFF: f64 = 10.0;
/// Blocks that may come out louder than they went in before the filter is made new.
const PATIENCE: usize = 12;
/// Blocks in which something is played before the filter is trusted: 1 s. Until then what is heard while
/// something is played is taken for its echo.
const SETTLING: usize = 100;
/// Blocks in which something is played and no echo of it is found, before it is taken that there is none,
/// as with headphones: 2 s.
const SEARCHED: usize = 200;
/// A filter that had to be made new so often, each time within 1.2 s of the last, follows no echo.
const LOST: usize = 4;
const RECENT: usize = 120;
/// Blocks for which the echo of a played block may last.
const LASTING: usize = 40;
/// Energy of a block in which something is played: -60 dBFS.
const PLAYED: f32 = 1e-6 * BLOCK as f32;
/// Samples beyond this are a fault of whoever gives them: full scale is 1.0.
const LOUDEST: f32 = 8.0;

/// What the canceller knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    /// From a reference until its echo comes, in samples at 24 kHz; `None` while unknown.
    pub(crate) delay: Option<usize>,
    /// How surely somebody speaks at the near end, 0.0 to 1.0.
    pub(crate) near: f32,
    /// The share of echo in what comes out, by power, 0.0 to 1.0.
    pub(crate) echo: f32,
}

/// Takes the loudspeaker's echo out of the microphone's sound, 10 ms at a time.
pub(crate) struct Kalman {
    fourier: Fourier,
    filter: Filter,
    reference: Reference,
    delay: Delay,
    drift: Drift,
    suppressor: Suppressor,
    found: Option<usize>,
    worse: usize,
    /// How often the filter was made new lately, and blocks since.
    lost: usize,
    since: usize,
    /// Blocks played since the filter was made new.
    played: usize,
    /// Blocks since the last one that was played.
    quiet: usize,
    far_down: Halfband,
    near_down: Halfband,
    near_up: Halfband,
}

impl Kalman {
    pub(crate) fn new() -> Self {
        Self {
            fourier: Fourier::new(),
            filter: Filter::new(),
            reference: Reference::new(),
            delay: Delay::new(),
            drift: Drift::new(),
            suppressor: Suppressor::new(),
            found: None,
            worse: 0,
            lost: 0,
            since: 0,
            played: 0,
            quiet: LASTING,
            far_down: Halfband::new(),
            near_down: Halfband::new(),
            near_up: Halfband::new(),
        }
    }

    /// Cleans `near` in place. Both are 10 ms at 48 kHz; the echo of `far` comes in this or a later
    /// call, up to 600 ms later. A step with a sample that is no
    /// number, or beyond all bounds, counts as silence. Allocates nothing.
    pub(crate) fn process(&mut self, far: &[f32; 2 * BLOCK], near: &mut [f32; 2 * BLOCK]) -> Figures {
        let (mut low_far, mut low_near, mut out) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        self.far_down.down(&sound(far), &mut low_far);
        self.near_down.down(&sound(near), &mut low_near);
        self.block(&low_far, &low_near, &mut out);
        self.near_up.up(&out, near);
        Figures { delay: self.found, near: self.suppressor.near(), echo: self.suppressor.share() }
    }

    fn block(&mut self, far: &[f32; BLOCK], near: &[f32; BLOCK], out: &mut [f32; BLOCK]) {
        self.reference.push(far);
        if let Some(lag) = self.delay.look(near, |into| self.reference.newest(into)) {
            self.align(lag);
        }
        if energy(far) > PLAYED {
            self.played = self.played.saturating_add(1);
            self.quiet = 0;
        } else {
            self.quiet = self.quiet.saturating_add(1);
        }
        self.reference.advance(&mut self.fourier);
        self.filter.run(&mut self.fourier, |back| self.reference.spectrum(back), near);
        let linear = self.filter.linear();
        let worse = energy(linear.error) > 2.0 * energy(near);
        let still = self.quiet > LASTING;
        let (linear, trusted) = if self.hears_no_echo() {
            self.delay.be_careful();
            // A filter that has nothing to find takes the near voice for it.
            (Linear { error: near, echo: &[0.0; BLOCK], doubt: &[0.0; BINS] }, true)
        } else {
            (linear, still || self.played > SETTLING)
        };
        self.suppressor.run(&mut self.fourier, linear, still, trusted, out);
        if let Some(pace) = self.drift.look(self.filter.weights()) {
            self.reference.set_pace(pace);
        }
        self.worse = if worse { self.worse + 1 } else { self.worse.saturating_sub(1) };
        if self.worse > PATIENCE {
            self.filter.reset();
            self.drift.restart();
            self.worse = 0;
            self.lose();
        }
        self.since = self.since.saturating_add(1);
    }

    /// The filter was made new. It learns again, unless what it was to follow proves to be no echo.
    fn lose(&mut self) {
        self.lost = if self.since < RECENT { self.lost + 1 } else { 1 };
        self.since = 0;
        if self.found.is_none() {
            return;
        }
        self.played = 0;
        if self.lost >= LOST {
            self.lost = 0;
            self.found = None;
            self.delay.forget();
            self.played = SEARCHED + 1;
        }
    }

    /// Enough was played to find its echo, and none was found.
    fn hears_no_echo(&self) -> bool {
        self.found.is_none() && self.played > SEARCHED
    }

    /// Brings an echo that is `lag` samples behind the reference into the filter's reach.
    fn align(&mut self, lag: usize) {
        if self.hears_no_echo() {
            // The filter knows nothing of an echo that has only begun.
            self.played = 0;
        }
        let before = self.found.replace(lag);
        let delay = self.reference.delay();
        let wanted = lag.saturating_sub(LEAD) as f64;
        let into = lag as f64 - delay;
        if let Some(before) = before.filter(|before| before.abs_diff(lag) > JUMP) {
            // The room has stayed: what the filter knows of it is kept, to the sample.
            let moved = lag as f64 - before as f64;
            self.reference.set_delay(delay + moved, &mut self.fourier);
            self.filter.loosen();
        } else if into < LEAD as f64 / 2.0 || into > ROOMY as f64 {
            let blocks = ((wanted - delay) / BLOCK as f64).floor();
            if before.is_none() && blocks.abs() > FAR_OFF {
                self.reference.set_delay(wanted, &mut self.fourier);
                self.filter.reset();
                self.played = 0;
            } else {
                self.reference.set_delay(delay + blocks * BLOCK as f64, &mut self.fourier);
                self.filter.shift(-blocks as isize);
            }
        } else {
            return;
        }
        self.drift.restart();
    }
}

fn energy(block: &[f32; BLOCK]) -> f32 {
    block.iter().map(|sample| sample * sample).sum()
}

/// A step with something in it that no device gives would be taken for a sure sign of the path.
fn sound(samples: &[f32; 2 * BLOCK]) -> [f32; 2 * BLOCK] {
    if samples.iter().all(|sample| sample.abs() <= LOUDEST) { *samples } else { [0.0; 2 * BLOCK] }
}

#[cfg(test)]
mod tests;
