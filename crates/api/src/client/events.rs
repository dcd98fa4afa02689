//! The event stream of a board: it goes on where it was cut off, so that nothing is missed and nothing comes twice.

use std::time::Duration;

use andon_core::BoardSlug;
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Incoming;

use super::error::ClientError;
use super::request::{Client, reason};
use crate::Event;

/// A stream that says nothing for so long, not even that it lives, is dead. The server speaks every 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);
/// The first pause before it comes back; each further one is twice as long, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(15);
/// No message is longer.
const LARGEST: usize = 16 << 20;

/// What a stream tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// It stands: what happens from now on will be told.
    Ready,
    /// Something happened.
    Event(Box<Event>),
    /// The board was restored: what is known of it is void.
    Resync,
}

/// A stream of events.
#[derive(Debug)]
pub struct EventStream {
    client: Client,
    path: String,
    /// The last place that was told; it goes on after it.
    last: Option<String>,
    body: Option<Incoming>,
    buffer: BytesMut,
    failures: u32,
}

impl Client {
    /// Follows a board from now on, or from a place. Nothing is connected before the first [`EventStream::next`].
    #[must_use]
    pub fn events(&self, board: &BoardSlug, after: Option<&str>) -> EventStream {
        EventStream {
            client: self.clone(),
            path: format!("/api/v1/boards/{board}/events"),
            last: after.map(str::to_owned),
            body: None,
            buffer: BytesMut::new(),
            failures: 0,
        }
    }
}

impl EventStream {
    /// The last place that was told: a later stream may go on after it.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The next message. A lost connection is made anew, after a pause that grows.
    ///
    /// # Errors
    /// What no further attempt mends: the server refuses, or is none of ours.
    pub async fn next(&mut self) -> Result<Message, ClientError> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(message);
            }
            match self.read().await {
                Ok(()) => {}
                Err(error) if passes(&error) => self.rest().await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn read(&mut self) -> Result<(), ClientError> {
        let body = match self.body.as_mut() {
            Some(body) => body,
            None => {
                let last = self.last.clone();
                let headers: Vec<(&str, &str)> =
                    last.as_deref().map(|last| ("last-event-id", last)).into_iter().collect();
                let response = self.client.ask(Method::GET, &self.path, None, &headers).await?;
                self.buffer.clear();
                self.body.insert(response.into_body())
            }
        };
        let read = tokio::time::timeout(SILENCE, body.frame()).await;
        let frame = match read {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Err(self.client.lost(reason(&error))),
            Ok(None) => return Err(self.client.lost("the server ended it")),
            Err(_) => return Err(self.client.lost(format!("silent for {} s", SILENCE.as_secs()))),
        };
        self.failures = 0;
        if let Some(bytes) = frame.data_ref() {
            self.buffer.extend_from_slice(bytes);
        }
        if self.buffer.len() > LARGEST {
            return Err(self.client.foreign("a message without an end"));
        }
        Ok(())
    }

    async fn rest(&mut self) {
        self.body = None;
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LAST_PAUSE);
        self.failures += 1;
        tokio::time::sleep(pause).await;
    }

    /// The next message that is there as a whole.
    fn buffered(&mut self) -> Result<Option<Message>, ClientError> {
        while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
            let text = self.buffer.split_to(end + 2);
            let text = String::from_utf8_lossy(&text).into_owned();
            let (kind, id, data) = fields(&text);
            if let Some(id) = id {
                self.last = Some(id.to_owned());
            }
            let message = match kind {
                "ready" => Message::Ready,
                "resync" => Message::Resync,
                "event" => {
                    let event: Result<Event, _> = serde_json::from_str(&data);
                    Message::Event(Box::new(event.map_err(|error| self.client.foreign(error.to_string()))?))
                }
                // Heartbeats, and what later servers may tell.
                _ => continue,
            };
            return Ok(Some(message));
        }
        Ok(None)
    }
}

/// Whether another attempt may go better.
fn passes(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } | ClientError::Lost { .. } => true,
        ClientError::Refused(problem) => matches!(problem.status, 408 | 429 | 500..),
        ClientError::Url { .. } | ClientError::Foreign { .. } => false,
    }
}

fn fields(text: &str) -> (&str, Option<&str>, String) {
    let (mut kind, mut id, mut data) = ("message", None, String::new());
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => kind = value,
            "id" => id = Some(value),
            "data" => {
                if !data.is_empty() {
                    data.push('\n');
                }
                data.push_str(value);
            }
            _ => {}
        }
    }
    (kind, id, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_field_by_field() {
        let (kind, id, data) = fields("event: event\nid: 1-7\ndata: {\"a\":\ndata: 1}\nretry: 5\n\n");
        assert_eq!((kind, id, data.as_str()), ("event", Some("1-7"), "{\"a\":\n1}"));
        let value: serde_json::Value = serde_json::from_str(&data).unwrap();
        assert_eq!(value["a"], 1);
        assert_eq!(fields(":comment\n\n"), ("message", None, String::new()));
    }

    #[test]
    fn a_refusal_that_does_not_pass_ends_the_stream() {
        let refused = |code: &str| ClientError::Refused(Box::new(crate::Problem::new(code, "", None)));
        assert!(passes(&refused("busy")) && passes(&refused("too_many_streams")));
        assert!(!passes(&refused("unauthenticated")) && !passes(&refused("unknown_board")));
    }
}
