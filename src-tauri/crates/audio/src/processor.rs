//! Everything that is done to the microphone's sound, in steps of 10 ms.

use std::time::{Duration, Instant};

use crate::STEP;
use crate::alignment::{Alignment, LEAD_MS};
use crate::canceller::{Canceller, EchoMethod, Gain, Step, canceller};
use crate::echo_meter::EchoMeter;
use crate::error::DeviceError;
use crate::port::{EchoFigures, Processing};

/// The canceller with its reference beside it, and the gain behind it.
pub(crate) struct Processor {
    processing: Processing,
    method: EchoMethod,
    alignment: Alignment,
    canceller: Box<dyn Canceller>,
    meter: EchoMeter,
    gain: Option<Gain>,
}

impl Processor {
    /// # Errors
    /// [`DeviceError::Format`] where a resampler cannot be made.
    pub(crate) fn new(processing: Processing) -> Result<Self, DeviceError> {
        Self::with(processing, EchoMethod::default())
    }

    /// # Errors
    /// [`DeviceError::Format`] where a resampler cannot be made.
    pub(crate) fn with(processing: Processing, method: EchoMethod) -> Result<Self, DeviceError> {
        Ok(Self {
            processing,
            method,
            alignment: Alignment::new()?,
            canceller: canceller(processing, method, LEAD_MS),
            meter: EchoMeter::default(),
            gain: processing.gain.then(Gain::new),
        })
    }

    /// From the next step on. What a stage has learnt is kept while it is not touched.
    pub(crate) fn switch(&mut self, processing: Processing) {
        let before = std::mem::replace(&mut self.processing, processing);
        if (before.echo, before.noise) != (processing.echo, processing.noise) {
            self.renew();
        }
        if before.gain != processing.gain {
            self.gain = processing.gain.then(Gain::new);
        }
    }

    /// Another loudspeaker, or none: the way of the echo is another one.
    pub(crate) fn speaker_changed(&mut self) {
        self.alignment.speaker_changed();
        self.renew();
    }

    /// Another microphone, or none: its way and its noise are others.
    pub(crate) fn microphone_changed(&mut self) {
        self.alignment.microphone_changed();
        self.renew();
        self.gain = self.processing.gain.then(Gain::new);
    }

    /// The loudspeaker's callback of the instant `at` was given the sample at `position` of its stream
    /// (at 48 kHz), which is heard `latency` later.
    pub(crate) fn speaker_called(&mut self, position: f64, at: Instant, latency: Duration) {
        self.alignment.speaker_called(position, at, latency);
    }

    /// The microphone's callback of the instant `at` brought the sample at `position` of its stream
    /// (at 48 kHz), which was captured `latency` before.
    pub(crate) fn microphone_called(&mut self, position: f64, at: Instant, latency: Duration) {
        self.alignment.microphone_called(position, at, latency);
    }

    /// What was handed to the loudspeaker next: after volume, silences included (48 kHz).
    pub(crate) fn heard(&mut self, frame: &[f32]) {
        self.alignment.heard(frame);
    }

    /// The microphone's next 10 ms can be cleaned; false while a late loudspeaker is waited for.
    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        !self.processing.echo || self.alignment.is_ready(now)
    }

    /// The microphone's next 10 ms, cleaned in place.
    pub(crate) fn capture(&mut self, frame: &mut Step) -> EchoFigures {
        let mut reference = [0.0; STEP];
        for (sample, &aligned) in reference.iter_mut().zip(self.alignment.next()) {
            *sample = aligned;
        }
        let before = mean_square(frame);
        self.canceller.reference(&reference);
        let mut figures = self.canceller.capture(frame);
        if self.processing.echo {
            self.meter.note(mean_square(&reference), before, mean_square(frame));
            figures.delay_ms = figures.delay_ms.map(|behind| self.alignment.loop_ms(behind));
            figures = self.meter.complete(figures);
        }
        if let Some(gain) = &mut self.gain {
            gain.apply(frame);
        }
        figures
    }

    fn renew(&mut self) {
        self.canceller = canceller(self.processing, self.method, LEAD_MS);
        self.meter = EchoMeter::default();
    }
}

fn mean_square(frame: &Step) -> f32 {
    frame.iter().map(|sample| sample * sample).sum::<f32>() / frame.len() as f32
}

#[cfg(test)]
mod tests;
