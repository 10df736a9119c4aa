/// Backends: checked, saved.
mod backends;

use std::path::Path;

use call::Money;
use realtime::{Caller, Profile};

use super::*;
use crate::view::ProfileDraft;

/// An app whose files are in a folder that goes with the test.
fn app(folder: &Path) -> App {
    App::open(&Places { config: folder.join("config"), data: folder.join("data") }).unwrap()
}

async fn capped(app: &App, cap: f64) {
    let money = Money { daily_cap: Some(cap), ..Money::default() };
    app.save_settings(Settings { money, ..Settings::default() }).await.unwrap();
}

async fn profile(app: &App) -> Target {
    let profile = Profile {
        name: "Mine".into(),
        token_url: "http://127.0.0.1:1/session".into(),
        caller: Caller::Open,
        ..Profile::default()
    };
    Target::Profile {
        id: app.save_profile(ProfileDraft { profile, secret: None, proxy_password: None }).await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_begins_once_the_days_cap_is_reached_and_a_raised_cap_is_the_way_on() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path());
    let target = profile(&app).await;
    app.history.as_ref().unwrap().spend("earlier", unix_ms(), 5.02).unwrap();
    capped(&app, 5.0).await;
    let problem = app.start_call(target).await.unwrap_err();
    assert_eq!(problem.code, ProblemCode::DailyCap);
    assert!(problem.message.contains("$5.02"), "{}", problem.message);
    assert!(app.inner.lock().await.call.is_none());
    capped(&app, 6.0).await;
    app.check_cap().await.unwrap();
    capped(&app, 5.0).await;
    app.check_cap().await.unwrap_err();
    app.save_settings(Settings::default()).await.unwrap();
    app.check_cap().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_that_cannot_be_kept_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("data/history.db")).unwrap();
    let app = app(folder.path());
    app.check_cap().await.unwrap();
    capped(&app, 5.0).await;
    let problem = app.check_cap().await.unwrap_err();
    assert!(problem.message.contains("cannot be kept"), "{}", problem.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_money_that_make_no_sense_are_refused_and_the_old_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path());
    capped(&app, 5.0).await;
    for money in [
        Money { daily_cap: Some(-1.0), ..Money::default() },
        Money { currency: "12345".into(), daily_cap: Some(5.0) },
    ] {
        let problem = app.save_settings(Settings { money, ..Settings::default() }).await.unwrap_err();
        assert_eq!(problem.code, ProblemCode::DailyCap);
    }
    assert_eq!(app.inner.lock().await.settings.get().money.daily_cap, Some(5.0));
    let spaced = Money { currency: " EUR ".into(), daily_cap: None };
    app.save_settings(Settings { money: spaced, ..Settings::default() }).await.unwrap();
    assert_eq!(app.inner.lock().await.settings.get().money.currency, "EUR");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_is_told_what_was_spent_when_that_changes() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path());
    let spending = app.subscribe(|| {}).await.spending.unwrap();
    assert_eq!((spending.today, spending.month), (0.0, 0.0));
    let told = async || -> Vec<f64> {
        let today = |event| match event {
            AppEvent::Spending { spending } => spending.unwrap().today,
            other => panic!("nothing else has changed: {other:?}"),
        };
        app.news().await.into_iter().map(today).collect()
    };
    app.look_at_spending().await;
    app.history.as_ref().unwrap().spend("one", unix_ms(), 0.25).unwrap();
    app.look_at_spending().await;
    assert_eq!(told().await, [0.25]);
    app.look_at_spending().await;
    assert_eq!(told().await, [0.0; 0]);
}
