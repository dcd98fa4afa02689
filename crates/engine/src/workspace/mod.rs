//! The directory that a run works in: prepared before the run, cleaned after its task.
//!
//! Plain functions over plain data: nothing here knows the board, its database or its types, and everything blocks
//! (call it where blocking is allowed). Three kinds:
//!
//! - `scratch`: `<board>/workspaces/<task id>`, private, removed with everything in it, but only strictly inside a
//!   managed root and never through a symbolic link;
//! - `dir`: a directory of its owner; made when missing, never cleaned, never removed;
//! - `worktree`: a git worktree on a branch of its own. Every change of a repository happens under one lock file in
//!   its common git directory, across processes.
//!
//! **Nothing uncommitted is ever removed, nor any commit that no branch holds.** A worktree goes only while it holds
//! nothing that its repository does not hold as well; its branch is never deleted. Only worktrees that Andon made for
//! that very task are removed, which a record in the common git directory tells, also after a crash.

mod artifacts;
mod diff;
mod error;
mod git;
mod judge;
mod name;
mod removal;
mod repository;
mod reset;
mod scratch;
mod tree;
mod types;
mod worktree;

#[cfg(test)]
mod tests;

pub use artifacts::{ARTIFACT_LIMIT, Artifact, artifacts};
pub use diff::{ChangedFile, Difference, difference};
pub use error::{FailureClass, WorkspaceError};
pub use name::{validate_branch, validate_workspace};
pub use repository::{OwnedWorktree, owned_worktrees};
pub use types::{Cleanup, Kind, Prepared, Request, Target, cleanup, prepare};
