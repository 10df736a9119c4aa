//! Sound both ways: what the devices report, what the server sends, and how a voice is stopped.

use audio::{Control, Direction, FRAME_MS, FRAME_SAMPLES, Gate, Played, Report};
use realtime::ClientEvent;

use super::{Effect, REPLY_SILENCE_MS, SOUNDING_SILENCE_MS, State, TOOL_SILENCE_MS, Turn};
use crate::event::{DeviceView, Event, Mute, ProblemCode, Role, Turns};
use crate::problem;

/// Silence that is sent where the microphone gives nothing, at once, in ms.
const SILENCE_MS: u64 = 100;
/// How often it is sent: xAI closes a line on which no sound came for some 15 minutes, and 100 ms every 10 s
/// keep it open (`protocol.md` §2.3).
const SILENCE_EVERY_MS: u64 = 10_000;

impl State {
    /// When the line is to be given silence in the place of a microphone. The server that hears somebody
    /// speak is given all of it, or it would never know that they have stopped.
    pub(super) fn silence_due(&self) -> Option<u64> {
        let open_turn = self.hearing && self.controls.turns == Turns::Auto;
        // A microphone that is only late is not spoken over.
        let gives = self.wanted_gate() == Gate::Open && self.microphone.problem.is_none();
        let every = if open_turn && !gives { SILENCE_MS } else { SILENCE_EVERY_MS };
        self.is_live().then_some(self.line.sound_sent_at + every)
    }
}

