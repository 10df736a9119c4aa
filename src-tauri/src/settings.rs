//! What a person has set, on disk.

use std::path::{Path, PathBuf};

use crate::kept::{self, KeptError};
use crate::view::Settings;

/// The file's layout; a newer one is refused and left alone.
const VERSION: u32 = 1;

#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    settings: Settings,
}

impl SettingsFile {
    /// Reads the file; none yet, or a field that is missing in it, means the default.
    pub(crate) fn open(path: &Path) -> Result<Self, KeptError> {
        Ok(Self { path: path.to_owned(), settings: kept::read(path, VERSION)?.unwrap_or_default() })
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
        let mut file = SettingsFile::open(&path).unwrap();
        assert_eq!(file.get(), &Settings::default());
        let quiet = Settings { volume: 0.25, ..Settings::default() };
        file.put(quiet.clone()).unwrap();
        assert_eq!(SettingsFile::open(&path).unwrap().get(), &quiet);
        std::fs::write(&path, r#"{"version":1,"novelty":true}"#).unwrap();
        assert_eq!(SettingsFile::open(&path).unwrap().get(), &Settings::default());
    }
}
