//! Several operations in one transaction: those that say which rows they change, as many as wait while the one before
//! is on its way. They run side by side on one connection, which answers them in one stream.
//!
//! There are no savepoints: when one of them must be undone, the whole transaction is, and each runs again alone. Nobody
//! is answered before the commit. Claims go in a line of their own, one after the other: each counts what the one before
//! has started.

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use andon_core::TaskId;
use futures::future::{BoxFuture, join_all};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::engine::{Inner, Uncommitted};
use super::runtime;
use super::session::Session;
use super::together::Together;
use super::transaction::{Left, PgTx};
use crate::error::{DbError, OpError};
use crate::sql::events;
use crate::tx::{Class, Lock, Operation, Reach, Tx as _};

/// Most operations in one transaction.
const BATCH: usize = 256;
/// Most claims in one transaction: each wades through what those before it have taken.
const CLAIMS: usize = 16;
/// How long a batch waits for a lock before its operations go on alone, milliseconds.
const PATIENCE_MS: u32 = 200;

/// Where operations wait for the next transaction. The tasks behind it end with its last handle.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    tasks: UnboundedSender<Box<dyn Job>>,
    claims: UnboundedSender<Box<dyn Job>>,
}

impl Lane {
    pub(super) fn new(inner: &Arc<Inner>) -> Self {
        let start = |most| {
            let (sender, receiver) = unbounded_channel();
            // Without its task the queue is closed, which callers are told.
            drop(runtime::spawn(work(Arc::clone(inner), receiver, most)));
            sender
        };
        Self { tasks: start(BATCH), claims: start(CLAIMS) }
    }

    /// Queues an operation; the answer comes after its commit.
    pub(super) async fn run<O: Operation>(&self, operation: O, reach: Reach) -> Result<O::Reply, OpError> {
        let (answer, answered) = oneshot::channel();
        let queue = if reach == Reach::Ready { &self.claims } else { &self.tasks };
        let job = Typed { operation, reach, outcome: None, parts: vec![(None, answer)] };
        queue.send(Box::new(job)).map_err(|_| DbError::Closed)?;
        answered.await.unwrap_or(Err(OpError::Db(DbError::Closed)))
    }
}

/// What an operation leaves for the commit; none when the transaction cannot be kept.
type Kept = Option<Left>;

/// An operation that waits for its commit.
trait Job: Send {
    fn as_any(self: Box<Self>) -> Box<dyn Any>;
    /// What kind of operation it is.
    fn kind(&self) -> TypeId;
    /// Takes in another one of its kind; gives it back where that cannot be.
    fn take_in(&mut self, other: Box<dyn Job>) -> Option<Box<dyn Job>>;
    /// How many operations it stands for.
    fn count(&self) -> usize;
    fn reach(&self) -> &Reach;
    fn class(&self) -> Class;
    /// Applies it and keeps the outcome for later.
    fn apply<'a>(&'a mut self, tx: PgTx, audit: PgTx) -> BoxFuture<'a, Kept>;
    /// Runs it in a transaction of its own, and answers.
    fn alone(self: Box<Self>, inner: Arc<Inner>) -> BoxFuture<'static, ()>;
    /// Tells the outcome.
    fn answer(self: Box<Self>);
    /// Tells that nobody knows the outcome.
    fn unknown(self: Box<Self>, reason: &str);
}

/// Who waits for an operation.
type Waiting<O> = oneshot::Sender<Result<<O as Operation>::Reply, OpError>>;

struct Typed<O: Operation> {
    operation: O,
    reach: Reach,
    outcome: Option<Result<O::Reply, OpError>>,
    /// The operations that have become one here, in their order; of one alone the operation itself is not kept twice.
    parts: Vec<(Option<O>, Waiting<O>)>,
}

/// Answers everybody; the reply of operations that have become one is shared out.
fn answer<O: Operation>(mut outcome: Result<O::Reply, OpError>, mut parts: Vec<(Option<O>, Waiting<O>)>) {
    if let [(_, _)] = parts.as_slice() {
        if let Some((_, waiting)) = parts.pop() {
            let _ = waiting.send(outcome);
        }
        return;
    }
    for (part, waiting) in parts {
        let share = match &mut outcome {
            Ok(reply) => part.and_then(|part| part.share(reply)).ok_or(OpError::Db(DbError::Closed)),
            Err(error) => Err(error.clone()),
        };
        let _ = waiting.send(share);
    }
}

impl<O: Operation> Job for Typed<O> {
    fn as_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn kind(&self) -> TypeId {
        TypeId::of::<O>()
    }

    fn take_in(&mut self, other: Box<dyn Job>) -> Option<Box<dyn Job>> {
        let Ok(other) = other.as_any().downcast::<Self>() else { return None };
        let Some(merged) = self.operation.merged(&other.operation) else { return Some(other) };
        let before = std::mem::replace(&mut self.operation, merged);
        if let [(own, _)] = self.parts.as_mut_slice() {
            *own = Some(before);
        }
        let Self { operation, parts, .. } = *other;
        // What is still in the queue stands for itself alone.
        self.parts.extend(parts.into_iter().zip([operation]).map(|((_, waiting), own)| (Some(own), waiting)));
        None
    }

    fn count(&self) -> usize {
        self.parts.len()
    }

    fn reach(&self) -> &Reach {
        &self.reach
    }

    fn class(&self) -> Class {
        self.operation.class()
    }

