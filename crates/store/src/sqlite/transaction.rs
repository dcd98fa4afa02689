//! The port on SQLite. It never waits, so that an operation's body completes in one poll.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::rc::Rc;

use andon_core::{Millis, RunId};
use futures::FutureExt as _;
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::error::translate;
use crate::error::{DbError, OpError};
use crate::tx::{Lock, Ring, Tx};
use crate::value::{Row, Val};
use crate::world::{World, run_id};

/// A transaction on a connection that has begun one.
pub(crate) struct SqliteTx<'a> {
    connection: &'a mut Connection,
    path: &'a Path,
    world: &'a dyn World,
    now: Millis,
    rings: Vec<Ring>,
}

impl<'a> SqliteTx<'a> {
    pub(crate) fn new(connection: &'a mut Connection, path: &'a Path, world: &'a dyn World) -> Self {
        Self { connection, path, world, now: world.now(), rings: Vec::new() }
    }

    /// Whom to wake after the commit.
    pub(crate) fn into_rings(self) -> Vec<Ring> {
        self.rings
    }

    pub(crate) fn truncate_rings(&mut self, len: usize) {
        self.rings.truncate(len);
    }

    pub(crate) fn rings(&self) -> usize {
        self.rings.len()
    }

    /// Whether the transaction still stands: a full disk or an I/O error rolls all of it back.
    pub(crate) fn stands(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// How many rows this connection has changed in its life.
    pub(crate) fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        plain(self.connection, sql).map_err(|e| translate(self.path, &e))
    }

    fn run(
        &mut self,
        sql: &'static str,
        params: &[Val],
        mut each: impl FnMut(Vec<Val>),
    ) -> Result<u64, DbError> {
        let numbered = numbered(sql);
        let fail = |error: rusqlite::Error| translate(self.path, &error);
        let mut statement = self.connection.prepare_cached(&numbered).map_err(fail)?;
        for (index, value) in params.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, Bound(value)).map_err(fail)?;
        }
        let columns = statement.column_count();
        if columns == 0 {
            return statement.raw_execute().map(|changed| changed as u64).map_err(fail);
        }
        let mut rows = statement.raw_query();
        let mut count = 0;
        while let Some(row) = rows.next().map_err(fail)? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(match row.get_ref(column).map_err(fail)? {
                    ValueRef::Null => Val::Null,
                    ValueRef::Integer(value) => Val::Int(value),
                    #[expect(clippy::cast_possible_truncation, reason = "no column of ours is real")]
                    ValueRef::Real(value) => Val::Int(value as i64),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        Val::Text(String::from_utf8_lossy(text).into_owned())
                    }
                });
            }
            each(values);
            count += 1;
        }
        Ok(count)
    }
}

/// One statement without parameters or rows, compiled once: to parse `begin` and `commit` anew costs as much as an index entry.
pub(crate) fn plain(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// `$N` is a name to SQLite, numbered by first appearance; `?N` is a number, as on PostgreSQL. Statements are few and
/// static, so that each is rewritten once a thread.
fn numbered(sql: &'static str) -> Rc<str> {
    thread_local! {
        static REWRITTEN: RefCell<HashMap<(usize, usize), Rc<str>>> = RefCell::default();
    }
    REWRITTEN.with_borrow_mut(|rewritten| {
        let key = (sql.as_ptr().addr(), sql.len());
        Rc::clone(rewritten.entry(key).or_insert_with(|| sql.replace('$', "?").into()))
    })
}

struct Bound<'a>(&'a Val);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Val::Null => ValueRef::Null,
            Val::Int(value) => ValueRef::Integer(*value),
            Val::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl Tx for SqliteTx<'_> {
    async fn query(&mut self, sql: &'static str, params: &[Val]) -> Result<Vec<Row>, DbError> {
        let mut rows = Vec::new();
        self.run(sql, params, |values| rows.push(Row::new(values)))?;
        Ok(rows)
    }

    async fn execute(&mut self, sql: &'static str, params: &[Val]) -> Result<u64, DbError> {
        self.run(sql, params, drop)
    }

    async fn lock(&mut self, _: Lock) -> Result<(), DbError> {
        Ok(())
    }

    fn now(&self) -> Millis {
        self.now
    }

    fn bits(&mut self) -> u64 {
        self.world.bits()
    }

    fn run_id(&mut self) -> RunId {
        run_id(self.world)
    }

    fn ring(&mut self, ring: Ring) {
        if !self.rings.contains(&ring) {
            self.rings.push(ring);
        }
    }
}

/// The result of a body that never waits.
pub(crate) fn now_or_error<R>(body: impl Future<Output = Result<R, OpError>>) -> Result<R, OpError> {
    body.now_or_never().unwrap_or_else(|| Err(OpError::Db(DbError::Other("an operation waited".to_owned()))))
}
