//! What SQLite's errors mean.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use super::connection::BUSY_LIMIT_MS;
use crate::error::DbError;

/// Translates an error of a statement on the database at `path`.
pub(crate) fn translate(path: &Path, error: &Error) -> DbError {
    let Some(code) = error.sqlite_error_code() else {
        return DbError::Other(error.to_string());
    };
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
        ErrorCode::ConstraintViolation => DbError::Conflict(error.to_string()),
        ErrorCode::SystemIoFailure => DbError::Io(error.to_string()),
        _ => DbError::Other(error.to_string()),
    }
}
