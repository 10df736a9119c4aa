//! The user's side: audio into turns, turns into items and transcripts.

use serde_json::json;
use tokio::time::Instant;

use super::Session;
use super::config::Config;
use super::items::{self, Item, Kind};
use super::out::{Refusal, event, new_id};
use super::speaking::Prompt;
use crate::switches::choice::{Completed, Order, SpeechStarted};
use crate::vad::{Heard, LONGEST_TURN_S, Tuning, Vad};

const TRANSCRIPTION: &str = "conversation.item.input_audio_transcription";

/// What is heard but not yet answered.
#[derive(Debug)]
pub(super) struct Ear {
    /// Whether any audio was received.
    pub(super) began: bool,
    vad: Vad,
    turn: Option<Turn>,
    /// A spoken turn whose `committed` is held back.
    uncommitted: Option<Turn>,
    manual: Vec<i16>,
    /// The item of a manual turn, once its speech was announced.
    manual_item: Option<String>,
    manual_full: bool,
    /// Turns so far.
    turns: usize,
    /// A final transcript that shall come once more, during the reply.
    again: Option<Turn>,
}

/// A user turn.
#[derive(Clone, Debug)]
struct Turn {
    item_id: String,
    /// What it is said to have said, if anything is.
    text: Option<String>,
    start_ms: u64,
    onset_ms: u64,
    announced: bool,
    /// Steps of its transcript already shown.
    shown: usize,
    speech_s: f64,
}

impl Turn {
    fn note(&self) -> String {
        match &self.text {
            Some(text) => text.clone(),
            None => {
                format!("[{:.1} s of speech; the practice agent does not understand words]", self.speech_s)
            }
        }
    }
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            began: false,
            vad: Vad::new(24_000, Tuning { threshold: 0.85, silence_ms: 500, prefix_ms: 333 }, 0),
            turn: None,
            uncommitted: None,
            manual: Vec::new(),
            manual_item: None,
            manual_full: false,
            turns: 0,
            again: None,
        }
    }
}

impl Ear {
    pub(super) fn clear(&mut self) {
        self.vad.clear();
        self.turn = None;
        self.manual.clear();
        self.manual_item = None;
        self.manual_full = false;
    }

    /// A change of the kind of turns drops what was heard of the current one.
    pub(super) fn configure(&mut self, next: &Config, before: &Config) {
        if next.detection.is_some() != before.detection.is_some() {
            self.clear();
        }
        let tuning = next.detection.as_ref().map(super::config::Detection::tuning);
        if next.input != before.input
            && let Some(tuning) = tuning
        {
            self.vad = Vad::new(next.input.rate, tuning, 0);
        } else if let Some(tuning) = tuning {
            self.vad.tune(tuning);
        }
    }
}

impl Session {
    pub(super) fn on_audio(&mut self, bytes: &[u8], now: Instant) -> Result<(), Refusal> {
        self.last_audio = now;
        let samples = self.config.input.decode(bytes).ok_or_else(|| {
            Refusal::coded("invalid_audio_format", "The audio does not consist of whole 16-bit samples.")
        })?;
        self.ear.began |= !samples.is_empty();
        self.common.log.append(self.log_key, samples.len());
        if self.config.detection.is_none() {
            return self.gather(&samples);
        }
        if self.switches.deaf {
            return Ok(());
        }
        for heard in self.ear.vad.hear(&samples) {
            self.heard(heard, now);
        }
        Ok(())
    }

    /// Manual turns keep at most 60 s; what comes after is lost until commit or clear.
    fn gather(&mut self, samples: &[i16]) -> Result<(), Refusal> {
        if self.switches.speech_started != SpeechStarted::Late && !samples.is_empty() {
            self.announce_manual();
        }
        let most = LONGEST_TURN_S * self.config.input.rate as usize;
        let room = most.saturating_sub(self.ear.manual.len()).min(samples.len());
        self.ear.manual.extend(samples.iter().take(room));
        if room == samples.len() || self.ear.manual_full {
            return Ok(());
        }
        self.ear.manual_full = true;
        Err(Refusal::coded(
            "input_audio_buffer_full",
            format!("The input audio buffer holds {LONGEST_TURN_S} s; commit or clear it."),
        ))
    }

    fn announce_manual(&mut self) {
        if self.switches.manual_speech && self.ear.manual_item.is_none() {
            let id = new_id();
            self.speech_started(&id, 0);
            self.ear.manual_item = Some(id);
        }
    }

