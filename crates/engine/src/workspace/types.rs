//! What callers say and hear, and the two entry points.

use std::path::PathBuf;

use super::{error::WorkspaceError, name, removal, scratch, worktree};

/// The kinds of workspace.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// A private directory of the board, removed when its task has ended.
    Scratch,
    /// A directory of its owner: made when missing, never cleaned, never removed.
    Dir,
    /// A git worktree on a branch of its own.
    Worktree,
}

impl Kind {
    /// The word that names the kind in `--workspace`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scratch => "scratch",
            Self::Dir => "dir",
            Self::Worktree => "worktree",
        }
    }
}

/// What a run needs to work in.
#[derive(Clone, Debug)]
pub struct Request {
    /// The kind of workspace.
    pub kind: Kind,
    /// An explicit, absolute path. For a worktree: where to make it, or the main checkout of the repository that it
    /// is made of (any directory inside it does).
    pub path: Option<PathBuf>,
    /// The branch of a worktree; `andon/<task id>` when absent.
    pub branch: Option<String>,
    /// The task, `[A-Za-z0-9_-]{1,64}`.
    pub task_id: String,
    /// The run, `[A-Za-z0-9_-]{1,64}`.
    pub run_id: String,
    /// The `workspaces/` folder of the board, absolute.
    pub scratch_root: PathBuf,
    /// The board's default directory: the `dir`, or the repository of a worktree, where the task names none.
    pub default_workdir: Option<PathBuf>,
    /// Reset what an earlier run left. Changes in a worktree are first committed to `andon/kept/<task id>-<run id>`.
    pub clean: bool,
    /// What a new branch starts from; what is checked out where the repository was named when absent.
    pub base: Option<String>,
}

/// A workspace that is ready to be worked in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prepared {
    /// The directory, absolute.
    pub path: PathBuf,
    /// The branch that is checked out, for a worktree that is on one.
    pub branch: Option<String>,
    /// Whether this call made the directory, rather than finding it.
    pub created: bool,
    /// The main checkout (or the bare directory) of a worktree's repository.
    pub repo: Option<PathBuf>,
    /// What a person should know about it.
    pub note: Option<String>,
}

/// A workspace whose task has ended.
#[derive(Clone, Debug)]
pub struct Target {
    /// The kind of workspace.
    pub kind: Kind,
    /// The directory, as [`Prepared::path`] said.
    pub path: PathBuf,
    /// The branch that it was made for: what was stashed there keeps the worktree. The branch itself always stays.
    pub branch: Option<String>,
    /// The main checkout, as [`Prepared::repo`] said; found from the path when absent.
    pub repo: Option<PathBuf>,
    /// The task that it was made for.
    pub task_id: String,
    /// The folders below which scratch workspaces may be removed.
    pub managed_roots: Vec<PathBuf>,
}

/// What became of a workspace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cleanup {
    /// It is gone.
    Removed {
        /// What its files took on disk, in bytes.
        bytes: u64,
    },
    /// It is still there, whole.
    Kept {
        /// Why, and for a worktree what to do about it.
        reason: String,
    },
    /// There was nothing to remove: it had gone already, or it belongs to its owner (`dir`).
    Nothing,
}

impl Cleanup {
    pub(super) fn kept(reason: impl Into<String>) -> Self {
        Self::Kept { reason: reason.into() }
    }
}

/// Makes the workspace of a run, or finds the one that an earlier run of the task left.
///
/// Safe to repeat, also after a crash at any point of it. Blocks, for minutes where a repository is large.
///
/// # Errors
///
/// Any [`WorkspaceError`]; [`WorkspaceError::class`] says whether trying again can help.
pub fn prepare(request: &Request) -> Result<Prepared, WorkspaceError> {
    name::check_id("task", &request.task_id)?;
    name::check_id("run", &request.run_id)?;
    match request.kind {
        Kind::Scratch => scratch::prepare(request),
        Kind::Dir => scratch::prepare_dir(request),
        Kind::Worktree => worktree::prepare(request),
    }
}

/// Removes the workspace of a task that has ended and whose processes are gone, where that loses nothing.
///
/// Safe to repeat, also after a crash at any point of it. What may not be removed is [`Cleanup::Kept`], not an error.
///
/// # Errors
///
/// The file system or `git` failed; the workspace may be there still, whole, or be half removed where it is scratch.
pub fn cleanup(target: &Target) -> Result<Cleanup, WorkspaceError> {
    name::check_id("task", &target.task_id)?;
    match target.kind {
        Kind::Scratch => scratch::remove(target),
        Kind::Dir => Ok(Cleanup::Nothing),
        Kind::Worktree => removal::remove(target),
    }
}
