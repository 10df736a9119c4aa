//! What a person has set, on disk.

use std::path::{Path, PathBuf};

use crate::kept::{self, KeptError, PutAside};
use crate::view::Settings;

/// The file's layout; a newer one is put aside unread.
const VERSION: u32 = 1;

#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    settings: Settings,
}

impl SettingsFile {
    /// Reads the file; none yet, or a field that is missing in it, means the default. One that cannot
    /// be read is put aside, and everything is the default.
    pub(crate) fn open(path: &Path) -> (Self, Option<PutAside>) {
        let (settings, aside) = kept::read_or_put_aside(path, VERSION);
        (Self { path: path.to_owned(), settings: settings.unwrap_or_default() }, aside)
    }

    pub(crate) fn get(&self) -> &Settings {
        &self.settings
    }

    /// The change counts only once it is on disk.
    pub(crate) fn put(&mut self, settings: Settings) -> Result<(), KeptError> {
        kept::write(&self.path, VERSION, &settings)?;
        self.settings = settings;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stay_and_what_an_older_file_lacks_is_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let (mut file, aside) = SettingsFile::open(&path);
        assert!(aside.is_none());
        assert_eq!(file.get(), &Settings::default());
        let quiet = Settings { volume: 0.25, ..Settings::default() };
        file.put(quiet.clone()).unwrap();
        assert_eq!(SettingsFile::open(&path).0.get(), &quiet);
        std::fs::write(&path, r#"{"version":1,"novelty":true}"#).unwrap();
        assert_eq!(SettingsFile::open(&path).0.get(), &Settings::default());
    }

    #[test]
    fn a_damaged_file_means_defaults_and_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, r#"{"version":1,"volume":"loud"}"#).unwrap();
        let (mut file, aside) = SettingsFile::open(&path);
        assert_eq!(file.get(), &Settings::default());
        file.put(Settings { volume: 0.5, ..Settings::default() }).unwrap();
        let kept = aside.unwrap().place.unwrap();
        assert_eq!(std::fs::read_to_string(kept).unwrap(), r#"{"version":1,"volume":"loud"}"#);
        assert_eq!(SettingsFile::open(&path).0.get().volume, 0.5);
    }
}
