//! No final word of a call is lost: not while the disk refuses, and not when the process is killed.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use call::{
    Access, Call, Clock, Controls, Cost, DeviceView, Devices, Ending, Event, FileDevices, Item, Net, Role,
    Setup, Snapshot, Status,
};
use history::{Calendar, ENDED_UNEXPECTEDLY, History, Span};
use practice::{Options, Practice, Switches};
use realtime::Profile;
use rusqlite::{Connection, TransactionBehavior};
use sidetone_shell::ledger::{WallClock, unix_ms};
use sidetone_shell::record::{self, Recording};
use sidetone_shell::view::Keeping;
use tokio::sync::broadcast;

/// Far beyond any real delay: it only keeps a broken test from hanging.
const DEADLINE: Duration = Duration::from_secs(120);

/// A call's transcript without the call: events of it can be missed as in the real one.
#[derive(Clone)]
struct Line {
    now: Arc<Mutex<Snapshot>>,
    events: broadcast::Sender<Event>,
}

impl Line {
    fn open() -> Self {
        let now = Snapshot {
            with: "Practice".into(),
            practice: true,
            status: Status::Listening,
            controls: Controls::default(),
            items: Vec::new(),
            microphone: DeviceView::default(),
            speaker: DeviceView::default(),
            clock: Clock::default(),
            price: None,
            quiet: None,
            notices: Vec::new(),
            figures: call::Figures::default(),
            model: None,
        };
        Self { now: Arc::new(Mutex::new(now)), events: broadcast::Sender::new(512) }
    }

    fn record(&self, history: &Arc<History>) -> Recording {
        self.record_at(history, unix_ms)
    }

    fn record_at(&self, history: &Arc<History>, now: WallClock) -> Recording {
        let line = self.clone();
        let setup = Setup::new(Profile::default(), Access::Backend(None));
        record::start(history.clone(), &setup, now, move || {
            let now = line.now.lock().unwrap();
            std::future::ready(Some((now.clone(), line.events.subscribe())))
        })
    }

    fn say(&self, text: &str, partial: bool) {
        let mut now = self.now.lock().unwrap();
        let index = now.items.len();
        let item = Item {
            id: format!("item-{index}"),
            role: Role::Agent,
            text: text.into(),
            partial,
            unheard: None,
            typed: false,
            at_ms: index as u64,
        };
        now.items.push(item.clone());
        self.events.send(Event::Item { index, item }).ok();
    }

    /// The call's clock stands at so many seconds, and so much has been spent.
    fn pay(&self, seconds: u64, estimate: f64) {
        let cost = Cost { estimate, ..Cost::default() };
        let clock = Clock { elapsed_ms: seconds * 1_000, cost: Some(cost) };
        self.now.lock().unwrap().clock = clock;
        self.events.send(Event::Clock { clock }).ok();
    }

    fn end(&self) {
        let status = Status::Ended { ending: Ending::ByYou };
        self.now.lock().unwrap().status = status.clone();
        self.events.send(Event::Status { status }).ok();
    }
}

