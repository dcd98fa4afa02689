//! A board opened by a short-lived process, or for reading: each operation is a transaction on the caller's own thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::connection::{Flavour, open};
use super::error::translate;
use super::transaction::{SqliteTx, now_or_error, plain};
use super::turn::Turns;
use crate::doorbell::Doorbell;
use crate::error::{DbError, OpError};
use crate::sql::events;
use crate::tx::{Operation, Ring};
use crate::world::World;

/// Connections that are opened when needed and kept: one that writes, or a few that read.
#[derive(Debug)]
pub(crate) struct Direct {
    path: PathBuf,
    identity: Option<String>,
    flavour: Flavour,
    world: Arc<dyn World>,
    doorbell: Doorbell,
    idle: Mutex<Vec<Connection>>,
    turns: Turns,
}

impl Direct {
    pub(crate) fn new(
        path: &Path,
        identity: Option<&str>,
        flavour: Flavour,
        world: Arc<dyn World>,
        doorbell: Doorbell,
    ) -> Self {
        Self {
            path: path.to_owned(),
            identity: identity.map(str::to_owned),
            flavour,
            world,
            doorbell,
            idle: Mutex::default(),
            turns: Turns::of(path),
        }
    }

    /// A connection that nobody uses, opened when there is none.
    pub(crate) fn take(&self) -> Result<Connection, DbError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open(&self.path, self.identity.as_deref(), self.flavour, self.world.as_ref()), Ok)
    }

    pub(crate) fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < 4 {
            idle.push(connection);
        }
    }

    /// A number that changes when another connection has committed.
    pub(crate) fn data_version(&self, connection: &Connection) -> Result<i64, DbError> {
        connection
            .query_row("pragma data_version", [], |row| row.get(0))
            .map_err(|error| translate(&self.path, &error))
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Runs one operation in a transaction of its own.
    pub(crate) fn run<O: Operation>(&self, operation: &O) -> Result<O::Reply, OpError> {
        let mut connection = self.take()?;
        let turn = O::WRITES.then(|| self.turns.take());
        let result = apply_alone(&mut connection, &self.path, self.world.as_ref(), operation);
        drop(turn);
        match result {
            Ok((reply, rings)) => {
                self.give_back(connection);
                self.doorbell.ring(&rings);
                reply
            }
            // A connection that met an error is not used again.
            Err(error) => Err(OpError::Db(error)),
        }
    }
}

/// What an operation gave, and whom to wake.
type Committed<R> = (Result<R, OpError>, Vec<Ring>);

/// Begins, applies, commits. `Err` is about the transaction; a refusal is a reply, and its audit is kept.
pub(crate) fn apply_alone<O: Operation>(
    connection: &mut Connection,
    path: &Path,
    world: &dyn World,
    operation: &O,
) -> Result<Committed<O::Reply>, DbError> {
    let fail = |error: rusqlite::Error| translate(path, &error);
    plain(connection, if O::WRITES { "begin immediate" } else { "begin" }).map_err(fail)?;
    let mut tx = SqliteTx::new(connection, path, world);
    let reply = now_or_error(operation.apply(&mut tx));
    let rings = match &reply {
        Ok(_) => tx.into_rings(),
        Err(OpError::Refused { audit, .. }) if !audit.is_empty() && O::WRITES => {
            if tx.stands() {
                tx.batch("rollback")?;
            }
            tx.truncate_rings(0);
            tx.batch("begin immediate")?;
            now_or_error(async { Ok(events::append_all(&mut tx, audit).await?) }).map_err(only_db)?;
            tx.into_rings()
        }
        Err(_) => {
            if tx.stands() {
                tx.batch("rollback")?;
            }
            return Ok((reply, Vec::new()));
        }
    };
    crate::crash::point("before_commit");
    if let Err(error) = plain(connection, "commit") {
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("rollback");
        }
        return Err(fail(error));
    }
    crate::crash::point("after_commit");
    Ok((reply, rings))
}

fn only_db(error: OpError) -> DbError {
    match error {
        OpError::Db(error) => error,
        OpError::Refused { refusal, .. } => DbError::Other(refusal.to_string()),
    }
}
