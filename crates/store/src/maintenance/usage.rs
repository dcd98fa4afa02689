//! Who works on a board at the moment.

use std::path::Path;
use std::time::Duration;

use andon_core::why::DISPATCHER_SILENCE;
use rusqlite::{Connection, OpenFlags};

use super::error::MaintenanceError;
use super::snapshot::open_to_read;
use crate::sqlite::translate;
use crate::world::{Ambient, World as _};

/// What shows that somebody works on the board, in words: runs with a live lease, a dispatcher that was there lately,
/// a process that has the database open.
pub(crate) fn in_use(live: &Path) -> Result<Option<String>, MaintenanceError> {
    let fail = |error: rusqlite::Error| translate(live, &error);
    let connection = open_to_read(live)?;
    let now = Ambient.now().0;
    let held: i64 = connection
        .query_row(
            "select count(*) from runs join leases on leases.run_id = runs.id \
             where runs.reaped_at is null and leases.expires_at > ?1",
            [now],
            |row| row.get(0),
        )
        .map_err(fail)?;
    let seen: Option<i64> =
        connection.query_row("select max(last_seen) from hosts", [], |row| row.get(0)).map_err(fail)?;
    drop(connection);
    Ok(if held > 0 {
        Some(format!("{held} run(s) of it are alive"))
    } else if !sole(live) {
        let dispatcher = seen.is_some_and(|seen| now.saturating_sub(seen) < DISPATCHER_SILENCE);
        let who = if dispatcher { "a dispatcher or another process" } else { "another process" };
        Some(format!("{who} has its database open"))
    } else {
        None
    })
}

/// Whether nobody else has the database open: SQLite can have it for itself.
pub(crate) fn sole(live: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(connection) = Connection::open_with_flags(live, flags) else { return true };
    let _ = connection.busy_timeout(Duration::from_millis(200));
    let tried = connection.execute_batch(
        "pragma locking_mode = exclusive; begin exclusive; select count(*) from sqlite_schema; rollback;",
    );
    let busy = tried.is_err_and(|error| {
        matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
        )
    });
    let _ = connection.execute_batch("pragma locking_mode = normal; select count(*) from sqlite_schema;");
    !busy
}
