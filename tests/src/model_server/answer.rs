//! Answers on the wire: chat completions and Responses, at once and streaming.

use std::io::{self, Read as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::script::{self, Turn};
use super::{Recorded, http};

/// A piece of a stream: its name where the API names events, and its data.
type Event = (Option<&'static str>, Value);

/// What a turn says, with everything filled in.
struct Said {
    id: String,
    model: String,
    text: String,
    calls: Vec<SaidCall>,
    usage: script::Usage,
}

struct SaidCall {
    id: String,
    name: String,
    namespace: Option<String>,
    arguments: String,
}

/// Gives the answer of a turn.
pub(super) fn give(stream: &mut TcpStream, api: &str, turn: &Turn, asked: &Recorded) -> io::Result<()> {
    pause(turn.delay_ms);
    if turn.drop {
        return Ok(());
    }
    if turn.hang {
        // Ends when the client does.
        let _ = stream.read(&mut [0; 64]);
        return Ok(());
    }
    let headers: Vec<(String, String)> =
        turn.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    if turn.malformed {
        let streams = asked.body["stream"] == true;
        let kind = if streams { "text/event-stream" } else { "application/json" };
        let body =
            if streams { "data: {\"choices\": [{\"delta\": {\n\n" } else { "{\"choices\": [{\"message\": {" };
        return http::plain(stream, 200, &headers, kind, body);
    }
    if turn.body.is_some() || turn.status.is_some_and(|status| status != 200) {
        let status = turn.status.unwrap_or(200);
        let body = match &turn.body {
            Some(Value::String(text)) => text.clone(),
            Some(body) => body.to_string(),
            None => json!({ "error": { "message": format!("scripted status {status}"), "code": status } })
                .to_string(),
        };
        return http::plain(stream, status, &headers, "application/json", &body);
    }
    let said = said(turn, asked);
    if asked.body["stream"] == true {
        let events = if api == "chat" { chat_events(&said) } else { responses_events(&said) };
        return streamed(stream, turn, &headers, &events, api == "chat");
    }
    let body = if api == "chat" { chat_body(&said) } else { response(&said, "completed") }.to_string();
    if turn.truncate {
        http::head(stream, 200, &headers, "application/json", Some(body.len()))?;
        return io::Write::write_all(stream, &body.as_bytes()[..body.len() / 2]);
    }
    http::plain(stream, 200, &headers, "application/json", &body)
}

#[expect(clippy::disallowed_methods, reason = "a script that says how long is waited for")]
fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        thread::sleep(Duration::from_millis(milliseconds));
    }
}

fn said(turn: &Turn, asked: &Recorded) -> Said {
    let (task, body) = (asked.task.as_deref(), &asked.body);
    let place = format!("{}_{}", asked.conversation.unwrap_or(0), asked.turn);
    let calls = turn.calls.iter().enumerate().map(|(number, call)| {
        let (name, namespace) =
            if call.exact { (call.name.clone(), None) } else { offered(body, &call.name) };
        let arguments = match &call.raw_arguments {
            Some(raw) => raw.clone(),
            None if call.arguments.is_null() => "{}".to_owned(),
            None => script::filled_value(&call.arguments, task, body).to_string(),
        };
        SaidCall { id: format!("call_{place}_{number}"), name, namespace, arguments }
    });
    let mut text = script::filled(&turn.say, task, body);
    text.push_str(&"x".repeat(turn.pad));
    Said {
        id: format!("scripted_{place}"),
        model: body["model"].as_str().unwrap_or("scripted").to_owned(),
        text,
        calls: calls.collect(),
        usage: turn.usage,
    }
}

/// The name under which the request offers a tool, with its name space.
fn offered(body: &Value, wanted: &str) -> (String, Option<String>) {
    let fits = |name: &str| name == wanted || name.ends_with(&format!("__{wanted}"));
    for tool in body["tools"].as_array().into_iter().flatten() {
        let name = tool["function"]["name"].as_str().or(tool["name"].as_str()).unwrap_or_default();
        if tool["type"] == "namespace" {
            let inner = tool["tools"].as_array().into_iter().flatten();
            if let Some(found) = inner.filter_map(|tool| tool["name"].as_str()).find(|name| fits(name)) {
                return (found.to_owned(), Some(name.to_owned()));
            }
        } else if fits(name) {
            return (name.to_owned(), None);
        }
    }
    (wanted.to_owned(), None)
}

fn streamed(
    stream: &mut TcpStream,
    turn: &Turn,
    headers: &[(String, String)],
    events: &[Event],
    done: bool,
) -> io::Result<()> {
    http::head(stream, 200, headers, "text/event-stream", None)?;
    let shown = if turn.truncate { events.len() / 2 } else { events.len() };
    for (name, data) in events.iter().take(shown) {
        let name = name.map_or_else(String::new, |name| format!("event: {name}\n"));
        http::chunk(stream, &format!("{name}data: {data}\n\n"))?;
        pause(turn.pause_ms);
    }
    if turn.truncate {
        return Ok(());
    }
    if done {
        http::chunk(stream, "data: [DONE]\n\n")?;
    }
    http::chunk(stream, "")
}

/// Pieces of a text or of arguments, as they come in a stream.
fn pieces(text: &str) -> Vec<&str> {
    const LENGTH: usize = 4_096;
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(if rest.len() < LENGTH { rest.len().div_ceil(2) } else { LENGTH });
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn chat_usage(said: &Said) -> Value {
    let usage = said.usage;
    json!({
        "prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": { "cached_tokens": usage.cached },
    })
}

fn chat_body(said: &Said) -> Value {
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

fn chat_events(said: &Said) -> Vec<Event> {
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

fn response(said: &Said, status: &str) -> Value {
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

fn responses_events(said: &Said) -> Vec<Event> {
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
