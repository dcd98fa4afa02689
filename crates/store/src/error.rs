//! What can go wrong below the rules: the database itself. Refusals of the board are [`andon_core::task::Refusal`].

use std::path::PathBuf;

use andon_core::task::Refusal;
use thiserror::Error;

use crate::sql::events::NewEvent;

/// The database could not do it. Nothing of the operation has been applied, unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DbError {
    /// There is no database where the board's should be.
    #[error("the board's database {} is missing", .0.display())]
    Missing(PathBuf),
    /// A file of no bytes.
    #[error("the board's database {} is empty", .0.display())]
    Empty(PathBuf),
    /// Not a database, or not one of Andon's.
    #[error("{} is not a board of Andon: {detail}", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        detail: String,
    },
    /// Another board's database lies there.
    #[error("{} is another board's database: it says {found}, the board's folder expects {expected}", .path.display())]
    WrongIdentity {
        /// The file.
        path: PathBuf,
        /// What the folder expects.
        expected: String,
        /// What the database says.
        found: String,
    },
    /// Written by a newer Andon.
    #[error("{} has schema {found}; this andon knows up to {known}", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A migration that was applied is not the one that this binary has.
    #[error("schema {version} of the board was made by another text than this andon has")]
    ChangedMigration {
        /// Which.
        version: i64,
    },
    /// Damaged.
    #[error("the board's database {} is damaged: {detail}", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the database says.
        detail: String,
    },
    /// No right to write.
    #[error("the board's database cannot be written: {0}")]
    ReadOnly(String),
    /// No room on the disk.
    #[error("the disk is full: nothing was written")]
    Full,
    /// Others hold the lock for too long.
    #[error("the board is busy: others held its lock for {0} ms")]
    Busy(u64),
    /// A unique key, foreign key or check was violated.
    #[error("constraint: {0}")]
    Conflict(String),
    /// Others were in the way, and still were when it was tried again.
    #[error("the board is busy: {0}")]
    Contended(String),
    /// The database's URL cannot be used.
    #[error("the database URL cannot be used: {0}")]
    Url(String),
    /// The database server does not answer.
    #[error("the database server cannot be reached: {0}")]
    Unreachable(String),
    /// The database server does not let this user in, or not do this.
    #[error("the database server refuses: {0}")]
    Denied(String),
    /// The database server takes no more connections.
    #[error("the database server takes no more connections: {0}")]
    Crowded(String),
    /// The database server is too old.
    #[error("the database server is PostgreSQL {found}; {oldest} or later is needed")]
    TooOld {
        /// Its major version.
        found: i64,
        /// The oldest that is supported.
        oldest: i64,
    },
    /// The connection was lost at the commit. Either all of it was done or nothing.
    #[error("the connection was lost at the commit, so that nobody knows whether it was done: {0}")]
    OutcomeUnknown(String),
    /// Reading or writing failed.
    #[error("input or output failed: {0}")]
    Io(String),
    /// The board has moved, or moves at the moment: it can be read, and is written at its new place.
    #[error("the board is sealed: it has moved to {to}")]
    Sealed {
        /// Where it is now.
        to: String,
    },
    /// The board was closed while the operation waited.
    #[error("the board has been closed")]
    Closed,
    /// A row that cannot be: a bug or a hand-made change.
    #[error("{table} {id}: {detail}")]
    BadRow {
        /// Which table.
        table: &'static str,
        /// Which row.
        id: String,
        /// What is wrong.
        detail: String,
    },
    /// Anything else that the database says.
    #[error("database: {0}")]
    Other(String),
}

