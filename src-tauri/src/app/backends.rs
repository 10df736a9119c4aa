//! The backends that the app knows: kept, shared with others, chosen, tried out.

use std::path::{Path, PathBuf};

use call::{Checkup, Fault, Problem, ProblemCode};
use realtime::{Caller, Profile};
use tauri::ipc::Channel;
use tokio::sync::oneshot;

use super::{App, Done, Inner, unsaved};
use crate::keychain::Late;
use crate::profiles::{Holding, Profiles, accounts, proxy_account};
use crate::running::{self, Secrets};
use crate::view::{AppEvent, CheckTarget, Imported, ProfileDraft, ProfileView, SecretState};
use crate::{past, shared};

impl App {
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
        let (mut holdings, mut typed) = (Vec::new(), Vec::new());
        for (account, used, secret) in [
            (id.clone(), profile.caller != Caller::Open, secret),
            (proxy_account(&id), uses_proxy_password(&profile), proxy_password),
        ] {
            if !used {
                let holding = self.erase_secret(&account).await;
                holdings.push((account, holding));
            } else if let Some(secret) = secret {
                let holding = self.keep_secret(&account, secret).await;
                typed.push(account.clone());
                holdings.push((account, holding));
            }
        }
        let mut inner = self.inner.lock().await;
        for (account, holding) in &mut holdings {
            // While the other one was waited for, the keychain may have taken this one after all.
            if typed.contains(account) && !self.keychain.is_for_this_run(account) {
                *holding = Holding::Kept;
            }
        }
        inner.profiles.put(profile, &holdings).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        self.tell_troubles(&inner);
        Ok(id)
    }

    pub(crate) async fn delete_profile(&self, id: &str) -> Done {
        {
            let mut inner = self.inner.lock().await;
            self.note_late(&mut inner);
            // Known on disk before the keychain is asked: whatever becomes of that, nothing is forgotten there.
            let under_way = |account: &str| self.keychain.is_adrift(account);
            inner.profiles.remove(id, under_way).map_err(unsaved("profiles"))?;
            self.tell_profiles(&inner);
        }
        let mut erased = Vec::new();
        for account in accounts(id) {
            if self.erase_secret(&account).await == Holding::Nothing {
                erased.push(account);
            }
        }
        let mut inner = self.inner.lock().await;
        let gone = Late { kept: Vec::new(), erased };
        inner.profiles.note_late(&gone).map_err(unsaved("profiles"))?;
        self.tell_troubles(&inner);
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

    pub(super) fn tell_profiles(&self, inner: &Inner) {
        let profiles = self.views(&inner.profiles);
        inner.tell(AppEvent::Profiles { profiles, active: inner.profiles.active().map(str::to_owned) });
    }

    pub(super) fn tell_troubles(&self, inner: &Inner) {
        inner.tell(AppEvent::Troubles { troubles: self.troubles(inner) });
    }

    pub(super) fn views(&self, profiles: &Profiles) -> Vec<ProfileView> {
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
    pub(super) fn profile(&self, id: &str) -> Done<Profile> {
        self.profiles.find(id).cloned().ok_or_else(|| Problem {
            code: ProblemCode::Profile,
            fault: Fault::Profile,
            message: "That backend is not known any more.".into(),
            cure: "Choose another, or connect it again.".into(),
            detail: None,
        })
    }
}

/// A proxy that knows its users by name also asks for a password.
pub(super) fn uses_proxy_password(profile: &Profile) -> bool {
    !profile.proxy_user.trim().is_empty()
}
