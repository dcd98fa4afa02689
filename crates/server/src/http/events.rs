//! The event stream of a board: server-sent events that never skip and never repeat.
//!
//! A client joins those who follow the board first, then reads from the board what happened since its place, then goes on
//! with what the reader hands out, leaving out what it has read already. One that cannot keep up is dropped; it comes back
//! with `Last-Event-ID` and misses nothing.

use std::convert::Infallible;

use andon_core::Cursor;
use andon_store::Board;
use andon_store::query::Head;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::{Instant, sleep_until};

use super::access::Who;
use super::context::OnBoard;
use super::failure::Failure;
use super::feed::{self, Frame, News};
use super::limits::HEARTBEAT;
use super::state::{Api, Counters};

/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;

/// Which events a client wants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Of one task.
    pub(crate) task: Option<String>,
    /// Of these kinds; empty for all.
    pub(crate) kinds: Vec<String>,
}

impl Filter {
    fn wants(&self, frame: &Frame) -> bool {
        self.task.as_ref().is_none_or(|task| frame.task.as_ref() == Some(task))
            && (self.kinds.is_empty() || self.kinds.contains(&frame.kind))
    }
}

/// A place among the streams that may be open at once.
pub(crate) fn place(api: &Api) -> Result<OwnedSemaphorePermit, Failure> {
    let permit = std::sync::Arc::clone(&api.streams).try_acquire_owned();
    permit.map_err(|_| {
        let hint = Some("close other streams, or raise `api_streams` in config.toml");
        Failure::new("too_many_streams", format!("{} streams are open", api.limits.streams), hint)
    })
}

/// The place from which a client goes on: `Last-Event-ID`, else what the query says.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::trim).filter(|id| !id.is_empty())
}

/// Answers with a stream.
pub(crate) fn response(stream: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Opens a stream of a board's events.
pub(crate) async fn open(at: OnBoard, after: Option<Cursor>, filter: Filter) -> Result<Response, Failure> {
    let permit = place(&at.api)?;
    let news = feed::join(&at.api, &at.board).await?;
    let head = at.ask(Head { reader: None }).await?.0;
    let cursor = after.unwrap_or(head);
    let client = Client {
        api: at.api,
        board: at.board,
        who: at.who,
        news,
        filter,
        cursor,
        stage: Stage::Hello,
        heartbeat: Instant::now() + HEARTBEAT,
        _permit: permit,
    };
    Ok(response(unfold(client, |mut client| async move {
        let bytes = client.next().await?;
        Some((Ok(bytes), client))
    })))
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Hello,
    /// Reads from the board what happened before it joined.
    Catching,
    /// Takes what the reader hands out.
    Following,
}

struct Client {
    api: Api,
    board: Board,
    who: Who,
    news: broadcast::Receiver<News>,
    filter: Filter,
    cursor: Cursor,
    stage: Stage,
    heartbeat: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Client {
    /// The next bytes; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let bytes = match self.stage {
                Stage::Hello => {
                    self.stage = Stage::Catching;
                    let cursor = self.cursor;
                    Some(Bytes::from(format!(
                        "retry: 1000\nevent: ready\nid: {cursor}\ndata: {{\"cursor\":\"{cursor}\"}}\n\n"
                    )))
                }
                Stage::Catching => self.catch_up().await?,
                Stage::Following => self.follow().await?,
            };
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                return Some(bytes);
            }
        }
    }

    async fn catch_up(&mut self) -> Option<Option<Bytes>> {
        let read = feed::after(&self.api, &self.board, self.cursor).await.ok()?;
        self.cursor = read.cursor;
        if read.resync {
            self.stage = Stage::Following;
            return Some(Some(resync(read.cursor)));
        }
        if !read.more {
            self.stage = Stage::Following;
        }
        let mut bytes = BytesMut::new();
        for event in &read.events {
            let frame = feed::frame(read.cursor.epoch, event);
            if self.filter.wants(&frame) {
                Counters::add(&self.api.counters.events, 1);
                bytes.extend_from_slice(&frame.text);
            }
        }
        Some(Some(bytes.freeze()))
    }

    async fn follow(&mut self) -> Option<Option<Bytes>> {
        let ending = self.api.ending.clone();
        tokio::select! {
            biased;
            () = ending.cancelled() => None,
            () = sleep_until(self.heartbeat) => self.alive(),
            news = self.news.recv() => self.take(news),
        }
    }

    /// Says that the stream lives, and where it is; a client whose credentials have ended is let go.
    fn alive(&mut self) -> Option<Option<Bytes>> {
        if !self.who.stands(&self.api) {
            return None;
        }
        self.heartbeat = Instant::now() + HEARTBEAT;
        let (cursor, now) = (self.cursor, andon_api::Time::from(self.api.now()));
        let text = format!("event: heartbeat\nid: {cursor}\ndata: {{\"now\":\"{}\"}}\n\n", now.as_str());
        Some(Some(Bytes::from(text)))
    }

    fn take(&mut self, news: Result<News, broadcast::error::RecvError>) -> Option<Option<Bytes>> {
        let mut bytes = BytesMut::new();
        let mut next = match news {
            Ok(news) => Some(news),
            Err(broadcast::error::RecvError::Closed) => return None,
            Err(broadcast::error::RecvError::Lagged(_)) => {
                Counters::add(&self.api.counters.dropped, 1);
                return None;
            }
        };
        while let Some(news) = next {
            match news {
                News::Event(frame) => self.add(&frame, &mut bytes),
                News::Resync(cursor) if cursor.epoch != self.cursor.epoch || cursor < self.cursor => {
                    self.cursor = cursor;
                    bytes.extend_from_slice(&resync(cursor));
                }
                News::Resync(_) => {}
            }
            next = if bytes.len() < CHUNK { self.news.try_recv().ok() } else { None };
        }
        Some(Some(bytes.freeze()))
    }

    fn add(&mut self, frame: &Frame, bytes: &mut BytesMut) {
        if frame.cursor.epoch != self.cursor.epoch || frame.cursor.number <= self.cursor.number {
            return;
        }
        self.cursor = frame.cursor;
        if self.filter.wants(frame) {
            Counters::add(&self.api.counters.events, 1);
            bytes.extend_from_slice(&frame.text);
        }
    }
}

fn resync(cursor: Cursor) -> Bytes {
    Bytes::from(format!("event: resync\nid: {cursor}\ndata: {{\"cursor\":\"{cursor}\"}}\n\n"))
}