impl DbError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "database_missing",
            Self::Empty(_) => "database_empty",
            Self::Foreign { .. } => "database_foreign",
            Self::WrongIdentity { .. } => "database_identity",
            Self::Newer { .. } => "database_newer",
            Self::ChangedMigration { .. } => "database_migration",
            Self::Corrupt { .. } => "database_corrupt",
            Self::ReadOnly(_) => "database_read_only",
            Self::Full => "disk_full",
            Self::Busy(_) => "busy",
            Self::Conflict(_) => "conflict",
            Self::Contended(_) => "busy",
            Self::Url(_) => "database_url",
            Self::Unreachable(_) => "database_unreachable",
            Self::Denied(_) => "database_denied",
            Self::Crowded(_) => "database_crowded",
            Self::TooOld { .. } => "database_too_old",
            Self::OutcomeUnknown(_) => "outcome_unknown",
            Self::Io(_) => "database_io",
            Self::Sealed { .. } => "board_sealed",
            Self::Closed => "closed",
            Self::BadRow { .. } => "bad_row",
            Self::Other(_) => "database_error",
        }
    }

    /// Every code, each with its own page in `docs/errors`.
    pub const ALL_CODES: &'static [&'static str] = &[
        "database_missing",
        "database_empty",
        "database_foreign",
        "database_identity",
        "database_newer",
        "database_migration",
        "database_corrupt",
        "database_read_only",
        "disk_full",
        "busy",
        "conflict",
        "database_url",
        "database_unreachable",
        "database_denied",
        "database_crowded",
        "database_too_old",
        "outcome_unknown",
        "database_io",
        "board_sealed",
        "closed",
        "bad_row",
        "database_error",
    ];

    /// The way out.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing(_) | Self::Empty(_) => Some(
                "nothing is created in its place; `andon restore <backup>` brings a backup back, `andon doctor` looks closer",
            ),
            Self::Foreign { .. } | Self::WrongIdentity { .. } => {
                Some("put the right file back, or `andon restore <backup>`; `andon doctor` looks closer")
            }
            Self::Newer { .. } => Some("use the newer andon, or restore a backup that is older"),
            Self::ChangedMigration { .. } | Self::BadRow { .. } => Some("`andon doctor` looks closer"),
            Self::Corrupt { .. } => Some(
                "the file was left as it is; `andon doctor --recover <new file>` saves what can be read, `andon restore <backup>` brings a backup back",
            ),
            Self::ReadOnly(_) => {
                Some("check the owner and the rights of the board's folder and its file system")
            }
            Self::Full => Some("what was acknowledged is safe; make room and try again"),
            Self::Busy(_) => Some("try again; `andon doctor` shows who uses the board"),
            Self::Contended(_) => Some("try again"),
            Self::Url(_) => Some("it reads postgres://user@host:port/database?sslmode=verify-full"),
            Self::Unreachable(_) => {
                Some("check the host, the port and the network, and that the server runs")
            }
            Self::Denied(_) => Some("check the user, the password and the rights in the database"),
            Self::Crowded(_) => Some(
                "raise max_connections of the server, lower `connections` in the URL, or put a pooler in between",
            ),
            Self::TooOld { .. } => Some("upgrade the server"),
            Self::OutcomeUnknown(_) => Some("look whether it was done before it is asked again"),
            Self::Sealed { .. } => Some(
                "work on it there: set `database_url` in config.toml, or ANDON_DATABASE_URL, or ANDON_HOME",
            ),
            Self::Conflict(_) | Self::Io(_) | Self::Closed | Self::Other(_) => None,
        }
    }

    /// Whether the database itself must be looked at before anything else (the board is put into quarantine).
    #[must_use]
    pub const fn quarantines(&self) -> bool {
        matches!(
            self,
            Self::Missing(_)
                | Self::Empty(_)
                | Self::Foreign { .. }
                | Self::WrongIdentity { .. }
                | Self::Newer { .. }
                | Self::ChangedMigration { .. }
                | Self::Corrupt { .. }
                | Self::TooOld { .. }
                | Self::Sealed { .. }
        )
    }
}

/// Why an operation did not happen.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum OpError {
    /// The board's rules say no.
    #[error("{refusal}")]
    Refused {
        /// Why.
        refusal: Box<Refusal>,
        /// What is recorded all the same: the attempt of a stale run, phantom cards.
        audit: Vec<NewEvent>,
    },
    /// The database could not.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl OpError {
    /// The refusal, when it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            Self::Db(_) => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { refusal, .. } => refusal.code(),
            Self::Db(error) => error.code(),
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { refusal, .. } => refusal.hint(),
            Self::Db(error) => error.hint().map(str::to_owned),
        }
    }
}

impl From<Refusal> for OpError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal: Box::new(refusal), audit: Vec::new() }
    }
}
