//! How the server is told to tell that your turn has begun and ended.

use realtime::TurnDetection;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How much of what came before the first loud sound belongs to your turn, in ms (xAI realtime
/// guide: default 333).
const PREFIX_MS: u32 = 333;

/// How long the agent waits, and how loud a sound must be before it listens. Values outside their
/// range count as the nearest inside it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Patience {
    /// How long you may pause before your turn is over, in ms: 0 to 10,000.
    pub silence_ms: u32,
    /// How loud speech must be, on the server's scale: 0.1 to 0.9 (xAI realtime guide: default 0.85).
    pub threshold: f64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence_ms: 600, threshold: 0.85 }
    }
}

impl Patience {
    pub(crate) fn silence_ms(self) -> u32 {
        self.silence_ms.min(10_000)
    }

    fn threshold(self) -> f64 {
        if self.threshold.is_finite() { self.threshold.clamp(0.1, 0.9) } else { Self::default().threshold }
    }

    /// The level that the threshold stands for, in dBFS: -56 at 0.1, -37 at 0.85, -36 at 0.9. xAI does
    /// not publish its scale; this is the practice agent's, and near enough to draw.
    pub(crate) fn level_dbfs(self) -> f32 {
        (-58.5 + 25.0 * self.threshold()) as f32
    }

    pub(crate) fn turn_detection(self) -> TurnDetection {
        TurnDetection::ServerVad {
            threshold: Some(self.threshold()),
            silence_duration_ms: Some(self.silence_ms()),
            prefix_padding_ms: Some(PREFIX_MS),
            idle_timeout_ms: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_wires_ranges_is_asked_for() {
        for (given, wanted) in [(-1.0, 0.1), (0.0, 0.1), (0.5, 0.5), (7.0, 0.9), (f64::NAN, 0.85)] {
            let patience = Patience { silence_ms: u32::MAX, threshold: given };
            let TurnDetection::ServerVad { threshold, silence_duration_ms, .. } = patience.turn_detection()
            else {
                panic!("{patience:?} is for the server")
            };
            assert_eq!((threshold, silence_duration_ms), (Some(wanted), Some(10_000)), "{given}");
        }
    }

    #[test]
    fn a_higher_threshold_is_a_louder_level() {
        let level = |threshold| Patience { threshold, ..Patience::default() }.level_dbfs();
        assert!((level(0.1) + 56.0).abs() < 0.01 && (level(0.9) + 36.0).abs() < 0.01);
        assert!(level(0.5) < level(0.6));
    }
}
