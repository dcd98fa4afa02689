//! Group commit: one thread drains the waiting operations into one transaction, commits once, then answers them all.
//!
//! Nobody is told before the commit. A full disk, an I/O error or an interrupt rolls back the *whole* transaction, after
//! which savepoints would commit one by one: after each operation the transaction is looked at; if it is gone, nobody is
//! answered, and each operation runs again alone. Renewals go first, bulk work last.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection::{Flavour, open};
use super::direct::apply_alone;
use super::error::translate;
use super::transaction::{SqliteTx, now_or_error, plain};
use super::turn::Turns;
use crate::doorbell::Doorbell;
use crate::error::{DbError, OpError};
use crate::sql::events;
use crate::tally::{Commits, Tally};
use crate::tx::{Class, Operation, Ring};
use crate::world::World;

/// Most operations in one transaction.
const BATCH: usize = 128;
/// A transaction takes no more operations after this long, so that other processes get their turn.
const SLICE: Duration = Duration::from_millis(20);
/// Between slices of bulk work, a little longer than the longest sleep of whoever waits for the lock: without it the next
/// slice takes the lock again before they look.
const TURN: Duration = Duration::from_millis(2);
/// Idle this long, the log is checkpointed.
const IDLE: Duration = Duration::from_millis(500);

/// The handle of a writer thread. The thread ends, its queue drained, when the last handle goes.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: Sender<Box<dyn Job>>,
    tally: Arc<Tally>,
}

impl Writer {
    /// Opens the database and starts the thread.
    pub(crate) fn start(
        path: &Path,
        identity: Option<&str>,
        world: Arc<dyn World>,
        doorbell: Doorbell,
    ) -> Result<Self, DbError> {
        let connection = open(path, identity, Flavour::Writer, world.as_ref())?;
        let (queue, jobs) = channel();
        let turns = Turns::of(path);
        let tally = Arc::new(Tally::default());
        let counted = Arc::clone(&tally);
        let thread =
            Thread { connection, path: path.to_owned(), world, doorbell, turns, jobs, tally: counted };
        std::thread::Builder::new()
            .name("board-writer".to_owned())
            .spawn(move || thread.run())
            .map_err(|error| DbError::Io(format!("no thread for the writer: {error}")))?;
        Ok(Self { queue, tally })
    }

    /// What it committed.
    pub(crate) fn commits(&self) -> Commits {
        self.tally.commits()
    }

    /// Queues an operation; the answer comes after its commit.
    pub(crate) async fn run<O: Operation>(&self, operation: O) -> Result<O::Reply, OpError> {
        let (answer, answered) = oneshot::channel();
        let job = Typed { operation, outcome: None, answer };
        self.queue.send(Box::new(job)).map_err(|_| DbError::Closed)?;
        answered.await.unwrap_or(Err(OpError::Db(DbError::Closed)))
    }
}

/// An operation that waits for its commit.
trait Job: Send {
    fn class(&self) -> Class;
    /// Applies it inside the batch's transaction, with a savepoint around it or not; keeps the outcome for later.
    fn apply(&mut self, tx: &mut SqliteTx<'_>, savepoints: bool) -> Applied;
    /// Runs it in a transaction of its own, after its batch has failed.
    fn alone(&mut self, connection: &mut Connection, path: &Path, world: &dyn World) -> Vec<Ring>;
    /// Tells the outcome.
    fn answer(self: Box<Self>);
    /// Tells that the whole batch could not be.
    fn fail(&mut self, error: &DbError);
}

#[derive(PartialEq, Eq)]
enum Applied {
    /// Keep what it wrote.
    Keep,
    /// Undo what it wrote.
    Undo,
    /// It wrote, must be undone, and has no savepoint around it.
    Tangled,
    /// The transaction is gone.
    Broken,
}

struct Typed<O: Operation> {
    operation: O,
    outcome: Option<Result<O::Reply, OpError>>,
    answer: oneshot::Sender<Result<O::Reply, OpError>>,
}

impl<O: Operation> Job for Typed<O> {
    fn class(&self) -> Class {
        self.operation.class()
    }

    fn apply(&mut self, tx: &mut SqliteTx<'_>, savepoints: bool) -> Applied {
        let before = tx.changes();
        let outcome = now_or_error(self.operation.apply(tx));
        if !tx.stands() {
            return Applied::Broken;
        }
        let audit = match &outcome {
            Ok(_) => {
                self.outcome = Some(outcome);
                return Applied::Keep;
            }
            Err(OpError::Db(DbError::Full | DbError::Io(_))) => return Applied::Broken,
            Err(OpError::Db(_)) => Vec::new(),
            Err(OpError::Refused { audit, .. }) => audit.clone(),
        };
        self.outcome = Some(outcome);
        match (tx.changes() == before, savepoints) {
            // Most refusals come before the first write: there is nothing to undo.
            (true, _) => {}
            (false, false) => return Applied::Tangled,
            (false, true) => {
                if tx.batch("rollback to operation").is_err() {
                    return Applied::Broken;
                }
            }
        }
        if audit.is_empty() {
            return Applied::Undo;
        }
        match now_or_error(async { Ok(events::append_all(tx, &audit).await?) }) {
            Ok(()) => Applied::Keep,
            Err(_) => Applied::Broken,
        }
    }

    fn alone(&mut self, connection: &mut Connection, path: &Path, world: &dyn World) -> Vec<Ring> {
        match apply_alone(connection, path, world, &self.operation) {
            Ok((outcome, rings)) => {
                self.outcome = Some(outcome);
                rings
            }
            Err(error) => {
                self.outcome = Some(Err(OpError::Db(error)));
                Vec::new()
            }
        }
    }

