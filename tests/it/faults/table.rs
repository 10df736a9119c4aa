//! Rows of faults: what is done to a call, and what a person sees of it.

use std::fmt::Write as _;

use call::{Command, Ending, Fault, Item, Problem, ProblemCode, Role, Setup, Snapshot, Status};
use realtime::Auth;

use super::desk::{Desk, voice, word_of};
use super::relay::{Network, Relay};

/// When the network fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At {
    /// Before the call begins.
    Once,
    /// In the silence after the first turn.
    Quiet,
    /// While the person speaks.
    Hearing,
    /// While the agent speaks.
    Reply,
    /// While a tool runs on the server.
    Tool,
}

/// What is expected in the end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sees {
    /// The call cannot go on: whose fault, and words that are in the message.
    Failed(ProblemCode, Fault, &'static str),
    /// The server ended the call in good order, with this code.
    ClosedByServer(u16),
    /// The conversation goes on as if nothing had been.
    Nothing,
    /// It goes on, and a notice says what was.
    Notice(ProblemCode),
    /// The line came back, the gap is marked, and the conversation goes on.
    Reconnected,
    /// The same, of a line that broke in this state.
    ReconnectedFrom(&'static str),
}

pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) switches: &'static [(&'static str, &'static str)],
    pub(crate) network: Option<(At, Network, u64)>,
    pub(crate) change: Box<dyn Fn(&mut Setup)>,
    pub(crate) sees: Sees,
}

impl Row {
    /// The token is shown as a subprotocol.
    pub(crate) fn subprotocol(
        name: &'static str,
        switches: &'static [(&'static str, &'static str)],
        sees: Sees,
    ) -> Self {
        let change = |setup: &mut Setup| setup.profile.auth = Auth::Subprotocol;
        Self { change: Box::new(change), ..switched(name, switches, sees) }
    }

    /// The profile names a model, where others take what the alias stands for.
    pub(crate) fn model(
        name: &'static str,
        switches: &'static [(&'static str, &'static str)],
        sees: Sees,
    ) -> Self {
        let change = |setup: &mut Setup| setup.profile.model = "grok-voice-3.0".into();
        Self { change: Box::new(change), ..switched(name, switches, sees) }
    }
}

/// A server that misbehaves by itself.
pub(crate) fn switched(
    name: &'static str,
    switches: &'static [(&'static str, &'static str)],
    sees: Sees,
) -> Row {
    Row { name, switches, network: None, change: Box::new(|_| {}), sees }
}

/// A network that misbehaves from `at` on and is well again after `ms` of simulated time.
pub(crate) fn network(name: &'static str, at: At, network: Network, ms: u64, sees: Sees) -> Row {
    Row { name, switches: &[], network: Some((at, network, ms)), change: Box::new(|_| {}), sees }
}

/// A profile that leads astray.
pub(crate) fn changed(name: &'static str, change: impl Fn(&mut Setup) + 'static, sees: Sees) -> Row {
    Row { name, switches: &[], network: None, change: Box::new(change), sees }
}

