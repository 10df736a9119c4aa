//! Function calls on a cue.

use serde_json::{Map, Value, json};

use super::Session;
use super::closing::with;
use super::config::Function;
use super::items::{Item, Kind};
use super::out::{event, new_id};
use super::speaking::Prompt;

impl Session {
    /// The function that a user turn calls, if it calls one.
    pub(super) fn called_by(&self, prompt: Option<&Prompt>) -> Option<Function> {
        let text = match prompt? {
            Prompt::Typed(text) => text.as_str(),
            Prompt::Echo { text, .. } => text.as_deref().unwrap_or_default(),
            Prompt::ToolOutput | Prompt::Nothing => return None,
        };
        match &self.switches.tool_cue {
            Some(name) => self.config.tools.iter().find(|function| function.name == *name).cloned(),
            None if text.to_lowercase().contains("tool") => self.config.tools.first().cloned(),
            None => None,
        }
    }

    /// A whole response that only calls `function`. Live, it reaches the client in four frames.
    pub(super) fn call(&mut self, function: &Function, metadata: Option<&Value>) {
        let response_id = new_id();
        self.response_created(&response_id, metadata);
        let arguments = match &self.switches.tool_arguments {
            Some(arguments) => arguments.clone(),
            None => made_up(&function.parameters).to_string(),
        };
        let call = new_id();
        let mut output = Vec::new();
        for n in 0..self.switches.tool_calls {
            let call_id = format!("call-{call}-{n}");
            output.push(self.call_once(&response_id, &function.name, &call_id, &arguments));
        }
        let usage = self.usage(0.0);
        self.response_done(&response_id, "completed", &json!(output), metadata, &usage);
        self.spoke = true;
    }

    /// A response that runs a tool on the server, of which no more comes.
    pub(super) fn begin_tool(&mut self, name: &str, metadata: Option<&Value>) {
        let (response_id, item_id) = (new_id(), new_id());
        self.response_created(&response_id, metadata);
        let ids = json!({"item_id": item_id, "response_id": response_id, "output_index": 0});
        let named = with(&ids, json!({"name": name, "arguments": "{}"}));
        self.out.push(event("response.mcp_call_arguments.done", named));
        self.out.push(event("response.mcp_call.in_progress", ids));
    }

    fn call_once(&mut self, response_id: &str, name: &str, call_id: &str, arguments: &str) -> Value {
        let id = new_id();
        let item = |status: &str, role: &str, arguments: &str| {
            json!({
                "id": id, "object": "realtime.item", "type": "function_call", "status": status,
                "role": role, "call_id": call_id, "name": name, "arguments": arguments,
            })
        };
        self.items.push(Item { id: id.clone(), kind: Kind::Call { call_id: call_id.to_owned() } });
        // The same call has the role `user` in a response and `tool` in the conversation.
        let done = item("completed", "user", arguments);
        for (kind, fields) in [
            (
                "response.output_item.added",
                json!({"item": item("in_progress", "user", ""), "response_id": response_id, "output_index": 0}),
            ),
            ("conversation.item.added", json!({"item": item("in_progress", "tool", "")})),
            (
                "response.function_call_arguments.delta",
                json!({"item_id": id, "response_id": response_id, "delta": arguments, "call_id": call_id}),
            ),
            (
                "response.function_call_arguments.done",
                json!({
                    "item_id": id, "response_id": response_id, "output_index": 0, "call_id": call_id,
                    "name": name, "arguments": arguments,
                }),
            ),
            (
                "response.output_item.done",
                json!({"item": done, "response_id": response_id, "output_index": 0}),
            ),
        ] {
            self.out.push(event(kind, fields));
        }
        done
    }
}

/// Arguments that satisfy the plain types of a function's parameters, at most 32 of them.
fn made_up(parameters: &Value) -> Value {
    let Some(properties) = parameters.get("properties").and_then(Value::as_object) else {
        return json!({});
    };
    let arguments: Map<String, Value> =
        properties.iter().take(32).map(|(name, schema)| (name.clone(), example(schema))).collect();
    Value::Object(arguments)
}

fn example(schema: &Value) -> Value {
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => json!("practice"),
        Some("number" | "integer") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_fit_the_parameters() {
        let parameters = json!({"type": "object", "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"}, "metric": {"type": "boolean"},
            "unit": {"enum": ["C", "F"]}, "more": {},
        }});
        let expected = json!({"city": "practice", "days": 1, "metric": true, "unit": "C", "more": null});
        assert_eq!(made_up(&parameters), expected);
        assert_eq!(made_up(&Value::Null), json!({}));
    }
}
