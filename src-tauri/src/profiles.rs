//! The profiles on disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use realtime::Profile;
use serde::{Deserialize, Serialize};

use crate::kept::{self, KeptError, PutAside};

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

    /// Adds or replaces a profile and makes it the active one. `kept`: the accounts whose secret was put
    /// into the keychain or is not there any more.
    pub(crate) fn put(&mut self, profile: Profile, kept: &[(String, bool)]) -> Result<(), KeptError> {
        self.change(|file| {
            for (account, there) in kept {
                match there {
                    true => file.kept.insert(account.clone()),
                    false => file.kept.remove(account),
                };
            }
            file.active = Some(profile.id.clone());
            match file.profiles.iter_mut().find(|known| known.id == profile.id) {
                Some(known) => *known = profile,
                None => file.profiles.push(profile),
            }
        })
    }

    /// The secrets of these accounts are in the keychain now; those of no profile are not remembered.
    pub(crate) fn note_kept(&mut self, landed: &[String]) -> Result<(), KeptError> {
        self.change(|file| {
            let known = file.profiles.iter().flat_map(|profile| accounts(&profile.id));
            let known: Vec<_> = known.filter(|account| landed.contains(account)).collect();
            file.kept.extend(known);
        })
    }

    /// Adds profiles, and leaves the active one as it is.
    pub(crate) fn add(&mut self, profiles: Vec<Profile>) -> Result<(), KeptError> {
        self.change(|file| file.profiles.extend(profiles))
    }

    pub(crate) fn remove(&mut self, id: &str) -> Result<(), KeptError> {
        self.change(|file| {
            file.profiles.retain(|profile| profile.id != id);
            for account in accounts(id) {
                file.kept.remove(&account);
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
        profiles.put(profile("a"), &[("a".into(), true)]).unwrap();
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
        profiles.note_kept(&["a".into(), proxy_account("a"), "gone".into()]).unwrap();
        let again = Profiles::open(&path).0;
        assert!(again.is_kept("a") && again.is_kept(&proxy_account("a")) && !again.is_kept("gone"));
    }

    #[test]
    fn the_first_is_active_when_the_chosen_one_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut profiles = Profiles::open(&folder.path().join("p.json")).0;
        profiles.put(profile("a"), &[("a".into(), true)]).unwrap();
        profiles.put(profile("b"), &[]).unwrap();
        profiles.remove("b").unwrap();
        assert_eq!(profiles.active(), Some("a"));
        profiles.remove("a").unwrap();
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
