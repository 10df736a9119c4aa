#[cfg(target_os = "linux")]
mod real;

use std::collections::HashMap;
use std::sync::{Condvar, Mutex};

use secrecy::ExposeSecret as _;

use super::*;
use crate::view::KeychainTrouble;

/// A keychain in memory that answers when it is let, with what it is told to.
#[derive(Clone, Default)]
pub(crate) struct Scripted(Arc<Script>);

#[derive(Default)]
struct Script {
    script: Mutex<Behaviour>,
    changed: Condvar,
}

#[derive(Default)]
pub(crate) struct Behaviour {
    pub(crate) holds: HashMap<String, String>,
    /// Questions that change or read a secret are not answered.
    pub(crate) stuck: bool,
    /// Nothing is answered at all.
    hung: bool,
    pub(crate) locked: bool,
    pub(crate) refusal: Option<KeychainError>,
}

impl Scripted {
    pub(crate) fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.0.script.lock().unwrap());
        self.0.changed.notify_all();
    }

    pub(crate) fn holds(&self, id: &str) -> Option<String> {
        self.0.script.lock().unwrap().holds.get(id).cloned()
    }

    fn answer<T>(&self, act: impl FnOnce(&mut Behaviour) -> T) -> Result<T, KeychainError> {
        let script = self.0.script.lock().unwrap();
        let mut script = self.0.changed.wait_while(script, |now| now.stuck || now.hung).unwrap();
        match &script.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(act(&mut script)),
        }
    }
}

impl Store for Scripted {
    fn state(&self) -> Result<(), KeychainError> {
        let script = self.0.script.lock().unwrap();
        let script = self.0.changed.wait_while(script, |now| now.hung).unwrap();
        if script.locked { Err(KeychainError::Locked) } else { Ok(()) }
    }

    fn keep(&self, id: &str, secret: &SecretString) -> Result<(), KeychainError> {
        self.answer(|script| drop(script.holds.insert(id.into(), secret.expose_secret().into())))
    }

    fn find(&self, id: &str) -> Answer {
        self.answer(|script| script.holds.get(id).cloned().map(Into::into))
    }

    fn erase(&self, id: &str) -> Result<(), KeychainError> {
        self.answer(|script| drop(script.holds.remove(id)))
    }
}

/// Nobody waits long for what never comes.
pub(crate) fn brief() -> Limits {
    let (answer, patience) = (Duration::from_millis(100), Duration::from_millis(10));
    Limits { answer, patience, state: Duration::from_secs(30), open: 3 }
}

/// Waits as long as it takes.
fn patient() -> Limits {
    let hour = Duration::from_secs(3_600);
    Limits { answer: hour, state: hour, patience: Duration::from_millis(10), open: 3 }
}

pub(crate) fn pair(limits: Limits) -> (Scripted, Keychain) {
    let store = Scripted::default();
    (store.clone(), Keychain::new(store, limits))
}

fn why(keychain: &Keychain) -> Option<KeychainTrouble> {
    match &*keychain.news.borrow() {
        view::Keychain::Unavailable { why, .. } => Some(*why),
        view::Keychain::Available | view::Keychain::Waiting => None,
    }
}

async fn found(keychain: &Keychain, id: &str) -> Option<String> {
    keychain.find(id).await.unwrap().map(|secret| secret.expose_secret().to_owned())
}

#[tokio::test]
async fn a_stuck_question_does_not_hold_up_the_next() {
    let (store, keychain) = pair(brief());
    store.change(|script| (script.stuck, script.locked) = (true, true));
    assert_eq!(keychain.keep("a", "one".into()).await, Err(KeychainError::Locked));
    assert_eq!(why(&keychain), Some(KeychainTrouble::Locked));
    assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"), "it is kept for this run");
    store.change(|script| {
        script.holds.insert("b".into(), "two".into());
        (script.stuck, script.locked) = (false, false);
    });
    assert_eq!(found(&keychain, "b").await.as_deref(), Some("two"));
    assert_eq!(*keychain.news.borrow(), view::Keychain::Available);
}

#[tokio::test]
async fn only_so_many_questions_stay_open() {
    let (store, keychain) = pair(brief());
    store.change(|script| script.stuck = true);
    for _ in 0..3 {
        assert_eq!(keychain.find("a").await.unwrap_err(), KeychainError::Locked);
    }
    let full = keychain.keep("a", "one".into()).await.unwrap_err();
    assert_eq!(full, KeychainError::Clogged(3));
    let problem = full.problem(Errand::Keep);
    assert!(problem.message.contains("does not answer") && !problem.cure.is_empty(), "{problem:?}");
    assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"), "it is kept for this run all the same");

    store.change(|script| script.stuck = false);
    while keychain.keep_now("a").await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.holds("a").as_deref(), Some("one"));
}

#[tokio::test]
async fn a_keychain_that_hangs_is_not_asked_for_its_state_again_and_again() {
    let (store, keychain) = pair(Limits { state: Duration::from_millis(20), ..brief() });
    store.change(|script| script.hung = true);
    for _ in 0..5 {
        keychain.look().await;
        assert_eq!(why(&keychain), Some(KeychainTrouble::Silent));
    }
    assert_eq!(Arc::strong_count(&keychain.store), 2, "one thread has it, and the keychain itself");
    store.change(|script| script.hung = false);
    while why(&keychain).is_some() {
        keychain.look().await;
    }
}

