//! What PostgreSQL's errors mean, and which of them are worth another try.

use std::error::Error as _;
use std::path::Path;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError as ServerError, SqlState};

use crate::error::DbError;
use crate::maintenance::seal::sealed_to;

/// Whether an operation that met an error is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It would meet it again.
    No,
    /// Others were in the way: a deadlock, or rows that changed.
    Contended,
    /// A key was taken meanwhile: whoever looks again sees whose it is.
    Taken,
    /// The connection is gone, and nothing was committed.
    Lost,
}

/// An error, and whether to try again.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: DbError,
    pub(super) again: Again,
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self { error, again: Again::No }
    }
}

impl Failure {
    /// The server does not answer.
    pub(super) fn lost(reason: impl Into<String>) -> Self {
        Self { error: DbError::Unreachable(reason.into()), again: Again::Lost }
    }
}

/// Translates an error of a statement on the board that is named `name` in messages.
pub(super) fn translate(name: &Path, error: &Error) -> Failure {
    match error.as_db_error() {
        Some(server) => of_server(name, server),
        None => of_client(error),
    }
}

/// One line: the message, with the detail where it says what the message does not.
fn told(server: &ServerError) -> String {
    let line = match server.detail() {
        Some(detail) if server.code().code().starts_with("23") => format!("{}: {detail}", server.message()),
        Some(_) | None => server.message().to_owned(),
    };
    line.replace('\n', " ")
}

fn of_server(name: &Path, server: &ServerError) -> Failure {
    let told = told(server);
    let code = server.code();
    let again = match code {
        code if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
            Again::Contended
        }
        code if *code == SqlState::UNIQUE_VIOLATION => Again::Taken,
        code if is_end(code) => Again::Lost,
        _ => Again::No,
    };
    let error = match code.code() {
        "40001" | "40P01" | "55P03" | "57014" => DbError::Contended(told),
        "42501" | "3D000" => DbError::Denied(told),
        "25006" => match sealed_to(&told) {
            Some(to) => DbError::Sealed { to },
            None => DbError::ReadOnly(told),
        },
        "53100" => DbError::Full,
        "53300" => DbError::Crowded(told),
        "42P01" | "3F000" => DbError::Missing(name.to_owned()),
        "XX001" | "XX002" => DbError::Corrupt { path: name.to_owned(), detail: told },
        "58030" => DbError::Io(told),
        state if state.starts_with("23") => DbError::Conflict(told),
        state if state.starts_with("28") => DbError::Denied(told),
        _ if again == Again::Lost => DbError::Unreachable(told),
        _ => DbError::Other(told),
    };
    Failure { error, again }
}

/// Whether the server has ended the connection, or is about to.
pub(super) fn is_end(code: &SqlState) -> bool {
    matches!(code.code(), "57P01" | "57P02" | "57P03" | "57P05" | "25P03") || code.code().starts_with("08")
}

fn of_client(error: &Error) -> Failure {
    let cause = error.source().map(ToString::to_string).unwrap_or_default().replace('\n', " ");
    if error.is_closed() {
        return Failure::lost("the connection was closed");
    }
    let what = error.to_string();
    let line = if cause.is_empty() || what.contains(&cause) { what } else { format!("{what}: {cause}") };
    if cause.contains("password missing") || line.contains("password missing") {
        return DbError::Denied(
            "it wants a password, and the URL and the password files have none".to_owned(),
        )
        .into();
    }
    let of_io = error.source().is_some_and(|source| source.is::<std::io::Error>());
    if of_io || line.starts_with("error connecting") || line.starts_with("error communicating") {
        return Failure::lost(line);
    }
    if line.contains("TLS") {
        return DbError::Unreachable(line).into();
    }
    DbError::Other(line).into()
}

/// Translates an error of the pool of connections.
pub(super) fn of_pool(name: &Path, error: &deadpool_postgres::PoolError) -> Failure {
    use deadpool_postgres::{PoolError, TimeoutType};
    match error {
        PoolError::Backend(error) => translate(name, error),
        PoolError::Timeout(TimeoutType::Wait) => {
            DbError::Contended("every connection of this process was in use".to_owned()).into()
        }
        PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => {
            Failure::lost("no connection in the time that connect_timeout allows")
        }
        PoolError::Closed => DbError::Closed.into(),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            DbError::Other("the pool of connections cannot work".to_owned()).into()
        }
    }
}
