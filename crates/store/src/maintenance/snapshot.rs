//! Consistent copies of databases, made by SQLite, and what is asked of a database before it is trusted.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::{MaintenanceError, io};
use crate::error::DbError;
use crate::migrate::SCHEMA;
use crate::sqlite::{APPLICATION_ID, translate};

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// Which board it is.
    pub(crate) identity: String,
    /// How often it has been restored.
    pub(crate) epoch: i64,
}

/// Opens a database to read it. It must be there: SQLite is not let create one.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| translate(path, &error))?;
    let waits = connection.busy_timeout(std::time::Duration::from_secs(30));
    waits.map_err(|error| translate(path, &error))?;
    Ok(connection)
}

/// Opens a database that nobody writes (on a read-only medium, or a copy of our own), whatever lies beside it.
pub(crate) fn open_unchanging(path: &Path) -> Result<Connection, DbError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri(path, "mode=ro&immutable=1"), flags)
        .map_err(|error| translate(path, &error))
}

fn uri(path: &Path, query: &str) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut text = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    format!("{text}?{query}")
}

/// Writes a consistent copy of what a connection sees into a new file, and waits until it is on the disk.
pub(crate) fn vacuum_into(source: &Connection, from: &Path, target: &Path) -> Result<(), MaintenanceError> {
    let name = target.to_str().ok_or_else(|| MaintenanceError::Io {
        path: target.to_owned(),
        reason: "the name is not text".to_owned(),
    })?;
    source.execute("vacuum into ?1", [name]).map_err(|error| translate(from, &error))?;
    // Nobody has this file open: it is new, and SQLite has closed it.
    std::fs::File::open(target).and_then(|file| file.sync_all()).map_err(io(target))
}

/// What a database says of itself, if it is a board that this binary knows.
///
/// # Errors
/// `Foreign`, `Newer`, or that it cannot be read.
pub(crate) fn label(connection: &Connection, path: &Path) -> Result<Label, DbError> {
    let fail = |error: rusqlite::Error| translate(path, &error);
    let number = |name: &str| -> Result<i64, DbError> {
        connection.query_row(&format!("pragma {name}"), [], |row| row.get(0)).map_err(fail)
    };
    if number("application_id")? != APPLICATION_ID {
        let detail = "it is another program's database".to_owned();
        return Err(DbError::Foreign { path: path.to_owned(), detail });
    }
    let found = number("user_version")?;
    if found > SCHEMA {
        return Err(DbError::Newer { path: path.to_owned(), found, known: SCHEMA });
    }
    let meta = |key: &str| -> Result<String, DbError> {
        connection.query_row("select value from meta where key = ?1", [key], |row| row.get(0)).map_err(fail)
    };
    Ok(Label { identity: meta("identity")?, epoch: meta("epoch")?.parse().unwrap_or(0) })
}

/// What `pragma integrity_check` and `foreign_key_check` find; nothing when all is well.
///
/// # Errors
/// When it cannot even be asked.
pub(crate) fn integrity(connection: &Connection, path: &Path) -> Result<Vec<String>, DbError> {
    let fail = |error: rusqlite::Error| translate(path, &error);
    let mut found = Vec::new();
    // Every row is looked up in every index, in the order of the table: with a small cache each look reads the disk.
    connection.execute_batch("pragma cache_size = -262144").map_err(fail)?;
    let mut statement = connection.prepare("pragma integrity_check(100)").map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let text: String = row.get(0).map_err(fail)?;
        if text != "ok" {
            found.push(text);
        }
    }
    let mut statement = connection.prepare("pragma foreign_key_check").map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let table: String = row.get(0).map_err(fail)?;
        let parent: String = row.get(2).map_err(fail)?;
        found.push(format!("a row of {table} names a row of {parent} that is not there"));
    }
    found.truncate(100);
    Ok(found)
}

/// `path` with `ending` added to its whole name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Waits until the names in a folder are on the disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), MaintenanceError> {
    std::fs::File::open(path).and_then(|folder| folder.sync_all()).map_err(io(path))
}

/// The folder that a path lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// A time for file names: `20260102T030405Z`.
pub(crate) fn stamp(at: andon_core::Millis) -> String {
    andon_core::context::rfc3339(at).chars().filter(|c| !matches!(c, '-' | ':')).collect()
}
