//! Where the profiles' secrets are, and what the window is told of the keychain.

use std::time::Duration;

use realtime::{Caller, Profile};
use secrecy::SecretString;

use super::backends::uses_proxy_password;
use super::{App, Done, unsaved};
use crate::keychain::Errand;
use crate::profiles::{accounts, proxy_account};
use crate::running::Secrets;
use crate::view::AppEvent;

/// How often a keychain is looked for that did not take a secret.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl App {
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

    async fn secrets_landed(&self, accounts: &[String]) {
        let mut inner = self.inner.lock().await;
        if let Err(error) = inner.profiles.note_kept(accounts) {
            tracing::warn!(%error, "which secrets the keychain holds could not be saved");
        }
        self.tell_profiles(&inner);
    }

    /// Whoever waits for the keychain goes on without it.
    pub(crate) fn give_up_keychain(&self) {
        self.keychain.give_up();
    }

    /// Puts what was kept of a profile for this run into the keychain.
    pub(crate) async fn save_secret(&self, id: &str) -> Done {
        let waiting = accounts(id).into_iter().filter(|account| self.keychain.is_for_this_run(account));
        let waiting: Vec<_> = waiting.collect();
        for account in &waiting {
            self.keychain.keep_now(account).await.map_err(|error| error.problem(Errand::Keep))?;
        }
        let mut inner = self.inner.lock().await;
        inner.profiles.note_kept(&waiting).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        Ok(())
    }

    pub(super) async fn secrets_of(&self, profile: &Profile) -> Done<Secrets> {
        self.completed(profile, Secrets::default()).await
    }

    /// What was typed, and what is kept where nothing was.
    pub(super) async fn completed(&self, profile: &Profile, typed: Secrets) -> Done<Secrets> {
        let find = async |account: &str, used: bool, typed: Option<SecretString>| {
            if typed.is_some() || !used || profile.id.is_empty() {
                return Ok(typed);
            }
            self.keychain.find(account).await.map_err(|error| error.problem(Errand::Find))
        };
        let Secrets { caller, proxy_password } = typed;
        Ok(Secrets {
            caller: find(&profile.id, profile.caller != Caller::Open, caller).await?,
            proxy_password: find(&proxy_account(&profile.id), uses_proxy_password(profile), proxy_password)
                .await?,
        })
    }

    /// A profile that is gone must not keep its secret; where the keychain does not answer, it stays.
    pub(super) async fn erase_secret(&self, account: &str) {
        let kept = self.inner.lock().await.profiles.is_kept(account);
        if (kept || self.keychain.is_for_this_run(account))
            && let Err(error) = self.keychain.erase(account).await
        {
            tracing::warn!(%error, "a secret could not be taken out of the keychain");
        }
    }
}