#[tokio::test]
async fn a_person_need_not_wait_to_the_end() {
    let (store, keychain) = pair(patient());
    store.change(|script| (script.stuck, script.locked) = (true, true));
    let mut news = keychain.news();
    let asking = keychain.keep("a", "one".into());
    let giving_up = async {
        news.wait_for(|now| *now == view::Keychain::Waiting).await.unwrap();
        keychain.look().await;
        assert_eq!(*keychain.news.borrow(), view::Keychain::Waiting, "a look does not hide the wait");
        keychain.give_up();
    };
    assert_eq!(tokio::join!(asking, giving_up).0, Err(KeychainError::Locked));
    assert!(keychain.is_for_this_run("a") && keychain.holds_some_for_this_run());
    store.change(|script| script.stuck = false);
}

#[tokio::test]
async fn an_answer_that_comes_late_still_counts() {
    let (store, keychain) = pair(brief());
    store.change(|script| script.stuck = true);
    keychain.keep("a", "one".into()).await.unwrap_err();
    store.change(|script| script.stuck = false);
    keychain.late().await;
    assert_eq!(keychain.take_late(), Late { kept: vec!["a".into()], erased: Vec::new() });
    assert!(!keychain.is_for_this_run("a"));
    assert_eq!(store.holds("a").as_deref(), Some("one"));
    assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_what_a_late_answer_leaves() {
    let (store, keychain) = pair(brief());
    store.change(|script| script.stuck = true);
    for id in ["changed", "deleted"] {
        keychain.keep(id, "old".into()).await.unwrap_err();
    }
    keychain.keep("changed", "new".into()).await.unwrap_err();
    keychain.erase("deleted").await.unwrap_err();
    store.change(|script| script.stuck = false);
    while ["changed", "deleted"].iter().any(|id| keychain.is_adrift(id)) {
        keychain.late().await;
    }
    let late = Late { kept: vec!["changed".into()], erased: vec!["deleted".into()] };
    assert_eq!(keychain.take_late(), late);
    assert_eq!(store.holds("changed").as_deref(), Some("new"));
    assert_eq!(store.holds("deleted"), None);
}

#[tokio::test]
async fn an_old_secret_is_swept_out_and_the_one_of_this_run_stays() {
    let (store, keychain) = pair(brief());
    let refuse = |refusal| {
        store.change(|script| script.refusal = refusal);
    };
    store.change(|script| drop(script.holds.insert("a".into(), "old".into())));
    refuse(Some(KeychainError::Denied("no".into())));
    keychain.keep("a", "new".into()).await.unwrap_err();
    keychain.sweep("a");
    keychain.late().await;
    assert_eq!(keychain.take_late(), Late::default());
    assert_eq!(store.holds("a").as_deref(), Some("old"));

    refuse(None);
    keychain.sweep("a");
    keychain.late().await;
    assert_eq!(keychain.take_late(), Late { kept: Vec::new(), erased: vec!["a".into()] });
    assert_eq!((store.holds("a"), keychain.is_for_this_run("a")), (None, true));
}

#[tokio::test]
async fn what_is_kept_while_an_old_secret_is_swept_out_is_kept() {
    let (store, keychain) = pair(patient());
    store.change(|script| {
        script.holds.insert("a".into(), "old".into());
        script.stuck = true;
    });
    keychain.sweep("a");
    keychain.sweep("a");
    assert_eq!(keychain.keep("a", "new".into()).await, Err(KeychainError::Locked));
    store.change(|script| script.stuck = false);
    keychain.late().await;
    assert_eq!(keychain.take_late(), Late { kept: vec!["a".into()], erased: Vec::new() });
    assert_eq!(store.holds("a").as_deref(), Some("new"));
    assert!(!keychain.is_for_this_run("a") && !keychain.is_adrift("a"));
}

#[tokio::test]
async fn nothing_is_swept_out_from_under_a_secret_that_is_being_kept() {
    let (store, keychain) = pair(patient());
    store.change(|script| script.stuck = true);
    let mut news = keychain.news();
    let sweeping = async {
        news.wait_for(|now| *now == view::Keychain::Waiting).await.unwrap();
        keychain.sweep("a");
        assert!(!keychain.is_adrift("a"));
        store.change(|script| script.stuck = false);
    };
    assert_eq!(tokio::join!(keychain.keep("a", "new".into()), sweeping).0, Ok(()));
    keychain.sweep("a");
    while keychain.is_adrift("a") {
        keychain.late().await;
    }
    assert_eq!(store.holds("a"), None, "afterwards it can be");
}

#[tokio::test]
async fn each_trouble_has_its_name_and_a_way_on() {
    let (store, keychain) = pair(patient());
    let cases = [
        (KeychainError::Missing("no bus".into()), KeychainTrouble::Missing, "no keychain"),
        (KeychainError::Locked, KeychainTrouble::Locked, "locked"),
        (KeychainError::Denied("dismissed".into()), KeychainTrouble::Denied, "turned down"),
        (KeychainError::Failed("broken".into()), KeychainTrouble::Failed, "failed"),
    ];
    for (error, trouble, words) in cases {
        store.change(|script| script.refusal = Some(error.clone()));
        assert_eq!(keychain.keep("a", "secret words".into()).await, Err(error));
        let view::Keychain::Unavailable { why, problem } = keychain.news.borrow().clone() else {
            panic!("{trouble:?} is not told");
        };
        assert_eq!(why, trouble);
        assert!(problem.message.contains(words), "{}", problem.message);
        assert!(problem.cure.contains("this run only"), "{}", problem.cure);
        assert!(!format!("{problem:?} {keychain:?}").contains("secret words"));
        let looking = keychain.find("b").await.unwrap_err().problem(Errand::Find);
        assert!(looking.cure.contains("enter its secret"), "{}", looking.cure);
    }
    store.change(|script| script.refusal = None);
    keychain.keep_now("a").await.unwrap();
    assert_eq!(*keychain.news.borrow(), view::Keychain::Available);
    assert!(!keychain.is_for_this_run("a"));
    assert_eq!(store.holds("a").as_deref(), Some("secret words"));
}
