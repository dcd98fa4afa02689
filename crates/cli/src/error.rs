//! Why a command failed: what happened, its stable code, the way out, and the exit code.

use std::path::{Path, PathBuf};

use andon_agent::planner::PlanFailure;
use andon_core::task::Refusal;
use andon_engine::config::{ConfigError, Problems};
use andon_engine::dispatcher::DispatchError;
use andon_engine::profile::ProfileError;
use andon_engine::settings::{HomeProblem, SettingsError};
use andon_engine::workspace::{FailureClass, WorkspaceError};
use andon_store::maintenance::MaintenanceError;
use andon_store::{BoardFileError, DbError, HomeError, OpError};
use thiserror::Error;

use crate::exit::ExitCode;

/// Why a command failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The command line makes no sense.
    #[error("{message}")]
    Usage {
        /// What is wrong, naming the value.
        message: String,
        /// What would be right.
        hint: Option<String>,
    },
    /// A text that should name something cannot.
    #[error("{0}")]
    BadId(#[from] andon_core::id::InvalidId),
    /// This process says that it is a worker, and cannot be one.
    #[error("{0}")]
    BrokenIdentity(String),
    /// The board says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database says no.
    #[error(transparent)]
    Db(#[from] DbError),
    /// `board.toml` cannot be used.
    #[error(transparent)]
    Board(#[from] BoardFileError),
    /// The limits in `board.toml` are wrong.
    #[error("{0}")]
    Limits(Problems),
    /// `config.toml` or an override cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A workspace or branch cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The dispatcher cannot work.
    #[error(transparent)]
    Dispatch(DispatchError),
    /// A backup, restore, import or recovery cannot be.
    #[error(transparent)]
    Maintenance(MaintenanceError),
    /// A model could not plan.
    #[error(transparent)]
    Plan(PlanFailure),
    /// A file cannot be read or written.
    #[error("{}: {reason}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Something that is not there, other than what the board refuses by itself.
    #[error("{message}")]
    NotFound {
        /// What was looked for.
        message: String,
        /// The way out.
        hint: Option<String>,
    },
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        match error {
            OpError::Refused { refusal, .. } => Self::Refused(*refusal),
            OpError::Db(error) => Self::Db(error),
        }
    }
}

impl From<PlanFailure> for Failure {
    fn from(failure: PlanFailure) -> Self {
        match failure {
            PlanFailure::Board(error) => error.into(),
            other => Self::Plan(other),
        }
    }
}

impl From<DispatchError> for Failure {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Home(error) => error.into(),
            DispatchError::Config(error) | DispatchError::Settings(SettingsError::Config(error)) => {
                error.into()
            }
            DispatchError::Settings(SettingsError::Board(error)) => error.into(),
            DispatchError::Op(error) => error.into(),
            other @ (DispatchError::Settings(SettingsError::Limits(_)) | DispatchError::Io { .. }) => {
                Self::Dispatch(other)
            }
        }
    }
}

impl From<HomeProblem> for Failure {
    fn from(problem: HomeProblem) -> Self {
        match problem {
            HomeProblem::Config(error) => error.into(),
            HomeProblem::Db(error) => error.into(),
        }
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Refused(refusal) => Self::Refused(refusal),
            HomeError::Db(error) => Self::Db(error),
            HomeError::File(error) => Self::Board(error),
            HomeError::Io { path, reason } => Self::File { path, reason },
        }
    }
}

impl From<MaintenanceError> for Failure {
    fn from(error: MaintenanceError) -> Self {
        match error {
            MaintenanceError::Home(error) => error.into(),
            MaintenanceError::Op(error) => error.into(),
            other => Self::Maintenance(other),
        }
    }
}

impl Failure {
    /// The database's refusal, when it is one.
    pub(crate) const fn database(&self) -> Option<&DbError> {
        if let Self::Db(error) = self { Some(error) } else { None }
    }

