//! How loud the echo is and how much of it is taken away, measured from outside the canceller.

use crate::port::EchoFigures;

/// Below this mean square the loudspeaker is as good as silent: -55 dBFS.
const ACTIVE: f32 = 3.2e-6;
/// Steps for which a room goes on sounding: 300 ms.
const LINGER: u32 = 30;
/// Steps over which the powers are smoothed: 1 s.
const SMOOTH: f32 = 100.0;
/// Keeps the ratio of digital silences in bounds: -96 dBFS.
const FLOOR: f32 = 2.5e-10;

/// Compares powers while the loudspeaker plays. A voice beside the echo makes both figures smaller
/// than they are: they are at their best while only the far side speaks.
#[derive(Debug, Default)]
pub(crate) struct EchoMeter {
    reference: f32,
    before: f32,
    after: f32,
    steps: u32,
    lingers: u32,
}

impl EchoMeter {
    /// The mean squares of one step: of the reference, and of the microphone before and after the
    /// canceller.
    pub(crate) fn note(&mut self, reference: f32, before: f32, after: f32) {
        self.lingers = if reference > ACTIVE { LINGER } else { self.lingers.saturating_sub(1) };
        if self.lingers == 0 {
            return;
        }
        self.steps = self.steps.saturating_add(1);
        let share = 1.0 / (self.steps as f32).min(SMOOTH);
        for (smooth, value) in
            [(&mut self.reference, reference), (&mut self.before, before), (&mut self.after, after)]
        {
            *smooth += (value - *smooth) * share;
        }
    }

    /// `said` with the two figures that are measured here.
    pub(crate) fn complete(&self, said: EchoFigures) -> EchoFigures {
        if (self.steps as f32) < SMOOTH {
            return said;
        }
        let ratio = |over: f32, under: f32| Some(10.0 * (over.max(FLOOR) / under.max(FLOOR)).log10());
        EchoFigures {
            return_loss_db: ratio(self.reference, self.before),
            enhancement_db: ratio(self.before, self.after),
            ..said
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_measured_while_the_loudspeaker_played_counts() {
        let mut meter = EchoMeter::default();
        (0..500).for_each(|_| meter.note(0.0, 0.5, 0.5));
        assert_eq!(meter.complete(EchoFigures::default()), EchoFigures::default());
        (0..200).for_each(|_| meter.note(0.1, 0.01, 0.000_01));
        (0..LINGER).for_each(|_| meter.note(0.0, 0.0, 0.0));
        (0..500).for_each(|_| meter.note(0.0, 0.5, 0.5));
        let figures = meter.complete(EchoFigures::default());
        assert!((figures.return_loss_db.unwrap() - 10.0).abs() < 1.0, "{figures:?}");
        assert!((figures.enhancement_db.unwrap() - 30.0).abs() < 0.1, "{figures:?}");
    }
}
