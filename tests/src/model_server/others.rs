//! The APIs of Anthropic, Gemini and Ollama: what each refuses, and how each says it.

use serde_json::{Value, json};

use super::answer::{Event, Said, pieces};
use super::http::Asked;

/// By what a thought is known again.
fn signature(said: &Said) -> String {
    format!("signature_{}", said.id)
}

/// A key and a version, a longest answer, and a result for each call in the turn that follows it.
pub(super) fn check_anthropic(asked: &Asked, body: &Value) -> Result<(), String> {
    for header in ["x-api-key", "anthropic-version"] {
        asked.header(header).ok_or_else(|| format!("{header}: header is required"))?;
    }
    if body["max_tokens"].as_u64().is_none_or(|most| most == 0) {
        return Err("max_tokens: Field required".to_owned());
    }
    // A beta lets the system speak in the middle of a conversation.
    let may_interrupt =
        asked.header("anthropic-beta").is_some_and(|betas| betas.contains("mid-conversation-system"));
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let ids = |message: Option<&Value>, kind: &str, key: &str| -> Vec<String> {
        let blocks = message.and_then(|message| message["content"].as_array()).cloned().unwrap_or_default();
        let found = blocks.iter().filter(|block| block["type"] == kind);
        found.filter_map(|block| block[key].as_str().map(str::to_owned)).collect()
    };
    for (number, message) in messages.iter().enumerate() {
        let known = ["user", "assistant"].iter().any(|role| message["role"] == *role);
        if !(known || message["role"] == "system" && may_interrupt) {
            return Err(format!("messages.{number}: role must be user or assistant"));
        }
        let (called, next) = (ids(Some(message), "tool_use", "id"), messages.get(number + 1));
        let answered = ids(next, "tool_result", "tool_use_id");
        if called.iter().any(|id| !answered.contains(id)) {
            return Err(format!(
                "messages.{number}: `tool_use` ids without `tool_result` in the next message"
            ));
        }
    }
    Ok(())
}

fn anthropic_blocks(said: &Said) -> Vec<Value> {
    let mut blocks = Vec::new();
    if !said.thought.is_empty() {
        blocks.push(json!({ "type": "thinking", "thinking": said.thought, "signature": signature(said) }));
    }
    if !said.text.is_empty() {
        blocks.push(json!({ "type": "text", "text": said.text }));
    }
    blocks.extend(
        said.calls.iter().map(
            |call| json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": call.json() }),
        ),
    );
    blocks
}

fn anthropic_reason(said: &Said) -> &'static str {
    if said.calls.is_empty() { "end_turn" } else { "tool_use" }
}

