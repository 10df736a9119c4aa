//! How a response is framed: what opens it and what closes it.

use serde_json::{Value, json};

use super::Session;
use super::items;
use super::out::event;
use super::speaking::Reply;
use crate::switches::choice::{Dones, Part, Usage};

impl Session {
    pub(super) fn close(&mut self, reply: &Reply, status: &str) {
        let whole = status == "completed";
        let transcript = reply
            .timed
            .iter()
            .take(reply.captions)
            .map(|timed| timed.text.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        let ids =
            json!({"item_id": reply.item_id, "response_id": reply.id, "content_index": 0, "output_index": 0});
        let words = event(
            self.named("response.output_audio_transcript.done"),
            with(&ids, json!({"transcript": transcript})),
        );
        let mut part = ids.clone();
        if self.switches.part == Part::Schema {
            part["part"] = json!({"type": "audio", "transcript": transcript});
        }
        let part = event("response.content_part.done", part);
        let audio = event(self.named("response.output_audio.done"), ids);
        self.out.extend(match (whole, self.switches.dones) {
            (true, Dones::Live) => vec![words, part, audio],
            (true, Dones::Schema) => vec![audio, words, part],
            // A barge-in was never recorded; this is the order to be expected of it.
            (false, _) => vec![audio, words],
        });
        let item_status = if whole { "completed" } else { "incomplete" };
        let item = items::message(&reply.item_id, item_status, "assistant", Value::Null);
        self.out.push(event(
            "response.output_item.done",
            json!({"item": item, "response_id": reply.id, "output_index": 0}),
        ));
        let content = json!([{"type": "audio", "transcript": transcript}]);
        let output = items::message(&reply.item_id, item_status, "assistant", content);
        let usage = self.usage(reply.cursor as f64 / f64::from(reply.format.rate));
        self.response_done(&reply.id, status, &json!([output]), reply.metadata.as_ref(), &usage);
    }

    pub(super) fn response_created(&mut self, id: &str, metadata: Option<&Value>) {
        let response = response(id, "in_progress", &json!([]), metadata);
        self.out.push(event("response.created", json!({"response": response})));
    }

    pub(super) fn response_done(
        &mut self,
        id: &str,
        status: &str,
        output: &Value,
        metadata: Option<&Value>,
        usage: &Value,
    ) {
        self.disturb();
        let mut fields = json!({"response": response(id, status, output, metadata), "response_id": id});
        match self.switches.usage {
            Usage::Live => fields["usage"] = usage.clone(),
            Usage::Schema => fields["response"]["usage"] = usage.clone(),
            Usage::Off => {}
        }
        self.out.push(event("response.done", fields));
    }

    pub(super) fn usage(&self, seconds: f64) -> Value {
        let audio = (seconds * 50.0).round() as u64;
        json!({
            "input_tokens": 7,
            "input_token_details": {"text_tokens": 7, "audio_tokens": 0, "grok_tokens": 0},
            "output_tokens": audio + 9,
            "output_token_details": {"text_tokens": 9, "audio_tokens": audio, "grok_tokens": 0},
            "total_tokens": audio + 16,
            "output_audio_seconds": seconds,
            "billable_audio_seconds": seconds.ceil() as u64,
        })
    }
}

/// The `response` object; `status_details` and `usage` are as odd as they are live.
fn response(id: &str, status: &str, output: &Value, metadata: Option<&Value>) -> Value {
    let mut response = json!({
        "id": id,
        "object": "realtime.response",
        "output": output,
        "status": status,
        "status_details": "unimplemented",
        "usage": {},
    });
    if let Some(metadata) = metadata {
        response["metadata"] = metadata.clone();
    }
    response
}

/// Both objects in one.
pub(super) fn with(base: &Value, more: Value) -> Value {
    let mut fields = base.clone();
    if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    fields
}
