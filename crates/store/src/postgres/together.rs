//! Operations that share a transaction send their statements together: those that read the same go to the server as one,
//! over arrays of their parameters. A statement costs the server more than a row.
//!
//! Nothing is sent while any of the operations can go on by itself. What one operation sends stays in its order; a
//! statement is put beside an earlier one only where nothing between them could tell the difference.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio_postgres::types::{Kind, Type};

use super::dialect::{Joins, Text, joined};
use super::session::{Answer, Ready, Sent, Session};
use crate::error::DbError;
use crate::value::Val;

/// Longest wait for another operation of the same transaction, which may itself wait for this one.
const TURN: Duration = Duration::from_millis(100);

/// What the operations of one transaction have in common.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// Rows that they change, each one's turn: the server lets one transaction lock a row twice.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    queue: Mutex<Vec<Group>>,
    owners: AtomicU64,
}

/// Statements that read the same.
#[derive(Debug)]
struct Group {
    text: Arc<Text>,
    entries: Vec<Entry>,
}

/// One of them.
#[derive(Debug)]
struct Entry {
    owner: u64,
    params: Vec<Val>,
    taker: Option<oneshot::Sender<Answer>>,
}

/// A group on its way.
struct Flight {
    sent: Sent,
    takers: Vec<Option<oneshot::Sender<Answer>>>,
    /// Its rows start with the place of the statement that they answer.
    places: bool,
}

impl Together {
    /// Takes the turn at a row.
    pub(super) async fn turn(&self, key: &str) -> Result<OwnedMutexGuard<()>, DbError> {
        let row = {
            let mut rows = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(rows.entry(key.to_owned()).or_default())
        };
        tokio::time::timeout(TURN, row.lock_owned())
            .await
            .map_err(|_| DbError::Contended("operations of one transaction wait for each other".to_owned()))
    }

    /// A number for an operation.
    pub(super) fn owner(&self) -> u64 {
        self.owners.fetch_add(1, Ordering::Relaxed)
    }

    /// Queues a statement whose answer nobody needs.
    pub(super) fn put(&self, owner: u64, text: Arc<Text>, params: Vec<Val>) {
        self.queue(text, Entry { owner, params, taker: None });
    }

    /// Queues a statement; its answer never comes when something fails.
    pub(super) fn ask(&self, owner: u64, text: Arc<Text>, params: Vec<Val>) -> oneshot::Receiver<Answer> {
        let (taker, answer) = oneshot::channel();
        self.queue(text, Entry { owner, params, taker: Some(taker) });
        answer
    }

    fn queue(&self, text: Arc<Text>, entry: Entry) {
        let mut groups = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        for group in groups.iter_mut().rev() {
            if group.takes_in(&text, &entry) {
                group.entries.push(entry);
                return;
            }
            if !group.lets_past(&text, &entry) {
                break;
            }
        }
        groups.push(Group { text, entries: vec![entry] });
    }

    fn take(&self) -> Vec<Group> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does the work of the operations, and sends what they have queued whenever all of them wait. Gives what they gave,
    /// with what has been sent and not yet been answered.
    pub(super) async fn drive<R>(
        self: Arc<Self>,
        session: Arc<Session>,
        work: impl Future<Output = R>,
    ) -> (R, Vec<Sent>) {
        let mut work = std::pin::pin!(work);
        let mut flights: Vec<Flight> = Vec::new();
        let mut leaving: Option<BoxFuture<'static, Vec<Flight>>> = None;
        let mut made = None;
        let made = poll_fn(|context| {
            loop {
                if made.is_none()
                    && let Poll::Ready(done) = work.as_mut().poll(context)
                {
                    made = Some(done);
                }
                if leaving.is_none() {
                    let groups = self.take();
                    if groups.is_empty() {
                        if let Some(done) = made.take() {
                            return Poll::Ready(done);
                        }
                    } else {
                        leaving = Some(Box::pin(send(Arc::clone(&session), groups)));
                    }
                }
                let mut moved = false;
                if let Some(sending) = &mut leaving
                    && let Poll::Ready(more) = sending.as_mut().poll(context)
                {
                    flights.extend(more);
                    (leaving, moved) = (None, true);
                }
                flights.retain_mut(|flight| !flight.land(&session, context, &mut moved));
                if !moved {
                    return Poll::Pending;
                }
            }
        })
        .await;
        (made, flights.into_iter().map(|flight| flight.sent).collect())
    }
}

