//! What the window has still to be told.
//!
//! The window fetches it; the channel only rings. WebKit keeps what it is given to evaluate as a script
//! for as long as the page lives, and a channel evaluates each of its messages: a call would hand it a
//! hundred thousand an hour, each with all that was said of its item so far.

use std::mem::{Discriminant, discriminant};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use audio::{Direction, Trial};
use call::{Event, ProblemCode};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::view::AppEvent;

/// The window is told so often at most (30 a second).
const EVERY: Duration = Duration::from_millis(33);
/// How long the window waits for more before it has to be rung for: longer than the ticks of a call's
/// clock are apart, so that in a call nothing rings.
const PATIENCE: Duration = Duration::from_secs(2);

/// Of one window as it was loaded. Every clone is the same outbox.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    arrived: Notify,
    ring: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    /// A newer event takes the place of an older one about the same thing, so that a window that does
    /// not fetch costs no more than what there is to know.
    pending: Vec<AppEvent>,
    /// The window fetches, or has been rung for.
    expected: bool,
    closed: bool,
    told: Option<Instant>,
}

/// What an event is about.
#[derive(PartialEq)]
enum Subject<'a> {
    Whole(Discriminant<AppEvent>),
    Trial(&'a Trial),
    Call(Discriminant<Event>),
    Item(&'a str),
    Device(Direction),
    Notice(ProblemCode),
}

impl Outbox {
    /// `ring` has the window come and fetch.
    pub(crate) fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { state: Mutex::default(), arrived: Notify::new(), ring: Box::new(ring) }))
    }

    /// False when another window has taken the place of this one.
    pub(crate) fn put(&self, event: AppEvent) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        if matches!(event, AppEvent::CallSnapshot { .. }) {
            state.pending.retain(|before| !matches!(before, AppEvent::Call { .. }));
        }
        let place = state.pending.iter().position(|before| subject(before) == subject(&event));
        match place.and_then(|place| state.pending.get_mut(place)) {
            Some(before) => *before = event,
            None => state.pending.push(event),
        }
        let ring = !std::mem::replace(&mut state.expected, true);
        drop(state);
        self.0.arrived.notify_one();
        if ring {
            (self.0.ring)();
        }
        true
    }

    /// Everything new, as soon as there is something; nothing when nothing came for a while, and then
    /// the window is rung for.
    pub(crate) async fn fetch(&self) -> Vec<AppEvent> {
        let next = {
            let mut state = self.state();
            state.expected = true;
            state.told.map(|told| told + EVERY)
        };
        if let Some(next) = next {
            tokio::time::sleep_until(next).await;
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let arrived = self.0.arrived.notified();
            {
                let mut state = self.state();
                if !state.pending.is_empty() || state.closed || Instant::now() >= until {
                    state.expected = !state.pending.is_empty();
                    state.told = Some(Instant::now());
                    return std::mem::take(&mut state.pending);
                }
            }
            // Whether it arrived or time is up is seen by looking.
            let _ = timeout(until.saturating_duration_since(Instant::now()), arrived).await;
        }
    }

    /// Nothing more is taken, and nobody waits for it.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.0.arrived.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn subject(event: &AppEvent) -> Subject<'_> {
    match event {
        AppEvent::Call { event: Event::Item { item, .. } } => Subject::Item(&item.id),
        AppEvent::Call { event: Event::Device { direction, .. } } => Subject::Device(*direction),
        AppEvent::Call { event: Event::Notice { problem } } => Subject::Notice(problem.code),
        AppEvent::Call { event: Event::NoticeGone { code } } => Subject::Notice(*code),
        AppEvent::Call { event } => Subject::Call(discriminant(event)),
        AppEvent::Trial { trial, .. } => Subject::Trial(trial),
        whole => Subject::Whole(discriminant(whole)),
    }
}

#[cfg(test)]
mod tests;
