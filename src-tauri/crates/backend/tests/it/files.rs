//! The files of the callers and of the key, while they change.

use std::path::Path;
use std::time::Duration;

use backend::{Followed, Settings};

use crate::support::{Backend, DEADLINE, FakeXai, KEY, SECRET, Script, settings};

const NEXT: &str = "anna-next-secret-0123456789";

/// As careful people replace a file: a reader sees the old one or the new one.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

fn quick(url: &str) -> Settings {
    let mut settings = settings(url);
    settings.per_minute = 1_000_000;
    settings.per_minute_for_all = 1_000_000;
    settings.limits.file_time = Duration::from_millis(5);
    settings
}

/// A backend that follows the key in that file.
async fn with_key_in(file: &Path, xai: &str) -> Backend {
    std::fs::write(file, KEY).unwrap();
    let mut settings = quick(xai);
    settings.key = Followed::file(file).unwrap();
    Backend::start(settings).await
}

/// Asks until the answer is this one.
async fn becomes(backend: &Backend, secret: &str, status: u16) {
    let asking = async {
        while backend.session(Some(secret), "").await.status != status {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("{secret} never gets {status}"));
}

/// Waits for these words in the log.
async fn says(log: &rig::Captured, words: &str) {
    let waiting = async {
        while !log.text().contains(words) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("no {words:?} in {}", log.text()));
}

#[tokio::test]
async fn a_secret_is_taken_away_and_another_given_without_a_restart() {
    let xai = FakeXai::start(Script::Token).await;
    let folder = tempfile::tempdir().unwrap();
    let callers = folder.path().join("callers");
    std::fs::write(&callers, format!("anna {SECRET}\n")).unwrap();
    let mut settings = quick(&xai.url);
    settings.callers = Followed::file(&callers).unwrap();
    let backend = Backend::start(settings).await;
    assert_eq!(backend.session(Some(SECRET), "").await.status, 200);
    assert_eq!(backend.session(Some(NEXT), "").await.status, 401);

    replace(&callers, &format!("anna {SECRET}\nanna {NEXT}\n"));
    becomes(&backend, NEXT, 200).await;
    assert_eq!(backend.session(Some(SECRET), "").await.status, 200, "both are good while they change over");

    replace(&callers, &format!("anna {NEXT}\n"));
    becomes(&backend, SECRET, 401).await;
    assert_eq!(backend.session(Some(NEXT), "").await.status, 200);
}

#[tokio::test]
async fn a_broken_file_keeps_the_callers_and_says_so_once() {
    let log = rig::Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // The test's runtime has this one thread, so everything of this test is captured.
    let _guard = tracing::subscriber::set_default(subscriber);
    let xai = FakeXai::start(Script::Token).await;
    let folder = tempfile::tempdir().unwrap();
    let callers = folder.path().join("callers");
    let good = format!("anna {SECRET}\n");
    std::fs::write(&callers, &good).unwrap();
    let mut settings = quick(&xai.url);
    settings.callers = Followed::file(&callers).unwrap();
    let backend = Backend::start(settings).await;

    replace(&callers, &format!("anna {NEXT} too-many-words-here\n"));
    says(&log, "is not `name secret`").await;
    replace(&callers, "");
    says(&log, "there is none").await;
    std::fs::remove_file(&callers).unwrap();
    says(&log, "No such file").await;
    assert_eq!(backend.session(Some(SECRET), "").await.status, 200, "the callers from before stay");
    replace(&callers, &good);
    says(&log, "as it was before").await;

    let complaints: Vec<_> =
        log.text().lines().filter(|line| line.contains("cannot be used")).map(str::to_owned).collect();
    assert_eq!(complaints.len(), 3, "once for each trouble: {complaints:#?}");
    assert!(!log.text().contains(NEXT) && !log.text().contains(SECRET), "{}", log.text());
}

#[tokio::test]
async fn a_new_key_is_used_without_a_restart() {
    let xai = FakeXai::start(Script::Token).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let backend = with_key_in(&file, &xai.url).await;
    let asked_with = async || {
        assert_eq!(backend.session(Some(SECRET), "").await.status, 200);
        xai.heard.lock().unwrap().pop().unwrap().authorization
    };
    assert_eq!(asked_with().await, format!("Bearer {KEY}"));

    replace(&file, "xai-AnotherKey0123456789\n");
    let changing = async {
        while asked_with().await != "Bearer xai-AnotherKey0123456789" {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(DEADLINE, changing).await.expect("the old key is used for ever");

    replace(&file, "no key at all");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(asked_with().await, "Bearer xai-AnotherKey0123456789");
}

#[tokio::test]
async fn a_reply_is_searched_for_the_key_of_the_day() {
    let new = "xai-AnotherKey0123456789";
    let leak = format!("{{\"value\":\"t\",\"debug\":\"{new}\"}}");
    let xai = FakeXai::start(Script::say(200, &leak)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let backend = with_key_in(&file, &xai.url).await;
    replace(&file, new);
    becomes(&backend, SECRET, 502).await;
    assert!(!backend.session(Some(SECRET), "").await.raw.contains(new));
}
