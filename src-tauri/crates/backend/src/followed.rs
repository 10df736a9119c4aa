//! Secrets that change while the backend runs: their file is read again, and one that cannot be used
//! changes nothing.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// Some thousand callers; a key has about 100 bytes.
const LARGEST: usize = 1024 * 1024;

/// A value that stays, or that follows its file.
#[derive(Debug)]
pub struct Followed<T> {
    latest: Arc<T>,
    file: Option<Source>,
}

#[derive(Debug)]
struct Source {
    path: PathBuf,
    text: SecretString,
}

/// A file that cannot be used. No variant quotes what is in it.
#[derive(Debug, thiserror::Error)]
pub enum FileError<E: Error + 'static> {
    #[error("reading {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("reading {}: it has more than {LARGEST} bytes", path.display())]
    Large { path: PathBuf },
    #[error("{}", path.display())]
    Content { path: PathBuf, source: E },
}

impl<T> Followed<T> {
    /// A value that never changes.
    pub fn fixed(value: T) -> Self {
        Self { latest: Arc::new(value), file: None }
    }

    pub(crate) fn latest(&self) -> &T {
        &self.latest
    }

    /// What [`Followed::follow`] reads, if it reads anything.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| file.path.as_path())
    }
}

impl<T> Followed<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static> + Send + Sync + 'static,
{
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// It cannot be read, is larger than 1 MiB, or does not hold a `T`.
    pub fn file(path: &Path) -> Result<Self, FileError<T::Err>> {
        let text = read(path)?;
        let latest = Arc::new(content(path, &text)?);
        Ok(Self { latest, file: Some(Source { path: path.to_owned(), text }) })
    }

    /// The latest value, and the work of keeping it so, which ends when nobody looks any more.
    pub(crate) fn follow(
        self,
        every: Duration,
    ) -> (watch::Receiver<Arc<T>>, impl Future<Output = ()> + Send + 'static) {
        let (latest, seen) = watch::channel(self.latest);
        let work = async move {
            match self.file {
                Some(file) => file.follow(latest, every).await,
                None => latest.closed().await,
            }
        };
        (seen, work)
    }
}

impl Source {
    /// The whole text is compared, for a file may be replaced within the resolution of its time stamp.
    async fn follow<T>(mut self, latest: watch::Sender<Arc<T>>, every: Duration)
    where
        T: FromStr<Err: Error + Send + Sync + 'static> + Send + Sync + 'static,
    {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut trouble = None;
        while !latest.is_closed() {
            ticks.tick().await;
            let path = self.path.clone();
            let reading = tokio::task::spawn_blocking(move || read::<T::Err>(&path)).await;
            // Only the end of the runtime cuts a reading short.
            let Ok(found) = reading else { return };
            let changed = found.and_then(|text| {
                if text.expose_secret() == self.text.expose_secret() {
                    return Ok(None);
                }
                content::<T>(&self.path, &text).map(|value| Some((text, value)))
            });
            match changed {
                Ok(None) => {
                    if trouble.take().is_some() {
                        tracing::info!(path = %self.path.display(), "the file is as it was before");
                    }
                }
                Ok(Some((text, value))) => {
                    self.text = text;
                    latest.send_replace(Arc::new(value));
                    trouble = None;
                    tracing::info!(path = %self.path.display(), "the file has changed and is in use");
                }
                Err(error) => {
                    let cause = causes(&error);
                    if trouble.as_ref() != Some(&cause) {
                        tracing::error!(cause, "the file cannot be used; what it said before still holds");
                        trouble = Some(cause);
                    }
                }
            }
        }
    }
}

fn read<E: Error>(path: &Path) -> Result<SecretString, FileError<E>> {
    let fail = |source| FileError::Read { path: path.to_owned(), source };
    let limit = u64::try_from(LARGEST + 1).unwrap_or(u64::MAX);
    let mut text = String::new();
    File::open(path).map_err(fail)?.take(limit).read_to_string(&mut text).map_err(fail)?;
    if text.len() > LARGEST {
        return Err(FileError::Large { path: path.to_owned() });
    }
    Ok(text.into())
}

fn content<T: FromStr<Err: Error>>(path: &Path, text: &SecretString) -> Result<T, FileError<T::Err>> {
    let fail = |source| FileError::Content { path: path.to_owned(), source };
    text.expose_secret().parse().map_err(fail)
}

fn causes(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        said.push_str(": ");
        said.push_str(&source.to_string());
        cause = source.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiKey;

    #[test]
    fn a_file_that_cannot_be_used_is_named_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("the-key");
        let missing = Followed::<ApiKey>::file(&path).unwrap_err();
        assert!(matches!(missing, FileError::Read { .. }), "{missing}");
        for (bytes, says) in [
            (b"xai-abc def".to_vec(), "holds a space"),
            (b"xai-abc\xff".to_vec(), "UTF-8"),
            (vec![b'x'; LARGEST + 1], "more than"),
        ] {
            std::fs::write(&path, &bytes).unwrap();
            let said = causes(&Followed::<ApiKey>::file(&path).unwrap_err());
            assert!(said.contains(says) && said.contains("the-key"), "{said}");
            assert!(!said.contains("abc"), "{said}");
        }
    }

    #[tokio::test]
    async fn it_stops_reading_when_nobody_looks_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "xai-abc").unwrap();
        let (seen, work) = Followed::<ApiKey>::file(&path).unwrap().follow(Duration::from_millis(1));
        let working = tokio::spawn(work);
        drop(seen);
        tokio::time::timeout(Duration::from_secs(20), working).await.expect("it reads on").unwrap();
    }
}