/// What is read from the cache is counted apart.
fn anthropic_usage(said: &Said) -> Value {
    let usage = said.usage;
    json!({ "input_tokens": usage.input - usage.cached, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": usage.cached, "output_tokens": usage.output })
}

pub(super) fn anthropic_body(said: &Said) -> Value {
    json!({
        "id": said.id, "type": "message", "role": "assistant", "model": said.model, "content": anthropic_blocks(said),
        "stop_reason": anthropic_reason(said), "stop_sequence": null, "usage": anthropic_usage(said),
    })
}

pub(super) fn anthropic_events(said: &Said) -> Vec<Event> {
    let event = |name: &'static str, mut data: Value| -> Event {
        data["type"] = name.into();
        (Some(name), data)
    };
    let mut started = anthropic_body(said);
    (started["content"], started["stop_reason"]) = (json!([]), Value::Null);
    let mut events = vec![event("message_start", json!({ "message": started })), event("ping", json!({}))];
    for (index, mut block) in anthropic_blocks(said).into_iter().enumerate() {
        let deltas: Vec<Value> = match block["type"].as_str() {
            Some("thinking") => {
                block["signature"] = "".into();
                let thought = std::mem::take(&mut block["thinking"]);
                block["thinking"] = "".into();
                let thought = thought.as_str().unwrap_or_default().to_owned();
                let told = pieces(&thought)
                    .into_iter()
                    .map(|piece| json!({ "type": "thinking_delta", "thinking": piece }));
                let mut deltas: Vec<Value> = told.collect();
                deltas.push(json!({ "type": "signature_delta", "signature": signature(said) }));
                deltas
            }
            Some("text") => {
                block["text"] = "".into();
                pieces(&said.text)
                    .into_iter()
                    .map(|piece| json!({ "type": "text_delta", "text": piece }))
                    .collect()
            }
            _ => {
                block["input"] = json!({});
                let call = said.calls.iter().find(|call| block["id"] == call.id);
                let arguments = call.map(|call| call.arguments.clone()).unwrap_or_default();
                let told = pieces(&arguments).into_iter();
                told.map(|piece| json!({ "type": "input_json_delta", "partial_json": piece })).collect()
            }
        };
        events.push(event("content_block_start", json!({ "index": index, "content_block": block })));
        events.extend(
            deltas
                .into_iter()
                .map(|delta| event("content_block_delta", json!({ "index": index, "delta": delta }))),
        );
        events.push(event("content_block_stop", json!({ "index": index })));
    }
    let delta = json!({ "stop_reason": anthropic_reason(said), "stop_sequence": null });
    let usage = json!({ "output_tokens": said.usage.output });
    events.push(event("message_delta", json!({ "delta": delta, "usage": usage })));
    events.push(event("message_stop", json!({})));
    events
}

/// Every result belongs to a call of the turn before it.
pub(super) fn check_gemini(body: &Value) -> Result<(), String> {
    let contents = body["contents"].as_array().cloned().unwrap_or_default();
    let count = |content: Option<&Value>, key: &str| {
        let parts = content.and_then(|content| content["parts"].as_array());
        parts.map_or(0, |parts| parts.iter().filter(|part| part.get(key).is_some()).count())
    };
    for (number, content) in contents.iter().enumerate() {
        let before = number.checked_sub(1).and_then(|before| contents.get(before));
        let given = count(Some(content), "functionResponse");
        if given > 0 && given != count(before, "functionCall") {
            return Err(
                "Please ensure that the number of function response parts is equal to the number of function call parts of the \
                 function call turn."
                    .to_owned()
            );
        }
    }
    Ok(())
}

fn gemini_parts(said: &Said) -> Vec<Value> {
    let mut parts = Vec::new();
    if !said.thought.is_empty() {
        parts.push(json!({ "text": said.thought, "thought": true }));
    }
    parts.extend(pieces(&said.text).into_iter().map(|piece| json!({ "text": piece })));
    for (number, call) in said.calls.iter().enumerate() {
        let mut part = json!({ "functionCall": { "name": call.name, "args": call.json() } });
        if number == 0 && !said.thought.is_empty() {
            part["thoughtSignature"] = signature(said).into();
        }
        parts.push(part);
    }
    parts
}

fn gemini_usage(said: &Said) -> Value {
    let usage = said.usage;
    json!({ "promptTokenCount": usage.input, "cachedContentTokenCount": usage.cached, "candidatesTokenCount": usage.output,
            "totalTokenCount": usage.input + usage.output })
}

fn gemini_answer(said: &Said, parts: &[Value], ends: bool) -> Value {
    let mut candidate = json!({ "index": 0, "content": { "role": "model", "parts": parts } });
    if ends {
        candidate["finishReason"] = "STOP".into();
    }
    json!({ "candidates": [candidate], "usageMetadata": gemini_usage(said), "modelVersion": said.model })
}

pub(super) fn gemini_body(said: &Said) -> Value {
    gemini_answer(said, &gemini_parts(said), true)
}

pub(super) fn gemini_events(said: &Said) -> Vec<Event> {
    let mut events: Vec<Event> =
        gemini_parts(said).into_iter().map(|part| (None, gemini_answer(said, &[part], false))).collect();
    events.push((None, gemini_answer(said, &[json!({ "text": "" })], true)));
    events
}

fn ollama_message(said: &Said, text: &str, calls: bool) -> Value {
    let mut message = json!({ "role": "assistant", "content": text });
    if calls && !said.calls.is_empty() {
        let calls = said.calls.iter();
        let calls = calls.map(|call| json!({ "function": { "name": call.name, "arguments": call.json() } }));
        message["tool_calls"] = calls.collect();
    }
    json!({ "model": said.model, "created_at": "2030-01-01T00:00:00Z", "message": message, "done": false })
}

fn ollama_ends(said: &Said, mut answer: Value) -> Value {
    answer["done"] = true.into();
    answer["done_reason"] = "stop".into();
    answer["prompt_eval_count"] = said.usage.input.into();
    answer["prompt_eval_cached_count"] = said.usage.cached.into();
    answer["eval_count"] = said.usage.output.into();
    answer
}

pub(super) fn ollama_body(said: &Said) -> Value {
    ollama_ends(said, ollama_message(said, &said.text, true))
}

pub(super) fn ollama_events(said: &Said) -> Vec<Event> {
    let mut events: Vec<Event> =
        pieces(&said.text).into_iter().map(|piece| (None, ollama_message(said, piece, false))).collect();
    if !said.calls.is_empty() {
        events.push((None, ollama_message(said, "", true)));
    }
    events.push((None, ollama_ends(said, ollama_message(said, "", false))));
    events
}
