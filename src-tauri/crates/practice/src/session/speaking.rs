//! The agent's side: what it says to what, and how a reply goes out piece by piece.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Session;
use super::closing::with;
use super::items::{self, Item, Kind, Spoken, Timed};
use super::out::{Out, Refusal, clock_ms, event, new_id};
use crate::clips::{self, Line, Sentence};
use crate::format::Format;
use crate::resample::{self, resample};
use crate::switches::choice::{CancelledItem, Names, Output, Part, WhileActive};

/// What a reply answers.
#[derive(Debug)]
pub(super) enum Prompt {
    /// Speech, to be said back.
    Echo {
        samples: Vec<i16>,
        /// Hz.
        rate: u32,
        text: Option<String>,
    },
    Typed(String),
    ToolOutput,
    /// A turn without any sound.
    Nothing,
}

/// A reply of which deltas are still to be sent.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: String,
    pub(super) interruptible: bool,
    /// When the next delta goes out; `None` once it has stalled.
    pub(super) due: Option<Instant>,
    pub(super) item_id: String,
    pub(super) metadata: Option<Value>,
    line: Line,
    pub(super) timed: Vec<Timed>,
    /// The format and the transport that held when the reply began.
    pub(super) format: Format,
    binary: bool,
    /// Samples of the output: where each sentence begins, how many there are, how many are sent.
    starts: Vec<usize>,
    total: usize,
    pub(super) cursor: usize,
    deltas: u64,
    pub(super) captions: usize,
    /// Names the sentence under way.
    sentence_id: String,
    audio_at: Instant,
    /// From the end of the turn to the first audio.
    latency: Duration,
}

impl Session {
    pub(super) fn first_audio(&self, now: Instant) -> Instant {
        now + Duration::from_millis(self.switches.first_audio_ms)
    }

    pub(super) fn create_response(
        &mut self,
        fields: &serde_json::Map<String, Value>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let response = fields.get("response").filter(|response| !response.is_null());
        if response.is_some_and(|response| !response.is_object()) {
            return Err(Refusal::request("response must be an object."));
        }
        let metadata = response.and_then(|r| r.get("metadata")).filter(|metadata| !metadata.is_null());
        if let Some(metadata) = metadata {
            check_metadata(metadata)?;
        }
        if let Some(reply) = &self.reply {
            if self.switches.create_while_active == WhileActive::Error {
                return Err(Refusal::coded(
                    "conversation_already_has_active_response",
                    format!("Conversation already has an active response in progress: {}", reply.id),
                ));
            }
            self.cancel(now, false);
        }
        self.answer(now, self.first_audio(now), metadata.cloned());
        Ok(())
    }

    /// Begins the reply to what is pending.
    pub(super) fn answer(&mut self, now: Instant, audio_at: Instant, metadata: Option<Value>) {
        self.starting = None;
        let prompt = self.pending.take();
        if let Some(function) = self.called_by(prompt.as_ref()) {
            self.call(&function, metadata.as_ref());
            self.flush_commit();
            return;
        }
        if let (Some(name), Some(Prompt::Echo { .. })) = (self.switches.stuck_tool.clone(), &prompt) {
            self.begin_tool(&name, metadata.as_ref());
            self.flush_commit();
            return;
        }
        let line = match prompt {
            Some(Prompt::Echo { samples, rate, text }) => {
                let caption = match text {
                    Some(text) => format!("You said: {text}"),
                    None => {
                        format!("[your own words, {:.1} s]", samples.len() as f64 / f64::from(rate))
                    }
                };
                let sentences = vec![Sentence { start: 0, text: caption }];
                Line { samples: samples.into(), rate, sentences }
            }
            Some(Prompt::Typed(_)) => clips::typed(),
            Some(Prompt::ToolOutput) => clips::tool(),
            None if !self.spoke => clips::greeting(),
            Some(Prompt::Nothing) | None => clips::nothing(),
        };
        let line = self.switches.reading_s.map_or(line, clips::reading);
        self.speak(line, now, audio_at, metadata, true);
    }

