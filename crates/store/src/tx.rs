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