    /// Wrong usage, with what would be right.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// A file that failed.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self::File { path: path.to_owned(), reason: error.to_string() }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::BadId(error) => match error.what {
                "task id" => "unknown_task",
                "run id" => "unknown_run",
                "board name" => "unknown_board",
                _ => "unknown_profile",
            },
            Self::BrokenIdentity(_) => "stale_run",
            Self::Refused(refusal) => refusal.code(),
            Self::Db(error) => error.code(),
            Self::Board(BoardFileError::Io { .. }) => "board_file_io",
            Self::Board(BoardFileError::Malformed { .. }) => "board_file_malformed",
            Self::Limits(_) => "board_file_malformed",
            Self::Config(error) => error.code(),
            Self::Profile(error) => error.code(),
            Self::Workspace(error) => error.code(),
            Self::Maintenance(error) => error.code(),
            Self::Plan(failure) => failure.code(),
            Self::File { .. } => "file_io",
            Self::Dispatch(DispatchError::Settings(_)) => "board_file_malformed",
            Self::Dispatch(_) => "dispatch_io",
            Self::NotFound { .. } => "not_found",
        }
    }

    /// The way out.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::NotFound { hint, .. } => hint.clone(),
            Self::BadId(error) if error.what == "task id" => {
                Some("`andon list` shows the tasks of this board".to_owned())
            }
            Self::BadId(_) => None,
            Self::BrokenIdentity(_) => Some(
                "a worker is known by ANDON_TASK, ANDON_RUN and ANDON_RUN_TOKEN together; unset them to act as a person"
                    .to_owned(),
            ),
            Self::Refused(refusal) => refusal.hint(),
            Self::Db(error) => error.hint().map(str::to_owned),
            Self::Board(_) | Self::Limits(_) | Self::Config(_) => {
                Some("mend the file or variable that is named; nothing was changed".to_owned())
            }
            Self::Maintenance(error) => error.hint(),
            Self::Profile(ProfileError::Unknown { .. }) => Some("`andon profile list` shows them".to_owned()),
            Self::Profile(_) | Self::Workspace(_) | Self::Dispatch(_) | Self::Plan(_) | Self::File { .. } => None,
        }
    }

    /// How the command ends with it.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Usage { .. } => ExitCode::Usage,
            Self::BadId(_) | Self::NotFound { .. } => ExitCode::UnknownId,
            Self::BrokenIdentity(_) => ExitCode::Refused,
            Self::Refused(refusal) if refusal.is_unknown_id() => ExitCode::UnknownId,
            Self::Refused(_) | Self::Plan(_) => ExitCode::Refused,
            Self::Db(error) => database(error),
            Self::Board(_) | Self::Limits(_) | Self::Config(_) | Self::Dispatch(_) | Self::File { .. } => {
                ExitCode::Database
            }
            Self::Profile(error) => profile(error),
            Self::Workspace(error) => workspace(error),
            Self::Maintenance(
                MaintenanceError::TargetExists(_)
                | MaintenanceError::OtherBoard { .. }
                | MaintenanceError::InUse { .. }
                | MaintenanceError::Moving(_)
                | MaintenanceError::AlreadyImported { .. },
            ) => ExitCode::Refused,
            Self::Maintenance(_) => ExitCode::Database,
        }
    }
}

const fn database(error: &DbError) -> ExitCode {
    match error {
        DbError::Busy(_) | DbError::Contended(_) => ExitCode::Busy,
        _ => ExitCode::Database,
    }
}

const fn profile(error: &ProfileError) -> ExitCode {
    match error {
        ProfileError::Unknown { .. } => ExitCode::UnknownId,
        ProfileError::BadName { .. } => ExitCode::Usage,
        ProfileError::File(_) | ProfileError::Io { .. } => ExitCode::Database,
        ProfileError::Broken { .. }
        | ProfileError::Exists { .. }
        | ProfileError::Unfinished { .. }
        | ProfileError::BadFolder { .. }
        | ProfileError::Invalid(_)
        | ProfileError::MissingSkill { .. }
        | ProfileError::BadPackage { .. } => ExitCode::Refused,
    }
}

fn workspace(error: &WorkspaceError) -> ExitCode {
    match error.class() {
        FailureClass::Input => ExitCode::Usage,
        FailureClass::Capability | FailureClass::Spawn => ExitCode::Refused,
    }
}