async fn until(recording: &Recording, wanted: impl Fn(&Keeping) -> bool) {
    let mut keeping = recording.watch();
    tokio::time::timeout(DEADLINE, keeping.wait_for(wanted)).await.expect("it never came to that").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_final_is_lost_while_the_disk_refuses_and_the_window_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let history = Arc::new(History::open(&path).unwrap());
    let line = Line::open();
    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let recording = line.record(&history);
    // More than the history's queue takes, and then more than the call remembers of its events.
    for _ in 0..700 {
        line.say("words", false);
    }
    until(&recording, |keeping| matches!(keeping, Keeping::Unkept { .. })).await;
    for _ in 0..700 {
        line.say("more words", false);
    }
    line.say("half a wo", true);
    drop(lock);
    until(&recording, |keeping| *keeping == Keeping::Writing).await;
    line.say("the last words", false);
    line.end();
    until(&recording, |keeping| *keeping == Keeping::Kept).await;

    let kept = history.items(recording.id()).unwrap();
    assert_eq!(kept.len(), 1_401, "all that is final, and nothing else");
    assert_eq!(kept[1_400].text, "the last words");
    assert!(kept.is_sorted_by_key(|item| item.at_ms));
    let call = history.find(recording.id()).unwrap().unwrap();
    assert_eq!(call.ended_reason.as_deref(), Some("by you"));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_can_never_be_kept_are_said_to_be_lost() {
    let history = Arc::new(History::in_memory().unwrap());
    let line = Line::open();
    let recording = line.record(&history);
    line.say("kept", false);
    while history.items(recording.id()).unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(history.delete(recording.id()).unwrap());
    line.say("to a call that is gone", false);
    until(&recording, |keeping| matches!(keeping, Keeping::Unkept { .. })).await;
    line.end();
    let mut recording = recording;
    recording.finish(DEADLINE).await;
    assert!(matches!(recording.keeping(), Keeping::Unkept { .. }), "and it stays said");
}

/// 2026-11-30, a minute before midnight in Greenwich.
const LATE: i64 = 1_796_083_140_000;
static NOW: AtomicI64 = AtomicI64::new(LATE);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_costs_is_noted_while_it_runs_and_on_the_day_that_it_is() {
    let history = Arc::new(History::in_memory().unwrap());
    let line = Line::open();
    let recording = line.record_at(&history, || NOW.load(Ordering::Relaxed));
    let spent = |span: Span| history.spent(span).unwrap();
    let greenwich = Calendar::posix("UTC0").unwrap();
    let (before, after) = (greenwich.day(LATE), greenwich.day(LATE + 120_000));
    let noted = async |span: Span, wanted: f64| {
        let started = Instant::now();
        while spent(span) != wanted {
            assert!(started.elapsed() < DEADLINE, "{} instead of {wanted}", spent(span));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    line.pay(14, 0.25);
    line.pay(15, 0.5);
    noted(before, 0.5).await;
    line.pay(29, 0.75);
    NOW.store(LATE + 120_000, Ordering::Relaxed);
    line.pay(30, 1.0);
    noted(after, 0.5).await;
    // The wall clock is set back; the call's own is not.
    NOW.store(LATE, Ordering::Relaxed);
    line.pay(45, 1.25);
    noted(before, 0.75).await;
    line.pay(46, 1.5);
    line.end();
    until(&recording, |keeping| *keeping == Keeping::Kept).await;
    assert_eq!((spent(before), spent(after)), (1.0, 0.5));
    assert_eq!(history.find(recording.id()).unwrap().unwrap().estimate, Some(1.5));
}

const PATH: &str = "SIDETONE_RECORD_KILLED_PATH";

/// A real call with the practice agent. Does nothing but in the process that the next test starts.
#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_is_killed() {
    let Some(path) = env::var_os(PATH) else { return };
    let history = Arc::new(History::open(Path::new(&path)).unwrap());
    let options = Options { port: 0, key: "key".into(), switches: Switches::default() };
    let practice = Practice::start(options).await.unwrap();
    let key = practice.key().to_owned().into();
    let mut setup = Setup::practice(practice.token_url(), practice.realtime_url(), key);
    setup.profile.agent_speaks_first = false;
    let (ports, far) = audio::ports();
    let _files = FileDevices::start(far, Duration::from_millis(5));
    let devices = Devices { ports, engine: Box::new(()) };
    let call = Call::start(setup.clone(), devices, Net::new().unwrap(), None);
    let (_, mut events) = call.subscribe().await.unwrap();
    let subscriber = call.subscriber();
    let _recording = record::start(history, &setup, unix_ms, move || {
        let subscriber = subscriber.clone();
        async move { subscriber.subscribe().await.ok() }
    });
    call.send(call::Command::SendText("Is anybody there?".into())).await.unwrap();
    loop {
        if let Event::Item { item, .. } = events.recv().await.unwrap()
            && !item.partial
        {
            let line = format!("\nfinal {} {}\n", item.id, item.text);
            std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
            std::io::stdout().flush().unwrap();
        }
    }
}

#[test]
fn a_killed_process_loses_no_final_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "record::the_process_that_is_killed", "--nocapture", "--test-threads=1"])
        .env(PATH, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said: Vec<(String, String)> = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some((id, text)) = line.strip_prefix("final ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        said.retain(|(known, _)| known != id);
        said.push((id.to_owned(), text.to_owned()));
        // Your text, and the whole answer to it.
        if said.len() == 2 {
            break;
        }
    }
    assert_eq!(said.len(), 2, "the call did not go on: {said:?}");

    // Looked at from outside while the process lives: nothing here makes it write.
    let reader = Connection::open(&path).unwrap();
    let kept = || -> Vec<(String, String)> {
        let mut rows = reader.prepare("SELECT item_id, text FROM items ORDER BY position").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let started = Instant::now();
    while kept() != said {
        assert!(started.elapsed() < DEADLINE, "said {said:?}, kept {:?}", kept());
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let history = History::open(&path).unwrap();
    let call = &history.calls(10).unwrap()[0];
    assert_eq!(call.ended_reason.as_deref(), Some(ENDED_UNEXPECTEDLY));
    let again: Vec<_> =
        history.items(&call.id).unwrap().into_iter().map(|item| (item.item_id, item.text)).collect();
    assert_eq!(again, said);
}
