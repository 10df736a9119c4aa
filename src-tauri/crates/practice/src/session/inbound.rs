//! What the client sends: the nine events, `pong`, and raw audio.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::items::{self, Item, Kind};
use super::out::{Out, Refusal, bare_event, event, new_id};
use super::speaking::Prompt;
use super::{Session, Starting};
use crate::clips;
use crate::switches::choice::{Deleted, Resume, Truncate, Update};

/// Characters that a forced message may have.
const LONGEST_FORCED: usize = 15_000;
/// Characters that an id given by the client may have.
const LONGEST_ID: usize = 128;

type Fields = Map<String, Value>;

impl Session {
    pub(crate) fn on_text(&mut self, text: &str, now: Instant) {
        if self.over {
            return;
        }
        let fields = match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields,
            other => {
                let what = if other.is_ok() { "is not an object" } else { "is not valid JSON" };
                self.malformed(&format!("The message {what}."), None);
                return;
            }
        };
        let client_event = fields.get("event_id").and_then(Value::as_str).map(str::to_owned);
        let Some(name) = fields.get("type").and_then(Value::as_str).map(str::to_owned) else {
            self.malformed("The event has no type.", client_event.as_deref());
            return;
        };
        if name != "input_audio_buffer.append" {
            self.common.log.event(self.log_key, Value::Object(fields.clone()), text.len());
        }
        if let Err(refusal) = self.obey(&name, &fields, now) {
            self.refuse(&refusal, client_event.as_deref());
        }
    }

    /// Raw audio in the declared input format.
    pub(crate) fn on_binary(&mut self, bytes: &[u8], now: Instant) {
        if self.over {
            return;
        }
        if let Err(refusal) = self.on_audio(bytes, now) {
            self.refuse(&refusal, None);
        }
    }

    fn malformed(&mut self, message: &str, client_event: Option<&str>) {
        self.common.log.on(self.log_key, |session| session.malformed += 1);
        self.refuse(&Refusal::event(message), client_event);
    }

    fn obey(&mut self, name: &str, fields: &Fields, now: Instant) -> Result<(), Refusal> {
        match name {
            "session.update" => self.update(fields, now),
            "input_audio_buffer.append" => {
                let audio = string(fields, "audio")?;
                let bytes = STANDARD
                    .decode(audio)
                    .map_err(|_| Refusal::request("audio must be base64 with padding."))?;
                self.on_audio(&bytes, now)
            }
            "input_audio_buffer.commit" => {
                self.commit_asked(now);
                Ok(())
            }
            "input_audio_buffer.clear" => {
                self.ear.clear();
                self.out.push(bare_event("input_audio_buffer.cleared", json!({})));
                Ok(())
            }
            "conversation.item.create" => self.create_item(fields, now),
            "conversation.item.delete" => self.delete_item(string(fields, "item_id")?, now),
            "conversation.item.truncate" => self.truncate_item(fields, now),
            "response.create" => self.create_response(fields, now),
            "response.cancel" => self.cancel_response(fields, now),
            "pong" => Ok(()),
            _ => Err(Refusal::event(format!("Unknown event type: {}", short(name)))),
        }
    }

    fn update(&mut self, fields: &Fields, now: Instant) -> Result<(), Refusal> {
        if self.switches.update == Update::Rejected || self.resume == Some(Resume::Rejected) {
            return Err(Refusal::request("The session could not be updated."));
        }
        let session = fields.get("session").unwrap_or(&Value::Null);
        let next = self.config.merged(session)?;
        if self.ear.began && next.input != self.config.input {
            return Err(Refusal::coded(
                "invalid_audio_format",
                "The input format cannot change once audio was received.",
            ));
        }
        self.ear.configure(&next, &self.config);
        self.config = next;
        self.agreed = true;
        self.remember(now);
        self.disturb();
        if !self.switches.never_updated {
            let session = self.config.echo(&self.model);
            self.out.push(event("session.updated", json!({"session": session})));
        }
        if self.switches.oversized_mb > 0 {
            let size = usize::try_from(self.switches.oversized_mb * 1024 * 1024).unwrap_or(0);
            let padding = "x".repeat(size);
            self.out.push(Out::Text(format!(r#"{{"type":"practice.oversized","padding":"{padding}"}}"#)));
        }
        Ok(())
    }

    fn create_item(&mut self, fields: &Fields, now: Instant) -> Result<(), Refusal> {
        let Some(item) = fields.get("item").and_then(Value::as_object) else {
            return Err(Refusal::request("item must be an object."));
        };
        let id = match item.get("id") {
            None | Some(Value::Null) => new_id(),
            Some(Value::String(id)) if !id.is_empty() && id.len() <= LONGEST_ID => id.clone(),
            Some(_) => return Err(Refusal::request("item.id must be a short string.")),
        };
        if self.items.find(&id).is_some() {
            return Err(Refusal::request(format!("There is an item {id} already.")));
        }
        let previous = fields.get("previous_item_id").cloned().unwrap_or(Value::Null);
        match string(item, "type")? {
            "message" => {
                let shown = self.take_message(&id, item)?;
                self.items.push(Item { id, kind: Kind::Message });
                self.announce(shown, previous);
            }
            "function_call" => {
                let call_id = item.get("call_id").and_then(Value::as_str).unwrap_or(&id).to_owned();
                let shown = json!({
                    "id": id, "object": "realtime.item", "type": "function_call",
                    "status": "completed", "role": "tool", "call_id": call_id,
                    "name": string(item, "name")?, "arguments": string(item, "arguments")?,
                });
                self.items.push(Item { id, kind: Kind::Call { call_id } });
                self.announce(shown, previous);
            }
            "function_call_output" => {
                let call_id = string(item, "call_id")?;
                let output = string(item, "output")?;
                if !self.items.knows_call(call_id) {
                    return Err(Refusal::request(format!("No function call {} is known.", short(call_id))));
                }
                let shown = json!({
                    "id": id, "object": "realtime.item", "type": "function_call_output",
                    "status": "completed", "role": "tool", "call_id": call_id, "output": output,
                });
                self.items.push(Item { id, kind: Kind::Output });
                self.pending = Some(Prompt::ToolOutput);
                self.announce(shown, previous);
            }
            "force_message" => {
                let text = texts(item)?;
                if text.is_empty() || text.chars().count() > LONGEST_FORCED {
                    return Err(Refusal::request(format!(
                        "A force_message needs a text of 1 to {LONGEST_FORCED} characters."
                    )));
                }
                let interruptible = item.get("interruptible").and_then(Value::as_bool).unwrap_or(true);
                self.speak(clips::tone(&text), now, self.first_audio(now), None, interruptible);
            }
            other => return Err(Refusal::request(format!("Unknown item type: {}", short(other)))),
        }
        Ok(())
    }

    fn announce(&mut self, item: Value, previous: Value) {
        self.out.push(event("conversation.item.added", json!({"item": item, "previous_item_id": previous})));
    }

    /// Takes up a message, and what of it the next reply shall answer.
    fn take_message(&mut self, id: &str, item: &Fields) -> Result<Value, Refusal> {
        let role = string(item, "role")?;
        if !matches!(role, "user" | "assistant" | "system") {
            return Err(Refusal::request("item.role must be user, assistant or system."));
        }
        let text = texts(item)?;
        let mut samples = Vec::new();
        for part in parts(item)? {
            if part.get("type").and_then(Value::as_str) == Some("input_audio") {
                let audio = part.get("audio").and_then(Value::as_str).unwrap_or_default();
                let decoded = STANDARD.decode(audio).ok().and_then(|b| self.config.input.decode(&b));
                samples.extend(decoded.ok_or_else(|| Refusal::request("input_audio.audio cannot be read."))?);
            }
        }
        samples.truncate(self.config.input.samples(crate::vad::LONGEST_TURN_S as u64 * 1000));
        if role == "user" {
            self.pending = Some(if samples.is_empty() {
                Prompt::Typed(text)
            } else {
                let text = (!text.is_empty()).then_some(text);
                Prompt::Echo { samples, rate: self.config.input.rate, text }
            });
        }
        let mut content = item.get("content").cloned().unwrap_or(json!([]));
        for part in content.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            part.remove("audio");
        }
        Ok(items::message(id, "completed", role, content))
    }

    fn delete_item(&mut self, id: &str, now: Instant) -> Result<(), Refusal> {
        if !self.items.remove(id) {
            return Err(Refusal::request(format!("Item not found: {}", short(id))));
        }
        self.remember(now);
        let named = if self.switches.deleted == Deleted::Empty { "" } else { id };
        self.out.push(bare_event("conversation.item.deleted", json!({"item_id": named})));
        Ok(())
    }

    fn truncate_item(&mut self, fields: &Fields, now: Instant) -> Result<(), Refusal> {
        let id = string(fields, "item_id")?;
        let Some(end_ms) = fields.get("audio_end_ms").and_then(Value::as_u64) else {
            return Err(Refusal::request("audio_end_ms must be a whole number."));
        };
        let index = fields.get("content_index").and_then(Value::as_u64).unwrap_or(0);
        match self.switches.truncate {
            Truncate::Ignored => return Ok(()),
            Truncate::Error => return Err(Refusal::request("Item truncation is not supported.")),
            Truncate::Works => {}
        }
        if self.items.find(id).is_none() {
            return Err(Refusal::request(format!("Item not found: {}", short(id))));
        }
        let Some(spoken) = self.items.spoken(id) else {
            return Err(Refusal::request("Only what the assistant said can be truncated."));
        };
        if index != 0 {
            return Err(Refusal::request("Cannot truncate: the item has one content part, with index 0."));
        }
        if end_ms > spoken.sent_ms {
            return Err(Refusal::request(format!(
                "Cannot truncate at {end_ms} ms: the item has {} ms of audio.",
                spoken.sent_ms
            )));
        }
        spoken.cut(end_ms);
        let transcript = spoken.transcript();
        self.remember(now);
        self.out.push(bare_event(
            "conversation.item.truncated",
            json!({"item_id": id, "content_index": 0, "audio_end_ms": end_ms, "transcript": transcript}),
        ));
        Ok(())
    }

    fn cancel_response(&mut self, fields: &Fields, now: Instant) -> Result<(), Refusal> {
        let named = fields.get("response_id").filter(|id| !id.is_null());
        match &self.reply {
            Some(reply) if named.is_none_or(|id| *id == reply.id) => {
                self.cancel(now, true);
                Ok(())
            }
            Some(_) => Err(Refusal::coded(
                "response_cancel_not_active",
                "Cancellation failed: the response to cancel is not the active one",
            )),
            None => {
                // A reply that has not begun is not announced yet, so it just never begins.
                self.starting = None;
                self.flush_commit();
                Err(Refusal::coded(
                    "response_cancel_not_active",
                    "Cancellation failed: no active response found",
                ))
            }
        }
    }

    /// A reply to a spoken turn begins a little before its audio.
    pub(super) fn begin_soon(&mut self, now: Instant) {
        let audio_at = self.first_audio(now);
        let at = audio_at.min(now + std::time::Duration::from_millis(200));
        self.starting = Some(Starting { at, audio_at });
    }
}

fn string<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, Refusal> {
    fields
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::request(format!("{name} must be a string.")))
}

fn parts(item: &Fields) -> Result<&[Value], Refusal> {
    match item.get("content") {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(parts)) => Ok(parts),
        Some(_) => Err(Refusal::request("item.content must be an array.")),
    }
}

/// The written parts of a message.
fn texts(item: &Fields) -> Result<String, Refusal> {
    let texts = parts(item)?.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
    Ok(texts.collect::<Vec<_>>().join(" "))
}

/// Enough of a client's own words to recognise them by.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
