//! What a person does to a call: the commands.

use audio::Control;
use realtime::ClientEvent;

use super::{ANSWER_MS, TAIL_MS, TEXT_LIMIT, Text, Turn, WAITING_TEXTS};
use crate::event::{Ending, Event, Mute, ProblemCode, Role, Turns};
use crate::patience::Patience;
use crate::problem;
use crate::session;
use crate::setup::Command;

impl Turn<'_> {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::End => self.end(Ending::ByYou),
            Command::Interrupt => {
                self.end_doubt();
                self.interrupt();
            }
            Command::Continue => self.continue_reply(),
            Command::QuickBargeIn(quick) => self.state.setup.quick_barge_in = quick,
            Command::Mute(mute) => {
                self.state.controls.mute = mute;
                if mute != Mute::Soft {
                    self.notice_gone(ProblemCode::MutedSpeech);
                }
                if mute == Mute::Hard && self.state.controls.talking {
                    self.talk(false);
                }
                self.tell_controls();
            }
            Command::Talk(pressed) => self.talk(pressed),
            Command::Turns(turns) => self.set_turns(turns),
            Command::Patience(patience) => self.set_patience(patience),
            Command::SendText(text) => self.type_text(text),
            Command::Volume(volume) => self.device(Control::Volume(volume)),
            Command::Hush(hushed) => {
                self.state.controls.hushed = hushed;
                self.device(Control::Hush(hushed));
                self.tell_controls();
            }
            Command::Prefer { direction, order } => self.device(Control::Prefer { direction, order }),
            Command::Process(processing) => self.device(Control::Process(processing)),
            Command::Stay => self.stay(),
            Command::Idle(idle) => self.state.setup.idle = idle,
            Command::Money(money) => self.state.setup.money = money,
            Command::NewDay { spent } => self.new_day(spent),
            Command::Dismiss(code) => self.notice_gone(code),
        }
    }

    pub(super) fn tell_controls(&mut self) {
        let controls = self.state.controls.clone();
        self.tell(Event::Controls { controls });
    }

    pub(super) fn set_turns(&mut self, turns: Turns) {
        if self.state.controls.turns == turns {
            return;
        }
        self.state.controls.turns = turns;
        self.state.setup.turns = turns;
        self.state.hearing = false;
        self.state.tail_until = None;
        self.agree_turns();
        self.tell_controls();
    }

    fn set_patience(&mut self, patience: Patience) {
        if self.state.setup.patience == patience {
            return;
        }
        self.state.setup.patience = patience;
        self.state.controls.voice_from_dbfs = patience.level_dbfs();
        self.agree_turns();
        self.tell_controls();
    }

    /// Press interrupts and talks; release, in manual turns, hands the turn over once the tail is out.
    pub(super) fn talk(&mut self, pressed: bool) {
        if self.state.controls.talking == pressed || (pressed && self.state.controls.mute == Mute::Hard) {
            return;
        }
        self.state.controls.talking = pressed;
        self.tell_controls();
        let live = self.state.is_live();
        if !live && !self.state.is_coming_back() {
            return;
        }
        let manual = self.state.controls.turns == Turns::Manual;
        if pressed {
            self.end_doubt();
            self.interrupt();
            if manual {
                let next = self.state.tail_until.take().is_none();
                if live {
                    if next {
                        self.send(ClientEvent::InputAudioClear);
                        if !self.state.line.turn_unconfirmed {
                            self.state.speech.clear();
                        }
                    }
                    self.state.hearing = true;
                }
            }
        } else if manual || self.state.controls.mute == Mute::Soft {
            self.state.tail_until = Some(self.now + TAIL_MS);
        }
    }

    /// The end of the word is out; in manual turns that hands the turn over.
    pub(super) fn tail_over(&mut self) {
        self.state.tail_until = None;
        if self.state.controls.turns == Turns::Auto {
            return;
        }
        self.state.hearing = false;
        if !self.state.is_live() {
            self.state.line.hand_over_later();
            return;
        }
        self.turn_over(self.now.saturating_sub(TAIL_MS));
        self.state.speech.turn_ended();
        self.state.line.turn_unconfirmed = true;
        self.send(ClientEvent::InputAudioCommit);
        self.send(ClientEvent::reply());
        self.await_answer();
    }

    pub(super) fn type_text(&mut self, text: String) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if self.state.waiting_texts.len() == WAITING_TEXTS || text.chars().count() > TEXT_LIMIT {
            self.notice(problem::text_not_sent(TEXT_LIMIT));
            return;
        }
        let index = self.state.transcript.add_own(Role::You, text, self.now);
        self.tell_item(Some(index));
        self.state.waiting_texts.push_back(Text { text: text.to_owned(), sent: false });
        if self.state.is_live() {
            self.end_doubt();
            self.interrupt();
            self.send_waiting_texts();
        }
    }

    pub(super) fn send_waiting_texts(&mut self) {
        if self.give_waiting_texts() {
            self.state.stopwatch.nothing_spoken();
            self.send(ClientEvent::reply());
            self.await_answer();
        }
    }

    /// Without asking for an answer. `false` if none waited.
    pub(super) fn give_waiting_texts(&mut self) -> bool {
        let any = !self.state.waiting_texts.is_empty();
        while let Some(Text { text, .. }) = self.state.waiting_texts.pop_front() {
            if self.state.unconfirmed.len() == 2 * WAITING_TEXTS {
                self.state.unconfirmed.pop_front();
            }
            self.state.unconfirmed.push_back(text.clone());
            self.send(session::text_item(realtime::Role::User, text));
        }
        any
    }

    /// The server has shown that it has this text.
    pub(crate) fn text_confirmed(&mut self, text: &str) {
        if let Some(at) = self.state.unconfirmed.iter().position(|sent| sent == text) {
            self.state.unconfirmed.remove(at);
        }
    }

    pub(crate) fn await_answer(&mut self) {
        self.state.awaiting = Some(self.now + ANSWER_MS);
    }
}
