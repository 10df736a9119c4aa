//! What the commands act on: the profiles, the secrets, the one call and the window that watches.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use audio::Trial;
use call::{Command, Fault, Net, Problem, ProblemCode};
use history::History;
use realtime::{Caller, Profile};
use secrecy::SecretString;
use tauri::ipc::Channel;
use tokio::sync::{Mutex, MutexGuard};

use crate::kept::KeptError;
use crate::keychain::{Errand, Keychain, Limits, System};
use crate::past;
use crate::profiles::Profiles;
use crate::record::Recording;
use crate::running::{self, Running};
use crate::settings::SettingsFile;
use crate::shared;
use crate::trials::{self, Trials};
use crate::trouble::{put_aside, trouble};
use crate::view::{
    AppEvent, AppSnapshot, Check, Imported, Keeping, ProfileDraft, ProfileView, SecretState, Settings, Target,
};

/// How often a keychain is looked for that did not take a secret.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

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
    window: Option<Channel<AppEvent>>,
    pub(crate) trials: Trials,
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
            .map_err(|error| Keeping::lost(&error));
        let (profiles, no_profiles) = Profiles::open(&places.config.join("profiles.json"));
        let (settings, no_settings) = SettingsFile::open(&places.config.join("settings.json"));
        let troubles = [
            no_profiles.map(|aside| put_aside("backends", "Sidetone knows none of them now", &aside)),
            no_settings.map(|aside| put_aside("settings", "they are now as on the first day", &aside)),
        ];
        Ok(Self {
            keychain: Keychain::new(System, Limits::default()),
            net: Net::new()?,
            history: history.map(Arc::new),
            troubles: troubles.into_iter().flatten().collect(),
            turn: Mutex::new(()),
            inner: Arc::new(Mutex::new(Inner {
                profiles,
                settings,
                call: None,
                window: None,
                trials: Trials::default(),
            })),
        })
    }

    /// A window is there: it gets everything now and every change from now on.
    pub(crate) async fn subscribe(&self, channel: Channel<AppEvent>) -> AppSnapshot {
        let mut inner = self.inner.lock().await;
        inner.window = Some(channel);
        AppSnapshot {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            call: inner.watch().await,
            keeping: inner.call.as_ref().map(Running::keeping),
            profiles: self.views(&inner.profiles),
            active: inner.profiles.active().map(str::to_owned),
            keychain: self.keychain.news().borrow().clone(),
            settings: inner.settings.get().clone(),
            trials: inner.trials.views(),
            troubles: self.troubles.clone(),
        }
    }

    /// Tells the window of the keychain, for as long as the app runs. Apart from [`App::subscribe`],
    /// because a keychain may take seconds to answer and the window may not.
    pub(crate) async fn watch_keychain(&self) {
        tokio::join!(self.tell_keychain(), self.revisit_keychain());
    }

    async fn tell_keychain(&self) {
        let mut news = self.keychain.news();
        while news.changed().await.is_ok() {
            let keychain = news.borrow_and_update().clone();
            self.inner.lock().await.tell(AppEvent::Keychain { keychain });
        }
    }

    /// Looks again while something could be kept there, so that it is offered when the keychain is back.
    async fn revisit_keychain(&self) {
        self.keychain.look().await;
        loop {
            tokio::select! {
                landed = self.keychain.late() => {
                    if !landed.is_empty() {
                        self.secrets_landed(&landed).await;
                    }
                    self.keychain.look().await;
                }
                () = tokio::time::sleep(LOOK_AGAIN) => {
                    if self.keychain.holds_some_for_this_run() {
                        self.keychain.look().await;
                    }
                }
            }
        }
    }

    async fn secrets_landed(&self, ids: &[String]) {
        let mut inner = self.inner.lock().await;
        if let Err(error) = inner.profiles.note_kept(ids) {
            tracing::warn!(%error, "which secrets the keychain holds could not be saved");
        }
        self.tell_profiles(&inner);
    }

    /// Whoever waits for the keychain goes on without it.
    pub(crate) fn give_up_keychain(&self) {
        self.keychain.give_up();
    }

    /// Puts a secret that was kept for this run into the keychain.
    pub(crate) async fn save_secret(&self, id: &str) -> Done {
        self.keychain.keep_now(id).await.map_err(|error| error.problem(Errand::Keep))?;
        let mut inner = self.inner.lock().await;
        inner.profiles.note_kept(&[id.to_owned()]).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        Ok(())
    }

    pub(crate) async fn start_call(&self, target: Target) -> Done {
        let line = match target {
            Target::Practice => running::practice().await?,
            Target::Profile { id } => {
                let profile = self.inner.lock().await.profile(&id)?;
                let secret = self.secret_of(&profile).await?;
                running::backend(profile, secret)
            }
        };
        let _turn = self.take_turn().await;
        self.end_call().await;
        let mut inner = self.inner.lock().await;
        inner.call = Some(Running::start(line, inner.settings.get(), self.net.clone(), self.history.clone()));
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

    pub(crate) async fn check_profile(&self, draft: ProfileDraft) -> Done<Check> {
        let secret = match draft.secret {
            Some(secret) => Some(secret),
            None => self.secret_of(&draft.profile).await?,
        };
        Ok(match self.net.check(&draft.profile, secret).await {
            Ok(found) => Check::Passed { message: found.message, took_ms: found.took_ms },
            Err(problem) => Check::Failed { problem },
        })
    }

    pub(crate) async fn save_profile(&self, draft: ProfileDraft) -> Done<String> {
        let ProfileDraft { mut profile, secret } = draft;
        call::check_addresses(&profile)?;
        if profile.id.is_empty() {
            profile.id = uuid::Uuid::new_v4().to_string();
        }
        let id = profile.id.clone();
        let mut kept = None;
        if profile.caller == Caller::Open {
            self.erase_secret(&id).await;
            kept = Some(false);
        } else if let Some(secret) = secret {
            let result = self.keychain.keep(&id, secret).await;
            if let Err(error) = &result {
                tracing::warn!(%error, "a secret is kept for this run only");
            }
            kept = Some(result.is_ok());
        }
        let mut inner = self.inner.lock().await;
        inner.profiles.put(profile, kept).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        Ok(id)
    }

    pub(crate) async fn delete_profile(&self, id: &str) -> Done {
        self.erase_secret(id).await;
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
            secrets_missing: profiles.iter().filter(|profile| profile.caller != Caller::Open).count(),
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

    async fn secret_of(&self, profile: &Profile) -> Done<Option<SecretString>> {
        if profile.caller == Caller::Open || profile.id.is_empty() {
            return Ok(None);
        }
        self.keychain.find(&profile.id).await.map_err(|error| error.problem(Errand::Find))
    }

    /// A profile that is gone must not keep its secret; where the keychain does not answer, it stays.
    async fn erase_secret(&self, id: &str) {
        let kept = self.inner.lock().await.profiles.is_kept(id);
        if (kept || self.keychain.is_for_this_run(id))
            && let Err(error) = self.keychain.erase(id).await
        {
            tracing::warn!(%error, "a secret could not be taken out of the keychain");
        }
    }

    fn tell_profiles(&self, inner: &Inner) {
        let profiles = self.views(&inner.profiles);
        inner.tell(AppEvent::Profiles { profiles, active: inner.profiles.active().map(str::to_owned) });
    }

    fn views(&self, profiles: &Profiles) -> Vec<ProfileView> {
        let view = |profile: &Profile| {
            let secret = match profile.caller {
                Caller::Open => SecretState::None,
                _ if self.keychain.is_for_this_run(&profile.id) => SecretState::ThisRun,
                _ if profiles.is_kept(&profile.id) => SecretState::Keychain,
                _ => SecretState::None,
            };
            ProfileView { profile: profile.clone(), secret }
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
        if let Some(window) = &self.window
            && let Err(error) = window.send(event)
        {
            tracing::warn!(%error, "the window did not take an event");
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
