//! Opening a database: what is checked, which pragmas, how long a lock is waited for.
//!
//! No descriptor of a live database is ever opened except by SQLite: closing one would cancel every POSIX lock that this
//! process holds on the file. Existence and size are asked by `stat` alone.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::translate;
use crate::error::DbError;
use crate::migrate::{Dialect, SCHEMA, migrations};
use crate::world::World;

/// Longest wait for another process's lock, milliseconds.
pub(crate) const BUSY_LIMIT_MS: u64 = 30_000;

/// Pages of the log after which it is checkpointed, by a process that may end after one commit.
const SHORT_LOG: i32 = 100;

/// The same by one that has been at it for a while: it is there to look after the log when it has grown longer. Much longer
/// logs cost more than they save: SQLite finds a page's place in them by walking over all its older versions.
const LONG_LOG: i32 = 2_000;

/// Commits of one connection that are a while.
const A_WHILE: u32 = 64;

/// "ANDN": says whose database it is.
pub(crate) const APPLICATION_ID: i64 = 0x414e_444e;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// One transaction, then gone; checkpoints when it is alone.
    Short,
    /// A long-lived process's writer.
    Writer,
    /// A reader: `query_only`.
    Reader,
}

/// Opens an existing board's database.
///
/// # Errors
/// `Missing`, `Empty`, `Foreign`, `WrongIdentity`, `Newer`, `Corrupt`, `ReadOnly`; nothing is created or changed, except
/// that an older schema is migrated.
pub(crate) fn open(
    path: &Path,
    identity: Option<&str>,
    flavour: Flavour,
    world: &dyn World,
) -> Result<Connection, DbError> {
    assert_library();
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() == 0 => return Err(DbError::Empty(path.to_owned())),
        Ok(meta) if !meta.is_file() => {
            return Err(DbError::Foreign { path: path.to_owned(), detail: "it is not a file".to_owned() });
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(DbError::Missing(path.to_owned()));
        }
        Err(error) => return Err(DbError::Io(format!("{}: {error}", path.display()))),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|e| translate(path, &e))?;
    prepare(&mut connection, flavour).map_err(|e| translate(path, &e))?;
    check(&mut connection, path, identity, world)?;
    Ok(connection)
}

/// Creates a board's database where none is; two racing creators both succeed with the same one.
///
/// # Errors
/// As [`open`].
pub(crate) fn create(path: &Path, identity: &str, world: &dyn World) -> Result<(), DbError> {
    assert_library();
    let mut connection = Connection::open(path).map_err(|e| translate(path, &e))?;
    prepare(&mut connection, Flavour::Short).map_err(|e| translate(path, &e))?;
    let mode: String = connection
        .query_row("pragma journal_mode = wal", [], |row| row.get(0))
        .map_err(|e| translate(path, &e))?;
    if mode != "wal" {
        tracing::warn!(path = %path.display(), mode, "write-ahead logging is not to be had here: this board is for one host");
    }
    migrate(&mut connection, path, Some(identity), world)
}

fn prepare(connection: &mut Connection, flavour: Flavour) -> rusqlite::Result<()> {
    connection.busy_handler(Some(busy))?;
    connection.set_prepared_statement_cache_capacity(160);
    // Plans that peek at bound values are made anew at every binding, which costs more than most statements do.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let limit = if flavour == Flavour::Writer { LONG_LOG } else { SHORT_LOG };
    let cache = if flavour == Flavour::Short { -512 } else { -8_192 };
    let query_only = i32::from(flavour == Flavour::Reader);
    connection.execute_batch(&format!(
        "pragma synchronous = full; pragma foreign_keys = on; pragma cell_size_check = on; \
         pragma cache_size = {cache}; pragma temp_store = memory; \
         pragma journal_size_limit = 16777216; pragma query_only = {query_only};"
    ))?;
    checkpoint_every(connection, limit)
}

/// Checkpoints when the log has grown by `limit` pages. SQLite's own rule checkpoints after *every* commit once the log is
/// longer than its limit, which it stays while several processes write: two more waits for the disk in each commit.
fn checkpoint_every(connection: &mut Connection, limit: i32) -> rusqlite::Result<()> {
    let mut seen: Option<i32> = None;
    let mut commits = 0_u32;
    connection.wal_hook(Some(move |wal: &mut Wal, pages: i32| {
        commits = commits.saturating_add(1);
        let limit = if commits > A_WHILE { LONG_LOG } else { limit };
        let due = match seen {
            Some(seen) => pages / limit > seen / limit || (pages < seen && pages >= limit),
            // A process of one commit cannot tell by how much the log has grown: one in eight looks after it.
            None => pages >= limit && rand::random_ratio(1, 8),
        };
        seen = Some(pages);
        if due {
            // The commit stands whatever comes of this; somebody else may be at it.
            let _ = wal.checkpoint();
        }
        Ok(())
    }))
}

