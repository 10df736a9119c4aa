//! Backends that are checked, and what is kept of them.

use std::sync::Mutex as StdMutex;
use std::time::Duration;

use call::{CheckStep, Checkup};
use tauri::ipc::{Channel, InvokeResponseBody};

use secrecy::ExposeSecret as _;

use super::*;
use crate::keychain::KeychainError;
use crate::keychain::tests::{Scripted, brief, pair};
use crate::view::{CheckTarget, SecretState};

/// A channel to a window, and what it was told.
fn window() -> (Channel<Checkup>, Arc<StdMutex<Vec<String>>>) {
    let told: Arc<StdMutex<Vec<String>>> = Arc::default();
    let notes = told.clone();
    let channel = Channel::new(move |body| {
        if let InvokeResponseBody::Json(text) = body {
            notes.lock().unwrap().push(text);
        }
        Ok(())
    });
    (channel, told)
}

fn draft(token_url: &str) -> ProfileDraft {
    let profile = Profile { name: "Mine".into(), token_url: token_url.into(), ..Profile::default() };
    ProfileDraft { profile, secret: None, proxy_password: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_practice_agent_passes_a_check_and_the_window_sees_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path());
    let (channel, told) = window();
    let found = app.check(CheckTarget::Practice, channel).await.unwrap().unwrap();
    assert!(found.passed(), "{found:?}");
    let told = told.lock().unwrap();
    assert!(told.len() > found.lines.len(), "{}", told.len());
    assert_eq!(*told.last().unwrap(), serde_json::to_string(&found).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_stopped_by_the_person_and_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let app = Arc::new(app(folder.path()));
    // It takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/session", silent.local_addr().unwrap());
    let begin = || {
        let (app, (channel, told)) = (app.clone(), window());
        let target = CheckTarget::Profile { draft: draft(&url) };
        (tokio::spawn(async move { app.check(target, channel).await }), told)
    };
    let waits = async |told: &StdMutex<Vec<String>>| {
        let at = r#"{"step":"backendAnswer","state":{"state":"trying"}}"#;
        while !told.lock().unwrap().iter().any(|text| text.contains(at)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (first, told) = begin();
    waits(&told).await;
    let (second, told) = begin();
    waits(&told).await;
    assert_eq!(first.await.unwrap().unwrap(), None, "the second has stopped it");
    app.stop_check().await;
    assert_eq!(second.await.unwrap().unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_never_kept_and_a_proxys_password_only_for_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path());
    let key = || Some("xai-AbC0123456789".to_owned().into());
    let mine = |secret, proxy_password| {
        let mut draft = draft("https://b.example/session");
        draft.profile.caller = Caller::Bearer;
        draft.profile.proxy = "socks5h://proxy.example:1080".into();
        draft.profile.proxy_user = "me".into();
        ProfileDraft { secret, proxy_password, ..draft }
    };
    for refused in [mine(key(), None), mine(None, key()), draft("https://b.example/?k=xai-AbC0123456789")] {
        let problem = app.save_profile(refused).await.unwrap_err();
        assert!(problem.message.contains("xAI API key"), "{problem:?}");
    }
    assert!(app.inner.lock().await.profiles.all().is_empty());

    let id = app
        .save_profile(mine(Some("quiet".to_owned().into()), Some("word".to_owned().into())))
        .await
        .unwrap();
    let view = |inner: &Inner| app.views(&inner.profiles).remove(0);
    let kept = view(&*app.inner.lock().await);
    assert!(kept.secret != SecretState::None && kept.proxy_password != SecretState::None, "{kept:?}");
    let profile = app.inner.lock().await.profile(&id).unwrap();
    let secrets = app.secrets_of(&profile).await.unwrap();
    assert!(secrets.caller.is_some() && secrets.proxy_password.is_some());

    let direct = Profile { proxy: "none".into(), proxy_user: String::new(), ..profile };
    app.save_profile(ProfileDraft { profile: direct.clone(), secret: None, proxy_password: None })
        .await
        .unwrap();
    let kept = view(&*app.inner.lock().await);
    assert!(kept.secret != SecretState::None && kept.proxy_password == SecretState::None, "{kept:?}");
    assert!(app.secrets_of(&direct).await.unwrap().proxy_password.is_none());
    app.delete_profile(&id).await.unwrap();
    assert!(!app.keychain.is_for_this_run(&id));
}

/// An app as after a start, with this keychain.
fn app_on(folder: &Path, store: &Scripted) -> App {
    let keychain = Keychain::new(store.clone(), brief());
    App { keychain, ..app(folder) }
}

async fn keep(app: &App, id: &str, secret: Option<&str>) -> String {
    let mut draft = draft("https://b.example/session");
    draft.profile.id = id.into();
    draft.profile.caller = if secret.is_some() { Caller::Bearer } else { Caller::Open };
    app.save_profile(ProfileDraft { secret: secret.map(Into::into), ..draft }).await.unwrap()
}

async fn caller_secret(app: &App, id: &str) -> Option<String> {
    let profile = app.inner.lock().await.profile(id).unwrap();
    let caller = app.secrets_of(&profile).await.unwrap().caller;
    caller.map(|secret| secret.expose_secret().to_owned())
}

async fn state_of(app: &App) -> SecretState {
    app.views(&app.inner.lock().await.profiles).remove(0).secret
}

async fn old_secrets_told(app: &App) -> usize {
    let told = app.subscribe(|| {}).await.troubles;
    told.iter().filter(|one| one.code == ProblemCode::Keychain && one.message.contains("old secret")).count()
}

/// Lets the app do what it does by itself until this is so.
async fn by_itself(app: &App, so: impl AsyncFn() -> bool) {
    let until = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = app.watch_keychain() => panic!("it looks after the keychain as long as it runs"),
        () = until => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_a_deleted_backend_goes_as_soon_as_the_keychain_lets_it() {
    for stuck in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let store = pair(brief()).0;
        let app = app_on(folder.path(), &store);
        let id = keep(&app, "", Some("moonstone")).await;
        assert_eq!(
            (store.holds(&id).as_deref(), state_of(&app).await),
            (Some("moonstone"), SecretState::Keychain)
        );
        let breaks = |broken: bool| {
            store.change(|script| {
                (script.stuck, script.locked) = (broken && stuck, broken);
                script.refusal = (broken && !stuck).then_some(KeychainError::Locked);
            });
        };
        breaks(true);
        app.delete_profile(&id).await.unwrap();
        assert!(app.inner.lock().await.profiles.all().is_empty());
        assert_eq!(old_secrets_told(&app).await, 1, "and it is said");
        let file = std::fs::read_to_string(folder.path().join("config/profiles.json")).unwrap();
        assert!(file.contains(&id) && !file.contains("moonstone"), "{file}");

        // In this run, or in the next.
        let next = app_on(folder.path(), &store);
        assert_eq!(old_secrets_told(&next).await, 1);
        let app = if stuck { app } else { next };
        by_itself(&app, async || *app.keychain.news().borrow() != crate::view::Keychain::Available).await;
        assert!(app.inner.lock().await.profiles.is_to_erase(&id));
        breaks(false);
        by_itself(&app, async || old_secrets_told(&app).await == 0).await;
        assert_eq!(store.holds(&id), None);
        let file = std::fs::read_to_string(folder.path().join("config/profiles.json")).unwrap();
        assert!(!file.contains(&id), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_secret_is_never_used_where_a_new_one_could_not_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = pair(brief()).0;
    let app = app_on(folder.path(), &store);
    let id = keep(&app, "", Some("old")).await;
    let refuse = |refusal| store.change(|script| script.refusal = refusal);
    refuse(Some(KeychainError::Denied("no".into())));
    keep(&app, &id, Some("new")).await;
    assert_eq!((state_of(&app).await, old_secrets_told(&app).await), (SecretState::ThisRun, 1));
    assert_eq!(caller_secret(&app, &id).await.as_deref(), Some("new"));

    // It is taken out while the new one is for this run only.
    refuse(None);
    let next = app_on(folder.path(), &store);
    by_itself(&app, async || old_secrets_told(&app).await == 0).await;
    assert_eq!((store.holds(&id), caller_secret(&app, &id).await.as_deref()), (None, Some("new")));

    // The same in the next run, as long as the keychain still has it.
    store.change(|script| drop(script.holds.insert(id.clone(), "old".into())));
    assert_eq!((state_of(&next).await, caller_secret(&next, &id).await), (SecretState::None, None));
    by_itself(&next, async || old_secrets_told(&next).await == 0).await;
    assert_eq!(store.holds(&id), None);
    keep(&next, &id, Some("newest")).await;
    assert_eq!((state_of(&next).await, store.holds(&id).as_deref()), (SecretState::Keychain, Some("newest")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_shows_no_secret_any_more_keeps_none_and_a_new_one_takes_the_olds_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = pair(brief()).0;
    let app = app_on(folder.path(), &store);
    let id = keep(&app, "", Some("old")).await;
    store.change(|script| script.refusal = Some(KeychainError::Denied("no".into())));
    keep(&app, &id, None).await;
    assert_eq!((state_of(&app).await, old_secrets_told(&app).await), (SecretState::None, 1));
    store.change(|script| script.refusal = None);
    keep(&app, &id, Some("new")).await;
    assert_eq!((state_of(&app).await, old_secrets_told(&app).await), (SecretState::Keychain, 0));
    assert_eq!(store.holds(&id).as_deref(), Some("new"));

    // Where there is no keychain nothing can be left in it.
    store.change(|script| script.refusal = Some(KeychainError::Missing("no bus".into())));
    let other = keep(&app, "", Some("for this run")).await;
    assert_eq!(old_secrets_told(&app).await, 0);
    app.delete_profile(&other).await.unwrap();
    assert_eq!(old_secrets_told(&app).await, 0);
    assert!(!app.keychain.is_for_this_run(&other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_missing_is_a_failed_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path());
    let mut draft = draft("https://b.example/session");
    draft.profile.caller = Caller::Bearer;
    let found = app.check(CheckTarget::Profile { draft }, window().0).await.unwrap().unwrap();
    assert_eq!(found.failure().unwrap().0, CheckStep::Profile);
}
