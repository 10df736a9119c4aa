//! A voice over the agent: when it interrupts, and how a reply that was interrupted by mistake goes on.

use audio::{Control, Gate, ItemId};
use realtime::ClientEvent;

use super::{State, Turn};
use crate::event::{Role, Turns};
use crate::figures;
use crate::reply::Rest;
use crate::session;

/// The voice after which the local detector interrupts, in ms: longer than a cough, shorter than a word.
const GUARD_MS: u32 = 240;
/// The same in the first moments of a reply, when what is heard is most likely the end of your own turn.
const EARLY_GUARD_MS: u32 = 480;
/// How long a reply counts as just begun, in ms.
const EARLY_MS: u64 = 500;
/// How long after an interruption words must have come, in ms, or it was a false start.
pub(super) const FALSE_START_MS: u64 = 2_500;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Barge {
    /// The local detector hears a voice.
    voice: bool,
    /// Only the local detector has heard the voice that interrupted.
    unconfirmed: bool,
    /// When the reply began to sound.
    reply_began: Option<u64>,
    doubt: Option<Doubt>,
    /// What was cut off and may yet be heard.
    rests: Vec<Rest>,
    /// What is being played again; the server does not know these items.
    again: Vec<ItemId>,
    /// The reply ends with what is being played again.
    again_whole: bool,
    ducked: bool,
    listening: Option<f32>,
}

/// A voice has interrupted, and no words have come.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Doubt {
    since: u64,
    due: u64,
}

impl State {
    /// When an interruption without words counts as a false start.
    pub(super) fn doubt_due(&self) -> Option<u64> {
        let doubt = self.barge.doubt.filter(|_| !self.hearing && !self.controls.can_continue)?;
        Some(doubt.due)
    }

    /// A voice that goes on will interrupt.
    fn may_be_interrupted(&self) -> bool {
        self.setup.quick_barge_in
            && self.is_live()
            && self.controls.turns == Turns::Auto
            && self.wanted_gate() == Gate::Open
            && self.replies.is_sounding()
    }
}

