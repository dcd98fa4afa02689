//! Reading the reference's database: whatever columns it has, whatever its cells hold.

use std::collections::BTreeMap;
use std::path::Path;

use andon_core::Millis;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::error::MaintenanceError;
use super::super::snapshot::{beside, open_to_read, open_unchanging};

/// A row: its cells by the name of their column.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells(BTreeMap<String, Value>);

/// The reference's tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    pub(super) tasks: Vec<Cells>,
    pub(super) links: Vec<Cells>,
    pub(super) runs: Vec<Cells>,
    pub(super) events: Vec<Cells>,
    pub(super) comments: Vec<Cells>,
    pub(super) attachments: Vec<Cells>,
}

/// Reads everything in one read transaction.
pub(super) fn read(path: &Path) -> Result<Source, MaintenanceError> {
    let bad = |detail: String| MaintenanceError::BadSource { path: path.to_owned(), detail };
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => return Err(bad("it is not a file".to_owned())),
        Ok(meta) if meta.len() == 0 => return Err(bad("it is empty".to_owned())),
        Ok(_) => {}
        Err(error) => return Err(bad(error.to_string())),
    }
    // Without a log or journal nobody is writing, and not even a lock is needed.
    let quiet = !beside(path, "-wal").exists() && !beside(path, "-journal").exists();
    let connection = if quiet { open_unchanging(path) } else { open_to_read(path) };
    let connection = connection.map_err(|error| bad(error.to_string()))?;
    let fail = |error: rusqlite::Error| bad(error.to_string());
    connection.execute_batch("pragma query_only = 1; begin").map_err(fail)?;
    let columns = columns(&connection, "tasks").map_err(fail)?;
    for needed in ["id", "title", "status"] {
        if !columns.iter().any(|column| column == needed) {
            return Err(bad(format!("it has no table of tasks with a column {needed}")));
        }
    }
    let table = |name: &'static str| rows(&connection, name).map_err(fail);
    Ok(Source {
        tasks: table("tasks")?,
        links: table("task_links")?,
        runs: table("task_runs")?,
        events: table("task_events")?,
        comments: table("task_comments")?,
        attachments: table("task_attachments")?,
    })
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("select name from pragma_table_info(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// The rows of a table in the order in which they were written; a table that is not there has none.
fn rows(connection: &Connection, table: &'static str) -> rusqlite::Result<Vec<Cells>> {
    if columns(connection, table)?.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = connection
        .prepare(&format!("select * from {table} order by rowid"))
        .or_else(|_| connection.prepare(&format!("select * from {table}")))?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let mut read = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            // Text that is no UTF-8 is text all the same.
            let value = match row.get_ref(index)? {
                rusqlite::types::ValueRef::Text(bytes) => {
                    Value::Text(String::from_utf8_lossy(bytes).into_owned())
                }
                rusqlite::types::ValueRef::Null => Value::Null,
                rusqlite::types::ValueRef::Integer(number) => Value::Integer(number),
                rusqlite::types::ValueRef::Real(number) => Value::Real(number),
                rusqlite::types::ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
            };
            cells.insert(name.clone(), value);
        }
        read.push(Cells(cells));
    }
    Ok(read)
}

impl Cells {
    /// A cell as text; numbers are written out, nulls and blobs of no text are none. NULs go.
    pub(super) fn text(&self, column: &str) -> Option<String> {
        let text = match self.0.get(column)? {
            Value::Null => return None,
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        };
        Some(if text.contains('\0') { text.replace('\0', "") } else { text })
    }

    /// Text that says something.
    pub(super) fn word(&self, column: &str) -> Option<String> {
        self.text(column).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A whole number, also from text or a float; garbage is none.
    pub(super) fn number(&self, column: &str) -> Option<i64> {
        match self.0.get(column)? {
            Value::Integer(number) => Some(*number),
            Value::Real(number) => whole(*number),
            Value::Text(text) => {
                text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(whole))
            }
            Value::Null | Value::Blob(_) => None,
        }
    }

    /// A time, from seconds, text or a float (DM-77); garbage is none.
    pub(super) fn time(&self, column: &str) -> Option<Millis> {
        match self.0.get(column)? {
            Value::Integer(number) => from_epoch(*number as f64),
            Value::Real(number) => from_epoch(*number),
            Value::Text(text) => {
                let text = text.trim();
                let number = text.parse::<f64>().ok().and_then(from_epoch);
                number.or_else(|| from_words(text))
            }
            Value::Null | Value::Blob(_) => None,
        }
    }

    /// JSON; text that is none is null (DM-76).
    pub(super) fn json(&self, column: &str) -> serde_json::Value {
        self.text(column).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(serde_json::Value::Null)
    }

    /// The first of several columns that is there: columns were renamed (DM-72).
    pub(super) fn first_number(&self, columns: &[&str]) -> Option<i64> {
        columns.iter().find_map(|column| self.number(column))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (number.is_finite() && number.abs() < 9.0e18).then_some(number as i64)
}

/// Seconds since 1970, or milliseconds where seconds would lie beyond the year 5000.
fn from_epoch(number: f64) -> Option<Millis> {
    if !(0.0..=1.0e14).contains(&number) {
        return None;
    }
    let millis = if number >= 1.0e11 { number } else { number * 1_000.0 };
    whole(millis).map(Millis)
}

fn from_words(text: &str) -> Option<Millis> {
    let stamp = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })?;
    Some(Millis(stamp.as_millisecond())).filter(|at| at.0 >= 0)
}