impl Turn<'_> {
    /// Something came for the open reply.
    pub(crate) fn reply_lives(&mut self) {
        let tool = self.state.tool.is_some();
        let silence = match self.state.sound_until {
            _ if tool => TOOL_SILENCE_MS,
            Some(until) => until.saturating_sub(self.now) + SOUNDING_SILENCE_MS,
            None => REPLY_SILENCE_MS,
        };
        let expected = tool || self.state.replies.open().is_some();
        self.state.reply_by = expected.then_some(self.now + silence);
    }

    /// Stops the voice: silence first, then the word to the server. What was heard is known when
    /// the loudspeaker has answered (see [`Turn::flushed`]).
    pub(crate) fn interrupt(&mut self) {
        let sounding = self.state.replies.has_sound();
        let open = self.state.replies.interrupt();
        if sounding {
            self.device(Control::Flush);
            self.state.stopwatch.silenced();
        }
        if let Some(response) = open {
            for index in self.state.transcript.open_items(&response) {
                let id = self.state.transcript.item(index).map(|item| item.id.clone()).unwrap_or_default();
                if self.state.transcript.received_ms(index) == 0 {
                    let index = self.state.transcript.cut(index, 0);
                    self.tell_item(index);
                }
                self.state.replies.drop_id(id);
            }
            self.send(ClientEvent::ResponseCancel {
                response_id: (!response.is_empty()).then_some(response),
            });
        }
        self.state.awaiting = None;
        self.state.reply_by = None;
        self.state.sound_until = None;
        self.state.tool = None;
    }

    /// The loudspeaker is silent: tell the server and the reader where the ear stopped.
    pub(super) fn flushed(&mut self, items: Vec<Played>) {
        for Played { item, ms } in items {
            self.keep_rest(&item, ms);
            let whole = self.state.replies.ended(&item);
            let Some(index) = self.state.transcript.find(&item) else { continue };
            let received = self.state.transcript.received_ms(index);
            if whole && ms >= received {
                let index = self.state.transcript.settle(index, None);
                self.tell_item(index);
                self.heard_again(&item, true);
                continue;
            }
            let cut = self.state.transcript.cut(index, ms);
            if !self.heard_again(&item, false) && self.state.is_live() {
                self.send(ClientEvent::ItemTruncate {
                    item_id: item.to_string(),
                    content_index: 0,
                    audio_end_ms: ms.min(received),
                });
            }
            self.tell_item(cut);
        }
    }

    pub(super) fn hear_sound(&mut self, item: Option<String>, response: Option<String>, samples: Vec<i16>) {
        let response = response.or_else(|| self.state.replies.open().map(str::to_owned));
        // A binary line names nothing: its sound belongs to the newest item of the open reply.
        let item = item.or_else(|| {
            let open = self.state.transcript.open_items(response.as_deref()?);
            Some(self.state.transcript.item(*open.last()?)?.id.clone())
        });
        let Some(item) = item else { return };
        if !self.state.is_live() || self.state.replies.is_late(Some(&item), response.as_deref()) {
            return;
        }
        let known = self.state.transcript.find(&item).is_some();
        let index = self.state.transcript.entry(&item, None, Role::Agent, self.now);
        if let Some(response) = &response {
            self.state.transcript.belong(index, response);
        }
        if !known {
            self.tell_item(Some(index));
        }
        let ms = samples.len() as u64 * 1_000 / u64::from(audio::WIRE_RATE_HZ);
        self.state.transcript.receive_sound(index, ms);
        self.state.sound_until = Some(self.state.sound_until.unwrap_or(0).max(self.now) + ms);
        self.reply_lives();
        if self.state.controls.turns == Turns::Manual {
            self.state.meter.pass(ms);
        }
        if !self.state.replies.has_sound() {
            self.state.stopwatch.sound_came(self.now);
        }
        let item = self.state.replies.enqueue(&item, response.as_deref());
        self.state.replies.keep(&item, &samples);
        self.device(Control::Speak { item, samples });
    }

    pub(super) fn hear_microphone(&mut self, samples: Box<[i16; FRAME_SAMPLES]>) {
        let talking = self.state.controls.talking || self.state.tail_until.is_some();
        let manual = self.state.controls.turns == Turns::Manual;
        if manual && !talking {
            return;
        }
        self.keep_speech(&samples, talking);
        if self.state.is_live() {
            if manual {
                self.state.meter.pass(FRAME_MS);
            }
            self.state.line.sound_sent_at = self.now;
            self.effects.push(Effect::Append(samples));
        }
    }

    /// The microphone gives nothing, by mute or by the talk key or because it is gone: the line hears
    /// silence in its place.
    pub(super) fn send_silence(&mut self) {
        if self.state.controls.turns == Turns::Manual {
            self.state.meter.pass(SILENCE_MS);
        }
        self.state.line.sound_sent_at = self.now;
        self.effects.push(Effect::Silence { ms: SILENCE_MS });
    }

    pub(super) fn hear_device(&mut self, report: Report) {
        match report {
            Report::Started { item } => {
                self.state.replies.started(&item);
                self.reply_sounds();
                self.state.awaiting = None;
            }
            Report::Finished(Played { item, ms }) => {
                self.state.replies.ended(&item);
                if let Some(index) = self.state.transcript.find(&item) {
                    let index = match self.state.line.was_cut_short(&item) {
                        true => self.state.transcript.end_at(index, ms),
                        false => self.state.transcript.settle(index, None),
                    };
                    self.tell_item(index);
                }
                self.heard_again(&item, true);
            }
            Report::Flushed(items) => self.flushed(items),
            Report::Progress(Played { item, ms }) => self.state.replies.heard(&item, ms),
            Report::Voice { speaking, voiced_ms } => self.hear_voice(speaking, voiced_ms),
            Report::Zeros { dead } => self.state.zeros = dead,
            Report::SpokenUnheard => {
                if self.state.is_live() && self.state.controls.mute == Mute::Soft {
                    self.notice(problem::muted_speech());
                }
            }
            Report::Opened { direction, device } => {
                self.notice_gone(problem::device_code(direction));
                self.notice_gone(ProblemCode::MicrophoneDenied);
                // What was said of the device before; if there is something to say of this one, it follows.
                if self.device_slot(direction).name.as_ref() != Some(&device.name) {
                    self.notice_gone(problem::moved_code(direction));
                }
                if direction == Direction::Microphone {
                    self.state.zeros = false;
                    self.notice_gone(ProblemCode::Telephone);
                    if device.is_telephone() {
                        self.notice(problem::telephone(&device));
                    }
                }
                self.set_device(direction, DeviceView { name: Some(device.name), open: true, problem: None });
            }
            Report::Moved { direction, from, to, why } => match problem::moved(direction, &from, &to, why) {
                Some(problem) => self.notice(problem),
                None => self.notice_gone(problem::moved_code(direction)),
            },
            Report::Closed { direction } => {
                if direction == Direction::Microphone {
                    self.state.zeros = false;
                }
                let name = self.device_slot(direction).name.clone();
                self.set_device(direction, DeviceView { name, open: false, problem: None });
            }
            Report::Failed { direction, error } => {
                if direction == Direction::Microphone {
                    self.state.zeros = false;
                }
                let problem = problem::device(direction, &error);
                let view = DeviceView { name: None, open: false, problem: Some(problem) };
                if *self.device_slot(direction) != view {
                    self.set_device(direction, view);
                }
            }
        }
    }

    pub(super) fn device_slot(&mut self, direction: Direction) -> &mut DeviceView {
        match direction {
            Direction::Microphone => &mut self.state.microphone,
            Direction::Speaker => &mut self.state.speaker,
        }
    }

    pub(super) fn set_device(&mut self, direction: Direction, device: DeviceView) {
        *self.device_slot(direction) = device.clone();
        self.tell(Event::Device { direction, device });
    }

    /// No more will come for this reply: its items may end when their sound has.
    pub(crate) fn reply_done(&mut self, response: Option<&str>) {
        for item in self.state.replies.done(response) {
            self.device(Control::Finish { item });
        }
        self.state.reply_by = None;
        self.state.sound_until = None;
        if !self.state.replies.has_sound() {
            self.state.awaiting = None;
        }
    }
}
