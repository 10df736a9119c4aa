//! The call as a pure function: `(state, now, input) → (state, effects)`. No clock, no socket, no
//! device, no randomness but its own seeded one. Everything that a call decides is decided here.

mod barge;
mod budget;
mod gap;
mod handover;
mod idle;
mod line;
mod person;
mod sound;
mod state;

use std::time::Duration;

use audio::{Control, EchoFigures, FRAME_SAMPLES, Gate, Report};
use realtime::{ClientEvent, Closed, ServerEvent};

use crate::connect::Failed;
use crate::event::{Clock, Event, Mute, Problem, ProblemCode, Role, Step, Turns};
use crate::figures;
use crate::problem;
use crate::session::Wishes;
use crate::setup::Command;
use crate::surroundings::Nap;
pub(crate) use line::may_mean_the_conversation;
use state::Text;
pub(crate) use state::{Phase, State};

/// How long the server may take to confirm the session, in ms (xAI's own samples wait 10 s).
const AGREE_MS: u64 = 10_000;
/// How long an announced reply may stay without any event, in ms, beyond the sound it has sent.
const REPLY_SILENCE_MS: u64 = 30_000;
/// The same while a tool works for it.
const TOOL_SILENCE_MS: u64 = 60_000;
/// The same once it has begun to sound: silence is then a reply that the server abandoned.
const SOUNDING_SILENCE_MS: u64 = 8_000;
/// How long the end of a turn may stay without an answer, in ms, before we listen again.
const ANSWER_MS: u64 = 15_000;
/// What is still sent after the talk key is up, in ms: the end of the word.
const TAIL_MS: u64 = 200;
/// Attempts to get a broken line back before the call ends.
const ATTEMPTS: u32 = 10;
/// Longest text that may be typed, in characters.
pub const TEXT_LIMIT: usize = 8_000;
/// Typed texts that may wait for the line.
const WAITING_TEXTS: usize = 16;
/// How much of the transcript a new conversation is told, in characters.
const SUMMARY_CHARS: usize = 4_000;

#[derive(Debug)]
pub(crate) enum Input {
    /// The first input of all.
    Start,
    Command(Command),
    /// How far the attempt to connect has come.
    Step(Step),
    Connected(Wishes),
    ConnectFailed(Failed),
    Server(Box<ServerEvent>),
    /// Sound of a reply, 24 kHz mono; ids are absent on a binary line.
    Sound {
        item: Option<String>,
        response: Option<String>,
        samples: Vec<i16>,
    },
    Closed(Closed),
    Device(Report),
    Frame(Box<[i16; FRAME_SAMPLES]>),
    /// Twice a second: how long frames took to the network since the last time, in ms, and the
    /// canceller's figures.
    Measured {
        voice_to_wire_ms: Option<f32>,
        echo: EchoFigures,
    },
    /// What was said has not left for so long, in ms.
    Waiting {
        ms: u64,
    },
    /// The line that is to take over is open.
    Prepared(Wishes),
    /// It cannot be opened, or has closed.
    PrepareFailed {
        problem: Problem,
        conversation: bool,
    },
    /// What the server says on it.
    Next(Box<ServerEvent>),
    /// This computer has woken up.
    Slept(Nap),
    /// This computer has other addresses than before.
    NetworkChanged,
    /// A deadline may have passed.
    Tick,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Mint a token and open the line; resume that conversation if there is one.
    Connect {
        after: Duration,
        resume: Option<String>,
    },
    /// Open a second line in the same way, beside the one in use.
    Prepare {
        resume: Option<String>,
    },
    SendNext(ClientEvent),
    /// The second line takes the place of the first, which is closed.
    Switch,
    DropNext,
    Send(ClientEvent),
    Append(Box<[i16; FRAME_SAMPLES]>),
    /// Digital silence in the place of a microphone.
    Silence {
        ms: u64,
    },
    /// Ask the server whether it is there; it has so long to answer.
    Probe(Duration),
    Device(Control),
    /// Close the line and let the devices go.
    HangUp,
    Tell(Event),
}

/// The transition. `now` is in ms since the call began and never goes back.
pub(crate) fn step(mut state: State, now: u64, input: Input) -> (State, Vec<Effect>) {
    let mut effects = Vec::new();
    let mut turn = Turn { state: &mut state, now, effects: &mut effects };
    match input {
        // The loudspeaker's last word: how much of the interrupted reply was heard.
        Input::Device(Report::Flushed(items)) if turn.state.is_ended() => turn.flushed(items),
        _ if turn.state.is_ended() => {}
        input => turn.take(input),
    }
    (state, effects)
}

