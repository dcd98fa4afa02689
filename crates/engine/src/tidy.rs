//! When a workspace goes: its task is finished, its processes are gone, and nobody who shares it still waits (BD-30, 31).

use std::path::{Path, PathBuf};

use andon_core::task::WorkspaceKind;
use andon_core::{RunId, TaskId};
use andon_store::query::{Show, WaitingChildren};
use andon_store::sql::tasks::Task;
use andon_store::{Board, OpError};

use crate::workspace::{Cleanup, Kind, Request, Target, cleanup};

/// The engine's word for a kind of workspace.
#[must_use]
pub const fn kind(kind: WorkspaceKind) -> Kind {
    match kind {
        WorkspaceKind::Scratch => Kind::Scratch,
        WorkspaceKind::Dir => Kind::Dir,
        WorkspaceKind::Worktree => Kind::Worktree,
    }
}

/// What a run of a task needs to work in, on a board whose folder and default directory are these.
#[must_use]
pub fn request(task: &Task, run: &RunId, folder: &Path, default_workdir: Option<&str>) -> Request {
    Request {
        kind: kind(task.workspace_kind),
        path: task.workspace_path.as_ref().map(PathBuf::from),
        branch: task.branch.clone(),
        task_id: task.id.to_string(),
        run_id: run.to_string(),
        scratch_root: folder.join("workspaces"),
        default_workdir: default_workdir.map(PathBuf::from),
        clean: false,
        base: None,
    }
}

/// Removes the workspace of a task where that loses nothing, and those of its parents that waited for it. Never fails a
/// completion: what cannot be removed is kept and said.
///
/// # Errors
/// Of the database; of the disk there is only a warning.
pub async fn tidy(board: &Board, task: &TaskId) -> Result<Vec<(TaskId, Cleanup)>, OpError> {
    let shown = board.run(Show { task: task.clone(), limit: 1 }).await?;
    let mut done = Vec::new();
    for id in std::iter::once(task).chain(&shown.parents) {
        if let Some(cleaned) = one(board, id).await? {
            done.push((id.clone(), cleaned));
        }
    }
    Ok(done)
}

async fn one(board: &Board, id: &TaskId) -> Result<Option<Cleanup>, OpError> {
    let shown = board.run(Show { task: id.clone(), limit: 1 }).await?;
    let unreaped = shown.runs.iter().any(|run| run.reaped_at.is_none());
    let waited_for = board.run(WaitingChildren { task: id.clone() }).await? > 0;
    if !shown.task.state.status.is_terminal() || unreaped || waited_for {
        return Ok(None);
    }
    let worked_in = shown.runs.iter().rev().find_map(|run| run.workspace_path.as_deref());
    let Some(target) = target(board, &shown.task, worked_in) else { return Ok(None) };
    if !target.path.exists() {
        return Ok(None);
    }
    let cleaned = tokio::task::spawn_blocking(move || cleanup(&target)).await;
    match cleaned {
        Ok(Ok(cleaned)) => Ok(Some(cleaned)),
        Ok(Err(error)) => {
            tracing::warn!(task = %id, %error, "the workspace could not be removed");
            Ok(Some(Cleanup::Kept { reason: error.to_string() }))
        }
        Err(error) => Ok(Some(Cleanup::Kept { reason: error.to_string() })),
    }
}

/// What there is to remove of a task's workspace; nothing where it was never made.
#[must_use]
pub fn target(board: &Board, task: &Task, worked_in: Option<&str>) -> Option<Target> {
    let root = board.folder().join("workspaces");
    // A task may name the repository that its worktree is made of; only a run knows the worktree itself.
    let path = match (task.workspace_kind, worked_in) {
        (WorkspaceKind::Dir, _) | (WorkspaceKind::Worktree, None) => return None,
        (WorkspaceKind::Scratch, _) => root.join(task.id.as_str()),
        (WorkspaceKind::Worktree, Some(path)) => PathBuf::from(path),
    };
    Some(Target {
        kind: kind(task.workspace_kind),
        path,
        branch: task.branch.clone(),
        repo: None,
        task_id: task.id.to_string(),
        managed_roots: vec![root],
    })
}