    fn heard(&mut self, heard: Heard, now: Instant) {
        match heard {
            Heard::Started { start_ms, onset_ms } => self.turn_started(start_ms, onset_ms, now),
            Heard::Going { speech_ms } => self.turn_goes_on(speech_ms),
            Heard::Stopped { end_ms, samples } => self.turn_stopped(end_ms, samples, now),
        }
    }

    fn turn_started(&mut self, start_ms: u64, onset_ms: u64, now: Instant) {
        self.flush_commit();
        self.check_in_at = None;
        let mut turn = self.new_turn(start_ms, onset_ms);
        self.items.push(Item { id: turn.item_id.clone(), kind: Kind::Message });
        if self.switches.speech_started != SpeechStarted::Late {
            self.announce_turn(&mut turn);
        }
        self.ear.turn = Some(turn);
        let interrupts = self.config.detection.as_ref().is_some_and(|d| d.interrupt_response);
        if interrupts {
            self.starting = None;
            if self.reply.as_ref().is_some_and(|reply| reply.interruptible) {
                self.cancel(now, false);
            }
        }
    }

    fn new_turn(&mut self, start_ms: u64, onset_ms: u64) -> Turn {
        let text = self.switches.transcript.get(self.ear.turns).cloned();
        self.ear.turns += 1;
        Turn { item_id: new_id(), text, start_ms, onset_ms, announced: false, shown: 0, speech_s: 0.0 }
    }

    fn announce_turn(&mut self, turn: &mut Turn) {
        turn.announced = true;
        self.speech_started(&turn.item_id, turn.start_ms);
        self.add_user_item(&turn.item_id);
    }

    fn speech_started(&mut self, item_id: &str, start_ms: u64) {
        let fields = json!({"item_id": item_id, "audio_start_ms": start_ms});
        self.out.push(event("input_audio_buffer.speech_started", fields));
    }

    fn add_user_item(&mut self, item_id: &str) {
        let content = json!([{"type": "input_audio", "transcript": ""}]);
        let item = items::message(item_id, "in_progress", "user", content);
        self.out.push(event("conversation.item.added", json!({"item": item})));
    }

    fn turn_goes_on(&mut self, speech_ms: u64) {
        let Some(turn) = self.ear.turn.as_mut().filter(|turn| turn.announced) else { return };
        // A word every 300 ms, or a note every second.
        let step_ms = if turn.text.is_some() { 300 } else { 1000 };
        let step = usize::try_from(speech_ms / step_ms).unwrap_or(usize::MAX);
        let mut snapshot = None;
        if step > turn.shown {
            turn.shown = step;
            let words = turn.text.as_ref().map(|text| text.split_whitespace().collect::<Vec<_>>());
            snapshot = match words {
                None => Some(format!("[{step} s of speech so far]")),
                Some(words) if step < words.len() => words.get(..step).map(|words| words.join(" ")),
                Some(_) => None,
            };
        }
        let (item_id, start_ms) = (turn.item_id.clone(), turn.start_ms);
        // Speech is reported every 100 ms, give or take a frame.
        if self.switches.speech_started == SpeechStarted::Repeated && (speech_ms / 100).is_multiple_of(2) {
            self.speech_started(&item_id, start_ms);
        }
        if let Some(text) = snapshot {
            self.snapshot(&item_id, &text);
        }
    }

    /// A transcript that is not final.
    fn snapshot(&mut self, item_id: &str, text: &str) {
        if self.switches.completed == Completed::Once {
            return;
        }
        if self.config.snapshots() {
            let fields = json!({"item_id": item_id, "transcript": text, "content_index": 0});
            self.out.push(event(&format!("{TRANSCRIPTION}.updated"), fields));
        }
        self.completed(item_id, text, "in_progress");
    }

    fn completed(&mut self, item_id: &str, text: &str, status: &str) {
        let fields = json!({"item_id": item_id, "transcript": text, "content_index": 0, "status": status});
        self.out.push(event(&format!("{TRANSCRIPTION}.completed"), fields));
    }

