//! Where the profiles' secrets are, and what the window is told of the keychain.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use call::{Fault, Problem, ProblemCode};
use realtime::{Caller, Profile};
use secrecy::SecretString;

use super::backends::uses_proxy_password;
use super::{App, Done, Inner, unsaved};
use crate::keychain::{Errand, Late};
use crate::profiles::{Holding, accounts, proxy_account};
use crate::running::Secrets;
use crate::view::{self, AppEvent};

/// How often a keychain is looked for that did not take a secret, or has one to give up.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Between two questions to a keychain that is there and gives up nothing.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

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
        let mut sweeps = Sweeps::default();
        self.sweep(&mut sweeps).await;
        loop {
            tokio::select! {
                () = self.keychain.late() => {
                    let mut inner = self.inner.lock().await;
                    self.note_late(&mut inner);
                    self.tell_troubles(&inner);
                    drop(inner);
                    self.keychain.look().await;
                }
                () = tokio::time::sleep(LOOK_AGAIN) => {
                    if self.keychain.holds_some_for_this_run() || self.has_some_to_erase().await {
                        self.keychain.look().await;
                    }
                }
            }
            self.sweep(&mut sweeps).await;
        }
    }

    async fn has_some_to_erase(&self) -> bool {
        !self.inner.lock().await.profiles.to_erase().is_empty()
    }

    /// Takes old secrets out of a keychain that is there again; what comes of it is told by
    /// [`App::note_late`]. One that refuses is asked less and less often: it may put up its dialog each time.
    async fn sweep(&self, sweeps: &mut Sweeps) {
        let accounts = self.inner.lock().await.profiles.to_erase().clone();
        let open = *self.keychain.news().borrow() == view::Keychain::Available;
        if open && sweeps.are_due(&accounts, Instant::now()) {
            for account in &accounts {
                self.keychain.sweep(account);
            }
        }
    }

    /// Keeps in mind what the keychain has done for those who had not waited.
    pub(super) fn note_late(&self, inner: &mut Inner) {
        let late = self.keychain.take_late();
        if late == Late::default() {
            return;
        }
        if let Err(error) = inner.profiles.note_late(&late) {
            tracing::warn!(%error, "which secrets the keychain holds could not be saved");
        }
        self.tell_profiles(inner);
    }

    /// What is wrong beside calls, for as long as it is.
    pub(super) fn troubles(&self, inner: &Inner) -> Vec<Problem> {
        // A secret that is on its way into the keychain takes the old one's place.
        let replaced =
            |account: &str| self.keychain.is_adrift(account) && self.keychain.is_for_this_run(account);
        let left = inner.profiles.to_erase().iter().filter(|account| !replaced(account)).count();
        self.troubles.iter().cloned().chain(secrets_left(left)).collect()
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
        let kept = Late { kept: waiting, erased: Vec::new() };
        inner.profiles.note_late(&kept).map_err(unsaved("profiles"))?;
        self.tell_profiles(&inner);
        self.tell_troubles(&inner);
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
            // What else the keychain has under that account is an old one.
            if !self.keychain.is_for_this_run(account) && !self.is_kept(account).await {
                return Ok(None);
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

    async fn is_kept(&self, account: &str) -> bool {
        let mut inner = self.inner.lock().await;
        self.note_late(&mut inner);
        inner.profiles.is_kept(account)
    }

    /// Whether the keychain has, or may yet be given, something under this account.
    async fn may_hold(&self, account: &str) -> bool {
        let under_way = self.keychain.is_adrift(account);
        let profiles = &self.inner.lock().await.profiles;
        under_way || profiles.is_kept(account) || profiles.is_to_erase(account)
    }

    /// Keeps a secret that was typed: in the keychain, or for this run where that does not take it.
    pub(super) async fn keep_secret(&self, account: &str, secret: SecretString) -> Holding {
        let held = self.may_hold(account).await;
        match self.keychain.keep(account, secret).await {
            Ok(()) => Holding::Kept,
            Err(error) => {
                tracing::warn!(%error, "a secret is kept for this run only");
                match held || self.keychain.is_adrift(account) {
                    true => Holding::ToErase,
                    false => Holding::Nothing,
                }
            }
        }
    }

    /// A profile that is gone, or shows no secret any more, must not keep one.
    pub(super) async fn erase_secret(&self, account: &str) -> Holding {
        let held = self.may_hold(account).await;
        if !held && !self.keychain.is_for_this_run(account) {
            return Holding::Nothing;
        }
        match self.keychain.erase(account).await {
            Err(error) if held => {
                tracing::warn!(%error, "a secret could not be taken out of the keychain yet");
                Holding::ToErase
            }
            Ok(()) | Err(_) => Holding::Nothing,
        }
    }
}

/// When a keychain that is there is asked once more to give up old secrets.
#[derive(Debug, Default)]
struct Sweeps {
    asked_for: BTreeSet<String>,
    times: u32,
    next: Option<Instant>,
}

impl Sweeps {
    /// At once, 20 s later, and then each time four times as late, up to an hour; anew for other accounts.
    fn are_due(&mut self, accounts: &BTreeSet<String>, now: Instant) -> bool {
        if *accounts != self.asked_for {
            *self = Self { asked_for: accounts.clone(), ..Self::default() };
        }
        if accounts.is_empty() || self.next.is_some_and(|next| now < next) {
            return false;
        }
        self.times += 1;
        let wait = LOOK_AGAIN.saturating_mul(4_u32.saturating_pow(self.times)).min(LONGEST_WAIT);
        self.next = Some(now + wait);
        true
    }
}

fn secrets_left(count: usize) -> Option<Problem> {
    let message = match count {
        0 => return None,
        1 => "The keychain may still have an old secret that Sidetone could not take out.".to_owned(),
        _ => format!("The keychain may still have {count} old secrets that Sidetone could not take out."),
    };
    let cure = "Unlock the keychain, or restart the service that holds it: Sidetone uses no such secret, and takes it out as soon as it can, after a restart, too.";
    Some(Problem {
        code: ProblemCode::Keychain,
        fault: Fault::Computer,
        message,
        cure: cure.into(),
        detail: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keychain_that_refuses_is_asked_less_and_less_often() {
        let accounts = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
        let (mut sweeps, start) = (Sweeps::default(), Instant::now());
        let mut asked = Vec::new();
        for second in 0..10_000 {
            if sweeps.are_due(&accounts(&["a"]), start + Duration::from_secs(second)) {
                asked.push(second);
            }
        }
        assert_eq!(asked, [0, 20, 100, 420, 1_700, 5_300, 8_900]);
        assert!(sweeps.are_due(&accounts(&["a", "b"]), start), "another one is tried at once");
        assert!(!sweeps.are_due(&accounts(&[]), start + LONGEST_WAIT));
    }
}
