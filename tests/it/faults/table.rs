//! Rows of faults: what is done to a call, and what a person sees of it.

use std::fmt::Write as _;

use call::{Ending, Problem, Role, Setup, Snapshot, Status};
use realtime::Auth;

use super::desk::{self, Desk};
use super::relay::{Network, Relay};
use super::sees::{Sees, as_expected, said_by, worded};
use super::story::{self, At, Story, TYPED};

/// Switches of the practice agent.
pub(crate) type Switched = &'static [(&'static str, &'static str)];

/// What every turn of a session is said to have said.
pub(crate) const SAID: [&str; 3] = ["one two three", "four five six", "seven eight nine"];

pub(crate) struct Row {
    pub(crate) name: &'static str,
    switches: Switched,
    /// Where the fault comes; `None` where it comes by itself, or before the call.
    pub(crate) at: Option<At>,
    /// What the network does, and for how long, in ms of simulated time; 0: for good.
    pub(crate) network: Option<(Way, Network, u64)>,
    change: Box<dyn Fn(&mut Setup)>,
    pub(crate) story: Story,
    again: bool,
    pub(crate) sees: Sees,
}

/// Which of the two servers the network leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Both,
    Backend,
    Line,
}

impl Row {
    /// The token is shown as a subprotocol.
    pub(crate) fn subprotocol(name: &'static str, switches: Switched, sees: Sees) -> Self {
        changed(name, |setup| setup.profile.auth = Auth::Subprotocol, sees).with(switches)
    }

    /// The profile names a model, where others take what the alias stands for.
    pub(crate) fn model(name: &'static str, switches: Switched, sees: Sees) -> Self {
        changed(name, |setup| setup.profile.model = "grok-voice-3.0".into(), sees).with(switches)
    }

    pub(crate) fn with(self, switches: Switched) -> Self {
        Self { switches, ..self }
    }

    pub(crate) fn at(self, at: At) -> Self {
        Self { at: Some(at), ..self }
    }

    pub(crate) fn setup(self, change: impl Fn(&mut Setup) + 'static) -> Self {
        Self { change: Box::new(change), ..self }
    }

    pub(crate) fn story(self, story: Story) -> Self {
        Self { story, ..self }
    }

    /// After this call there is another with the same servers, and it must come about.
    pub(crate) fn then_call_again(self) -> Self {
        Self { again: true, ..self }
    }
}

/// A server that misbehaves by itself.
pub(crate) fn switched(name: &'static str, switches: Switched, sees: Sees) -> Row {
    changed(name, |_| {}, sees).with(switches)
}

/// A network that misbehaves from `at` on and is well again after `ms` of simulated time.
pub(crate) fn network(name: &'static str, at: At, network: Network, ms: u64, sees: Sees) -> Row {
    Row { network: Some((Way::Both, network, ms)), ..changed(name, |_| {}, sees) }.at(at)
}

/// A network that misbehaves from the beginning on the way to one of the servers.
pub(crate) fn on_the_way(name: &'static str, way: Way, network: Network, ms: u64, sees: Sees) -> Row {
    Row { network: Some((way, network, ms)), ..changed(name, |_| {}, sees) }
}

/// The line is reset in the silence, and the servers do this with the next one.
pub(crate) fn after_a_break(name: &'static str, switches: Switched, sees: Sees) -> Row {
    network(name, At::Quiet, Network::Cut, 0, sees).with(switches)
}

/// A profile that leads astray.
pub(crate) fn changed(name: &'static str, change: impl Fn(&mut Setup) + 'static, sees: Sees) -> Row {
    let change = Box::new(change);
    Row { name, switches: &[], at: None, network: None, change, story: Story::Talk, again: false, sees }
}

/// What lies between the call and its two servers.
pub(crate) struct Wires {
    backend: Relay,
    line: Relay,
}

impl Wires {
    fn before(setup: &mut Setup) -> Self {
        let backend = Relay::before(&setup.profile.token_url);
        let line = Relay::before(&setup.profile.realtime_url);
        setup.profile.token_url = backend.route(&setup.profile.token_url);
        setup.profile.realtime_url = line.route(&setup.profile.realtime_url);
        Self { backend, line }
    }

