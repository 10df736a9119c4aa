//! The profiles on disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use realtime::Profile;
use serde::{Deserialize, Serialize};

use crate::kept::{self, KeptError, PutAside};
use crate::keychain::Late;

/// The file's layout; a newer one is put aside unread.
const VERSION: u32 = 1;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct File {
    #[serde(default)]
    active: Option<String>,
    #[serde(default)]
    profiles: Vec<Profile>,
    /// The accounts that were put into the keychain: looking there for every profile at every start
    /// could wake its password prompt.
    #[serde(default)]
    kept: BTreeSet<String>,
    /// The accounts whose secret the keychain may still have and should not: it did not answer when it was
    /// asked to give them up.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    to_erase: BTreeSet<String>,
}

/// What the keychain has under an account after it was asked to change that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holding {
    /// The secret that belongs there.
    Kept,
    Nothing,
    /// Perhaps an old one.
    ToErase,
}

impl File {
    fn note(&mut self, account: &str, holding: Holding) {
        let set = |accounts: &mut BTreeSet<String>, holds: bool| match holds {
            true => accounts.insert(account.to_owned()),
            false => accounts.remove(account),
        };
        set(&mut self.kept, holding == Holding::Kept);
        set(&mut self.to_erase, holding == Holding::ToErase);
    }
}

/// Under which name the keychain has a profile's caller secret, and the password for its proxy.
pub(crate) fn accounts(id: &str) -> [String; 2] {
    [id.to_owned(), proxy_account(id)]
}

pub(crate) fn proxy_account(id: &str) -> String {
    format!("{id}/proxy")
}

#[derive(Debug)]
pub(crate) struct Profiles {
    path: PathBuf,
    file: File,
}

impl Profiles {
    /// Reads the file; none yet means no profiles yet. One that cannot be read is put aside.
    pub(crate) fn open(path: &Path) -> (Self, Option<PutAside>) {
        let (file, aside) = kept::read_or_put_aside(path, VERSION);
        (Self { path: path.to_owned(), file: file.unwrap_or_default() }, aside)
    }

    pub(crate) fn all(&self) -> &[Profile] {
        &self.file.profiles
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Profile> {
        self.file.profiles.iter().find(|profile| profile.id == id)
    }

    /// The profile that *Start* calls: the chosen one, else the first.
    pub(crate) fn active(&self) -> Option<&str> {
        let chosen = self.file.active.as_deref().filter(|id| self.find(id).is_some());
        chosen.or_else(|| self.file.profiles.first().map(|profile| profile.id.as_str()))
    }

    /// Whether something was put into the keychain for this account.
    pub(crate) fn is_kept(&self, account: &str) -> bool {
        self.file.kept.contains(account)
    }

    /// Whether the keychain may have an old secret under this account.
    pub(crate) fn is_to_erase(&self, account: &str) -> bool {
        self.file.to_erase.contains(account)
    }

    /// The accounts whose secret is still to be taken out of the keychain.
    pub(crate) fn to_erase(&self) -> &BTreeSet<String> {
        &self.file.to_erase
    }

    /// Adds or replaces a profile and makes it the active one. `holdings`: what the keychain has now under
    /// the accounts for which that has changed.
    pub(crate) fn put(&mut self, profile: Profile, holdings: &[(String, Holding)]) -> Result<(), KeptError> {
        self.change(|file| {
            for (account, holding) in holdings {
                file.note(account, *holding);
            }
            file.active = Some(profile.id.clone());
            match file.profiles.iter_mut().find(|known| known.id == profile.id) {
                Some(known) => *known = profile,
                None => file.profiles.push(profile),
            }
        })
    }

    /// What the keychain has done in the meantime. Secrets of no profile are not remembered as kept.
    pub(crate) fn note_late(&mut self, late: &Late) -> Result<(), KeptError> {
        self.change(|file| {
            for account in &late.erased {
                file.to_erase.remove(account);
            }
            let known = file.profiles.iter().flat_map(|profile| accounts(&profile.id));
            let known: Vec<_> = known.filter(|account| late.kept.contains(account)).collect();
            for account in known {
                file.note(&account, Holding::Kept);
            }
        })
    }

    /// Adds profiles, and leaves the active one as it is.
    pub(crate) fn add(&mut self, profiles: Vec<Profile>) -> Result<(), KeptError> {
        self.change(|file| file.profiles.extend(profiles))
    }

    /// What the keychain has of it, or may yet be given (`under_way`), is to be erased from now on.
    pub(crate) fn remove(&mut self, id: &str, under_way: impl Fn(&str) -> bool) -> Result<(), KeptError> {
        self.change(|file| {
            file.profiles.retain(|profile| profile.id != id);
            file.active.take_if(|active| active == id);
            for account in accounts(id) {
                if file.kept.contains(&account) || under_way(&account) {
                    file.note(&account, Holding::ToErase);
                }
            }
        })
    }

    pub(crate) fn choose(&mut self, id: &str) -> Result<(), KeptError> {
        self.change(|file| file.active = Some(id.to_owned()))
    }

    /// The change counts only once it is on disk.
    fn change(&mut self, change: impl FnOnce(&mut File)) -> Result<(), KeptError> {
        let mut file = self.file.clone();
        change(&mut file);
        kept::write(&self.path, VERSION, &file)?;
        self.file = file;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn profile(id: &str) -> Profile {
        Profile { id: id.into(), name: id.to_uppercase(), ..Profile::default() }
    }

    #[test]
    fn what_was_put_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/profiles.json");
        let mut profiles = Profiles::open(&path).0;
        profiles.put(profile("a"), &[("a".into(), Holding::Kept)]).unwrap();
        profiles.put(profile("b"), &[]).unwrap();
        profiles.choose("a").unwrap();
        let again = Profiles::open(&path).0;
        assert_eq!(again.all(), [profile("a"), profile("b")]);
        assert_eq!(again.active(), Some("a"));
        assert!(again.is_kept("a") && !again.is_kept("b"));
    }

    #[test]
    fn a_secret_that_reached_the_keychain_later_is_known_to_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        let mut profiles = Profiles::open(&path).0;
        profiles.put(profile("a"), &[]).unwrap();
        let kept = vec!["a".into(), proxy_account("a"), "gone".into()];
        profiles.note_late(&Late { kept, erased: Vec::new() }).unwrap();
        let again = Profiles::open(&path).0;
        assert!(again.is_kept("a") && again.is_kept(&proxy_account("a")) && !again.is_kept("gone"));
    }

