//! The line: how it is agreed, how it breaks and comes back, how a call ends.

use audio::{Control, Direction};
use realtime::{ClientEvent, CloseKind, Closed};

use super::{AGREE_MS, ATTEMPTS, Effect, Phase, SUMMARY_CHARS, Turn};
use crate::event::{DeviceView, Ending, Event, Problem, ProblemCode, Step};
use crate::problem;
use crate::session::{self, Wishes};

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
        let resumed = matches!(self.state.phase, Phase::Reconnecting { .. });
        self.state.phase = Phase::Live;
        self.notice_gone(ProblemCode::LineLost);
        if self.state.live_since.is_none() {
            self.state.live_since = Some(self.now);
            self.state.clock_at = self.now;
        }
        if resumed && self.state.resuming.is_some() && self.state.resuming != self.state.conversation {
            let summary = self.state.transcript.summary(SUMMARY_CHARS);
            if !summary.is_empty() {
                self.send(session::text_item(realtime::Role::System, session::recap(&summary)));
                self.state.texts += 1;
            }
        }
        self.state.resuming = None;
        // What was set while the session was being agreed.
        self.agree_turns();
        if !self.state.waiting_texts.is_empty() {
            self.send_waiting_texts();
        } else if !resumed && self.state.setup.profile.agent_speaks_first {
            self.send(ClientEvent::reply());
            self.await_answer();
        }
    }

    pub(crate) fn connect_failed(&mut self, problem: Problem, retry: bool) {
        match self.state.phase {
            Phase::Reconnecting { attempt, .. } if retry && attempt < ATTEMPTS => self.retry(attempt + 1),
            _ => self.end(Ending::Failed { problem }),
        }
    }

    pub(super) fn line_closed(&mut self, closed: &Closed) {
        let by_server =
            Ending::ByServer { code: closed.code.unwrap_or_default(), text: closed.reason.clone() };
        match (&self.state.phase, closed.kind) {
            (Phase::Live, CloseKind::Normal | CloseKind::Idle) => self.end(by_server),
            (Phase::Live, _) => {
                self.forget_replies();
                self.note("The line broke here.");
                self.notice(problem::line_lost(closed));
                self.retry(1);
            }
            _ => self.connect_failed(problem::closed_early(closed), true),
        }
    }

    pub(super) fn retry(&mut self, attempt: u32) {
        let after = session::back_off(attempt, &mut self.state.jitter);
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
        self.forget_replies();
        if self.state.replies.has_sound() {
            self.device(Control::Flush);
        }
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