    pub(crate) fn become_on(&self, way: Way, network: Network) {
        if way != Way::Line {
            self.backend.becomes(network);
        }
        if way != Way::Backend {
            self.line.becomes(network);
        }
    }
}

/// Runs every row, prints them all as a table, and only then says which are not as expected.
pub(crate) async fn run(title: &str, rows: &[Row]) {
    let mut table = format!(
        "## {title}\n\n| given | the words of the state | what it says | as expected |\n|---|---|---|---|\n"
    );
    let mut wrong = Vec::new();
    for row in rows {
        let outcome = outcome(row).await;
        let verdict =
            outcome.verdict.as_ref().map_or_else(|problem| format!("**no**: {problem}"), |()| "yes".into());
        let _ = writeln!(table, "| {} | {} | {} | {verdict} |", row.name, outcome.words, outcome.said);
        if let Err(problem) = outcome.verdict {
            wrong.push(format!("{}: {problem}", row.name));
        }
    }
    keep(title, &table);
    assert!(wrong.is_empty(), "{table}\n{}", wrong.join("\n"));
}

fn keep(title: &str, table: &str) {
    println!("{table}");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/faults");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.md", title.replace(' ', "-"))), table).unwrap();
}

/// What came of a row.
pub(crate) struct Outcome {
    words: String,
    pub(crate) said: String,
    pub(crate) seen: Snapshot,
    pub(crate) told: Vec<Problem>,
    pub(crate) verdict: Result<(), String>,
}

pub(crate) async fn outcome(row: &Row) -> Outcome {
    let said = SAID.join("|");
    let mut all = vec![("transcript", said.as_str())];
    all.extend_from_slice(row.switches);
    let mut wires = None;
    let mut desk = Desk::open_typing(desk::practice(&all).await, TYPED, |setup| {
        let between = Wires::before(setup);
        if let (None, Some((way, network, _))) = (row.at, row.network) {
            between.become_on(way, network);
        }
        wires = Some(between);
        (row.change)(setup);
    })
    .await;
    let mut verdict = Err("nothing was tried".to_owned());
    if let Some(wires) = &wires {
        verdict = Box::pin(story::play(row, &mut desk, wires)).await;
    }
    let verdict = verdict.and_then(|()| as_expected(row.sees, row.at, &desk));
    let mut said: Vec<String> = desk.told.iter().map(|problem| problem.message.clone()).collect();
    said.dedup();
    said.extend(said_by(Role::Note, &desk).map(str::to_owned));
    match &desk.seen.status {
        Status::Ended { ending: Ending::Failed { problem } } => said.push(worded(problem)),
        Status::Ended { ending: Ending::ByServer { problem, .. } } => said.push(worded(problem)),
        _ => {}
    }
    let words = shortened(&desk.words);
    let (seen, told) = (desk.seen.clone(), desk.told.clone());
    let practice = desk.close().await;
    let verdict = match row.again {
        true if verdict.is_ok() => call_again(row, practice).await,
        _ => verdict,
    };
    Outcome { words, said: said.join(" · ").replace('|', "/"), seen, told, verdict }
}

async fn call_again(row: &Row, practice: practice::Practice) -> Result<(), String> {
    let mut desk = Desk::open_typing(practice, TYPED, |setup| (row.change)(setup)).await;
    let answered = story::answered(&mut desk, 1).await;
    drop(desk.close().await);
    answered.map_err(|problem| format!("the next call: {problem}"))
}

/// Repetitions say nothing: the break and what it led to are told, or else the last few.
fn shortened(words: &[String]) -> String {
    const TOLD: usize = 8;
    let mut words = words.to_vec();
    words.dedup();
    let last = words.len().saturating_sub(TOLD);
    let broke = words.iter().position(|word| word == "reconnecting");
    let from = broke.map_or(last, |broke| broke.saturating_sub(2).min(last));
    let to = words.len().min(from + TOLD);
    let (before, after) = (if from > 0 { "… → " } else { "" }, if to < words.len() { " → …" } else { "" });
    format!("{before}{}{after}", words[from..to].join(" → "))
}
