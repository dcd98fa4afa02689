//! Why maintenance did not happen. Nothing has been lost then: each step leaves either the old state or the new one.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::board_file::BoardFileError;
use crate::error::{DbError, OpError};
use crate::home::HomeError;

/// Why maintenance did not happen.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum MaintenanceError {
    /// The home or the board's folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// An operation on the board.
    #[error(transparent)]
    Op(#[from] OpError),
    /// A file or folder cannot be read, written or moved.
    #[error("{}: {reason}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The target is there already.
    #[error("{} is there already", .0.display())]
    TargetExists(PathBuf),
    /// There is no backup, or it is damaged.
    #[error("{} is not a usable backup: {detail}", .path.display())]
    BadBackup {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A backup of another board.
    #[error("{} is a backup of another board than {board}: it says {found}, the board is {expected}", .path.display())]
    OtherBoard {
        /// The backup.
        path: PathBuf,
        /// The board.
        board: String,
        /// The board's identity.
        expected: String,
        /// The backup's.
        found: String,
    },
    /// Somebody works on the board.
    #[error("board {board} is in use: {what}")]
    InUse {
        /// Which board.
        board: String,
        /// By whom.
        what: String,
    },
    /// A file that should be a board of the reference is none.
    #[error("{} cannot be imported: {detail}", .path.display())]
    BadSource {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// What would be imported is on the board already.
    #[error("{count} task(s) of {} are on the board already, the first is {first}", .path.display())]
    AlreadyImported {
        /// The source.
        path: PathBuf,
        /// The first of them.
        first: String,
        /// How many.
        count: usize,
    },
    /// It is done with the file of a database, and the board is in a database server.
    #[error("{what} is for boards in files of their own; this one is in {place}")]
    FilesOnly {
        /// What was asked for.
        what: &'static str,
        /// Where the board is.
        place: String,
    },
    /// The same where a board moves, which takes no `--force`: nothing is replaced, and nothing that runs is cut off.
    #[error(transparent)]
    Moving(Box<MaintenanceError>),
    /// The process that copies files for this one failed.
    #[error("the copy of {} failed: {reason}", .path.display())]
    Copy {
        /// What was to be copied.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl MaintenanceError {
    /// Every code of its own, each with its own page in `docs/errors`; the others are those of what failed below.
    pub const ALL_CODES: &'static [&'static str] = &[
        "maintenance_io",
        "target_exists",
        "bad_backup",
        "other_board",
        "board_in_use",
        "bad_source",
        "already_imported",
        "copy_failed",
        "files_only",
    ];

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Home(HomeError::Refused(refusal)) => refusal.code(),
            Self::Home(HomeError::Db(error)) => error.code(),
            Self::Home(HomeError::File(_)) => "board_file",
            Self::Op(error) => error.code(),
            Self::Home(HomeError::Io { .. }) | Self::Io { .. } => "maintenance_io",
            Self::Moving(error) => error.code(),
            Self::TargetExists(_) => "target_exists",
            Self::BadBackup { .. } => "bad_backup",
            Self::OtherBoard { .. } => "other_board",
            Self::InUse { .. } => "board_in_use",
            Self::BadSource { .. } => "bad_source",
            Self::AlreadyImported { .. } => "already_imported",
            Self::Copy { .. } => "copy_failed",
            Self::FilesOnly { .. } => "files_only",
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Home(HomeError::Refused(refusal)) => return refusal.hint(),
            Self::Home(HomeError::Db(error)) => return error.hint().map(str::to_owned),
            Self::Op(error) => return error.hint(),
            Self::Moving(error) => match error.as_ref() {
                Self::TargetExists(_) => {
                    "choose another place, or put away the board that is there (`andon boards rm`)"
                }
                Self::InUse { .. } => {
                    "wait for its runs with `--wait`, or stop its dispatcher and its runs first (`andon pause --stop-running`)"
                }
                other => return other.hint(),
            },
            Self::TargetExists(_) => "choose another name, or replace it with `--force`",
            Self::BadBackup { .. } => {
                "a backup is the folder that `andon backup` made, or the `board.db` in it"
            }
            Self::OtherBoard { .. } => {
                "choose the board with `--board <name>`, or say `--force`: the backup's tasks then become this board's"
            }
            Self::InUse { .. } => {
                "stop its dispatcher and its runs first (`andon pause --stop-running`), or say `--force`: what runs is then \
                 fenced and stopped"
            }
            Self::BadSource { .. } => "name the `kanban.db` of the board to import; it is only read",
            Self::AlreadyImported { .. } => {
                "nothing was changed; import into a new board with `--board <name>`"
            }
            Self::FilesOnly { .. } => {
                "`andon backup` writes all of it into a folder; what the server cannot read any more its own tools bring back"
            }
            Self::Home(HomeError::File(_) | HomeError::Io { .. }) | Self::Io { .. } | Self::Copy { .. } => {
                return None;
            }
        };
        Some(text.to_owned())
    }

    /// The database's refusal, when it is one.
    #[must_use]
    pub const fn database(&self) -> Option<&DbError> {
        if let Self::Home(HomeError::Db(error)) | Self::Op(OpError::Db(error)) = self {
            return Some(error);
        }
        None
    }
}

impl From<DbError> for MaintenanceError {
    fn from(error: DbError) -> Self {
        Self::Op(OpError::Db(error))
    }
}

impl From<BoardFileError> for MaintenanceError {
    fn from(error: BoardFileError) -> Self {
        Self::Home(HomeError::File(error))
    }
}

/// An error of input or output at `path`.
pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> MaintenanceError + '_ {
    move |error| MaintenanceError::Io { path: path.to_owned(), reason: error.to_string() }
}
