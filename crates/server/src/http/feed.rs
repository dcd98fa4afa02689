//! One reader for each board that somebody follows: the doorbell wakes it, it reads what is new, and hands it to all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use andon_core::{BoardSlug, Cursor};
use andon_store::query::{EventFilter, Events, EventsAfter, Head};
use andon_store::{Board, Waiter};
use bytes::Bytes;
use tokio::net::UnixDatagram;
use tokio::sync::broadcast;

use super::failure::Failure;
use super::limits::BACKLOG;
use super::state::Api;
use crate::shape;

/// Events that one look reads.
const LOOK: u32 = 1_000;
/// How often it looks without having been woken.
const GLANCE: Duration = Duration::from_secs(1);
/// How long a reader stays after the last of its clients went.
const LINGER: u32 = 10;

/// One event as it is sent: written once, for all clients.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Its place.
    pub(crate) cursor: Cursor,
    /// About which task.
    pub(crate) task: Option<String>,
    /// What happened.
    pub(crate) kind: String,
    /// The lines that are sent.
    pub(crate) text: Bytes,
}

/// What a reader tells its clients.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// Something happened.
    Event(Arc<Frame>),
    /// The board was restored: what anybody knows of it is void.
    Resync(Cursor),
}

/// The readers of all boards.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    feeds: Mutex<BTreeMap<BoardSlug, broadcast::Sender<News>>>,
}

/// The event as the stream has it.
pub(crate) fn frame(epoch: i64, event: &andon_store::sql::events::Event) -> Frame {
    let cursor = Cursor { epoch, number: event.number };
    let data = serde_json::to_string(&shape::event(event)).unwrap_or_default();
    Frame {
        cursor,
        task: event.task.clone(),
        kind: event.kind.clone(),
        text: Bytes::from(format!("event: event\nid: {cursor}\ndata: {data}\n\n")),
    }
}

/// Reads what happened after a place.
pub(crate) async fn after(api: &Api, board: &Board, cursor: Cursor) -> Result<Events, Failure> {
    api.ask(board, EventsAfter { cursor, filter: EventFilter::default(), limit: LOOK }).await
}

/// Joins those who follow a board: everything that is committed from now on arrives here.
pub(crate) async fn join(api: &Api, board: &Board) -> Result<broadcast::Receiver<News>, Failure> {
    if let Some(receiver) = joined(api, board.slug()) {
        return Ok(receiver);
    }
    let (head, _) = api.ask(board, Head { reader: None }).await?;
    let mut feeds = api.hub.feeds.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = feeds.get(board.slug()) {
        return Ok(sender.subscribe());
    }
    let (sender, receiver) = broadcast::channel(BACKLOG);
    feeds.insert(board.slug().clone(), sender.clone());
    tokio::spawn(read(api.clone(), board.clone(), head, sender));
    Ok(receiver)
}

fn joined(api: &Api, slug: &BoardSlug) -> Option<broadcast::Receiver<News>> {
    let feeds = api.hub.feeds.lock().unwrap_or_else(PoisonError::into_inner);
    feeds.get(slug).map(broadcast::Sender::subscribe)
}

/// Reads a board until nobody follows it any more, or it is gone.
async fn read(api: Api, board: Board, mut cursor: Cursor, sender: broadcast::Sender<News>) {
    let bell = Bell::of(&board);
    let mut alone = 0;
    loop {
        bell.drain();
        match drain(&api, &board, cursor, &sender).await {
            Ok(next) => cursor = next,
            Err(failure) => {
                tracing::warn!(board = %board.slug(), problem = %failure.0.detail, "the events cannot be read");
                break;
            }
        }
        tokio::select! {
            () = bell.rang() => {}
            () = api.ending.cancelled() => break,
            () = tokio::time::sleep(GLANCE) => {}
        }
        alone = if sender.receiver_count() == 0 { alone + 1 } else { 0 };
        if alone > LINGER && leave(&api, &board) {
            return;
        }
    }
    // Dropping the sender ends its clients' streams; they come back, and find out what is the matter.
    api.hub.feeds.lock().unwrap_or_else(PoisonError::into_inner).remove(board.slug());
}

/// Leaves unless somebody has come in between.
fn leave(api: &Api, board: &Board) -> bool {
    let mut feeds = api.hub.feeds.lock().unwrap_or_else(PoisonError::into_inner);
    let alone = feeds.get(board.slug()).is_none_or(|sender| sender.receiver_count() == 0);
    if alone {
        feeds.remove(board.slug());
    }
    alone
}

async fn drain(
    api: &Api,
    board: &Board,
    mut cursor: Cursor,
    sender: &broadcast::Sender<News>,
) -> Result<Cursor, Failure> {
    loop {
        let read = after(api, board, cursor).await?;
        if read.resync {
            let _ = sender.send(News::Resync(read.cursor));
            return Ok(read.cursor);
        }
        for event in &read.events {
            // Nobody listens at the moment: the next who comes reads it from the board.
            let _ = sender.send(News::Event(Arc::new(frame(read.cursor.epoch, event))));
        }
        cursor = read.cursor;
        if !read.more {
            return Ok(cursor);
        }
        tokio::task::yield_now().await;
    }
}

/// A bell to wait on; without one the reader looks by the clock alone.
#[derive(Debug)]
pub(crate) struct Bell {
    bound: Option<(Waiter, UnixDatagram)>,
}

impl Bell {
    /// Binds a bell of the board.
    pub(crate) fn of(board: &Board) -> Self {
        let bound = board.doorbell().wait_for_board(board.world().bits()).and_then(|waiter| {
            let socket = UnixDatagram::from_std(waiter.socket()?)?;
            Ok((waiter, socket))
        });
        if let Err(error) = &bound {
            tracing::warn!(board = %board.slug(), %error, "no bell; looking by the clock alone");
        }
        Self { bound: bound.ok() }
    }

    /// Forgets what has rung so far.
    pub(crate) fn drain(&self) {
        if let Some((waiter, _)) = &self.bound {
            waiter.drain();
        }
    }

    /// Waits until it rings.
    pub(crate) async fn rang(&self) {
        let mut byte = [0; 16];
        match &self.bound {
            Some((_, socket)) if socket.recv(&mut byte).await.is_ok() => {}
            Some(_) | None => std::future::pending().await,
        }
    }
}
