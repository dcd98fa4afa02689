//! OpenAI's two APIs: chat completions and Responses.

use serde_json::{Value, json};

use super::answer::{Event, Said, pieces};

fn chat_usage(said: &Said) -> Value {
    let usage = said.usage;
    json!({
        "prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": { "cached_tokens": usage.cached },
    })
}

pub(super) fn chat_body(said: &Said) -> Value {
    let calls: Vec<Value> = said
        .calls
        .iter()
        .map(|call| {
            json!({ "id": call.id, "type": "function",
                    "function": { "name": call.name, "arguments": call.arguments } })
        })
        .collect();
    let mut message = json!({ "role": "assistant", "content": said.text });
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    json!({
        "id": said.id, "object": "chat.completion", "created": 0, "model": said.model,
        "choices": [{ "index": 0, "message": message, "finish_reason": chat_reason(said) }],
        "usage": chat_usage(said),
    })
}

fn chat_reason(said: &Said) -> &'static str {
    if said.calls.is_empty() { "stop" } else { "tool_calls" }
}

pub(super) fn chat_events(said: &Said) -> Vec<Event> {
    let chunk = |choices: Value| {
        json!({ "id": said.id, "object": "chat.completion.chunk", "created": 0,
                                         "model": said.model, "choices": choices })
    };
    let delta = |delta: Value| chunk(json!([{ "index": 0, "delta": delta, "finish_reason": null }]));
    let mut events = vec![delta(json!({ "role": "assistant", "content": "" }))];
    events.extend(pieces(&said.text).into_iter().map(|piece| delta(json!({ "content": piece }))));
    for (index, call) in said.calls.iter().enumerate() {
        let function = json!({ "name": call.name, "arguments": "" });
        events.push(delta(json!({ "tool_calls": [
            { "index": index, "id": call.id, "type": "function", "function": function }] })));
        for piece in pieces(&call.arguments) {
            events.push(delta(
                json!({ "tool_calls": [{ "index": index, "function": { "arguments": piece } }] }),
            ));
        }
    }
    events.push(chunk(json!([{ "index": 0, "delta": {}, "finish_reason": chat_reason(said) }])));
    let mut usage = chunk(json!([]));
    usage["usage"] = chat_usage(said);
    events.push(usage);
    events.into_iter().map(|event| (None, event)).collect()
}

/// The items of a response, finished.
fn items(said: &Said) -> Vec<Value> {
    let mut items = Vec::new();
    if !said.text.is_empty() || said.calls.is_empty() {
        items.push(json!({ "type": "message", "id": format!("msg_{}", said.id), "role": "assistant", "status": "completed",
                           "content": [{ "type": "output_text", "text": said.text, "annotations": [] }] }));
    }
    for call in &said.calls {
        let mut item = json!({ "type": "function_call", "id": format!("fc_{}", call.id), "call_id": call.id,
                               "name": call.name, "arguments": call.arguments, "status": "completed" });
        if let Some(namespace) = &call.namespace {
            item["namespace"] = namespace.clone().into();
        }
        items.push(item);
    }
    items
}

pub(super) fn response(said: &Said, status: &str) -> Value {
    let usage = said.usage;
    let finished = status == "completed";
    json!({
        "id": format!("resp_{}", said.id), "object": "response", "created_at": 0, "status": status, "model": said.model,
        "output": if finished { items(said) } else { Vec::new() },
        "usage": finished.then(|| json!({
            "input_tokens": usage.input, "input_tokens_details": { "cached_tokens": usage.cached },
            "output_tokens": usage.output, "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": usage.input + usage.output,
        })),
    })
}

pub(super) fn responses_events(said: &Said) -> Vec<Event> {
    let mut events: Vec<Event> = vec![(
        Some("response.created"),
        json!({ "type": "response.created", "response": response(said, "in_progress") }),
    )];
    for (index, item) in items(said).into_iter().enumerate() {
        let mut opened = item.clone();
        opened["status"] = "in_progress".into();
        let (part, text) = if item["type"] == "message" {
            opened["content"] = json!([]);
            ("response.output_text.delta", said.text.clone())
        } else {
            opened["arguments"] = "".into();
            (
                "response.function_call_arguments.delta",
                item["arguments"].as_str().unwrap_or_default().to_owned(),
            )
        };
        let added = "response.output_item.added";
        events.push((Some(added), json!({ "type": added, "output_index": index, "item": opened })));
        for piece in pieces(&text) {
            events.push((
                Some(part),
                json!({ "type": part, "output_index": index, "item_id": item["id"],
                                             "content_index": 0, "delta": piece }),
            ));
        }
        if item["type"] == "function_call" {
            let done = "response.function_call_arguments.done";
            events.push((
                Some(done),
                json!({ "type": done, "output_index": index, "item_id": item["id"],
                                             "arguments": item["arguments"] }),
            ));
        }
        let done = "response.output_item.done";
        events.push((Some(done), json!({ "type": done, "output_index": index, "item": item })));
    }
    let completed = "response.completed";
    events.push((Some(completed), json!({ "type": completed, "response": response(said, "completed") })));
    for (number, (_, event)) in events.iter_mut().enumerate() {
        event["sequence_number"] = number.into();
    }
    events
}
