//! What the commands act on: the profiles, the secrets, the one call and the window that watches.

mod secrets;
mod spending;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use audio::Trial;
use call::{Checkup, Command, Fault, Net, Problem, ProblemCode};
use history::{Calendar, History};
use realtime::{Caller, Profile};
use tauri::ipc::Channel;
use tokio::sync::{Mutex, MutexGuard, oneshot};

use crate::kept::KeptError;
use crate::keychain::{Keychain, Limits, System};
use crate::ledger::{Day, Ledger, unix_ms};
use crate::outbox::Outbox;
use crate::past;
use crate::profiles::{Profiles, accounts, proxy_account};
use crate::record::Recording;
use crate::running::{self, Running, Secrets};
use crate::settings::SettingsFile;
use crate::shared;
use crate::trials::{self, Trials};
use crate::trouble::{put_aside, trouble};
use crate::view::{
    AppEvent, AppSnapshot, CheckTarget, Imported, Keeping, ProfileDraft, ProfileView, SecretState, Settings,
    Target,
};

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
            troubles: self.troubles.clone(),
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
            if let Some(running) = &inner.call
                && running.is_live().await
            {
                return Err(trials::in_a_call());
            }
            inner.trials.begin()
        };
        let _turn = self.turn.lock().await;
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
        let Some(id) = self.inner.lock().await.recorded() else { return Ok(None) };
        let Ok(history) = &self.history else { return Ok(None) };
        past::export(history, &id, choose).await
    }

    /// Takes the call that is over out of the history.
    pub(crate) async fn delete_call(&self) -> Done {
        let Ok(history) = &self.history else { return Ok(()) };
        let Some(id) = self.inner.lock().await.stop_recording() else { return Ok(()) };
        past::delete(history, &id).await?;
        self.inner.lock().await.forget(&id);
        Ok(())
    }

    /// Tries a backend out and tells `window` each step; nothing when it was stopped. One check runs at a
    /// time: the next stops the one before.
    pub(crate) async fn check(&self, target: CheckTarget, window: Channel<Checkup>) -> Done<Option<Checkup>> {
        let (stop, stopped) = oneshot::channel();
        self.inner.lock().await.checking = Some(stop);
        let line = match target {
            CheckTarget::Practice => running::practice().await?,
            CheckTarget::Profile { draft: ProfileDraft { profile, secret, proxy_password } } => {
                let typed = Secrets { caller: secret, proxy_password };
                let secrets = self.completed(&profile, typed).await?;
                running::backend(profile, secrets)
            }
        };
        Ok(line.check(&self.net, stopped, window).await)
    }

    pub(crate) async fn stop_check(&self) {
        self.inner.lock().await.checking = None;
    }

    pub(crate) async fn save_profile(&self, draft: ProfileDraft) -> Done<String> {
        let ProfileDraft { mut profile, secret, proxy_password } = draft;
        call::check_addresses(&profile)?;
        if let Some(secret) = &secret {
            call::check_secret(&profile, secret)?;
        }
        if let Some(password) = &proxy_password {
            call::check_proxy_password(&profile, password)?;
        }
        if profile.id.is_empty() {
            profile.id = uuid::Uuid::new_v4().to_string();
        }
        let id = profile.id.clone();
        let mut kept = Vec::new();
        for (account, used, secret) in [
            (id.clone(), profile.caller != Caller::Open, secret),
            (proxy_account(&id), uses_proxy_password(&profile), proxy_password),
        ] {
            if !used {
                self.erase_secret(&account).await;
                kept.push((account, false));
            } else if let Some(secret) = secret {
                let result = self.keychain.keep(&account, secret).await;
                if let Err(error) = &result {
                    tracing::warn!(%error, "a secret is kept for this run only");
                }
                kept.push((account, result.is_ok()));
            }
        }
        let mut inner = self.inner.lock().await;
        inner.profiles.put(profile, &kept).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        Ok(id)
    }

    pub(crate) async fn delete_profile(&self, id: &str) -> Done {
        for account in accounts(id) {
            self.erase_secret(&account).await;
        }
        let mut inner = self.inner.lock().await;
        inner.profiles.remove(id).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        Ok(())
    }

    /// A copy under another name, without the secret: that belongs to one caller.
    pub(crate) async fn duplicate_profile(&self, id: &str) -> Done<String> {
        let mut inner = self.inner.lock().await;
        let profile = inner.profile(id)?;
        let copies = shared::fresh(vec![profile], inner.profiles.all());
        let id = copies.first().map(|copy| copy.id.clone()).unwrap_or_default();
        inner.profiles.add(copies).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        Ok(id)
    }

    /// Writes every profile, without secrets, into the file that `choose` names, given a name for it.
    pub(crate) async fn export_profiles<F>(&self, choose: impl FnOnce(String) -> F) -> Done<Option<PathBuf>>
    where
        F: Future<Output = Option<PathBuf>>,
    {
        let text = shared::text(self.inner.lock().await.profiles.all());
        let Some(path) = choose(shared::FILE_NAME.to_owned()).await else { return Ok(None) };
        past::write(&path, &text, "list of backends").await?;
        Ok(Some(path))
    }

    /// Adds the profiles of such a file; all of them, or none and the reason.
    pub(crate) async fn import_profiles(&self, path: &Path) -> Done<Imported> {
        let found = shared::read(path).await?;
        let mut inner = self.inner.lock().await;
        let profiles = shared::fresh(found, inner.profiles.all());
        let imported = Imported {
            names: profiles.iter().map(|profile| profile.name.clone()).collect(),
            secrets_missing: profiles
                .iter()
                .filter(|profile| profile.caller != Caller::Open || uses_proxy_password(profile))
                .count(),
        };
        inner.profiles.add(profiles).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        Ok(imported)
    }

    pub(crate) async fn set_active(&self, id: &str) -> Done {
        let mut inner = self.inner.lock().await;
        inner.profile(id)?;
        inner.profiles.choose(id).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
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

    fn tell_profiles(&self, inner: &Inner) {
        let profiles = self.views(&inner.profiles);
        inner.tell(AppEvent::Profiles { profiles, active: inner.profiles.active().map(str::to_owned) });
    }

    fn views(&self, profiles: &Profiles) -> Vec<ProfileView> {
        let state = |account: &str, used: bool| match used {
            false => SecretState::None,
            true if self.keychain.is_for_this_run(account) => SecretState::ThisRun,
            true if profiles.is_kept(account) => SecretState::Keychain,
            true => SecretState::None,
        };
        let view = |profile: &Profile| ProfileView {
            profile: profile.clone(),
            secret: state(&profile.id, profile.caller != Caller::Open),
            proxy_password: state(&proxy_account(&profile.id), uses_proxy_password(profile)),
        };
        profiles.all().iter().map(view).collect()
    }
}

impl Inner {
    fn profile(&self, id: &str) -> Done<Profile> {
        self.profiles.find(id).cloned().ok_or_else(|| Problem {
            code: ProblemCode::Profile,
            fault: Fault::Profile,
            message: "That backend is not known any more.".into(),
            cure: "Choose another, or connect it again.".into(),
            detail: None,
        })
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

/// A proxy that knows its users by name also asks for a password.
fn uses_proxy_password(profile: &Profile) -> bool {
    !profile.proxy_user.trim().is_empty()
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
