//! All rows of a board, from one engine to the other: ids, event numbers and order stay what they are.
//!
//! The form in between is a SQLite database of the schema that this binary knows, which is what a backup of any board is.
//! Which tables and columns there are is read from it, so that a new column is carried without a word here.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, Value as Cell, ValueRef};

use crate::error::{DbError, OpError};
use crate::sqlite::translate;
use crate::tx::{Operation, Tx, first};
use crate::value::Val;

/// Rows that are asked for, or written, before the other side is waited for.
const PAGE: usize = 500;

/// A table that is carried, with its statements.
#[derive(Debug)]
pub(crate) struct Table {
    name: String,
    columns: Vec<String>,
    /// Places of the primary key's columns among them, in the key's order.
    key: Vec<usize>,
    first_page: &'static str,
    next_page: &'static str,
    insert: &'static str,
}

impl Table {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// The tables of a database, those that others refer to first. The migrations are the target's own.
///
/// # Errors
/// Of the database.
pub(crate) fn tables(connection: &Connection, path: &Path) -> Result<Arc<[Table]>, DbError> {
    let fail = |error: rusqlite::Error| translate(path, &error);
    let mut names = connection
        .prepare(
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' \
             and name <> 'migrations' order by name <> 'tasks', name <> 'runs', name",
        )
        .map_err(fail)?;
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(fail)?;
    names.into_iter().map(|name| table(connection, name).map_err(fail)).collect()
}

fn table(connection: &Connection, name: String) -> rusqlite::Result<Table> {
    let mut info = connection.prepare("select name, pk from pragma_table_info(?1) order by cid")?;
    let found: Vec<(String, usize)> = info
        .query_map([&name], |row| Ok((row.get(0)?, usize::try_from(row.get::<_, i64>(1)?).unwrap_or(0))))?
        .collect::<rusqlite::Result<_>>()?;
    let mut key: Vec<(usize, usize)> = found
        .iter()
        .enumerate()
        .filter(|(_, (_, place))| *place > 0)
        .map(|(at, (_, place))| (*place, at))
        .collect();
    key.sort_unstable();
    let key: Vec<usize> = key.into_iter().map(|(_, at)| at).collect();
    let columns: Vec<String> = found.into_iter().map(|(column, _)| column).collect();
    let list = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let keys = key
        .iter()
        .filter_map(|at| columns.get(*at))
        .map(|column| format!("\"{column}\""))
        .collect::<Vec<_>>();
    let (keys, places) = (keys.join(", "), numbered(key.len()));
    // Few, and kept for the life of a process that copies one board.
    let kept = |sql: String| -> &'static str { Box::leak(sql.into_boxed_str()) };
    Ok(Table {
        first_page: kept(format!("select {list} from {name} order by {keys} limit {PAGE}")),
        next_page: kept(format!(
            "select {list} from {name} where ({keys}) > ({places}) order by {keys} limit {PAGE}"
        )),
        insert: kept(format!("insert into {name} ({list}) values ({})", numbered(columns.len()))),
        name,
        columns,
        key,
    })
}

fn numbered(count: usize) -> String {
    (1..=count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// Reads a whole board at one moment into an empty database of ours.
#[derive(Clone)]
pub(crate) struct ReadAll {
    pub(crate) tables: Arc<[Table]>,
    pub(crate) target: Arc<Mutex<Connection>>,
    pub(crate) path: PathBuf,
}

impl Operation for ReadAll {
    type Reply = ();
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        // It may run again: what an attempt before this one has written goes first.
        self.batch("pragma foreign_keys = off; begin immediate")?;
        let read = self.read(tx).await;
        match &read {
            Ok(()) => self.batch("commit")?,
            Err(_) => self.batch("rollback")?,
        }
        read
    }
}

impl ReadAll {
    fn batch(&self, sql: &str) -> Result<(), DbError> {
        let connection = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute_batch(sql).map_err(|error| translate(&self.path, &error))
    }

    async fn read<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        for table in self.tables.iter() {
            self.batch(&format!("delete from {}", table.name))?;
            let mut rows = tx.query(table.first_page, &[]).await?;
            loop {
                let full = rows.len() == PAGE;
                let last = self.write(table, rows)?;
                if !full {
                    break;
                }
                rows = tx.query(table.next_page, &last).await?;
            }
        }
        Ok(())
    }

    /// Writes rows; gives the key of the last one.
    fn write(&self, table: &Table, rows: Vec<crate::value::Row>) -> Result<Vec<Val>, DbError> {
        let fail = |error: rusqlite::Error| translate(&self.path, &error);
        let connection = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        let mut insert = connection.prepare_cached(&table.insert.replace('$', "?")).map_err(fail)?;
        let mut last = Vec::new();
        for row in rows {
            let values = row.into_values();
            for (index, value) in values.iter().enumerate() {
                insert.raw_bind_parameter(index + 1, Bound(value)).map_err(fail)?;
            }
            insert.raw_execute().map_err(fail)?;
            last = table.key.iter().filter_map(|at| values.get(*at)).cloned().collect();
        }
        Ok(last)
    }
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

/// Writes a whole database of ours into a board that has no rows but its own `meta`, which stays as it is.
#[derive(Clone)]
pub(crate) struct WriteAll {
    pub(crate) tables: Arc<[Table]>,
    pub(crate) source: Arc<Mutex<Connection>>,
    pub(crate) path: PathBuf,
}

impl Operation for WriteAll {
    type Reply = u64;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<u64, OpError> {
        let mut count = 0;
        for table in self.tables.iter().filter(|table| table.name != "meta") {
            if first(tx, table.first_page, &[]).await?.is_some() {
                return Err(DbError::Conflict(format!("the board has rows in {} already", table.name)).into());
            }
            let mut after: Vec<Val> = Vec::new();
            loop {
                let rows = self.page(table, &after)?;
                let full = rows.len() == PAGE;
                count += rows.len() as u64;
                for values in &rows {
                    tx.write(table.insert, values).await?;
                }
                let Some(last) = rows.last().filter(|_| full) else { break };
                after = table.key.iter().filter_map(|at| last.get(*at)).cloned().collect();
                // What has been sent is answered before more of it is: it need not all fit into memory.
                first(tx, "select 1", &[]).await?;
            }
        }
        Ok(count)
    }
}

impl WriteAll {
    fn page(&self, table: &Table, after: &[Val]) -> Result<Vec<Vec<Val>>, DbError> {
        let fail = |error: rusqlite::Error| translate(&self.path, &error);
        let connection = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = if after.is_empty() { table.first_page } else { table.next_page };
        let mut statement = connection.prepare_cached(&sql.replace('$', "?")).map_err(fail)?;
        for (index, value) in after.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, Bound(value)).map_err(fail)?;
        }
        let mut rows = statement.raw_query();
        let mut page = Vec::new();
        while let Some(row) = rows.next().map_err(fail)? {
            let mut values = Vec::with_capacity(table.columns.len());
            for column in 0..table.columns.len() {
                values.push(match row.get(column).map_err(fail)? {
                    Cell::Null => Val::Null,
                    Cell::Integer(value) => Val::Int(value),
                    #[expect(clippy::cast_possible_truncation, reason = "no column of ours is real")]
                    Cell::Real(value) => Val::Int(value as i64),
                    // A NUL character cannot be stored by the other engine, and nothing of ours takes one in.
                    Cell::Text(text) => Val::Text(text.replace('\0', "\u{fffd}")),
                    Cell::Blob(bytes) => Val::Text(String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}")),
                });
            }
            page.push(values);
        }
        Ok(page)
    }
}
