//! The sound check: what is tried out without a call, and what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audio::{EngineOptions, Trial, TrialError};
use call::{Fault, Problem, ProblemCode};
use tokio::sync::Mutex;

use crate::app::Inner;
use crate::trouble::trouble;
use crate::view::{AppEvent, TrialState, TrialView};

/// What is known of every trial; at most one runs.
#[derive(Debug, Default)]
pub(crate) struct Trials {
    known: Vec<TrialView>,
    stop: Option<Arc<AtomicBool>>,
}

impl Trials {
    pub(crate) fn views(&self) -> Vec<TrialView> {
        self.known.clone()
    }

    /// Stops what runs. What is returned stops the one that is to come.
    pub(crate) fn begin(&mut self) -> Arc<AtomicBool> {
        self.stop();
        self.stop.insert(Arc::default()).clone()
    }

    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.store(true, Ordering::Relaxed);
        }
    }

    fn learn(&mut self, trial: Trial, state: Option<TrialState>) {
        self.known.retain(|view| view.trial != trial);
        self.known.extend(state.map(|state| TrialView { trial, state }));
    }
}

impl Inner {
    fn learn_trial(&mut self, trial: Trial, state: Option<TrialState>) {
        self.trials.learn(trial, state.clone());
        self.tell(AppEvent::Trial { trial, state });
    }
}

/// Tries one thing out to its end, telling the window how it goes.
pub(crate) async fn run(
    inner: Arc<Mutex<Inner>>,
    trial: Trial,
    options: EngineOptions,
    stop: Arc<AtomicBool>,
) {
    let watcher = inner.clone();
    let work = move || {
        let mut tell = |progress| {
            watcher.blocking_lock().learn_trial(trial, Some(TrialState::Running { progress }));
        };
        audio::try_out(trial, options, &practice::speech(), &stop, &mut tell)
    };
    let state = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(findings)) => Some(TrialState::Done { findings }),
        Ok(Err(error)) => problem(&error).map(|problem| TrialState::Failed { problem }),
        Err(error) => {
            let message = "The sound check broke off.";
            let problem = trouble(ProblemCode::Internal, message, "Try it again.", &error);
            Some(TrialState::Failed { problem })
        }
    };
    inner.lock().await.learn_trial(trial, state);
}

/// Nothing where the person stopped it.
fn problem(error: &TrialError) -> Option<Problem> {
    match error {
        TrialError::Device { direction, error } => Some(call::device_problem(*direction, error)),
        TrialError::NoAnswer(direction) => {
            let (code, name) = match direction {
                audio::Direction::Microphone => (ProblemCode::Microphone, "microphone"),
                audio::Direction::Speaker => (ProblemCode::Speaker, "loudspeaker"),
            };
            let message = format!("The {name} was opened, but nothing moves.");
            let cure = "Unplug it and plug it in again, or choose another one in the settings.";
            Some(trouble(code, &message, cure, error))
        }
        TrialError::Stopped => None,
    }
}

/// The call has the devices.
pub(crate) fn in_a_call() -> Problem {
    Problem {
        code: ProblemCode::Internal,
        fault: Fault::Computer,
        message: "A call is using the microphone and the loudspeaker.".into(),
        cure: "End the call, then try this.".into(),
        detail: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio::{DeviceError, Direction};

    #[test]
    fn the_next_trial_stops_the_one_before_and_nothing_else() {
        let mut trials = Trials::default();
        let first = trials.begin();
        let second = trials.begin();
        assert!(first.load(Ordering::Relaxed) && !second.load(Ordering::Relaxed));
        trials.stop();
        assert!(second.load(Ordering::Relaxed));
        assert!(!trials.begin().load(Ordering::Relaxed));
    }

    #[test]
    fn only_the_newest_of_a_trial_is_known_and_a_stopped_one_leaves_nothing() {
        let mut trials = Trials::default();
        let failed = || Some(TrialState::Failed { problem: in_a_call() });
        trials.learn(Trial::Echo, failed());
        trials.learn(Trial::Voice, failed());
        trials.learn(Trial::Echo, failed());
        assert_eq!(trials.views().len(), 2);
        trials.learn(Trial::Echo, None);
        assert_eq!(trials.views().iter().map(|view| view.trial).collect::<Vec<_>>(), [Trial::Voice]);
    }

    #[test]
    fn a_failure_names_the_device_and_a_stop_is_none() {
        assert_eq!(problem(&TrialError::Stopped), None);
        let lost =
            TrialError::Device { direction: Direction::Microphone, error: DeviceError::Denied("no".into()) };
        assert_eq!(problem(&lost).unwrap().code, ProblemCode::MicrophoneDenied);
        let dead = problem(&TrialError::NoAnswer(Direction::Speaker)).unwrap();
        assert!(dead.message.contains("loudspeaker") && dead.code == ProblemCode::Speaker);
    }
}
