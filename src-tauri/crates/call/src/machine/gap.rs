//! A gap in the line: what is kept over it, and what the transcript says of it.

use audio::FRAME_SAMPLES;
use realtime::{ClientEvent, CloseKind, Closed, Item};

use super::{Text, Turn};
use crate::event::{Mute, Role, Turns};
use crate::speech::Said;
use crate::surroundings::Nap;

/// What was sent so shortly before a break may not have been noticed by the server, in ms: it says that
/// it hears speech 0.2 to 0.5 s after the speech began.
const UNNOTICED_MS: u64 = 1_500;
/// How much quieter than what the server is asked to hear counts as a voice here, in dB; xAI does not
/// publish its scale.
const VOICE_MARGIN_DB: f32 = 6.0;
/// A pause in what is kept is as long as one that ends a turn, and so much longer, in ms.
const PAUSE_MARGIN_MS: u64 = 300;
/// How long a server may take to say that it hears what it was given all at once, in ms.
const NOTICE_MS: u64 = 5_000;

/// The line is away.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gap {
    /// The id of the note in the transcript.
    note: String,
    opening: String,
    began: u64,
    /// How long this computer slept since then, and how much of that `began` knows nothing of, in ms.
    slept_ms: u64,
    unseen_ms: u64,
    /// You were speaking, and the server had not heard the end.
    mid_turn: bool,
    /// Your turn was over, and nothing of its answer had sounded.
    unanswered: bool,
    /// The talk key came up in the gap, or its tail was running.
    pub(super) turn_over: bool,
    /// The tool that was running.
    tool: Option<String>,
}

/// What the new line knows of the conversation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Memory {
    /// It is the same conversation.
    Kept,
    /// It was told in short.
    Told,
    /// There was nothing to tell.
    Nothing,
}

/// How the note begins.
pub(super) fn opening(closed: &Closed) -> &'static str {
    match (closed.kind, closed.code) {
        (CloseKind::Lost | CloseKind::PingTimeout | CloseKind::TooLarge, _) => "The line broke here.",
        (_, Some(1011)) => "The server failed here.",
        (_, Some(1012)) => "The server restarted here.",
        (_, Some(1013)) => "The server had too much to do here.",
        _ => "The server closed the line here.",
    }
}