/// One transition under way.
pub(crate) struct Turn<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: u64,
    effects: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    fn take(mut self, input: Input) {
        let passed = self.pass_time();
        match input {
            Input::Start => {
                self.effects.push(Effect::Connect { after: Duration::ZERO, resume: None });
            }
            Input::Command(command) => self.obey(command),
            Input::Step(step) => self.advance(step),
            Input::Connected(wishes) => self.connected(wishes),
            Input::ConnectFailed(failed) => self.connect_failed(failed),
            Input::Server(event) => {
                self.state.line.heard(self.now);
                self.hear_server(*event);
            }
            Input::Sound { item, response, samples } => {
                self.state.line.heard(self.now);
                self.hear_sound(item, response, samples);
            }
            Input::Closed(closed) => self.line_closed(&closed),
            Input::Device(report) => self.hear_device(report),
            Input::Frame(samples) => self.hear_microphone(samples),
            Input::Measured { voice_to_wire_ms, echo } => self.measured(voice_to_wire_ms, echo),
            Input::Waiting { ms } => self.state.line.waiting(ms),
            Input::Prepared(wishes) => self.prepared(wishes),
            Input::PrepareFailed { problem, conversation } => self.handover_failed(&problem, conversation),
            Input::Next(event) => self.hear_next(*event),
            Input::Slept(nap) => self.woken(nap),
            Input::NetworkChanged => self.network_changed(),
            Input::Tick => self.check_deadlines(),
        }
        self.settle(passed);
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.effects.push(Effect::Tell(event));
    }

    pub(crate) fn send(&mut self, event: ClientEvent) {
        self.state.meter.send(&event);
        self.effects.push(Effect::Send(event));
    }

    pub(crate) fn device(&mut self, control: Control) {
        self.effects.push(Effect::Device(control));
    }

    pub(crate) fn tell_item(&mut self, index: Option<usize>) {
        if let Some((index, item)) = index.and_then(|i| Some((i, self.state.transcript.item(i)?.clone()))) {
            self.tell(Event::Item { index, item });
        }
    }

    pub(crate) fn notice(&mut self, problem: Problem) {
        self.state.notices.retain(|known| known.code != problem.code);
        self.state.notices.push(problem.clone());
        self.tell(Event::Notice { problem });
    }

    pub(crate) fn notice_gone(&mut self, code: ProblemCode) {
        let before = self.state.notices.len();
        self.state.notices.retain(|known| known.code != code);
        if self.state.notices.len() != before {
            self.tell(Event::NoticeGone { code });
        }
    }

    fn measured(&mut self, voice_to_wire_ms: Option<f32>, echo: EchoFigures) {
        if let Some(ms) = voice_to_wire_ms {
            self.state.stopwatch.frame_left(ms);
        }
        if self.state.figures.echo != echo {
            self.state.figures.echo = echo;
            self.tell_figures();
        }
    }

    /// Your turn is over; you fell silent at `at` or a little later.
    pub(crate) fn turn_over(&mut self, at: u64) {
        let sent = self.state.stopwatch.turn_over(at);
        if sent.is_some() {
            figures::push(&mut self.state.figures.voice_to_wire_ms, sent);
            self.tell_figures();
        }
    }

    fn tell_figures(&mut self) {
        let figures = self.state.figures.clone();
        self.tell(Event::Figures { figures });
    }

    pub(crate) fn note(&mut self, text: &str) {
        let index = self.state.transcript.add_own(Role::Note, text, self.now);
        self.tell_item(Some(index));
    }

    /// What follows from the state alone: the clock, the gate, the state word.
    fn settle(&mut self, passed: u64) {
        self.run_clock();
        self.settle_budget();
        self.settle_idle(passed);
        self.consider_handover();
        self.set_gate(self.state.wanted_gate());
        self.settle_barge();
        let dead = self.state.zeros && self.state.controls.mute == Mute::Open && !self.state.is_ended();
        if std::mem::replace(&mut self.state.zeros_told, dead) != dead {
            match dead {
                true => self.notice(problem::silent_microphone(self.state.microphone.name.as_deref())),
                false => self.notice_gone(ProblemCode::SilentMicrophone),
            }
        }
        let status = self.state.status();
        if self.state.told.as_ref() != Some(&status) {
            self.state.told = Some(status.clone());
            self.tell(Event::Status { status });
        }
    }

    pub(super) fn set_gate(&mut self, gate: Gate) {
        if self.state.gate.replace(gate) != Some(gate) {
            self.device(Control::Gate(gate));
        }
    }

    /// The time since the last input, in ms, is paid for as the line was meanwhile.
    fn pass_time(&mut self) -> u64 {
        let passed = self.now - self.state.clock_at.min(self.now);
        self.state.clock_at = self.now;
        if self.state.is_live() && self.state.controls.turns == Turns::Auto {
            self.state.meter.pass(passed);
        }
        passed
    }

    fn run_clock(&mut self) {
        let Some(since) = self.state.live_since else { return };
        let elapsed_ms = if self.state.is_ended() { self.state.clock.elapsed_ms } else { self.now - since };
        let told_second = self.state.clock.elapsed_ms / 1_000;
        self.state.clock = Clock { elapsed_ms, cost: self.state.cost() };
        if elapsed_ms / 1_000 != told_second {
            let clock = self.state.clock;
            self.tell(Event::Clock { clock });
        }
    }

    fn check_deadlines(&mut self) {
        let due = |at: Option<u64>| at.is_some_and(|at| at <= self.now);
        let agree_by = match &self.state.phase {
            Phase::Connecting { agree_by, .. } | Phase::Reconnecting { agree_by, .. } => *agree_by,
            _ => None,
        };
        let (tail, answer, reply) =
            (due(self.state.tail_until), due(self.state.awaiting), due(self.state.reply_by));
        let (doubt, silence) = (due(self.state.doubt_due()), due(self.state.silence_due()));
        if due(agree_by) {
            let problem = problem::never_agreed(AGREE_MS / 1_000);
            self.connect_failed(Failed { problem, retry: true, conversation: true, after: None });
            return;
        }
        if silence {
            self.send_silence();
        }
        if tail {
            self.tail_over();
        }
        if doubt {
            self.offer_to_continue();
        }
        if answer {
            self.state.awaiting = None;
            if self.state.replies.is_quiet() && self.state.tool.is_none() {
                self.notice(problem::no_answer(ANSWER_MS / 1_000));
            }
        }
        if reply {
            self.state.reply_by = None;
            let tool = self.state.tool.take();
            if self.state.sound_until.is_none() {
                self.notice(problem::reply_lost(tool.as_deref()));
            }
            let response = self.state.replies.open().map(str::to_owned);
            self.reply_done(response.as_deref().filter(|id| !id.is_empty()));
        }
    }
}

#[cfg(test)]
mod tests;
