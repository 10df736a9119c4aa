//! What a person sees of a fault: the state in the end, every notice on the way, and what the transcript
//! says of a break.

use call::{Ending, Fault, Problem, ProblemCode, Role, Status};

use super::desk::Desk;
use super::story::At;

/// A notice, and words of its message.
pub(crate) type Notice = (ProblemCode, &'static str);

/// What is expected in the end. Notices that are not named here must not come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sees {
    /// The call cannot begin: whose fault it is, and words of the message or the cure.
    Failed(ProblemCode, Fault, &'static str),
    /// The conversation goes on as if nothing had been.
    Nothing,
    /// It goes on, and these notices came.
    Notices(&'static [Notice]),
    /// The line came back, the gap is marked, and the conversation goes on.
    Reconnected(Gap),
    /// The line did not come back, and the call is over for this reason.
    GivenUp(Gap, ProblemCode, Fault, &'static str),
    /// The server ended the call in good order, with this code; notices, and words of the reason.
    ClosedByServer(u16, &'static [Notice], &'static str),
}

/// What is said of a line that breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    /// The notice while it is away.
    why: Notice,
    /// How the note begins.
    opening: &'static str,
    /// What the agent still knows.
    memory: &'static str,
    /// How the note goes on.
    rest: &'static str,
    /// The notices of attempts that failed.
    then: &'static [Notice],
}

impl Gap {
    /// The note of a line that came back, with every time as `…`.
    fn note(&self) -> String {
        format!("{} It was back after … s{}{}", self.opening, self.memory, self.rest)
    }

    fn last_note(&self) -> String {
        format!("{} It did not come back within … s.{}", self.opening, self.rest)
    }

    fn notices(&self) -> Vec<Notice> {
        [&[self.why], self.then].concat()
    }

    /// The new line knows nothing but what it was told.
    pub(crate) const fn told(self) -> Self {
        Self { memory: ", and the agent was told what had been said so far.", ..self }
    }

    pub(crate) const fn rest(self, rest: &'static str) -> Self {
        Self { rest, ..self }
    }

    pub(crate) const fn then(self, then: &'static [Notice]) -> Self {
        Self { then, ..self }
    }
}

const fn gap(why: ProblemCode, message: &'static str, opening: &'static str) -> Gap {
    let memory = ", and the agent remembers the conversation.";
    Gap { why: (why, message), opening, memory, rest: "", then: &[] }
}

/// No close frame came, and what was typed meanwhile waits for no line any more.
pub(crate) const BROKE_FOR_GOOD: Gap = BROKE.rest(" The text that you typed was not sent.");
/// No close frame came.
pub(crate) const BROKE: Gap = gap(ProblemCode::LineLost, "The line broke.", "The line broke here.");
pub(crate) const SILENT: Gap = gap(ProblemCode::LineLost, "The network went silent.", "The line broke here.");
pub(crate) const TOO_LARGE: Gap = gap(ProblemCode::LineLost, "too large to take", "The line broke here.");
pub(crate) const CLOSED: Gap =
    gap(ProblemCode::LineLost, "The server closed the line.", "The server closed the line here.");
pub(crate) const POLICY: Gap =
    gap(ProblemCode::ServerPolicy, "does not allow", "The server closed the line here.");
pub(crate) const FAILED: Gap =
    gap(ProblemCode::ServerFailed, "a failure of its own", "The server failed here.");
pub(crate) const RESTARTED: Gap =
    gap(ProblemCode::ServerBusy, "The server restarts.", "The server restarted here.");
pub(crate) const OVERLOADED: Gap =
    gap(ProblemCode::ServerBusy, "too much to do", "The server had too much to do here.");
pub(crate) const CAP: Gap =
    gap(ProblemCode::SessionCap, "the longest time", "The session reached its limit here.");

/// Whether everything is as expected; `at` is where the fault comes, where a row says so.
pub(crate) fn as_expected(sees: Sees, at: Option<At>, desk: &Desk) -> Result<(), String> {
    let (notices, notes) = match sees {
        Sees::Failed(..) | Sees::Nothing => (vec![], vec![]),
        Sees::Notices(notices) | Sees::ClosedByServer(_, notices, _) => (notices.to_vec(), vec![]),
        Sees::Reconnected(gap) => (gap.notices(), vec![gap.note()]),
        Sees::GivenUp(gap, ..) => (gap.notices(), vec![gap.last_note()]),
    };
    told(&notices, desk)?;
    let written: Vec<String> = said_by(Role::Note, desk).map(timeless).collect();
    if written != notes {
        return Err(format!("the notes are {written:?} and not {notes:?}"));
    }
    if let (Sees::Reconnected(_) | Sees::GivenUp(..), Some(at)) = (sees, at) {
        let first = desk.words.iter().position(|word| word == "reconnecting").unwrap_or_default();
        let broke_in = first.checked_sub(1).and_then(|before| desk.words.get(before));
        if broke_in.is_none_or(|word| word != at.word()) {
            return Err(format!("it broke in {broke_in:?} and not in {}", at.word()));
        }
    }
    match (sees, &desk.seen.status) {
        (
            Sees::Failed(code, fault, words) | Sees::GivenUp(_, code, fault, words),
            Status::Ended { ending: Ending::Failed { problem } },
        ) => is(problem, code, words).and_then(|()| match problem.fault == fault {
            true => Ok(()),
            false => Err(format!("it is called the fault of {:?}", problem.fault)),
        }),
        (
            Sees::ClosedByServer(wanted, _, words),
            Status::Ended { ending: Ending::ByServer { code, problem, .. } },
        ) if *code == wanted => is(problem, problem.code, words),
        // With the talk key up nobody listens.
        (
            Sees::Nothing | Sees::Notices(_) | Sees::Reconnected(_),
            Status::Listening | Status::Muted { .. },
        ) => Ok(()),
        (wanted, status) => Err(format!("{wanted:?} was wanted, and the state is {status:?}")),
    }
}

/// A problem of this kind, with these words and with a cure.
fn is(problem: &Problem, code: ProblemCode, words: &str) -> Result<(), String> {
    if words.is_empty() || problem.code != code || !worded(problem).contains(words) {
        return Err(format!("{code:?} with \u{201c}{words}\u{201d} was wanted, and it is {problem:?}"));
    }
    if problem.cure.is_empty() { Err(format!("it names no cure: {problem:?}")) } else { Ok(()) }
}

/// These notices came in this order, and no others; one that comes again changes nothing.
fn told(wanted: &[Notice], desk: &Desk) -> Result<(), String> {
    let mut came: Vec<&Problem> = desk.told.iter().collect();
    came.dedup_by_key(|problem| problem.code);
    if came.len() != wanted.len() {
        return Err(format!("the notices are {came:?} and not {wanted:?}"));
    }
    came.iter().zip(wanted).try_for_each(|(problem, (code, words))| is(problem, *code, words))
}

pub(crate) fn worded(problem: &Problem) -> String {
    format!("{} {}", problem.message, problem.cure)
}

pub(crate) fn said_by(role: Role, desk: &Desk) -> impl Iterator<Item = &str> {
    let items = desk.seen.items.iter().filter(move |item| item.role == role && !item.text.is_empty());
    items.map(|item| item.text.as_str())
}

/// The text with every time in it as `… s`.
fn timeless(text: &str) -> String {
    let text = text.replace("less than a second", "0 s");
    let words = text.split(' ').map(|word| {
        let number = word.trim_start_matches('(');
        match !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            true => word.replace(number, "…"),
            false => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ").replace("… min", "… s")
}