/// Everything that a row's call told its window, in words and in the structures behind them.
pub(crate) async fn told(row: &Row) -> String {
    let outcome = outcome(row).await;
    format!("{}\n{}\n{}", outcome.words, outcome.said, outcome.everything)
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

struct Outcome {
    words: String,
    said: String,
    everything: String,
    verdict: Result<(), String>,
}

async fn outcome(row: &Row) -> Outcome {
    let mut relay = None;
    let mut all = vec![("transcript", "one two three|four five six|seven eight nine")];
    all.extend_from_slice(row.switches);
    let mut desk = Desk::open_with(&all, |setup| {
        if row.network.is_some() {
            let wire = Relay::before(&setup.profile.token_url);
            setup.profile.token_url = wire.route(&setup.profile.token_url);
            setup.profile.realtime_url = wire.route(&setup.profile.realtime_url);
            if let Some((At::Once, network, _)) = row.network {
                wire.becomes(network);
            }
            relay = Some(wire);
        }
        (row.change)(setup);
    })
    .await;
    let verdict = Box::pin(story(row, &mut desk, relay.as_ref())).await;
    let seen = &desk.seen;
    let mut said: Vec<String> = seen.notices.iter().map(|problem| problem.message.clone()).collect();
    said.extend(seen.items.iter().filter(|item| item.role == Role::Note).map(|item| item.text.clone()));
    match &seen.status {
        Status::Ended { ending: Ending::Failed { problem } } => said.push(worded(problem)),
        Status::Ended { ending: Ending::ByServer { problem, .. } } => said.push(worded(problem)),
        _ => {}
    }
    let words = shortened(&desk.words);
    let everything = format!("{:?} {}", desk.seen, serde_json::to_string(&desk.seen).unwrap());
    drop(desk.close().await);
    Outcome { words, said: said.join(" · ").replace('|', "/"), everything, verdict }
}

fn worded(problem: &Problem) -> String {
    format!("{} {}", problem.message, problem.cure)
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

/// A turn, the fault, another turn; with everything final of the first still there.
async fn story(row: &Row, desk: &mut Desk, relay: Option<&Relay>) -> Result<(), String> {
    let typed = "typed before the line was there";
    desk.tell(Command::SendText(typed.into())).await;
    let fails = matches!(row.sees, Sees::Failed(..));
    if let Some((At::Once, ..)) = row.network {
        fail(row, desk, relay).await;
    }
    if fails {
        return failed(row, desk).await;
    }
    answered(desk, 1).await?;
    let ends = matches!(row.sees, Sees::ClosedByServer(_));
    if !ends {
        desk.devices.say(voice(900, 3)).await;
    }
    if let Some((At::Hearing, ..)) = row.network {
        reached(desk, "hearingYou").await?;
        fail(row, desk, relay).await;
    } else if let Some((At::Tool, ..)) = row.network {
        reached(desk, "usingTool").await?;
        fail(row, desk, relay).await;
    } else if let Some((At::Reply, ..)) = row.network {
        reached(desk, "speaking").await?;
        fail(row, desk, relay).await;
    }
    if ends {
        reached(desk, "ended").await?;
    } else {
        answered(desk, 2).await?;
    }
    let before = finals(&desk.seen);
    if let Some((At::Quiet, ..)) = row.network {
        fail(row, desk, relay).await;
    }
    if !ends {
        desk.devices.say(voice(900, 4)).await;
        answered(desk, 3).await?;
    }
    kept(&before, &desk.seen)?;
    let typed = desk.seen.items.iter().filter(|item| item.text == typed).count();
    if typed != 1 {
        return Err(format!("the typed text stands there {typed} times"));
    }
    as_expected(row, desk)
}

async fn fail(row: &Row, desk: &mut Desk, relay: Option<&Relay>) {
    let (Some((at, network, ms)), Some(relay)) = (row.network, relay) else { return };
    if !matches!(at, At::Once) {
        relay.becomes(network);
    }
    if ms > 0 {
        desk.watch(ms).await;
        relay.becomes(Network::Well);
    }
}

async fn failed(row: &Row, desk: &mut Desk) -> Result<(), String> {
    reached(desk, "ended").await?;
    as_expected(row, desk)
}

fn as_expected(row: &Row, desk: &Desk) -> Result<(), String> {
    let seen = &desk.seen;
    let has = |code: ProblemCode| seen.notices.iter().any(|problem| problem.code == code);
    let gap = seen.items.iter().any(|item| item.role == Role::Note);
    let broke = desk.words.iter().any(|word| word == "reconnecting");
    match (row.sees, &seen.status) {
        (Sees::Failed(code, fault, words), Status::Ended { ending: Ending::Failed { problem } }) => {
            let all = worded(problem);
            if (problem.code, problem.fault) != (code, fault) {
                return Err(format!("it is {:?} of {:?}: {all}", problem.code, problem.fault));
            }
            if !all.contains(words) {
                return Err(format!("it does not say \u{201c}{words}\u{201d}"));
            }
            if problem.cure.is_empty() { Err("it names no cure".into()) } else { Ok(()) }
        }
        (Sees::ClosedByServer(wanted), Status::Ended { ending: Ending::ByServer { code, .. } }) => {
            if *code == wanted { Ok(()) } else { Err(format!("the code is {code}")) }
        }
        (Sees::Nothing, Status::Listening) if broke || gap => Err("it looks like a break".into()),
        (Sees::Nothing, Status::Listening) if !seen.notices.is_empty() => {
            Err(format!("a notice: {}", seen.notices[0].message))
        }
        (Sees::Nothing, Status::Listening) => Ok(()),
        (Sees::Notice(code), Status::Listening) if has(code) => Ok(()),
        (Sees::Notice(code), Status::Listening) => Err(format!("no notice of {code:?}")),
        (Sees::Reconnected, Status::Listening) if !broke => Err("it never reconnected".into()),
        (Sees::Reconnected, Status::Listening) if !gap => Err("the gap is not marked".into()),
        (Sees::Reconnected, Status::Listening) => Ok(()),
        (Sees::ReconnectedFrom(_), Status::Listening) if !gap => Err("the gap is not marked".into()),
        (Sees::ReconnectedFrom(state), Status::Listening) => {
            let broke = desk.words.windows(2).any(|pair| pair == [state, "reconnecting"]);
            if broke { Ok(()) } else { Err(format!("it never broke in {state}: {:?}", desk.words)) }
        }
        (wanted, status) => Err(format!("{wanted:?} was wanted, and the state is {status:?}")),
    }
}

/// Waits until the call is at rest and has `turns` texts of the person with an answer of the agent to
/// the last.
async fn answered(desk: &mut Desk, turns: usize) -> Result<(), String> {
    let what = format!("answer {turns}");
    let wanted = move |seen: &Snapshot| {
        let said = |role: Role| {
            seen.items
                .iter()
                .filter(|item| item.role == role && !item.partial && !item.text.is_empty())
                .count()
        };
        let rest = matches!(seen.status, Status::Listening | Status::Ended { .. });
        rest && said(Role::You) >= turns && said(Role::Agent) >= turns
    };
    until(desk, &what, wanted).await
}

async fn reached(desk: &mut Desk, word: &'static str) -> Result<(), String> {
    until(desk, word, move |seen| word_of(&seen.status) == word || word_of(&seen.status) == "ended").await
}

async fn until(desk: &mut Desk, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Result<(), String> {
    if desk.comes_to(wanted).await {
        return Ok(());
    }
    Err(format!("it never came to: {what}; it stays {:?} with {:?}", desk.seen.status, desk.seen.items))
}

fn finals(seen: &Snapshot) -> Vec<Item> {
    seen.items.iter().filter(|item| !item.partial).cloned().collect()
}

/// Everything final of before is there, unchanged and in the same order.
fn kept(before: &[Item], seen: &Snapshot) -> Result<(), String> {
    let mut now = seen.items.iter();
    for item in before {
        if !now.any(|known| known.id == item.id && known.text == item.text) {
            return Err(format!("\u{201c}{}\u{201d} is lost", item.text));
        }
    }
    Ok(())
}