    fn apply<'a>(&'a mut self, mut tx: PgTx, mut audit: PgTx) -> BoxFuture<'a, Kept> {
        Box::pin(async move {
            let outcome = self.operation.apply(&mut tx).await;
            let kept = match &outcome {
                Ok(_) => Some(tx.leave().await),
                Err(OpError::Db(_)) => None,
                Err(OpError::Refused { .. }) if tx.wrote() => None,
                Err(OpError::Refused { audit: told, .. }) => {
                    let mut left = tx.leave().await;
                    events::append_all(&mut audit, told).await.ok()?;
                    left.add(audit.leave().await);
                    Some(left)
                }
            };
            self.outcome = Some(outcome);
            kept
        })
    }

    fn alone(self: Box<Self>, inner: Arc<Inner>) -> BoxFuture<'static, ()> {
        let Self { operation, parts, .. } = *self;
        Box::pin(async move { answer(inner.alone(operation).await, parts) })
    }

    fn answer(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or(Err(OpError::Db(DbError::Closed)));
        answer(outcome, self.parts);
    }

    fn unknown(self: Box<Self>, reason: &str) {
        for (_, waiting) in self.parts {
            let _ = waiting.send(Err(DbError::OutcomeUnknown(reason.to_owned()).into()));
        }
    }
}

async fn work(inner: Arc<Inner>, mut jobs: UnboundedReceiver<Box<dyn Job>>, most: usize) {
    let mut waiting = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut waiting, BATCH).await > 0 {
        let mut waiting = merged(std::mem::take(&mut waiting)).into_iter();
        loop {
            let mut batch: Vec<Box<dyn Job>> = waiting.by_ref().take(most).collect();
            if batch.is_empty() {
                break;
            }
            match commit(&inner, &mut batch).await {
                Ok(()) => batch.into_iter().for_each(|job| job.answer()),
                Err(Some(reason)) => batch.into_iter().for_each(|job| job.unknown(&reason)),
                Err(None) => {
                    for job in batch {
                        drop(runtime::spawn(job.alone(Arc::clone(&inner))));
                    }
                }
            }
        }
    }
}

/// Claims in turn that can be one are one: what costs the server most is the number of statements.
fn merged(jobs: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let alike = |last: &&mut Box<dyn Job>| *job.reach() == Reach::Ready && last.kind() == job.kind();
        let left = match batch.last_mut().filter(alike) {
            Some(last) => last.take_in(job),
            None => Some(job),
        };
        batch.extend(left);
    }
    batch
}

/// Applies and commits a batch. On `Err` nothing of it was committed, or, with a reason, nobody knows.
async fn commit(inner: &Arc<Inner>, batch: &mut [Box<dyn Job>]) -> Result<(), Option<String>> {
    let Ok((session, now)) = inner.begin(false).await else { return Err(None) };
    let together = Arc::new(Together::default());
    let view = || {
        let together = Some(Arc::clone(&together));
        PgTx::new(&session, &inner.world, inner.keys, now, false, together).with(&inner.floors)
    };
    let known = known(batch);
    let work = async {
        let mut left = prepare(&session, batch.len(), known, view()).await.ok()?;
        left.add(apply(batch, view).await?);
        Some(left)
    };
    let (mut kept, unanswered) = Arc::clone(&together).drive(Arc::clone(&session), work).await;
    match &mut kept {
        // What could not be sent is missing, whether the server knows that or not.
        Some(_) if session.failure().is_some() => kept = None,
        Some(left) => left.unanswered.extend(unanswered),
        None => {}
    }
    inner.waits.fetch_add(session.waits(), Ordering::Relaxed);
    let Some(mut left) = kept else {
        drop(inner.roll_back(&session).await);
        return Err(None);
    };
    let rings = std::mem::take(&mut left.rings);
    match inner.commit(&session, left).await {
        Ok(number) => {
            let renewals = batch.iter().filter(|job| job.class() == Class::Renewal).count();
            let operations: usize = batch.iter().map(|job| job.count()).sum();
            inner.tally.add(operations as u64, renewals as u64);
            inner.wake(&session, &rings, number).await;
            Ok(())
        }
        Err(Uncommitted::Failed(_)) => {
            drop(inner.roll_back(&session).await);
            Err(None)
        }
        Err(Uncommitted::Unknown(reason)) => Err(Some(reason)),
    }
}

/// The tasks that are known to change.
fn known(batch: &[Box<dyn Job>]) -> Vec<TaskId> {
    let tasks = batch.iter().flat_map(|job| match job.reach() {
        Reach::Tasks(tasks) => tasks.clone(),
        Reach::Ready | Reach::Unknown => Vec::new(),
    });
    tasks.collect()
}

/// Locks what is known to change, in the order that everybody keeps.
async fn prepare(
    session: &Arc<Session>,
    operations: usize,
    tasks: Vec<TaskId>,
    mut tx: PgTx,
) -> Result<Left, DbError> {
    let mut left = Left::default();
    if operations > 1 {
        left.unanswered.push(session.send_plain(format!("set local lock_timeout = {PATIENCE_MS}")).await);
        tx.lock(Lock::Tasks(tasks)).await?;
    }
    left.add(tx.leave().await);
    Ok(left)
}

/// Runs the operations of a batch: claims one after the other, all else side by side.
async fn apply(batch: &mut [Box<dyn Job>], view: impl Fn() -> PgTx) -> Kept {
    let mut left = Left::default();
    if batch.iter().all(|job| *job.reach() == Reach::Ready) {
        for job in batch {
            left.add(job.apply(view(), view()).await?);
        }
        return Some(left);
    }
    for one in join_all(batch.iter_mut().map(|job| job.apply(view(), view()))).await {
        left.add(one?);
    }
    Some(left)
}
