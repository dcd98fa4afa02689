//! Answers on the wire: what a turn says, in the dialect of the request, at once or streaming.

use std::io::{self, Read as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::dialect::Dialect;
use super::script::{self, Turn};
use super::{Recorded, http};

/// A piece of a stream: its name where the API names events, and its data.
pub(super) type Event = (Option<&'static str>, Value);

/// What a turn says, with everything filled in.
pub(super) struct Said {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) thought: String,
    pub(super) text: String,
    pub(super) calls: Vec<SaidCall>,
    pub(super) usage: script::Usage,
}

pub(super) struct SaidCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) arguments: String,
}

impl SaidCall {
    /// The arguments as JSON; as a text where they are none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_else(|_| self.arguments.clone().into())
    }
}

/// Gives the answer of a turn.
pub(super) fn give(
    stream: &mut TcpStream,
    dialect: Dialect,
    turn: &Turn,
    asked: &Recorded,
) -> io::Result<()> {
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
        let kind = if asked.streams { dialect.stream_type() } else { "application/json" };
        let body = if asked.streams { dialect.broken() } else { "{\"choices\": [{\"message\": {" };
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
    if asked.streams {
        return streamed(stream, turn, &headers, dialect, dialect.events(&said));
    }
    let body = dialect.body(&said).to_string();
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
        let offered =
            Some(call).filter(|call| !call.exact).and_then(|call| script::offered(body, &call.name));
        let (name, namespace) = offered.unwrap_or_else(|| (call.name.clone(), None));
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
        thought: turn.think.clone(),
        text,
        calls: calls.collect(),
        usage: turn.usage,
    }
}

fn streamed(
    stream: &mut TcpStream,
    turn: &Turn,
    headers: &[(String, String)],
    dialect: Dialect,
    mut events: Vec<Event>,
) -> io::Result<()> {
    http::head(stream, 200, headers, dialect.stream_type(), None)?;
    let cut = turn.truncate || turn.ends_early || turn.fails.is_some();
    if cut {
        events.truncate(events.len() / 2);
    }
    if let Some(error) = &turn.fails {
        events.push((dialect.name_of_errors(), error.clone()));
    }
    for event in &events {
        http::chunk(stream, &dialect.framed(event))?;
        pause(turn.pause_ms);
    }
    if turn.truncate {
        return Ok(());
    }
    if !cut {
        for end in dialect.end_of_stream() {
            http::chunk(stream, end)?;
        }
    }
    http::chunk(stream, "")
}

/// Pieces of a text or of arguments, as they come in a stream.
pub(super) fn pieces(text: &str) -> Vec<&str> {
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
