//! The profiles on disk: a small JSON file, replaced as a whole so that a crash leaves the old one.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use realtime::Profile;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The file's layout; a newer one is refused and left alone.
const VERSION: u32 = 1;

#[derive(Debug, Error)]
pub(crate) enum ProfilesError {
    #[error("could not read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("could not write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{path} is damaged: {source}")]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error("{path} was written by a newer Sidetone (layout {found}, this one knows {VERSION})")]
    Newer { path: PathBuf, found: u32 },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct File {
    version: u32,
    #[serde(default)]
    active: Option<String>,
    #[serde(default)]
    profiles: Vec<Profile>,
    /// The ids of profiles whose secret was put into the keychain: looking there for every profile
    /// at every start could wake its password prompt.
    #[serde(default)]
    kept: BTreeSet<String>,
}

#[derive(Debug)]
pub(crate) struct Profiles {
    path: PathBuf,
    file: File,
}

impl Profiles {
    /// Reads the file; none yet means no profiles yet.
    pub(crate) fn open(path: &Path) -> Result<Self, ProfilesError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let file = File { version: VERSION, ..File::default() };
                return Ok(Self { path: path.to_owned(), file });
            }
            Err(source) => return Err(ProfilesError::Read { path: path.to_owned(), source }),
        };
        let file: File = serde_json::from_str(&text)
            .map_err(|source| ProfilesError::Damaged { path: path.to_owned(), source })?;
        if file.version > VERSION {
            return Err(ProfilesError::Newer { path: path.to_owned(), found: file.version });
        }
        Ok(Self { path: path.to_owned(), file })
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

    /// Whether the profile's secret was put into the keychain.
    pub(crate) fn is_kept(&self, id: &str) -> bool {
        self.file.kept.contains(id)
    }

    /// Adds or replaces a profile and makes it the active one. `kept`: what became of its secret,
    /// if that has changed.
    pub(crate) fn put(&mut self, profile: Profile, kept: Option<bool>) -> Result<(), ProfilesError> {
        self.change(|file| {
            match kept {
                Some(true) => {
                    file.kept.insert(profile.id.clone());
                }
                Some(false) => {
                    file.kept.remove(&profile.id);
                }
                None => {}
            }
            file.active = Some(profile.id.clone());
            match file.profiles.iter_mut().find(|known| known.id == profile.id) {
                Some(known) => *known = profile,
                None => file.profiles.push(profile),
            }
        })
    }

    pub(crate) fn remove(&mut self, id: &str) -> Result<(), ProfilesError> {
        self.change(|file| {
            file.profiles.retain(|profile| profile.id != id);
            file.kept.remove(id);
        })
    }

    pub(crate) fn choose(&mut self, id: &str) -> Result<(), ProfilesError> {
        self.change(|file| file.active = Some(id.to_owned()))
    }

    /// The change counts only once it is on disk.
    fn change(&mut self, change: impl FnOnce(&mut File)) -> Result<(), ProfilesError> {
        let mut file = self.file.clone();
        change(&mut file);
        write(&self.path, &file)
            .map_err(|source| ProfilesError::Write { path: self.path.clone(), source })?;
        self.file = file;
        Ok(())
    }
}

fn write(path: &Path, file: &File) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("json.new");
    let mut out = fs::File::create(&fresh)?;
    out.write_all(&serde_json::to_vec_pretty(file)?)?;
    out.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(id: &str) -> Profile {
        Profile { id: id.into(), name: id.to_uppercase(), ..Profile::default() }
    }

    #[test]
    fn what_was_put_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/profiles.json");
        let mut profiles = Profiles::open(&path).unwrap();
        profiles.put(profile("a"), Some(true)).unwrap();
        profiles.put(profile("b"), None).unwrap();
        profiles.choose("a").unwrap();
        let again = Profiles::open(&path).unwrap();
        assert_eq!(again.all(), [profile("a"), profile("b")]);
        assert_eq!(again.active(), Some("a"));
        assert!(again.is_kept("a") && !again.is_kept("b"));
    }

    #[test]
    fn the_first_is_active_when_the_chosen_one_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut profiles = Profiles::open(&folder.path().join("p.json")).unwrap();
        profiles.put(profile("a"), Some(true)).unwrap();
        profiles.put(profile("b"), None).unwrap();
        profiles.remove("b").unwrap();
        assert_eq!(profiles.active(), Some("a"));
        profiles.remove("a").unwrap();
        assert_eq!(profiles.active(), None);
    }

    #[test]
    fn a_damaged_or_newer_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        for (text, wanted) in [("{", "damaged"), ("{\"version\": 99}", "newer")] {
            fs::write(&path, text).unwrap();
            let error = Profiles::open(&path).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_field_of_a_later_version_is_no_reason_to_lose_a_profile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        fs::write(&path, r#"{"version":1,"profiles":[{"id":"a","name":"A","novelty":1}]}"#).unwrap();
        assert_eq!(Profiles::open(&path).unwrap().all()[0].name, "A");
    }
}