    pub(super) fn speak(
        &mut self,
        line: Line,
        now: Instant,
        audio_at: Instant,
        metadata: Option<Value>,
        interruptible: bool,
    ) {
        if self.reply.is_some() {
            self.cancel(now, false);
        }
        self.spoke = true;
        self.check_in_at = None;
        let format = self.config.output;
        let scaled = |samples| resample::length(samples, line.rate, format.rate);
        let reply = Reply {
            id: new_id(),
            interruptible,
            due: (self.switches.stall_after_deltas != Some(0)).then_some(audio_at),
            item_id: new_id(),
            metadata,
            timed: Timed::all(&line.sentences, line.samples.len(), line.rate),
            binary: self.config.output_binary || self.switches.output == Output::Binary,
            starts: line.sentences.iter().map(|sentence| scaled(sentence.start)).collect(),
            total: scaled(line.samples.len()),
            cursor: 0,
            deltas: 0,
            captions: 0,
            sentence_id: new_id(),
            audio_at,
            latency: audio_at - now,
            format,
            line,
        };
        self.response_created(&reply.id, reply.metadata.as_ref());
        let previous = self.items.last_id().map(str::to_owned);
        self.items.push(Item { id: reply.item_id.clone(), kind: Kind::Spoken(Spoken::default()) });
        let ids =
            json!({"item_id": reply.item_id, "response_id": reply.id, "content_index": 0, "output_index": 0});
        let bare = items::message(&reply.item_id, "in_progress", "assistant", Value::Null);
        self.out.push(event(
            "response.output_item.added",
            json!({"item": bare, "response_id": reply.id, "output_index": 0}),
        ));
        let item = items::message(&reply.item_id, "in_progress", "assistant", json!([]));
        self.out.push(event("conversation.item.added", json!({"item": item, "previous_item_id": previous})));
        let mut part = with(&ids, json!({"previous_item_id": "0"}));
        if self.switches.part != Part::Missing {
            part["part"] = json!({"type": "audio", "transcript": ""});
        }
        self.out.push(event("response.content_part.added", part));
        self.reply = Some(reply);
        self.flush_commit();
    }

    pub(super) fn send_delta(&mut self, now: Instant) {
        let Some(mut reply) = self.reply.take() else { return };
        let whole = reply.format.samples(self.switches.delta_ms).max(1);
        let next_start = reply.starts.iter().copied().find(|start| *start > reply.cursor);
        let end = (reply.cursor + whole).min(next_start.unwrap_or(usize::MAX)).min(reply.total);
        let range = reply.cursor..end;
        let sent = range.len();
        if reply.starts.contains(&reply.cursor) {
            reply.sentence_id = new_id();
        }
        self.audio_delta(&reply, range);
        self.captions(&mut reply);
        reply.cursor = end;
        reply.deltas += 1;
        self.deltas += 1;
        let (deltas, samples) = (self.deltas, sent as u64);
        self.common.log.on(self.log_key, |session| {
            session.deltas_out = deltas;
            session.samples_out += samples;
        });
        self.note_sent(&reply);
        self.transcribe_again();
        if self.switches.drop_after_deltas.is_some_and(|most| self.deltas >= most) {
            self.end(Out::Reset);
            return;
        }
        reply.due = self.next_due(&reply, sent, now);
        let finished = reply.cursor >= reply.total && reply.due.is_some();
        self.reply = Some(reply);
        if finished {
            self.finish(now);
        }
    }

    fn next_due(&self, reply: &Reply, sent: usize, now: Instant) -> Option<Instant> {
        if self.switches.stall_after_deltas.is_some_and(|most| reply.deltas >= most) {
            return None;
        }
        let pace = self.switches.delta_pace;
        let paced = if pace == 0.0 { 0.0 } else { sent as f64 / f64::from(reply.format.rate) / pace };
        let wait = Duration::from_secs_f64(paced) + Duration::from_millis(self.switches.delta_delay_ms);
        Some(reply.due.unwrap_or(now) + wait)
    }

