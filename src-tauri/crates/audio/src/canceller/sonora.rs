//! sonora: a port of libwebrtc's audio processing (AEC3, noise suppression, AGC2).

use sonora::config::{AdaptiveDigital, EchoCanceller, GainController2, NoiseSuppression};
use sonora::{AudioProcessing, Config, StreamConfig};

use super::{Canceller, Step};
use crate::RATE_HZ;
use crate::port::EchoFigures;

const STREAM: StreamConfig = StreamConfig::new(RATE_HZ, 1);

/// Echo cancellation (AEC3) and noise suppression.
#[derive(Debug)]
pub(crate) struct Sonora {
    inner: AudioProcessing,
    echo: bool,
    discarded: Step,
}

impl Sonora {
    pub(crate) fn new(echo: bool, noise: bool, expected_ms: u32) -> Self {
        let config = Config {
            echo_canceller: echo.then(EchoCanceller::default),
            // Moderate: more takes from a voice what a recogniser would need.
            noise_suppression: noise.then(NoiseSuppression::default),
            ..Config::default()
        };
        let mut inner = build(config, echo);
        report(inner.set_stream_delay_ms(expected_ms as i32), "telling the expected delay");
        Self { inner, echo, discarded: [0.0; crate::STEP] }
    }

    fn figures(&self) -> EchoFigures {
        let said = self.inner.statistics();
        // Stays at 0 until AEC3 has something to say; bounded at 6 dB, so that it is no measure.
        let learnt = said.echo_return_loss_enhancement.is_some_and(|erle| erle > 0.0);
        if !self.echo || !learnt {
            return EchoFigures::default();
        }
        EchoFigures {
            delay_ms: said.delay_ms.map(|value| value as f32),
            residual_likelihood: said.residual_echo_likelihood.map(|value| value as f32),
            ..EchoFigures::default()
        }
    }
}

impl Canceller for Sonora {
    fn reference(&mut self, frame: &Step) {
        if self.echo {
            let done = self.inner.process_render_f32(&[frame], &mut [&mut self.discarded]);
            report(done, "taking the loudspeaker's sound as reference");
        }
    }

    fn capture(&mut self, frame: &mut Step) -> EchoFigures {
        let heard = *frame;
        let done = self.inner.process_capture_f32(&[&heard], &mut [frame]);
        report(done, "cleaning the microphone's sound");
        self.figures()
    }
}

/// Brings quiet voices up (AGC2), behind whichever canceller.
#[derive(Debug)]
pub(crate) struct Gain {
    inner: AudioProcessing,
}

impl Gain {
    pub(crate) fn new() -> Self {
        // Gentle: libwebrtc begins at +15 dB and goes to +50 dB, which lifts what is left of echo and
        // noise with the voice.
        let adaptive = AdaptiveDigital {
            initial_gain_db: 0.0,
            max_gain_db: 18.0,
            max_gain_change_db_per_second: 3.0,
            ..AdaptiveDigital::default()
        };
        let gain = GainController2 { adaptive_digital: Some(adaptive), ..GainController2::default() };
        Self { inner: build(Config { gain_controller2: Some(gain), ..Config::default() }, false) }
    }

    pub(crate) fn apply(&mut self, frame: &mut Step) {
        let heard = *frame;
        report(self.inner.process_capture_f32(&[&heard], &mut [frame]), "setting the microphone's gain");
    }
}

fn build(config: Config, echo_detector: bool) -> AudioProcessing {
    AudioProcessing::builder()
        .config(config)
        .capture_config(STREAM)
        .render_config(STREAM)
        .echo_detector(echo_detector)
        .build()
}

/// It refuses only formats, and ours never changes.
fn report(done: Result<(), sonora::Error>, what: &str) {
    if let Err(error) = done {
        tracing::error!(%error, "{what}");
    }
}
