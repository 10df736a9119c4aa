//! The hand-over to the next session before this one reaches the longest time that the server allows:
//! the new line is opened beside the old one, and takes its place in a quiet moment.

use realtime::{ServerEvent, TurnDetection};

use super::line::Track;
use super::{AGREE_MS, Effect, Turn};
use crate::event::{Problem, ProblemCode, Turns};
use crate::problem;
use crate::session::{self, Wishes};

/// The longest session, in ms, until a call has met another one (xAI's model pages since May 2026: 120
/// minutes; 30 before).
const CAP_MS: u64 = 120 * 60_000;
/// How long before the cap a quiet moment is looked for: 5 min, or a tenth of a shorter session.
const LEAD_MS: u64 = 5 * 60_000;
/// How long before the cap no moment need be quiet any more: 20 s, or a thirtieth of a shorter session.
const LAST_MS: u64 = 20_000;
/// Sessions shorter than this have broken for other reasons, in ms.
const SHORTEST_MS: u64 = 30_000;
/// Lines that are opened in vain before the call waits for the last moment.
const TRIES: u32 = 10;
/// The wait between them, in ms.
const PAUSE_MS: u64 = 10_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Handover {
    next: Option<Next>,
    tries: u32,
    not_before: u64,
    last_try: bool,
    /// The conversation is not to be had while this line has it: the next session is told of it.
    afresh: bool,
}

/// The line that is to take over.
#[derive(Clone, Debug, Default, PartialEq)]
struct Next {
    resume: Option<String>,
    conversation: Option<String>,
    /// What its server was asked to do about turns.
    asked: Option<TurnDetection>,
    /// The model that answers there.
    model: Option<String>,
    wishes: Wishes,
    /// Until when its session must be agreed, once it is open.
    agree_by: Option<u64>,
}

impl Track {
    fn cap_ms(&self) -> u64 {
        self.cap_ms.unwrap_or(CAP_MS)
    }

    /// The session has reached its cap.
    pub(super) fn learn_cap(&mut self, now: u64) {
        let lasted = self.since.map_or(0, |since| now - since);
        if lasted >= SHORTEST_MS {
            self.cap_ms = Some(lasted.min(self.cap_ms()));
        }
    }
}

impl Turn<'_> {
    /// Opens the next line when it is time to.
    pub(super) fn consider_handover(&mut self) {
        let (now, cap) = (self.now, self.state.line.cap_ms());
        let Some(since) = self.state.line.since.filter(|_| self.state.is_live()) else { return };
        let end = since + cap;
        let last = now >= end - LAST_MS.min(cap / 30);
        let due = now >= end - LEAD_MS.min(cap / 10) && self.is_quiet();
        if let Some(next) = &self.state.line.handover.next {
            if next.agree_by.is_none_or(|by| now < by) {
                return;
            }
            self.handover_failed(&problem::never_agreed(AGREE_MS / 1_000), true);
        }
        let handover = &mut self.state.line.handover;
        let may = handover.tries < TRIES && now >= handover.not_before;
        if (due && may) || (last && !handover.last_try) {
            handover.last_try = last;
            handover.tries += 1;
            let resume = self.state.conversation.clone().filter(|_| !handover.afresh);
            handover.next = Some(Next { resume: resume.clone(), ..Next::default() });
            self.effects.push(Effect::Prepare { resume });
        }
    }

    /// Nobody speaks, and nobody is waited for.
    fn is_quiet(&self) -> bool {
        let state = &self.state;
        let talking = state.controls.turns == Turns::Manual && state.controls.talking;
        let waits = state.awaiting.is_some() || state.tool.is_some() || state.tail_until.is_some();
        !state.hearing && !talking && !waits && state.replies.is_quiet()
    }

    /// The next line is open.
    pub(super) fn prepared(&mut self, wishes: Wishes) {
        let asked = session::turn_detection(&self.state.setup);
        let Some(next) = &mut self.state.line.handover.next else { return };
        next.agree_by = Some(self.now + AGREE_MS);
        next.asked = Some(asked);
        let update = session::update(&self.state.setup, &wishes);
        next.wishes = wishes;
        self.effects.push(Effect::SendNext(update));
    }

    /// What the server says on the next line.
    pub(super) fn hear_next(&mut self, event: ServerEvent) {
        let Some(next) = &mut self.state.line.handover.next else { return };
        match event {
            ServerEvent::ConversationCreated { conversation_id } => next.conversation = conversation_id,
            ServerEvent::SessionCreated { session } => next.model = session.model,
            ServerEvent::SessionUpdated { session } => match session::other_rate(&session) {
                Some(rate) => self.handover_failed(&problem::wrong_rate(rate), false),
                None => {
                    next.model = session.model.or(next.model.take());
                    self.next_agreed();
                }
            },
            ServerEvent::Error { error } => self.handover_failed(&problem::session_refused(&error), true),
            _ => {}
        }
    }

    fn next_agreed(&mut self) {
        let quiet = self.is_quiet();
        let handover = &mut self.state.line.handover;
        if !handover.last_try && !quiet {
            // What is said from now on, that line would not know.
            handover.next = None;
            handover.not_before = self.now + PAUSE_MS;
            self.effects.push(Effect::DropNext);
            return;
        }
        let Some(next) = handover.next.take() else { return };
        self.open_gap("The session was renewed here".to_owned());
        self.effects.push(Effect::Switch);
        let same = next.resume.is_some() && next.resume == next.conversation;
        self.state.conversation = next.conversation;
        self.state.asked = next.asked;
        self.state.wishes = next.wishes;
        self.state.line.renewed(self.now);
        self.notice_gone(ProblemCode::HandOver);
        self.learn_model(next.model);
        let memory = if same { super::gap::Memory::Kept } else { self.recapitulate() };
        self.agree_turns();
        self.close_renewal(memory);
    }

    /// The old line goes on. Where it may be the `conversation` that was refused, another session is tried at
    /// once.
    pub(super) fn handover_failed(&mut self, problem: &Problem, conversation: bool) {
        let handover = &mut self.state.line.handover;
        let Some(next) = handover.next.take() else { return };
        self.effects.push(Effect::DropNext);
        if conversation && next.resume.is_some() {
            handover.afresh = true;
            handover.last_try = false;
            handover.not_before = self.now;
            return;
        }
        handover.not_before = self.now + PAUSE_MS;
        if handover.tries >= TRIES || handover.last_try {
            self.notice(problem::hand_over_failed(problem));
        }
    }
}