    fn answer(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or(Err(OpError::Db(DbError::Closed)));
        // The caller may have gone; what it asked for is done all the same.
        let _ = self.answer.send(outcome);
    }

    fn fail(&mut self, error: &DbError) {
        self.outcome = Some(Err(OpError::Db(error.clone())));
    }
}

struct Thread {
    connection: Connection,
    path: PathBuf,
    world: Arc<dyn World>,
    doorbell: Doorbell,
    turns: Turns,
    tally: Arc<Tally>,
    jobs: Receiver<Box<dyn Job>>,
}

impl Thread {
    fn run(mut self) {
        let mut dirty = false;
        loop {
            let first = match self.jobs.recv_timeout(if dirty { IDLE } else { Duration::from_secs(3_600) }) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    if dirty {
                        self.checkpoint();
                        dirty = false;
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            dirty = true;
            let mut batch = vec![first];
            while batch.len() < BATCH {
                match self.jobs.try_recv() {
                    Ok(job) => batch.push(job),
                    Err(_) => break,
                }
            }
            batch.sort_by_key(|job| job.class());
            self.commit(batch);
        }
    }

    fn checkpoint(&self) {
        let _ = self.connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    }

    /// Commits as much of a batch as fits into a slice, and the rest in further ones.
    fn commit(&mut self, batch: Vec<Box<dyn Job>>) {
        let bulk = batch.iter().any(|job| job.class() == Class::Bulk);
        let mut waiting: VecDeque<Box<dyn Job>> = batch.into();
        let mut savepoints = false;
        while !waiting.is_empty() {
            let mut taken: Vec<Box<dyn Job>> = Vec::new();
            match self.transaction(&mut waiting, &mut taken, savepoints) {
                Ok(rings) => {
                    crate::crash::point("after_commit");
                    let renewals = taken.iter().filter(|job| job.class() == Class::Renewal).count();
                    self.tally.add(taken.len() as u64, renewals as u64);
                    self.doorbell.ring(&rings);
                }
                Err(Failed::Begin(error)) => {
                    taken.extend(waiting.drain(..));
                    for job in &mut taken {
                        job.fail(&error);
                    }
                }
                Err(Failed::Tangled) => {
                    // Nothing of it was committed, nobody was answered: again, with a savepoint around each.
                    for job in taken.into_iter().rev() {
                        waiting.push_front(job);
                    }
                    savepoints = true;
                    continue;
                }
                Err(Failed::Batch) => self.one_by_one(&mut taken),
            }
            for job in taken {
                job.answer();
            }
        }
        if bulk {
            #[expect(
                clippy::disallowed_methods,
                reason = "others poll for the lock: only time gives them a turn"
            )]
            std::thread::sleep(TURN);
        }
    }

    /// One transaction. On `Err` nothing of it has been committed. Savepoints copy every page that is touched, and are
    /// rarely needed: the first try goes without them.
    fn transaction(
        &mut self,
        waiting: &mut VecDeque<Box<dyn Job>>,
        taken: &mut Vec<Box<dyn Job>>,
        savepoints: bool,
    ) -> Result<Vec<Ring>, Failed> {
        // Held until this returns: the transaction has ended by then.
        let _turn = self.turns.take();
        let begun = Instant::now();
        plain(&self.connection, "begin immediate")
            .map_err(|error| Failed::Begin(translate(&self.path, &error)))?;
        let mut tx = SqliteTx::new(&mut self.connection, &self.path, self.world.as_ref());
        let mut failed = None;
        while let Some(mut job) = waiting.pop_front() {
            let rings = tx.rings();
            let applied = around(&mut tx, savepoints, |tx| job.apply(tx, savepoints));
            taken.push(job);
            match applied {
                Applied::Keep => {}
                Applied::Undo => tx.truncate_rings(rings),
                Applied::Tangled => failed = Some(Failed::Tangled),
                Applied::Broken => failed = Some(Failed::Batch),
            }
            if !tx.stands() {
                failed = Some(Failed::Batch);
            }
            if failed.is_some() || begun.elapsed() > SLICE {
                break;
            }
        }
        let rings = tx.into_rings();
        crate::crash::point("before_commit");
        if failed.is_none() && plain(&self.connection, "commit").is_err() {
            failed = Some(Failed::Batch);
        }
        let Some(failed) = failed else { return Ok(rings) };
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("rollback");
        }
        Err(failed)
    }

    /// After a failed batch: each operation again, in a transaction of its own, so that one that cannot be does not
    /// take the others with it.
    fn one_by_one(&mut self, jobs: &mut [Box<dyn Job>]) {
        for job in jobs {
            let _turn = self.turns.take();
            let rings = job.alone(&mut self.connection, &self.path, self.world.as_ref());
            self.doorbell.ring(&rings);
        }
    }
}

/// An operation with or without a savepoint around it.
fn around(
    tx: &mut SqliteTx<'_>,
    savepoints: bool,
    apply: impl FnOnce(&mut SqliteTx<'_>) -> Applied,
) -> Applied {
    if !savepoints {
        return apply(tx);
    }
    if tx.batch("savepoint operation").is_err() {
        return Applied::Broken;
    }
    let applied = apply(tx);
    let released = match applied {
        Applied::Keep | Applied::Undo => tx.batch("release operation").is_ok(),
        Applied::Tangled | Applied::Broken => true,
    };
    if released { applied } else { Applied::Broken }
}

enum Failed {
    /// The transaction could not begin.
    Begin(DbError),
    /// An operation that had written must be undone, and the others kept.
    Tangled,
    /// It was rolled back as a whole.
    Batch,
}
