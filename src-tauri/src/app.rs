//! What the commands act on: the profiles, the secrets, the one call and the window that watches.

mod backends;
mod secrets;
mod spending;

use std::path::PathBuf;
use std::sync::Arc;

use audio::Trial;
use call::{Command, Net, Problem, ProblemCode};
use history::{Calendar, History};
use tokio::sync::{Mutex, MutexGuard, oneshot};

use crate::kept::KeptError;
use crate::keychain::{Keychain, Limits, System};
use crate::ledger::{Day, Ledger, unix_ms};
use crate::outbox::Outbox;
use crate::past;
use crate::profiles::Profiles;
use crate::record::Recording;
use crate::running::{self, Running};
use crate::settings::SettingsFile;
use crate::trials::{self, Trials};
use crate::trouble::{put_aside, trouble};
use crate::view::{AppEvent, AppSnapshot, Keeping, Settings, Target};

/// Where the app keeps its files; given by the shell, so that a test can give another place.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) config: PathBuf,
    pub(crate) data: PathBuf,
}

pub(crate) struct App {
    keychain: Keychain,
    net: Net,
    /// Without it, when the database cannot be used, calls work and say that they are not kept.
    history: Result<Arc<History>, Keeping>,
    ledger: Ledger,
    /// What went wrong at the start.
    troubles: Vec<Problem>,
    /// Held while a call begins or is put away, so that two never share the devices. Taken before `inner`.
    turn: Mutex<()>,
    /// Held for moments only: never while the keychain, a backend, the disk or a person is waited for.
    inner: Arc<Mutex<Inner>>,
}

pub(crate) struct Inner {
    profiles: Profiles,
    settings: SettingsFile,
    call: Option<Running>,
    window: Option<Outbox>,
    /// What was last known to have been spent.
    day: Day,
    pub(crate) trials: Trials,
    /// Dropping it stops the check that runs.
    checking: Option<oneshot::Sender<()>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

type Done<T = ()> = Result<T, Problem>;

impl App {
    pub(crate) fn open(places: &Places) -> anyhow::Result<Self> {
        let history = History::open(&places.data.join("history.db"))
            .inspect_err(|error| tracing::error!(%error, "calls are not kept"))
            .map(Arc::new)
            .map_err(|error| Keeping::lost(&error));
        let ledger = Ledger::new(history.as_ref().ok().cloned(), unix_ms, Calendar::local);
        let day = ledger.read();
        let (profiles, no_profiles) = Profiles::open(&places.config.join("profiles.json"));
        let (settings, no_settings) = SettingsFile::open(&places.config.join("settings.json"));
        let troubles = [
            no_profiles.map(|aside| put_aside("backends", "Sidetone knows none of them now", &aside)),
            no_settings.map(|aside| put_aside("settings", "they are now as on the first day", &aside)),
        ];
        Ok(Self {
            keychain: Keychain::new(System, Limits::default()),
            net: Net::new()?,
            history,
            ledger,
            troubles: troubles.into_iter().flatten().collect(),
            turn: Mutex::new(()),
            inner: Arc::new(Mutex::new(Inner {
                profiles,
                settings,
                call: None,
                window: None,
                day,
                trials: Trials::default(),
                checking: None,
            })),
        })
    }

    /// A window is there: it gets everything now, and is rung for to [`App::news`] when that changes.
    pub(crate) async fn subscribe(&self, ring: impl Fn() + Send + Sync + 'static) -> AppSnapshot {
        let mut inner = self.inner.lock().await;
        if let Some(before) = inner.window.replace(Outbox::new(ring)) {
            before.close();
        }
        AppSnapshot {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            call: inner.watch().await,
            keeping: inner.call.as_ref().map(Running::keeping),
            profiles: self.views(&inner.profiles),
            active: inner.profiles.active().map(str::to_owned),
            keychain: self.keychain.news().borrow().clone(),
            settings: inner.settings.get().clone(),
            spending: inner.day.spending,
            trials: inner.trials.views(),
            troubles: self.troubles(&inner),
        }
    }

    /// What has changed since the window last asked; waits for something, but not for ever.
    pub(crate) async fn news(&self) -> Vec<AppEvent> {
        let window = self.inner.lock().await.window.clone();
        match window {
            Some(window) => window.fetch().await,
            None => Vec::new(),
        }
    }

    pub(crate) async fn start_call(&self, target: Target) -> Done {
        let line = match target {
            Target::Practice => running::practice().await?,
            Target::Profile { id } => {
                let profile = self.inner.lock().await.profile(&id)?;
                self.check_cap().await?;
                let secrets = self.secrets_of(&profile).await?;
                running::backend(profile, secrets)
            }
        };
        let _turn = self.take_turn().await;
        self.end_call().await;
        let mut inner = self.inner.lock().await;
        let spent = inner.day.spending.map_or(0.0, |spending| spending.today);
        let (net, history) = (self.net.clone(), self.history.clone());
        inner.call = Some(Running::start(line, inner.settings.get(), spent, net, history));
        let call = inner.watch().await;
        let keeping = inner.call.as_ref().map(Running::keeping);
        inner.tell(AppEvent::CallSnapshot { call });
        if let Some(keeping) = keeping {
            inner.tell(AppEvent::Keeping { keeping });
        }
        Ok(())
    }