    fn audio_delta(&mut self, reply: &Reply, range: std::ops::Range<usize>) {
        let ms = resample::length(range.len(), reply.format.rate, 1000);
        let samples = resample(&reply.line.samples, reply.line.rate, reply.format.rate, range);
        let mut bytes = reply.format.encode(&samples);
        if self.switches.odd_audio {
            bytes.push(0);
        }
        if reply.binary {
            self.out.push(Out::Binary(bytes));
            return;
        }
        let mut fields = json!({
            "item_id": reply.item_id, "response_id": reply.id, "delta": STANDARD.encode(bytes),
            "content_index": 0, "output_index": 0, "rid": reply.sentence_id,
            "audio_duration_ms": ms, "ts": clock_ms(),
        });
        if reply.deltas == 0 {
            fields["latency"] = format!("{:.2}", reply.latency.as_secs_f64()).into();
        }
        self.out.push(event(self.named("response.output_audio.delta"), fields));
    }

    /// Sends the sentences whose sound has begun.
    fn captions(&mut self, reply: &mut Reply) {
        while reply.starts.get(reply.captions).is_some_and(|start| *start <= reply.cursor) {
            let Some(timed) = reply.timed.get(reply.captions) else { return };
            let space = if reply.captions == 0 { "" } else { " " };
            let fields = json!({
                "item_id": reply.item_id, "response_id": reply.id,
                "delta": format!("{space}{}", timed.text), "content_index": 0, "output_index": 0,
                "rid": reply.sentence_id, "start_time": timed.start_ms as f64 / 1000.0,
            });
            reply.captions += 1;
            self.out.push(event(self.named("response.output_audio_transcript.delta"), fields));
        }
    }

    fn note_sent(&mut self, reply: &Reply) {
        let sent_ms = resample::length(reply.cursor, reply.format.rate, 1000) as u64;
        if let Some(spoken) = self.items.spoken(&reply.item_id) {
            spoken.sentences = reply.timed.iter().take(reply.captions).cloned().collect();
            spoken.sent_ms = sent_ms;
        }
    }

    /// The reply was sent to its end.
    fn finish(&mut self, now: Instant) {
        let Some(reply) = self.reply.take() else { return };
        let idle = self.config.detection.as_ref().and_then(|detection| detection.idle_timeout_ms);
        if let Some(idle) = idle {
            let length = Duration::from_secs_f64(reply.total as f64 / f64::from(reply.format.rate));
            self.check_in_at = Some(reply.audio_at + length + Duration::from_millis(idle));
        }
        self.close(&reply, "completed");
        self.remember(now);
    }

    /// The reply ends before its end: by the client's wish (`asked`), or because it was spoken over
    /// or replaced.
    pub(super) fn cancel(&mut self, now: Instant, asked: bool) {
        let Some(reply) = self.reply.take() else { return };
        if asked || !self.switches.abandon {
            self.close(&reply, "cancelled");
        }
        if asked && self.switches.cancelled_item == CancelledItem::Gone {
            self.items.remove(&reply.item_id);
        }
        self.remember(now);
    }

    /// The name under which an audio event goes out.
    pub(super) fn named(&self, name: &'static str) -> &'static str {
        if self.switches.names == Names::New {
            return name;
        }
        match name {
            "response.output_audio.delta" => "response.audio.delta",
            "response.output_audio.done" => "response.audio.done",
            "response.output_audio_transcript.delta" => "response.audio_transcript.delta",
            "response.output_audio_transcript.done" => "response.audio_transcript.done",
            other => other,
        }
    }
}

fn check_metadata(metadata: &Value) -> Result<(), Refusal> {
    let Some(pairs) = metadata.as_object() else {
        return Err(Refusal::request("response.metadata must be an object."));
    };
    let fits = pairs.len() <= 16
        && pairs.iter().all(|(key, value)| {
            key.chars().count() <= 64 && value.as_str().is_some_and(|value| value.chars().count() <= 512)
        });
    if fits {
        Ok(())
    } else {
        Err(Refusal::request(
            "response.metadata takes up to 16 pairs of strings, keys of up to 64 characters and values of up to 512.",
        ))
    }
}