impl Group {
    /// Whether a statement can be one of this group: two changes of one row are two statements.
    fn takes_in(&self, text: &Arc<Text>, entry: &Entry) -> bool {
        let apart = || self.entries.iter().all(|other| other.params.first() != entry.params.first());
        match text.joins {
            Joins::Never => false,
            Joins::Reads => self.text.sql == text.sql,
            Joins::Writes => self.text.sql == text.sql && apart(),
        }
    }

    /// Whether a statement may go before this group: questions among themselves, changes of operations that keep out of
    /// each other's way, and changes of what the group's rows refer to.
    fn lets_past(&self, text: &Text, entry: &Entry) -> bool {
        match (text.joins, self.text.joins) {
            (Joins::Reads, Joins::Reads) => true,
            (Joins::Writes, Joins::Writes) => {
                let before = text.depth.is_some_and(|depth| self.text.depth.is_some_and(|own| depth < own));
                before || self.entries.iter().all(|other| other.owner != entry.owner)
            }
            (Joins::Never | Joins::Reads | Joins::Writes, _) => false,
        }
    }
}

impl Flight {
    /// Hands out the answer when it is there; whether this is over.
    fn land(&mut self, session: &Session, context: &mut Context<'_>, moved: &mut bool) -> bool {
        if self.sent.look(context).is_pending() {
            return false;
        }
        *moved = true;
        match self.sent.take() {
            Some(Ok(answer)) => self.hand_out(answer),
            Some(Err(error)) => drop(session.fail(&error)),
            None => {}
        }
        // Who still waits is told that no answer comes.
        self.takers.clear();
        true
    }

    fn hand_out(&mut self, answer: Answer) {
        if !self.places {
            if let Some(Some(taker)) = self.takers.pop() {
                let _ = taker.send(answer);
            }
            return;
        }
        let mut answers: Vec<Answer> = self.takers.iter().map(|_| Answer::default()).collect();
        for mut row in answer.rows {
            let place = row.int().ok().and_then(|place| usize::try_from(place - 1).ok());
            if let Some(own) = place.and_then(|place| answers.get_mut(place)) {
                own.rows.push(row);
            }
        }
        for (taker, answer) in self.takers.drain(..).zip(answers) {
            if let Some(taker) = taker {
                let _ = taker.send(answer);
            }
        }
    }
}

/// Sends groups in their order. All statements are prepared first, so that none waits while others are on their way.
async fn send(session: Arc<Session>, groups: Vec<Group>) -> Vec<Flight> {
    let mut ready = Vec::with_capacity(groups.len());
    for group in groups {
        prepare(&session, group, &mut ready).await;
    }
    session.count_wait();
    let mut flights = Vec::with_capacity(ready.len());
    for (statement, takers, places) in ready {
        flights.push(Flight { sent: session.send_ready(statement).await, takers, places });
    }
    flights
}

type Prepared = (Ready, Vec<Option<oneshot::Sender<Answer>>>, bool);

/// Prepares a group: as one statement where that can be, else each of its own. What cannot be prepared is not sent, which
/// fails the transaction.
async fn prepare(session: &Session, group: Group, ready: &mut Vec<Prepared>) {
    let Group { text, entries } = group;
    if entries.len() > 1
        && let Some(kinds) = session.kinds(&text.sql).await
        && let Some(sql) = joined(&text, &kinds)
    {
        let (params, takers): (Vec<_>, Vec<_>) =
            entries.into_iter().map(|entry| (entry.params, entry.taker)).unzip();
        if let Some(one) = session.ready_joined(&sql, &kinds, params).await {
            ready.push((one, takers, text.joins == Joins::Reads));
        }
        return;
    }
    for entry in entries {
        if let Some(one) = session.ready(&text.sql, entry.params).await {
            ready.push((one, vec![entry.taker], false));
        }
    }
}

/// The type below a domain.
pub(super) fn base(mut kind: &Type) -> &Type {
    while let Kind::Domain(below) = kind.kind() {
        kind = below;
    }
    kind
}

/// What a parameter of many statements is on the server.
pub(super) fn array_of(kind: &Type) -> Option<&'static str> {
    match *kind {
        Type::TEXT => Some("text[]"),
        Type::INT8 => Some("bigint[]"),
        _ => None,
    }
}
