//! The same with a real gnome-keyring, and the real dialog in which it asks.
//!
//! A program finds its keychain by its environment, which no test may change for itself. So each test sets
//! up a desk, and runs itself once more on it as a child; the two take turns by files in a folder.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Instant;

use rig::{Bus, Display, Prompter};

use super::*;

const STAGES: &str = "SIDETONE_TEST_STAGES";
const PATIENCE: Duration = Duration::from_secs(60);

/// What the two sides have come to.
struct Stages(PathBuf);

impl Stages {
    fn reach(&self, stage: &str) {
        std::fs::write(self.0.join(stage), "").unwrap();
    }

    fn wait(&self, stage: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.0.join(stage).exists() {
            assert!(Instant::now() < until, "it never came to {stage:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The side of a test that uses the keychain; `None` in the one that is to set up the desk.
fn child() -> Option<(Stages, tokio::runtime::Runtime)> {
    let stages = Stages(std::env::var_os(STAGES)?.into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Some((stages, runtime))
}

struct Desk {
    bus: Bus,
    display: Display,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Desk {
    fn set_up() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { bus: Bus::start().unwrap(), display: Display::start(800, 600).unwrap(), folder, child: None }
    }

    fn stages(&self) -> Stages {
        Stages(self.folder.path().to_owned())
    }

    fn prompter(&self) -> Prompter {
        Prompter::start(&self.bus, &self.display).unwrap()
    }

    /// Runs the named test of this file on this desk.
    fn run(&mut self, test: &str) {
        let child = Command::new(std::env::current_exe().unwrap())
            .args([&format!("keychain::tests::real::{test}"), "--exact", "--nocapture"])
            .envs(self.bus.env())
            .env(STAGES, self.folder.path())
            .spawn();
        self.child = Some(child.unwrap());
    }

    fn passes(mut self) {
        let status = self.child.take().unwrap().wait().unwrap();
        assert!(status.success(), "the side that uses the keychain failed");
    }

    /// What the keychain holds for an id, asked by another program.
    fn holds(&self, id: &str) -> String {
        let lookup = ["lookup", "service", "dev.sidetone.desktop", "username", id];
        let output = Command::new("secret-tool").args(lookup).envs(self.bus.env()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn keychain(answer: Duration) -> Keychain {
    Keychain::new(System, Limits { answer, state: Duration::from_secs(3), ..Limits::default() })
}

async fn back(keychain: &Keychain) {
    while *keychain.news.borrow() != view::Keychain::Available {
        sleep(Duration::from_millis(50)).await;
        keychain.look().await;
    }
}

#[test]
fn an_open_keychain_keeps_finds_and_forgets() {
    if let Some((stages, runtime)) = child() {
        return runtime.block_on(async {
            let keychain = keychain(PATIENCE);
            keychain.look().await;
            assert_eq!(*keychain.news.borrow(), view::Keychain::Available);
            assert_eq!(found(&keychain, "a").await, None);
            keychain.keep("a", "one".into()).await.unwrap();
            keychain.keep("a", "two".into()).await.unwrap();
            assert_eq!(found(&keychain, "a").await.as_deref(), Some("two"));
            stages.reach("kept");
            stages.wait("seen");
            keychain.erase("a").await.unwrap();
            keychain.erase("a").await.unwrap();
            assert_eq!(found(&keychain, "a").await, None);
        });
    }
    let mut desk = Desk::set_up();
    desk.bus.unlock_keyring().unwrap();
    desk.run("an_open_keychain_keeps_finds_and_forgets");
    desk.stages().wait("kept");
    assert_eq!(desk.holds("a"), "two");
    desk.stages().reach("seen");
    desk.passes();
}

#[test]
fn a_keychain_that_comes_later_takes_what_was_kept_for_this_run() {
    if let Some((stages, runtime)) = child() {
        return runtime.block_on(async {
            let keychain = keychain(PATIENCE);
            let missing = keychain.keep("a", "one".into()).await.unwrap_err();
            assert!(matches!(missing, KeychainError::Missing(_)), "{missing}");
            assert_eq!(why(&keychain), Some(KeychainTrouble::Missing));
            assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"));
            stages.reach("missing");
            back(&keychain).await;
            assert!(keychain.is_for_this_run("a"), "it is offered, not done");
            keychain.keep_now("a").await.unwrap();
            assert!(!keychain.is_for_this_run("a"));
            stages.reach("kept");
            stages.wait("gone");
            assert!(matches!(keychain.find("a").await, Err(KeychainError::Missing(_))));
            stages.reach("noticed");
            back(&keychain).await;
            assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"));
        });
    }
    let mut desk = Desk::set_up();
    desk.run("a_keychain_that_comes_later_takes_what_was_kept_for_this_run");
    desk.stages().wait("missing");
    desk.bus.unlock_keyring().unwrap();
    desk.stages().wait("kept");
    assert_eq!(desk.holds("a"), "one");
    desk.bus.end_keyring().unwrap();
    desk.stages().reach("gone");
    desk.stages().wait("noticed");
    desk.bus.unlock_keyring().unwrap();
    desk.passes();
}

#[test]
fn a_locked_keychain_that_nobody_unlocks_is_not_waited_for_and_takes_it_when_somebody_does() {
    if let Some((stages, runtime)) = child() {
        return runtime.block_on(async {
            let keychain = keychain(Duration::from_secs(3));
            keychain.look().await;
            assert_eq!(why(&keychain), Some(KeychainTrouble::Locked), "and looking asks for no password");
            stages.reach("looked");
            stages.wait("prompter");
            assert_eq!(keychain.keep("a", "one".into()).await, Err(KeychainError::Locked));
            assert!(keychain.is_for_this_run("a"));
            stages.reach("given up");
            keychain.late().await;
            assert_eq!(keychain.take_late().kept, ["a"]);
            assert!(!keychain.is_for_this_run("a"));
            assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"));
        });
    }
    let mut desk = Desk::set_up();
    desk.bus.unlock_keyring().unwrap();
    desk.bus.lock_keyring().unwrap();
    desk.run("a_locked_keychain_that_nobody_unlocks_is_not_waited_for_and_takes_it_when_somebody_does");
    desk.stages().wait("looked");
    let prompter = desk.prompter();
    desk.stages().reach("prompter");
    prompter.asked().unwrap();
    desk.stages().wait("given up");
    prompter.answer().unwrap();
    drop(prompter);
    desk.passes();
}

#[test]
fn a_prompt_that_is_turned_down_is_a_no_and_can_be_asked_again() {
    if let Some((stages, runtime)) = child() {
        return runtime.block_on(async {
            let keychain = keychain(PATIENCE);
            let denied = keychain.keep("a", "one".into()).await.unwrap_err();
            assert!(matches!(denied, KeychainError::Denied(_)), "{denied}");
            assert_eq!(why(&keychain), Some(KeychainTrouble::Denied));
            assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"));
            stages.wait("dismissed");
            keychain.keep_now("a").await.unwrap();
            assert_eq!(*keychain.news.borrow(), view::Keychain::Available);
            stages.reach("kept");
        });
    }
    let mut desk = Desk::set_up();
    desk.bus.unlock_keyring().unwrap();
    desk.bus.lock_keyring().unwrap();
    let prompter = desk.prompter();
    desk.run("a_prompt_that_is_turned_down_is_a_no_and_can_be_asked_again");
    prompter.dismiss().unwrap();
    desk.stages().reach("dismissed");
    prompter.answer().unwrap();
    drop(prompter);
    desk.stages().wait("kept");
    assert_eq!(desk.holds("a"), "one");
    desk.passes();
}

#[test]
fn a_keychain_that_was_never_used_is_made_with_a_password() {
    if let Some((_, runtime)) = child() {
        return runtime.block_on(async {
            let keychain = keychain(PATIENCE);
            keychain.look().await;
            assert_eq!(*keychain.news.borrow(), view::Keychain::Available);
            keychain.keep("a", "one".into()).await.unwrap();
            assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"));
        });
    }
    let mut desk = Desk::set_up();
    desk.bus.fresh_keyring().unwrap();
    let prompter = desk.prompter();
    desk.run("a_keychain_that_was_never_used_is_made_with_a_password");
    prompter.choose().unwrap();
    drop(prompter);
    desk.passes();
}

#[test]
fn a_keychain_that_hangs_is_named_and_used_again_when_it_goes_on() {
    if let Some((stages, runtime)) = child() {
        return runtime.block_on(async {
            let keychain = keychain(Duration::from_secs(4));
            let silent = keychain.keep("a", "one".into()).await.unwrap_err();
            assert!(matches!(silent, KeychainError::Silent(_)), "{silent}");
            assert_eq!(why(&keychain), Some(KeychainTrouble::Silent));
            assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"));
            stages.reach("silent");
            let mut landed = Vec::new();
            while landed.is_empty() {
                keychain.late().await;
                landed = keychain.take_late().kept;
            }
            assert_eq!(landed, ["a"]);
            back(&keychain).await;
            assert_eq!(found(&keychain, "a").await.as_deref(), Some("one"));
        });
    }
    let mut desk = Desk::set_up();
    desk.bus.unlock_keyring().unwrap();
    desk.bus.hang_keyring(true).unwrap();
    desk.run("a_keychain_that_hangs_is_named_and_used_again_when_it_goes_on");
    desk.stages().wait("silent");
    desk.bus.hang_keyring(false).unwrap();
    desk.passes();
}
