use std::sync::atomic::{AtomicUsize, Ordering};

use call::{Item, Problem, Role};

use super::*;

fn outbox() -> (Outbox, Arc<AtomicUsize>) {
    let rung = Arc::new(AtomicUsize::new(0));
    let counter = rung.clone();
    let ring = move || {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    (Outbox::new(ring), rung)
}

fn levels(speaker: f32) -> AppEvent {
    AppEvent::Call { event: Event::Levels { microphone: -96.0, speaker } }
}

fn item(id: &str, text: &str) -> AppEvent {
    let item = Item {
        id: id.into(),
        role: Role::Agent,
        text: text.into(),
        partial: true,
        unheard: None,
        typed: false,
        at_ms: 0,
    };
    AppEvent::Call { event: Event::Item { index: 0, item } }
}

fn notice(code: ProblemCode) -> AppEvent {
    let problem = Problem {
        code,
        fault: call::Fault::Network,
        message: String::new(),
        cure: String::new(),
        detail: None,
    };
    AppEvent::Call { event: Event::Notice { problem } }
}

fn shown(news: &[AppEvent]) -> Vec<String> {
    let show = |event: &AppEvent| match event {
        AppEvent::Call { event: Event::Levels { speaker, .. } } => format!("levels {speaker}"),
        AppEvent::Call { event: Event::Item { item, .. } } => format!("{}: {}", item.id, item.text),
        AppEvent::Call { event: Event::Notice { problem } } => format!("notice {:?}", problem.code),
        AppEvent::Call { event: Event::NoticeGone { code } } => format!("gone {code:?}"),
        AppEvent::CallSnapshot { call } => format!("snapshot {}", call.is_some()),
        AppEvent::Trial { trial, .. } => format!("trial {trial:?}"),
        other => format!("{other:?}"),
    };
    news.iter().map(show).collect()
}

#[tokio::test(start_paused = true)]
async fn it_rings_once_for_a_window_that_does_not_fetch_and_not_at_all_for_one_that_does() {
    let (outbox, rung) = outbox();
    outbox.put(item("a", "one"));
    outbox.put(levels(-20.0));
    assert_eq!(rung.load(Ordering::Relaxed), 1);
    assert_eq!(shown(&outbox.fetch().await), ["a: one", "levels -20"]);

    let waiting = outbox.clone();
    let fetch = tokio::spawn(async move { waiting.fetch().await });
    tokio::time::sleep(EVERY * 2).await;
    outbox.put(item("a", "one two"));
    assert_eq!(shown(&fetch.await.unwrap()), ["a: one two"]);
    assert_eq!(rung.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_quiet_time_the_window_gets_nothing_and_is_rung_for_again() {
    let (outbox, rung) = outbox();
    assert_eq!(shown(&outbox.fetch().await), [""; 0]);
    assert_eq!(rung.load(Ordering::Relaxed), 0);
    outbox.put(levels(-20.0));
    assert_eq!(rung.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_newer_takes_the_place_of_what_it_is_about_and_of_nothing_else() {
    let (outbox, _) = outbox();
    for event in [
        item("a", "one"),
        notice(ProblemCode::Network),
        levels(-20.0),
        item("b", "other"),
        notice(ProblemCode::Speaker),
        item("a", "one two"),
        AppEvent::Call { event: Event::NoticeGone { code: ProblemCode::Network } },
        AppEvent::Trial { trial: Trial::Tone, state: None },
        AppEvent::Trial { trial: Trial::Echo, state: None },
        levels(-30.0),
    ] {
        outbox.put(event);
    }
    let expected = [
        "a: one two",
        "gone Network",
        "levels -30",
        "b: other",
        "notice Speaker",
        "trial Tone",
        "trial Echo",
    ];
    assert_eq!(shown(&outbox.fetch().await), expected);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_takes_the_place_of_everything_about_the_call_before_it() {
    let (outbox, _) = outbox();
    outbox.put(item("a", "one"));
    outbox.put(AppEvent::Trial { trial: Trial::Tone, state: None });
    outbox.put(AppEvent::CallSnapshot { call: None });
    outbox.put(item("b", "after it"));
    assert_eq!(shown(&outbox.fetch().await), ["trial Tone", "snapshot false", "b: after it"]);
}

#[tokio::test(start_paused = true)]
async fn a_window_is_told_thirty_times_a_second_at_most() {
    let (outbox, _) = outbox();
    let began = Instant::now();
    for _ in 0..30 {
        outbox.put(levels(-20.0));
        assert_eq!(outbox.fetch().await.len(), 1);
    }
    assert_eq!(began.elapsed(), EVERY * 29);
}

#[tokio::test(start_paused = true)]
async fn the_outbox_of_a_window_that_is_gone_takes_nothing_and_lets_nobody_wait() {
    let (outbox, rung) = outbox();
    let waiting = outbox.clone();
    let fetch = tokio::spawn(async move { waiting.fetch().await });
    tokio::task::yield_now().await;
    let began = Instant::now();
    outbox.close();
    assert!(fetch.await.unwrap().is_empty());
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(!outbox.put(levels(-20.0)));
    assert_eq!(rung.load(Ordering::Relaxed), 0);
}
