//! The driver port: what an operation may ask of a database. Narrow on purpose; both engines implement it.

use std::future::Future;

use andon_core::{Millis, ProfileName, RunId, TaskId};

use crate::error::{DbError, OpError};
use crate::value::{Row, Val};

/// Whom to wake after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Everybody who waits for changes of this board.
    Board,
    /// The supervisor of one run.
    Run(RunId),
}

/// A place in the order of the work that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Work of this priority.
    pub priority: i64,
    /// Not older than this.
    pub created_at: Millis,
}

/// What must be locked before it is read, in this order everywhere: caps, graph, tasks by id, runs (DESIGN §4).
/// SQLite has one writer, so that its driver does nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// The counts of running tasks.
    Caps,
    /// The dependency graph.
    Graph,
    /// Tasks whose status others derive from: shared.
    Parents(Vec<TaskId>),
    /// Tasks that change.
    Tasks(Vec<TaskId>),
    /// Whatever goes by that name on the board.
    Name(String),
}

/// A transaction.
pub trait Tx: Send {
    /// Runs a statement with `$1…$n`; gives its rows.
    fn query(
        &mut self,
        sql: &'static str,
        params: &[Val],
    ) -> impl Future<Output = Result<Vec<Row>, DbError>> + Send;

    /// Runs a statement; gives how many rows it changed.
    fn execute(
        &mut self,
        sql: &'static str,
        params: &[Val],
    ) -> impl Future<Output = Result<u64, DbError>> + Send;

    /// Runs a statement whose answer nobody needs; that it failed may be told later, at the commit at the latest.
    fn write(
        &mut self,
        sql: &'static str,
        params: &[Val],
    ) -> impl Future<Output = Result<(), DbError>> + Send {
        async move { self.execute(sql, params).await.map(drop) }
    }

    /// Asks already now what [`Self::query`] will be asked with the same parameters: a server that is far away works on
    /// it meanwhile. What is written in between need not show.
    fn soon(
        &mut self,
        sql: &'static str,
        params: &[Val],
    ) -> impl Future<Output = Result<(), DbError>> + Send {
        let _ = (sql, params);
        std::future::ready(Ok(()))
    }

    /// Appends to the event log by this statement. Numbers are in the order of the commits, so that a driver whose
    /// transactions overlap appends at the commit.
    fn event(
        &mut self,
        sql: &'static str,
        event: &[Val],
    ) -> impl Future<Output = Result<(), DbError>> + Send {
        self.write(sql, event)
    }

    /// Locks rows until the end of the transaction.
    fn lock(&mut self, lock: Lock) -> impl Future<Output = Result<(), DbError>> + Send;

    /// The time of this transaction: the same for all that it writes.
    fn now(&self) -> Millis;

    /// 64 random bits.
    fn bits(&mut self) -> u64;

    /// A new run id.
    fn run_id(&mut self) -> RunId;

    /// A place in the queue of a profile below which a driver has just seen nothing: engines that keep rows which nobody
    /// sees any more would wade through them with every claim. None: the whole queue is looked at.
    fn floor(&mut self, profile: &ProfileName) -> Option<Floor> {
        let _ = profile;
        None
    }

    /// Tells what a look at the queue of a profile found first of its least urgent work, and how much was claimed of it.
    fn found(&mut self, profile: &ProfileName, first: Floor, claimed: u32) {
        let _ = (profile, first, claimed);
    }

    /// Wakes somebody after the commit; nothing is rung when it does not commit.
    fn ring(&mut self, ring: Ring);
}

/// What an operation may change, as far as that is known before it begins: operations that keep out of each other's way
/// may share a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not known: it has a transaction of its own.
    Unknown,
    /// These tasks with their runs, and what follows for their children. None: only what it makes itself.
    Tasks(Vec<TaskId>),
    /// Whatever is ready; it looks at the counts of running tasks, and goes after all others.
    Ready,
}

/// How urgent an operation is in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Renewals go first: a lease must not wait behind bulk work.
    Renewal,
    /// What people and workers ask for.
    Normal,
    /// Slices of long work.
    Bulk,
}

/// A change or a question, as a value. `apply` may run more than once (a batch that failed runs each again alone); it has
/// effects only through `tx`.
pub trait Operation: Send + 'static {
    /// What it gives.
    type Reply: Send + 'static;

    /// Whether it writes. A question runs on a reader and sees one consistent moment.
    const WRITES: bool = true;

    /// Whether it is one statement that asks and does not look at the clock. On a server it needs no transaction of its
    /// own then: one exchange in place of three.
    const SINGLE: bool = false;

    /// How urgent it is.
    fn class(&self) -> Class {
        Class::Normal
    }

    /// What it may change.
    fn reach(&self) -> Reach {
        Reach::Unknown
    }

    /// One operation that does what this one and `other` do, one after the other, where there is such. Its answer is
    /// shared out by [`Self::share`] in their order.
    fn merged(&self, other: &Self) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = other;
        None
    }

    /// Takes the part of this operation out of the answer of a merged one.
    fn share(&self, reply: &mut Self::Reply) -> Option<Self::Reply> {
        let _ = reply;
        None
    }

    /// Loads, asks the core, writes what it said.
    fn apply<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Self::Reply, OpError>> + Send;
}

/// The first row, if any.
pub(crate) async fn first<T: Tx>(
    tx: &mut T,
    sql: &'static str,
    params: &[Val],
) -> Result<Option<Row>, DbError> {
    Ok(tx.query(sql, params).await?.into_iter().next())
}
