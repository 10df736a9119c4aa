//! The line: how it is agreed, how it breaks and comes back, how a call ends.

use std::time::Duration;

use audio::{Control, Direction, Gate};
use realtime::{ClientEvent, CloseKind, Closed, WireError};

use super::gap::{Gap, Memory, span};
use super::handover::Handover;
use super::{AGREE_MS, ATTEMPTS, Effect, Phase, SUMMARY_CHARS, Turn};
use crate::connect::Failed;
use crate::event::{DeviceView, Ending, Event, Problem, ProblemCode, Step};
use crate::problem;
use crate::session::{self, Wishes};
use crate::surroundings::Nap;

/// A line that held for so long was a good one, and the next break counts as a first, in ms.
const STABLE_MS: u64 = 30_000;
/// The longest wait that a server may ask of a running call, in ms.
const MOST_ASKED_MS: u64 = 600_000;
/// What a server that restarts or is overloaded is given at least (RFC 6455 §7.4.1 has clients of a
/// restarting server come back after 5 to 30 s).
const RESTART: Duration = Duration::from_secs(5);
/// How long the server may take to show that it is there after a sleep or a change of network.
const PROBE: Duration = Duration::from_secs(3);
/// A line that breaks within so long after a sleep or a change of network broke by that, in ms.
const AFTERMATH_MS: u64 = 20_000;
/// A second refusal by policy within so long ends the call, in ms.
const POLICY_MS: u64 = 60_000;

/// What a call knows of its line besides the phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Track {
    /// When this line was ready.
    pub(super) since: Option<u64>,
    /// The longest session that this call has met, in ms.
    pub(super) cap_ms: Option<u64>,
    pub(super) handover: Handover,
    /// When the server last said anything.
    pub(super) heard_at: u64,
    /// What was said has not left for so long, in ms.
    pub(super) waiting_ms: u64,
    /// Attempts that the last break took.
    attempts: u32,
    pub(super) gap: Option<Gap>,
    /// The notice that says why the line is away.
    trouble: Option<ProblemCode>,
    /// When the server last closed by policy.
    refused_at: Option<u64>,
    /// Replies whose end was lost with a line; their sound is still being played.
    pub(super) cut_short: Vec<String>,
    /// The item of a sentence that the new line is given again.
    pub(super) said_again: Option<String>,
    /// What has happened to this computer, and when.
    event: Option<(u64, Happened)>,
    /// A turn was handed over, and the server has not shown to have it.
    pub(super) turn_unconfirmed: bool,
    /// When the server was last given sound, in ms.
    pub(super) sound_sent_at: u64,
    /// Until when the server may still notice what it was given at once, in ms.
    pub(super) given_until: u64,
}

/// What may have broken the line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Happened {
    Slept(Nap),
    NetworkChanged,
}

impl Track {
    /// There is a new line from now on.
    pub(super) fn renewed(&mut self, now: u64) {
        self.since = Some(now);
        self.heard_at = now;
        self.sound_sent_at = now;
        self.waiting_ms = 0;
        self.handover = Handover::default();
    }

    pub(super) fn heard(&mut self, now: u64) {
        self.heard_at = now;
    }

    pub(super) fn waiting(&mut self, ms: u64) {
        self.waiting_ms = ms;
    }

    pub(super) fn was_cut_short(&mut self, item: &str) -> bool {
        let before = self.cut_short.len();
        self.cut_short.retain(|cut| cut != item);
        self.cut_short.len() < before
    }

    /// The server has the turn that was handed over.
    pub(crate) fn turn_confirmed(&mut self) {
        self.turn_unconfirmed = false;
    }

    /// The talk key came up while the line was away.
    pub(super) fn hand_over_later(&mut self) {
        if let Some(gap) = &mut self.gap {
            gap.turn_over = true;
        }
    }
}

/// A close of the server's own, before it has agreed to anything, may mean the conversation to resume. What
/// it really says then is not documented (`protocol.md` §3.9).
pub(crate) fn may_mean_the_conversation(closed: &Closed) -> bool {
    closed.code.is_some_and(|code| !matches!(code, 1006 | 1011..=1015))
}