impl Turn<'_> {
    /// A reply was announced.
    pub(crate) fn reply_is_new(&mut self) {
        self.state.barge.reply_began = None;
        self.end_doubt();
    }

    pub(super) fn reply_sounds(&mut self) {
        self.state.barge.reply_began.get_or_insert(self.now);
        let (wire_to_ear, answer) = self.state.stopwatch.heard(self.now);
        if wire_to_ear.is_some() || answer.is_some() {
            figures::push(&mut self.state.figures.wire_to_ear_ms, wire_to_ear);
            figures::push(&mut self.state.figures.answer_ms, answer);
            self.tell_figures();
        }
    }

    /// The local detector's word. A short sound only ducks the agent.
    pub(super) fn hear_voice(&mut self, speaking: bool, voiced_ms: u32) {
        self.state.barge.voice = speaking;
        if !speaking {
            self.state.stopwatch.voice_ended(self.now.saturating_sub(audio::VOICE_END_MS));
            if std::mem::take(&mut self.state.barge.unconfirmed) {
                self.state.hearing = false;
                self.voice_stopped();
            }
            return;
        }
        let early = self.state.barge.reply_began.is_some_and(|began| self.now < began + EARLY_MS);
        let guard = if early { EARLY_GUARD_MS } else { GUARD_MS };
        if voiced_ms >= guard && self.state.may_be_interrupted() && !self.state.hearing {
            self.state.hearing = true;
            self.state.barge.unconfirmed = true;
            self.barge_in();
        }
    }

    /// The server's word.
    pub(crate) fn voice_confirmed(&mut self) {
        self.state.hearing = true;
        self.state.barge.unconfirmed = false;
        self.barge_in();
    }

    /// Words have still to come for what was said until now.
    pub(crate) fn voice_stopped(&mut self) {
        if let Some(doubt) = &mut self.state.barge.doubt {
            doubt.due = self.now + FALSE_START_MS;
        }
    }

    /// A voice stops the agent, for good only once words follow.
    fn barge_in(&mut self) {
        if self.state.replies.has_sound() || self.state.replies.open().is_some() {
            self.end_doubt();
            self.state.barge.doubt = Some(Doubt { since: self.now, due: self.now + FALSE_START_MS });
        }
        self.interrupt();
    }

    /// The loudspeaker has thrown away what of `item` comes after `ms`.
    pub(super) fn keep_rest(&mut self, item: &str, ms: u64) {
        if self.state.barge.doubt.is_some()
            && let Some(rest) = self.state.replies.rest(item, ms)
        {
            self.state.barge.rests.push(rest);
        }
    }

    /// Words came for an item that began at `at_ms`: whoever interrupted meant it.
    pub(crate) fn words_came(&mut self, at_ms: u64) {
        if self.state.barge.doubt.is_some_and(|doubt| at_ms >= doubt.since) {
            self.end_doubt();
        }
    }

    pub(super) fn offer_to_continue(&mut self) {
        self.state.controls.can_continue = true;
        self.tell_controls();
    }

    /// What was interrupted stays interrupted.
    pub(super) fn end_doubt(&mut self) {
        self.state.barge.doubt = None;
        self.state.barge.rests.clear();
        if std::mem::take(&mut self.state.controls.can_continue) {
            self.tell_controls();
        }
    }

    /// The rest of the reply is played from where the ear stopped; where nothing of it is left, the
    /// agent is asked to go on.
    pub(super) fn continue_reply(&mut self) {
        if !self.state.controls.can_continue || !self.state.is_live() {
            return;
        }
        let rests = std::mem::take(&mut self.state.barge.rests);
        self.end_doubt();
        self.state.awaiting = None;
        if rests.is_empty() {
            self.note("The agent was asked to go on.");
            self.ask_to_go_on(session::GO_ON.to_owned());
            return;
        }
        self.state.barge.again_whole = rests.iter().all(|rest| rest.whole);
        for Rest { item, samples, .. } in rests {
            let text = self.state.transcript.unheard(&item).unwrap_or_default();
            let id = format!("{item}+");
            let index = self.state.transcript.entry(&id, None, Role::Agent, self.now);
            self.state.transcript.append(index, &text, Some(0));
            self.state
                .transcript
                .receive_sound(index, samples.len() as u64 * 1_000 / u64::from(audio::WIRE_RATE_HZ));
            self.tell_item(Some(index));
            let item = self.state.replies.enqueue(&id, None);
            self.state.replies.keep(&id, &samples);
            self.state.replies.item_whole(&id);
            self.state.barge.again.push(item.clone());
            self.device(Control::Speak { item: item.clone(), samples });
            self.device(Control::Finish { item });
        }
    }

    /// An item that was played again is over: the server, which believes it was never heard, is told
    /// what was. `true` if `item` is such an item.
    pub(super) fn heard_again(&mut self, item: &str, to_its_end: bool) -> bool {
        let Some(at) = self.state.barge.again.iter().position(|again| &**again == item) else { return false };
        self.state.barge.again.remove(at);
        let index = self.state.transcript.find(item);
        let text = index.and_then(|index| self.state.transcript.item(index)).map(|item| item.text.clone());
        let text = text.unwrap_or_default();
        if !self.state.is_live() {
            return true;
        }
        if to_its_end && self.state.barge.again.is_empty() && !self.state.barge.again_whole {
            self.ask_to_go_on(session::heard_and_go_on(&text));
        } else if !text.is_empty() {
            self.send(session::text_item(realtime::Role::System, session::heard_after_all(&text)));
        }
        true
    }

    fn ask_to_go_on(&mut self, words: String) {
        self.send(session::text_item(realtime::Role::System, words));
        self.send(ClientEvent::reply());
        self.await_answer();
    }

    /// What the audio thread has to know of all this.
    pub(super) fn settle_barge(&mut self) {
        let listens = self.state.setup.quick_barge_in
            && self.state.is_live()
            && self.state.controls.turns == Turns::Auto;
        let listening = listens.then(|| self.state.setup.patience.level_dbfs());
        if self.state.barge.listening != listening {
            self.state.barge.listening = listening;
            self.device(Control::Listen(listening));
        }
        let ducked = self.state.barge.voice && !self.state.hearing && self.state.may_be_interrupted();
        if self.state.barge.ducked != ducked {
            self.state.barge.ducked = ducked;
            self.device(Control::Duck(ducked));
        }
    }
}
