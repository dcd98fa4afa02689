//! Why a workspace could not be prepared or cleaned.

use std::{io, path::PathBuf};

/// What a failure means for the task that needed the workspace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureClass {
    /// What was asked for can never work: the request must be edited.
    Input,
    /// The host or the repository lacks something that a person must bring: trying again does not help.
    Capability,
    /// The attempt failed; another one may succeed.
    Spawn,
}

/// Why a workspace could not be prepared or cleaned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// The text is none of the forms of a workspace.
    #[error(
        "workspace {text:?} is unknown; use scratch, worktree, worktree:<absolute path> or dir:<absolute path>"
    )]
    UnknownWorkspace {
        /// What was given.
        text: String,
    },
    /// Relative paths would depend on who reads them.
    #[error("workspace path {path:?} is relative; give an absolute path")]
    RelativePath {
        /// What was given.
        path: PathBuf,
    },
    /// The path cannot be used.
    #[error("workspace path {path:?} cannot be used: {why}")]
    BadPath {
        /// What was given.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Neither the task nor the board names a directory.
    #[error(
        "the {kind} workspace of task {task} has no path; give {kind}:<absolute path>, or set the board's default workdir"
    )]
    NoPath {
        /// The kind of workspace.
        kind: &'static str,
        /// The task.
        task: String,
    },
    /// The name is no branch name of git.
    #[error("branch name {name:?} cannot be used: {why}")]
    BadBranch {
        /// What was given.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The id would not be safe in a path.
    #[error("{what} id {id:?} cannot name a workspace; ids have 1 to 64 letters, digits, `_` and `-`")]
    BadId {
        /// `task` or `run`.
        what: &'static str,
        /// What was given.
        id: String,
    },
    /// Something else is where the workspace would be.
    #[error("{path:?} cannot become the workspace: {why}")]
    PathOccupied {
        /// Where.
        path: PathBuf,
        /// What is there.
        why: String,
    },
    /// Another task works in that worktree, or its unsaved work is still there.
    #[error(
        "worktree {path:?} belongs to task {task}; give this task another path, or share a directory with dir:<path>"
    )]
    WorktreeShared {
        /// The worktree.
        path: PathBuf,
        /// Whose it is.
        task: String,
    },
    /// The branch is checked out elsewhere.
    #[error(
        "branch {branch:?} is checked out at {at:?}; give this task another branch, or remove that worktree"
    )]
    BranchInUse {
        /// The branch.
        branch: String,
        /// The worktree that has it.
        at: PathBuf,
    },
    /// Resetting the worktree would lose something that cannot be put on a side branch.
    #[error("worktree {path:?} cannot be reset without loss: {why}")]
    CannotClean {
        /// The worktree.
        path: PathBuf,
        /// What would be lost.
        why: String,
    },
    /// There is no `git` on this host.
    #[error("worktree workspaces need git, and none is on PATH; install git, or use scratch or dir:<path>")]
    GitMissing,
    /// Git does not accept the directory as a repository.
    #[error(
        "{path:?} is not a usable git repository ({said}); give worktree:<path of a repository>, or set the board's default workdir"
    )]
    NotARepository {
        /// The directory.
        path: PathBuf,
        /// What git said.
        said: String,
    },
    /// What the branch is to start from does not exist.
    #[error("{base:?} is no commit in {repo:?}; make a first commit there, or name an existing base")]
    NoCommit {
        /// The base, `HEAD` where none was given.
        base: String,
        /// The repository.
        repo: PathBuf,
    },
    /// Another process held the repository's lock for too long.
    #[error("{lock:?} was held by another process for {seconds} s; try again when it is done")]
    Busy {
        /// The lock file.
        lock: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// A git command did not end in time and was killed.
    #[error("`{command}` did not end within {seconds} s")]
    TimedOut {
        /// The command.
        command: String,
        /// The limit.
        seconds: u64,
    },
    /// A git command failed.
    #[error("`{command}` failed: {said}")]
    Git {
        /// The command.
        command: String,
        /// What it wrote to standard error.
        said: String,
    },
    /// The file system failed.
    #[error("cannot {action} {path:?}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl WorkspaceError {
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// What the failure means for the task.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::UnknownWorkspace { .. }
            | Self::RelativePath { .. }
            | Self::BadPath { .. }
            | Self::NoPath { .. }
            | Self::BadBranch { .. }
            | Self::BadId { .. } => FailureClass::Input,
            Self::GitMissing | Self::NotARepository { .. } | Self::NoCommit { .. } => {
                FailureClass::Capability
            }
            Self::PathOccupied { .. }
            | Self::WorktreeShared { .. }
            | Self::BranchInUse { .. }
            | Self::CannotClean { .. }
            | Self::Busy { .. }
            | Self::TimedOut { .. }
            | Self::Git { .. }
            | Self::Io { .. } => FailureClass::Spawn,
        }
    }

    /// A stable word for the kind of failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownWorkspace { .. } => "workspace_unknown",
            Self::RelativePath { .. } => "workspace_path_relative",
            Self::BadPath { .. } => "workspace_path_invalid",
            Self::NoPath { .. } => "workspace_path_missing",
            Self::BadBranch { .. } => "branch_invalid",
            Self::BadId { .. } => "workspace_id_invalid",
            Self::PathOccupied { .. } => "workspace_occupied",
            Self::WorktreeShared { .. } => "worktree_shared",
            Self::BranchInUse { .. } => "branch_in_use",
            Self::CannotClean { .. } => "worktree_not_cleanable",
            Self::GitMissing => "git_missing",
            Self::NotARepository { .. } => "not_a_repository",
            Self::NoCommit { .. } => "base_missing",
            Self::Busy { .. } => "repository_busy",
            Self::TimedOut { .. } => "git_timed_out",
            Self::Git { .. } => "git_failed",
            Self::Io { .. } => "workspace_io",
        }
    }
}