impl Turn<'_> {
    /// Keeps a frame of the microphone, for this line may have lost it already.
    pub(super) fn keep_speech(&mut self, samples: &[i16; FRAME_SAMPLES], talking: bool) {
        let coming_back = self.state.is_coming_back();
        if !coming_back && !self.state.is_live() {
            return;
        }
        // A frame that was captured before the mute reached the microphone is not kept for later.
        let muted = coming_back && self.state.controls.mute != Mute::Open && !talking;
        let samples = Box::new(if muted { [0; FRAME_SAMPLES] } else { *samples });
        let voice_from = self.state.setup.patience.level_dbfs() - VOICE_MARGIN_DB;
        self.state.speech.hear(samples, voice_from);
        let line = &self.state.line;
        let manual = self.state.controls.turns == Turns::Manual;
        if coming_back || manual || self.state.hearing || self.now < line.given_until {
            return;
        }
        if self.state.awaiting.is_none() {
            self.state.speech.forget_ended();
            let unheard = self.now.saturating_sub(line.heard_at) + line.waiting_ms;
            self.state.speech.trim(UNNOTICED_MS + unheard);
        }
    }

    /// The line broke: what it leaves unfinished is settled or remembered, and the note is begun.
    pub(super) fn open_gap(&mut self, opening: String) {
        let state = &self.state;
        let manual = state.controls.turns == Turns::Manual;
        let due = state.awaiting.is_some() || (state.replies.open().is_some() && !state.hearing);
        let unanswered = due && !state.replies.has_sound();
        let mut gap = Gap {
            note: String::new(),
            opening: opening.clone(),
            began: self.now,
            slept_ms: 0,
            unseen_ms: 0,
            mid_turn: state.hearing,
            unanswered,
            turn_over: manual && state.tail_until.is_some(),
            tool: state.tool.clone(),
        };
        let open_turn = gap.mid_turn.then(|| state.transcript.last_spoken()).flatten();
        let open_turn = open_turn.filter(|item| item.partial).map(|item| item.id.clone());
        self.forget_replies();
        self.settle_broken(open_turn.as_deref());
        for text in std::mem::take(&mut self.state.unconfirmed).into_iter().rev() {
            self.state.waiting_texts.push_front(Text { text, sent: true });
        }
        let pause = u64::from(self.state.setup.patience.silence_ms()) + PAUSE_MARGIN_MS;
        self.state.speech.begin_gap(pause);
        let index = self.state.transcript.add_own(Role::Note, &opening, self.now);
        self.tell_item(Some(index));
        gap.note = self.state.transcript.item(index).map(|item| item.id.clone()).unwrap_or_default();
        self.state.line.said_again = open_turn;
        self.state.line.gap = Some(gap);
    }

    /// Items that nothing more will come for. `open_turn` goes on when the line is back.
    fn settle_broken(&mut self, open_turn: Option<&str>) {
        self.state.line.cut_short.clear();
        for index in self.state.transcript.unsettled() {
            let Some(item) = self.state.transcript.item(index).cloned() else { continue };
            let settled = match item.role {
                _ if open_turn == Some(&*item.id) => None,
                Role::Agent if self.state.transcript.received_ms(index) == 0 => {
                    self.state.transcript.end_at(index, 0)
                }
                // Its sound is still being played.
                Role::Agent if self.state.replies.has_sound() => {
                    self.state.line.cut_short.push(item.id);
                    None
                }
                _ => self.state.transcript.settle(index, None),
            };
            self.tell_item(settled);
        }
    }

    /// The line is back: what was kept is said, and the note says how it went.
    pub(super) fn close_gap(&mut self, memory: Memory) {
        let Some(gap) = self.state.line.gap.take() else { return };
        let note = format!("{} It was back after {}", gap.opening, span(gap.lasted_ms(self.now)));
        self.say_what_was_kept(&gap, memory, note);
    }

    /// The line was away for no time at all.
    pub(super) fn close_renewal(&mut self, memory: Memory) {
        let Some(gap) = self.state.line.gap.take() else { return };
        let note = gap.opening.clone();
        self.say_what_was_kept(&gap, memory, note);
    }

    /// `note` is how the note begins.
    fn say_what_was_kept(&mut self, gap: &Gap, memory: Memory, mut note: String) {
        let said = self.state.speech.end_gap();
        let words = self.state.transcript.last_spoken().map_or(0, |item| item.text.len());
        // An ended turn is said again only where the server never had it, or has forgotten it and nobody
        // has its words.
        let never_had = std::mem::take(&mut self.state.line.turn_unconfirmed);
        let turn_again = never_had || (gap.unanswered && memory != Memory::Kept && words == 0);
        if !turn_again {
            self.state.speech.forget_ended();
        }
        let manual = self.state.controls.turns == Turns::Manual;
        let talking = manual && self.state.controls.talking;
        let speaks = match manual {
            true => talking || gap.turn_over || turn_again,
            false => self.state.speech.has_voice(),
        };
        let typed = if speaks { self.give_waiting_texts() } else { !self.state.waiting_texts.is_empty() };
        if speaks {
            self.give_speech(manual);
            if manual && !talking {
                self.state.speech.turn_ended();
                self.state.line.turn_unconfirmed = true;
                self.send(ClientEvent::InputAudioCommit);
                self.send(ClientEvent::reply());
                self.await_answer();
            }
            self.state.hearing = talking;
        } else {
            self.state.speech.clear();
            self.drop_open_turn();
            if typed {
                self.send_waiting_texts();
            } else if gap.unanswered {
                self.send(ClientEvent::reply());
                self.await_answer();
            }
        }
        note += match memory {
            Memory::Kept => ", and the agent remembers the conversation.",
            Memory::Told => ", and the agent was told what had been said so far.",
            Memory::Nothing => ".",
        };
        if gap.slept_ms > 0 {
            note += &format!(" This computer slept for {} of it.", span(gap.slept_ms));
        }
        note += &gap.said(said, speaks);
        if let Some(tool) = &gap.tool {
            note += &format!(" The tool {tool} was running; its result did not come.");
        }
        self.rewrite_note(gap, &note);
    }

    /// What is kept goes before anything that is said from now on.
    fn give_speech(&mut self, manual: bool) {
        for audio in self.state.speech.messages() {
            if manual {
                self.state.meter.pass(audio.len() as u64 * 1_000 / u64::from(audio::WIRE_RATE_HZ));
            }
            self.send(ClientEvent::InputAudioAppend { audio });
        }
        self.state.line.given_until = self.now + NOTICE_MS;
    }

    /// The call ends with the line away.
    pub(super) fn give_up_gap(&mut self) {
        let Some(gap) = self.state.line.gap.take() else { return };
        let said = self.state.speech.end_gap();
        let mut note =
            format!("{} It did not come back within {}.", gap.opening, span(gap.lasted_ms(self.now)));
        if said.said_ms > 0 {
            note += &format!(" What you said meanwhile ({}) was lost.", span(said.said_ms));
        }
        match self.state.waiting_texts.len() {
            0 => {}
            1 => note += " The text that you typed was not sent.",
            texts => note += &format!(" The {texts} texts that you typed were not sent."),
        }
        self.rewrite_note(&gap, &note);
    }

    fn rewrite_note(&mut self, gap: &Gap, note: &str) {
        let index = self.state.transcript.find_shown(&gap.note);
        let index = index.and_then(|index| self.state.transcript.replace(index, note, false));
        self.tell_item(index);
    }

    /// The server hears the sentence that it was given again.
    pub(crate) fn take_up_turn(&mut self, id: &str) {
        if let Some(before) = self.state.line.said_again.take() {
            self.state.transcript.said_again(&before, id);
        }
    }

    fn drop_open_turn(&mut self) {
        if let Some(id) = self.state.line.said_again.take() {
            let index = self.state.transcript.find(&id);
            let index = index.and_then(|index| self.state.transcript.settle(index, None));
            self.tell_item(index);
        }
    }

    /// An item of the conversation that is being resumed: a text among it need not be sent again.
    pub(crate) fn item_replayed(&mut self, item: &Item) {
        let (Some(id), Some(text), Some("user")) = (&item.id, item.text(), item.role.as_deref()) else {
            return;
        };
        let waiting =
            self.state.waiting_texts.iter().position(|waiting| waiting.sent && waiting.text == text);
        if let Some(at) = waiting {
            self.state.waiting_texts.remove(at);
            self.state.transcript.confirm_typed(id, &text);
        }
    }
}

impl Gap {
    pub(super) fn slept(&mut self, nap: Nap) {
        self.slept_ms += nap.took.as_millis() as u64;
        self.unseen_ms += nap.unseen.as_millis() as u64;
    }

    fn lasted_ms(&self, now: u64) -> u64 {
        now - self.began + self.unseen_ms
    }

    /// What became of what you said.
    fn said(&self, said: Said, sent: bool) -> String {
        let mut words = String::new();
        let kept_ms = said.said_ms.saturating_sub(said.lost_ms);
        if sent && self.mid_turn {
            words += " Your sentence was sent again from its beginning.";
        } else if sent && kept_ms > 0 {
            words += &format!(" What you said meanwhile ({}) was kept and sent.", span(kept_ms));
        } else if !sent && said.said_ms > 0 {
            words += " What you said meanwhile was too short to be sent.";
        }
        if said.lost_ms > 0 {
            words += &format!(" The first {} of it were lost.", span(said.lost_ms));
        }
        words
    }
}

/// A time in words, from ms.
pub(super) fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0 => "less than a second".to_owned(),
        1..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}
