//! What SQLite's errors mean.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use super::connection::BUSY_LIMIT_MS;
use crate::error::DbError;
use crate::maintenance::seal::sealed_to;

/// Translates an error of a statement on the database at `path`.
pub(crate) fn translate(path: &Path, error: &Error) -> DbError {
    let Some(code) = error.sqlite_error_code() else {
        return DbError::Other(error.to_string());
    };
    if is_full(path, code) {
        return DbError::Full;
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "SQLite's codes are not ours; the rest is told as it is"
    )]
    match code {
        ErrorCode::DatabaseCorrupt => DbError::Corrupt { path: path.to_owned(), detail: error.to_string() },
        ErrorCode::NotADatabase => {
            DbError::Foreign { path: path.to_owned(), detail: "it is not an SQLite database".to_owned() }
        }
        ErrorCode::DiskFull => DbError::Full,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => DbError::Busy(BUSY_LIMIT_MS),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
            DbError::ReadOnly(error.to_string())
        }
        ErrorCode::ConstraintViolation => {
            let told = error.to_string();
            sealed_to(&told).map_or(DbError::Conflict(told), |to| DbError::Sealed { to })
        }
        ErrorCode::SystemIoFailure => DbError::Io(error.to_string()),
        _ => DbError::Other(error.to_string()),
    }
}

/// Whether the disk is full, where SQLite itself cannot tell: the files beside a database that cannot grow or be made
/// are an I/O error or an unopened file to it.
fn is_full(path: &Path, code: ErrorCode) -> bool {
    if !matches!(code, ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) {
        return false;
    }
    let Some(Ok(disk)) = path.parent().map(rustix::fs::statvfs) else { return false };
    // One page of the shared index, and one name. File systems that count no names say 0 of 0.
    let no_room = disk.f_bfree.saturating_mul(disk.f_frsize) < 64 * 1_024;
    let no_name = disk.f_files > 0 && disk.f_ffree == 0;
    no_room || no_name
}