impl Turn<'_> {
    pub(super) fn advance(&mut self, now_at: Step) {
        if let Phase::Connecting { step, .. } = &mut self.state.phase {
            *step = now_at;
        }
    }

    pub(super) fn connected(&mut self, wishes: Wishes) {
        self.state.wishes = wishes;
        self.advance(Step::AgreeingSession);
        let deadline = Some(self.now + AGREE_MS);
        if let Phase::Connecting { agree_by, .. } | Phase::Reconnecting { agree_by, .. } =
            &mut self.state.phase
        {
            *agree_by = deadline;
        }
        self.ask_session();
    }

    /// Tells the server of turns what it has not been told on this line.
    pub(super) fn agree_turns(&mut self) {
        let wanted = session::turn_detection(&self.state.setup);
        if self.state.is_live() && self.state.asked.as_ref() != Some(&wanted) {
            self.ask_session();
        }
    }

    fn ask_session(&mut self) {
        self.state.asked = Some(session::turn_detection(&self.state.setup));
        self.send(session::update(&self.state.setup, &self.state.wishes));
    }

    /// `session.updated` has come: the gate opens (by [`Turn::settle`]), and what waited is said.
    pub(crate) fn ready(&mut self) {
        let attempt = match self.state.phase {
            Phase::Reconnecting { attempt, .. } => attempt,
            _ => 0,
        };
        self.state.phase = Phase::Live;
        self.state.line.renewed(self.now);
        self.state.line.attempts = attempt;
        if let Some(code) = self.state.line.trouble.take() {
            self.notice_gone(code);
        }
        if self.state.live_since.is_none() {
            self.state.live_since = Some(self.now);
        }
        let resuming = self.state.resuming.take();
        let memory = match attempt {
            0 => None,
            _ if resuming.is_some() && resuming == self.state.conversation => Some(Memory::Kept),
            _ => Some(self.recapitulate()),
        };
        // What was set while the session was being agreed.
        self.agree_turns();
        match memory {
            Some(memory) => self.close_gap(memory),
            None if !self.state.waiting_texts.is_empty() => self.send_waiting_texts(),
            None if self.state.setup.profile.agent_speaks_first => {
                self.send(ClientEvent::reply());
                self.await_answer();
            }
            None => {}
        }
    }

    /// Tells a new conversation of the one that was lost.
    pub(super) fn recapitulate(&mut self) -> Memory {
        let summary = self.state.transcript.summary(SUMMARY_CHARS);
        if summary.is_empty() {
            return Memory::Nothing;
        }
        self.send(session::text_item(realtime::Role::System, session::recap(&summary)));
        Memory::Told
    }

    /// A conversation that may be what was refused is let go before anything else is.
    pub(crate) fn connect_failed(&mut self, failed: Failed) {
        let Failed { problem, retry, conversation, after } = failed;
        if conversation && self.lets_conversation_go() {
            return;
        }
        let attempt = match self.state.phase {
            Phase::Reconnecting { attempt, .. } if retry && attempt < ATTEMPTS => attempt + 1,
            _ => return self.end(Ending::Failed { problem }),
        };
        let after = after.unwrap_or_default();
        if after.as_millis() > u128::from(MOST_ASKED_MS) {
            return self.end(Ending::Failed { problem: problem::too_long_a_wait(problem) });
        }
        self.trouble(problem);
        self.retry(attempt, after);
    }

    /// The server did not take the session.
    pub(crate) fn session_refused(&mut self, error: &WireError) {
        let problem = problem::session_refused(error);
        self.connect_failed(Failed { problem, retry: false, conversation: true, after: None });
    }

    /// A conversation that the server does not want back is let go, and the new one is told of it. `false`
    /// where none was to be resumed, so that the failure must have another reason.
    fn lets_conversation_go(&mut self) -> bool {
        match self.state.phase {
            Phase::Reconnecting { attempt, .. } if self.state.resuming.is_some() => {
                self.state.conversation = None;
                self.retry(attempt, Duration::ZERO);
                true
            }
            _ => false,
        }
    }

    pub(super) fn line_closed(&mut self, closed: &Closed) {
        if !self.state.is_live() {
            let (problem, conversation) = (problem::closed_early(closed), may_mean_the_conversation(closed));
            return self.connect_failed(Failed { problem, retry: true, conversation, after: None });
        }
        let problem = problem::line_lost(closed);
        let at_least = match (closed.kind, closed.code) {
            (CloseKind::Normal | CloseKind::Idle, _) => {
                let idle = self.state.notices.iter().any(|notice| notice.code == ProblemCode::Idle);
                let problem = if idle { problem::idle() } else { problem };
                let (code, text) = (closed.code.unwrap_or_default(), closed.reason.clone());
                return self.end(Ending::ByServer { code, text, problem });
            }
            (_, Some(1008)) => {
                let again = self.state.line.refused_at.is_some_and(|at| self.now < at + POLICY_MS);
                self.state.line.refused_at = Some(self.now);
                if again {
                    return self.end(Ending::Failed { problem: problem::policy(closed) });
                }
                Duration::ZERO
            }
            (_, Some(1012 | 1013)) => RESTART,
            _ => Duration::ZERO,
        };
        let happened = self.state.line.event.take().filter(|(at, _)| self.now < at + AFTERMATH_MS);
        let opening = match happened {
            Some((_, Happened::Slept(nap))) => {
                format!(
                    "This computer slept for {}, and the line was gone.",
                    span(nap.took.as_millis() as u64)
                )
            }
            Some((_, Happened::NetworkChanged)) => "The network changed here.".to_owned(),
            None => super::gap::opening(closed).to_owned(),
        };
        self.break_line(problem, opening, at_least);
    }

    /// The error `max_duration`: the session is over, whether its close has come or not.
    pub(crate) fn cap_reached(&mut self) {
        self.state.line.learn_cap(self.now);
        self.break_line(problem::cap_reached(), "The session reached its limit here.".into(), Duration::ZERO);
    }

    /// A line that slept with this computer may look alive and be dead.
    pub(super) fn woken(&mut self, nap: Nap) {
        self.state.line.event = Some((self.now, Happened::Slept(nap)));
        if let Some(gap) = &mut self.state.line.gap {
            gap.slept(nap);
        }
        self.doubt_line();
    }

    pub(super) fn network_changed(&mut self) {
        self.state.line.event = Some((self.now, Happened::NetworkChanged));
        self.doubt_line();
    }

    /// The line is asked whether it is there; an attempt that still waits is made now.
    fn doubt_line(&mut self) {
        match self.state.phase {
            Phase::Live => self.effects.push(Effect::Probe(PROBE)),
            Phase::Reconnecting { agree_by: None, .. } => self.retry_now(),
            _ => {}
        }
    }

    /// The error `timeout`.
    pub(crate) fn idle_soon(&mut self) {
        self.notice(problem::idle_soon());
    }

    /// The line is of no use any more, and another one is opened.
    pub(super) fn break_line(&mut self, problem: Problem, opening: String, at_least: Duration) {
        self.state.line.handover = Handover::default();
        self.notice_gone(ProblemCode::HandOver);
        self.open_gap(opening);
        let held = self.state.line.since.is_some_and(|since| self.now >= since + STABLE_MS);
        let attempt = if held { 1 } else { self.state.line.attempts + 1 };
        if attempt > ATTEMPTS {
            return self.end(Ending::Failed { problem });
        }
        self.trouble(problem);
        self.retry(attempt, at_least);
    }

    /// Says why the line is away, in place of what was said before.
    fn trouble(&mut self, problem: Problem) {
        let before = self.state.line.trouble.replace(problem.code);
        if let Some(code) = before.filter(|code| *code != problem.code) {
            self.notice_gone(code);
        }
        self.notice(problem);
    }

    /// Things are not as they were when the waiting began, so that it begins anew too.
    fn retry_now(&mut self) {
        self.connect(1, Duration::ZERO);
    }

    fn retry(&mut self, attempt: u32, at_least: Duration) {
        let after = session::back_off(attempt, &mut self.state.jitter).max(at_least);
        self.connect(attempt, after);
    }

    fn connect(&mut self, attempt: u32, after: Duration) {
        let retry_at = self.now + after.as_millis() as u64;
        self.state.phase = Phase::Reconnecting { attempt, retry_at, agree_by: None };
        self.state.resuming = self.state.conversation.clone();
        self.effects.push(Effect::Connect { after, resume: self.state.conversation.clone() });
    }

    /// What was being written will not be finished. Sound that has arrived may still be heard.
    pub(super) fn forget_replies(&mut self) {
        self.state.hearing = false;
        self.state.tool = None;
        self.state.awaiting = None;
        self.state.tail_until = None;
        self.end_doubt();
        self.reply_done(None);
    }

    pub(super) fn end(&mut self, ending: Ending) {
        self.run_clock();
        // First of all, for the goodbyes take a while.
        self.set_gate(Gate::Released);
        self.forget_replies();
        if self.state.replies.has_sound() {
            self.device(Control::Flush);
        }
        self.give_up_gap();
        for index in self.state.transcript.unsettled() {
            let index = self.state.transcript.settle(index, None);
            self.tell_item(index);
        }
        self.state.controls.talking = false;
        self.state.phase = Phase::Ended { ending };
        let clock = self.state.clock;
        self.tell(Event::Clock { clock });
        for direction in [Direction::Microphone, Direction::Speaker] {
            let view = DeviceView { open: false, ..self.device_slot(direction).clone() };
            self.set_device(direction, view);
        }
        self.effects.push(Effect::HangUp);
    }
}