    #[test]
    fn what_is_to_be_erased_is_known_until_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        let mut profiles = Profiles::open(&path).0;
        let kept = |id: &str| (id.to_owned(), Holding::Kept);
        profiles.put(profile("a"), &[kept("a"), kept("a/proxy")]).unwrap();
        profiles.put(profile("b"), &[kept("b")]).unwrap();
        profiles.put(profile("b"), &[("b".into(), Holding::ToErase)]).unwrap();
        profiles.put(profile("c"), &[]).unwrap();
        assert!(!profiles.is_kept("b"));
        profiles.remove("a", |_| false).unwrap();
        profiles.remove("c", |account| account == "c").unwrap();
        let mut again = Profiles::open(&path).0;
        assert_eq!(again.to_erase().iter().collect::<Vec<_>>(), ["a", "a/proxy", "b", "c"]);
        let late = Late { kept: vec!["b".into()], erased: vec!["a".into(), "c".into()] };
        again.note_late(&late).unwrap();
        assert_eq!(again.to_erase().iter().collect::<Vec<_>>(), ["a/proxy"]);
        assert!(again.is_kept("b"));
    }

    #[test]
    fn the_first_is_active_when_the_chosen_one_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut profiles = Profiles::open(&folder.path().join("p.json")).0;
        profiles.put(profile("a"), &[("a".into(), Holding::Kept)]).unwrap();
        profiles.put(profile("b"), &[]).unwrap();
        profiles.remove("b", |_| false).unwrap();
        assert_eq!(profiles.active(), Some("a"));
        profiles.remove("a", |_| false).unwrap();
        assert_eq!(profiles.active(), None);
    }

    #[test]
    fn what_is_added_does_not_become_the_active_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        let mut profiles = Profiles::open(&path).0;
        profiles.put(profile("a"), &[]).unwrap();
        profiles.add(vec![profile("b"), profile("c")]).unwrap();
        let again = Profiles::open(&path).0;
        assert_eq!(again.all(), [profile("a"), profile("b"), profile("c")]);
        assert_eq!(again.active(), Some("a"));
    }

    #[test]
    fn a_field_of_a_later_version_is_no_reason_to_lose_a_profile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        fs::write(&path, r#"{"version":1,"profiles":[{"id":"a","name":"A","novelty":1}]}"#).unwrap();
        assert_eq!(Profiles::open(&path).0.all()[0].name, "A");
    }
}