    pub(crate) async fn command(&self, command: Command) -> Done {
        let inner = self.inner.lock().await;
        let Some(running) = &inner.call else { return Ok(()) };
        running
            .send(command)
            .await
            .map_err(|error| trouble(ProblemCode::Internal, "The call is gone.", "Start a new one.", &error))
    }

    /// Puts an ended call away; a running one is ended first.
    pub(crate) async fn clear_call(&self) {
        let _turn = self.take_turn().await;
        self.end_call().await;
        self.inner.lock().await.tell(AppEvent::CallSnapshot { call: None });
    }

    /// A trial that has the devices gives them up.
    async fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.inner.lock().await.trials.stop();
        self.turn.lock().await
    }

    /// Tries out a part of the sound, and returns when that is over; what comes of it is an event.
    pub(crate) async fn try_out(&self, trial: Trial) -> Done {
        let stop = {
            let mut inner = self.inner.lock().await;
            inner.refuse_in_a_call().await?;
            inner.trials.begin()
        };
        let _turn = self.turn.lock().await;
        // A call may have begun while the devices were waited for.
        self.inner.lock().await.refuse_in_a_call().await?;
        let options = running::options(self.inner.lock().await.settings.get());
        trials::run(self.inner.clone(), trial, options, stop).await;
        Ok(())
    }

    pub(crate) async fn stop_trial(&self) {
        self.inner.lock().await.trials.stop();
    }

    /// The window sees the call until it has ended; its last words may take the disk a while.
    async fn end_call(&self) {
        let running = self.inner.lock().await.call.take();
        if let Some(running) = running {
            running.end().await;
            self.look_at_spending().await;
        }
    }

    /// Writes the call that is over into a file that `choose` names. Nobody is waited for under the lock.
    pub(crate) async fn export_call<F>(&self, choose: impl FnOnce(String) -> F) -> Done<Option<PathBuf>>
    where
        F: Future<Output = Option<PathBuf>>,
    {
        let (id, money) = {
            let inner = self.inner.lock().await;
            let Some(id) = inner.recorded() else { return Ok(None) };
            (id, inner.settings.get().money.clone())
        };
        let Ok(history) = &self.history else { return Ok(None) };
        past::export(history, &id, &money, choose).await
    }

    /// Takes the call that is over out of the history.
    pub(crate) async fn delete_call(&self) -> Done {
        let Ok(history) = &self.history else { return Ok(()) };
        let Some(id) = self.inner.lock().await.stop_recording() else { return Ok(()) };
        past::delete(history, &id).await?;
        self.inner.lock().await.forget(&id);
        Ok(())
    }

    /// Keeps the settings and applies them to the running call.
    pub(crate) async fn save_settings(&self, settings: Settings) -> Done {
        let settings = Settings { money: settings.money.clone().checked()?, ..settings };
        let mut inner = self.inner.lock().await;
        let before = inner.settings.get().clone();
        inner.settings.put(settings.clone()).map_err(unsaved("settings"))?;
        if let Some(running) = &inner.call {
            for command in running::tuning(&before, &settings) {
                // A call that has just ended takes no more commands, and needs none.
                let _ = running.send(command).await;
            }
        }
        inner.tell(AppEvent::Settings { settings });
        Ok(())
    }

    /// The app is closing: the call ends, the last words are written.
    pub(crate) async fn close(&self) {
        let _turn = self.take_turn().await;
        self.end_call().await;
        if let Ok(history) = &self.history
            && let Err(error) = history.flush()
        {
            tracing::error!(%error, "the last words were not kept");
        }
    }
}

impl Inner {
    async fn refuse_in_a_call(&self) -> Done {
        match &self.call {
            Some(running) if running.is_live().await => Err(trials::in_a_call()),
            _ => Ok(()),
        }
    }

    async fn watch(&mut self) -> Option<call::Snapshot> {
        let window = self.window.clone();
        self.call.as_mut()?.watch(window).await
    }

    fn recording(&self) -> Option<&Recording> {
        self.call.as_ref()?.recording()
    }

    /// The current call's id in the history.
    fn recorded(&self) -> Option<String> {
        Some(self.recording()?.id().to_owned())
    }

    /// The same, and nothing more is written of it.
    fn stop_recording(&self) -> Option<String> {
        self.recording()?.stop();
        self.recorded()
    }

    /// The call was taken out of the history; by now another may be on the line.
    fn forget(&self, id: &str) {
        if let Some(recording) = self.recording().filter(|recording| recording.id() == id) {
            recording.deleted();
        }
    }

    pub(crate) fn tell(&self, event: AppEvent) {
        if let Some(window) = &self.window {
            window.put(event);
        }
    }
}

/// For a file of ours that could not be written; `what` is what it holds.
fn unsaved(what: &str) -> impl FnOnce(KeptError) -> Problem {
    let message = format!("Your {what} could not be saved.");
    move |error| {
        let cure = "Check that the disk has room and that the folder may be written to.";
        trouble(ProblemCode::Storage, &message, cure, &error)
    }
}

#[cfg(test)]
mod tests;