    fn turn_stopped(&mut self, end_ms: u64, samples: Vec<i16>, now: Instant) {
        let Some(mut turn) = self.ear.turn.take() else { return };
        if !turn.announced {
            self.announce_turn(&mut turn);
        }
        turn.speech_s = end_ms.saturating_sub(turn.onset_ms) as f64 / 1000.0;
        let fields = json!({"item_id": turn.item_id, "audio_end_ms": end_ms});
        self.out.push(event("input_audio_buffer.speech_stopped", fields));
        self.pending = Some(Prompt::Echo { samples, rate: self.config.input.rate, text: turn.text.clone() });
        let answers = self.config.detection.as_ref().is_some_and(|d| d.create_response);
        if answers {
            self.begin_soon(now);
        }
        if answers && self.switches.order == Order::CreatedFirst {
            self.ear.uncommitted = Some(turn);
        } else {
            self.commit(turn);
        }
    }

    /// Sends what `order=2.0` held back.
    pub(super) fn flush_commit(&mut self) {
        if let Some(turn) = self.ear.uncommitted.take() {
            self.commit(turn);
        }
    }

    fn commit(&mut self, turn: Turn) {
        self.committed(&turn.item_id);
        self.transcribe(turn);
    }

    fn committed(&mut self, item_id: &str) {
        self.out.push(event("input_audio_buffer.committed", json!({"item_id": item_id})));
    }

    fn transcribe(&mut self, turn: Turn) {
        let text = turn.note();
        self.snapshot(&turn.item_id, &text);
        self.completed(&turn.item_id, &text, "completed");
        if self.switches.completed == Completed::Repeated {
            self.completed(&turn.item_id, &text, "completed");
            self.ear.again = Some(turn);
        }
    }

    /// Sends a final transcript that `completed=repeated` held back.
    pub(super) fn transcribe_again(&mut self) {
        if let Some(turn) = self.ear.again.take() {
            self.completed(&turn.item_id, &turn.note(), "completed");
        }
    }

    /// The client's own commit. In turns that the server ends, it ends the one under way; with
    /// nothing heard it is tolerated, and in manual turns it then makes an empty turn.
    pub(super) fn commit_asked(&mut self, now: Instant) {
        if self.config.detection.is_some() {
            match self.ear.vad.finish() {
                Some(stopped) => self.heard(stopped, now),
                None => {
                    let id = new_id();
                    self.committed(&id);
                    self.add_user_item(&id);
                    self.items.push(Item { id, kind: Kind::Message });
                }
            }
            return;
        }
        let samples = std::mem::take(&mut self.ear.manual);
        if !samples.is_empty() {
            self.announce_manual();
        }
        let announced = self.ear.manual_item.take();
        self.ear.manual_full = false;
        let mut turn = self.new_turn(0, 0);
        let rate = self.config.input.rate;
        turn.speech_s = samples.len() as f64 / f64::from(rate);
        if let Some(id) = announced {
            turn.item_id = id;
            let end_ms = samples.len() as u64 * 1000 / u64::from(rate);
            let fields = json!({"item_id": turn.item_id, "audio_end_ms": end_ms});
            self.out.push(event("input_audio_buffer.speech_stopped", fields));
        }
        self.items.push(Item { id: turn.item_id.clone(), kind: Kind::Message });
        self.committed(&turn.item_id);
        self.add_user_item(&turn.item_id);
        if samples.is_empty() {
            self.pending = Some(Prompt::Nothing);
            self.completed(&turn.item_id, "", "completed");
        } else {
            self.pending = Some(Prompt::Echo { samples, rate, text: turn.text.clone() });
            self.transcribe(turn);
        }
    }

    /// After a long silence the server commits an empty turn and speaks up, if the session asked
    /// for that with `idle_timeout_ms`.
    pub(super) fn check_in(&mut self, now: Instant) {
        self.check_in_at = None;
        if self.ear.turn.is_some() || self.reply.is_some() {
            return;
        }
        let idle_ms = self.config.detection.as_ref().and_then(|d| d.idle_timeout_ms).unwrap_or(0);
        let end_ms = self.ear.vad.position() * 1000 / u64::from(self.config.input.rate);
        let id = new_id();
        let previous = self.items.last_id().map(str::to_owned);
        self.out.push(event(
            "input_audio_buffer.timeout_triggered",
            json!({
                "item_id": id,
                "previous_item_id": previous,
                "audio_start_ms": end_ms.saturating_sub(idle_ms),
                "audio_end_ms": end_ms,
            }),
        ));
        self.committed(&id);
        self.add_user_item(&id);
        self.items.push(Item { id, kind: Kind::Message });
        self.pending = Some(Prompt::Nothing);
        self.answer(now, self.first_audio(now), None);
    }
}