/// Waits at random, 20 to 300 µs at first and up to 1.7 ms after a while: SQLite's own handler backs off to 100 ms and
/// starves writers; a lock is mostly held for less than a millisecond.
fn busy(tries: i32) -> bool {
    use rand::Rng as _;
    let tries = u64::try_from(tries).unwrap_or(0);
    if tries >= BUSY_LIMIT_MS {
        return false;
    }
    let longest = if tries < 40 { 300 } else { 1_700 };
    let micros = rand::rng().random_range(20..longest);
    #[expect(clippy::disallowed_methods, reason = "a busy handler can only wait by sleeping")]
    std::thread::sleep(Duration::from_micros(micros));
    true
}

/// Older libraries can corrupt a write-ahead log that several connections checkpoint.
fn assert_library() {
    assert!(
        rusqlite::version_number() >= 3_051_003,
        "this andon was built with SQLite {}, which can damage databases; at least 3.51.3 is needed",
        rusqlite::version()
    );
}

fn check(
    connection: &mut Connection,
    path: &Path,
    identity: Option<&str>,
    world: &dyn World,
) -> Result<(), DbError> {
    let pragma = |connection: &Connection, name: &str| -> Result<i64, DbError> {
        connection.query_row(&format!("pragma {name}"), [], |row| row.get(0)).map_err(|e| translate(path, &e))
    };
    if pragma(connection, "application_id")? != APPLICATION_ID {
        return Err(DbError::Foreign {
            path: path.to_owned(),
            detail: "it is another program's database".to_owned(),
        });
    }
    let found = pragma(connection, "user_version")?;
    if found > SCHEMA {
        return Err(DbError::Newer { path: path.to_owned(), found, known: SCHEMA });
    }
    if found < SCHEMA {
        migrate(connection, path, None, world)?;
    }
    // A damaged board is refused before anything is written to the parts of it that are whole.
    let roots = "select (select title from tasks limit 1), (select attempt from runs limit 1), (select kind from events limit 1)";
    connection.query_row(roots, [], |_| Ok(())).map_err(|e| translate(path, &e))?;
    let Some(expected) = identity else { return Ok(()) };
    let found: String = connection
        .query_row("select value from meta where key = 'identity'", [], |row| row.get(0))
        .map_err(|e| translate(path, &e))?;
    if found == expected {
        Ok(())
    } else {
        Err(DbError::WrongIdentity { path: path.to_owned(), expected: expected.to_owned(), found })
    }
}

/// Brings the schema up to date in one transaction; the lock comes first, so that racing openers wait for each other.
fn migrate(
    connection: &mut Connection,
    path: &Path,
    identity: Option<&str>,
    world: &dyn World,
) -> Result<(), DbError> {
    let fail = |error: rusqlite::Error| translate(path, &error);
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    tx.execute_batch(
        "create table if not exists migrations (version integer primary key, name text not null, \
         sha256 text not null, applied_at integer not null) strict",
    )
    .map_err(fail)?;
    let mut applied = std::collections::BTreeMap::new();
    {
        let mut statement = tx.prepare("select version, sha256 from migrations").map_err(fail)?;
        let mut rows = statement.query([]).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            applied.insert(row.get::<_, i64>(0).map_err(fail)?, row.get::<_, String>(1).map_err(fail)?);
        }
    }
    for migration in migrations(Dialect::Sqlite) {
        match applied.get(&migration.version) {
            Some(sha256) if *sha256 == migration.sha256 => {}
            Some(_) => return Err(DbError::ChangedMigration { version: migration.version }),
            None => {
                tx.execute_batch(&migration.sql).map_err(fail)?;
                tx.execute(
                    "insert into migrations (version, name, sha256, applied_at) values (?1, ?2, ?3, ?4)",
                    rusqlite::params![migration.version, migration.name, migration.sha256, world.now().0],
                )
                .map_err(fail)?;
            }
        }
    }
    if let Some(identity) = identity {
        tx.execute("insert or ignore into meta (key, value) values ('identity', ?1)", [identity])
            .map_err(fail)?;
        tx.execute("insert or ignore into meta (key, value) values ('epoch', '0')", []).map_err(fail)?;
    }
    tx.execute_batch(&format!("pragma application_id = {APPLICATION_ID}; pragma user_version = {SCHEMA};"))
        .map_err(fail)?;
    tx.commit().map_err(fail)
}
