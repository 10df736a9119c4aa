//! Backends that are checked, and what is kept of them.

use std::sync::Mutex as StdMutex;
use std::time::Duration;

use call::{CheckStep, Checkup};
use tauri::ipc::{Channel, InvokeResponseBody};

use super::*;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_missing_is_a_failed_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path());
    let mut draft = draft("https://b.example/session");
    draft.profile.caller = Caller::Bearer;
    let found = app.check(CheckTarget::Profile { draft }, window().0).await.unwrap().unwrap();
    assert_eq!(found.failure().unwrap().0, CheckStep::Profile);
}
