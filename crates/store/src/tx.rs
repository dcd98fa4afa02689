//! The driver port: what an operation may ask of a database. Narrow on purpose; both engines implement it.

use std::future::Future;

use andon_core::{Millis, RunId, TaskId};

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

    /// How urgent it is.
    fn class(&self) -> Class {
        Class::Normal
    }

    /// What it may change.
    fn reach(&self) -> Reach {
        Reach::Unknown
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
