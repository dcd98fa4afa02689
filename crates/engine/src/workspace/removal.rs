//! The end of a worktree: judged and removed under the lock of its repository.

use std::{fs, path::Path};

use super::{
    error::WorkspaceError,
    git::Git,
    judge,
    name::check_path,
    repository::{Repository, RepositoryLock},
    tree,
    types::{Cleanup, Target},
};

/// Removes a worktree that Andon made for this task, if its repository holds everything that is in it.
///
/// The directory is renamed first and looked at once more, so that what was written meanwhile is found as well; git
/// forgets it only then. A crash between any two steps is put right by [`Repository::settle`].
pub(super) fn remove(target: &Target) -> Result<Cleanup, WorkspaceError> {
    let given = check_path(&target.path)?;
    if tree::is_link(&given) {
        return Ok(Cleanup::kept(format!("{} is a symbolic link", given.display())));
    }
    let path = tree::resolve(&given).map_err(WorkspaceError::io("resolve", &given))?;
    let from = target.repo.as_deref().unwrap_or_else(|| tree::nearest_existing(&path));
    let repository = match Repository::discover(from) {
        Ok(repository) => repository,
        Err(WorkspaceError::NotARepository { .. }) if !tree::exists(&path) => return Ok(Cleanup::Nothing),
        Err(WorkspaceError::NotARepository { said, .. }) => {
            return Ok(Cleanup::kept(format!("{} is not a usable git worktree ({said})", path.display())));
        }
        Err(error) => return Err(error),
    };
    let lock = repository.lock()?;
    repository.settle(&lock, &target.task_id, &path)?;
    if !tree::exists(&path) {
        repository.forget(&target.task_id, &path)?;
        return Ok(Cleanup::Nothing);
    }
    match removable(&repository, &path, target)? {
        Ok(bytes) => take_away(&repository, &lock, &path, &target.task_id, bytes),
        Err(why) => Ok(Cleanup::kept(format!("{} {why}", path.display()))),
    }
}

/// The size of a worktree that may go, or why it must stay.
fn removable(
    repository: &Repository,
    path: &Path,
    target: &Target,
) -> Result<Result<u64, String>, WorkspaceError> {
    let Some(entry) = repository.worktree_at(path)? else {
        return Ok(Err(format!("is not a worktree of {}", repository.home.display())));
    };
    if !repository.owns(&target.task_id, path)? {
        return Ok(Err(format!("was not made by Andon for task {}", target.task_id)));
    }
    match judge::objection(repository, &entry, target.branch.as_deref())? {
        Some(why) => Ok(Err(why)),
        None => judge::hidden_treasure(path),
    }
}

fn take_away(
    repository: &Repository,
    lock: &RepositoryLock,
    path: &Path,
    task: &str,
    bytes: u64,
) -> Result<Cleanup, WorkspaceError> {
    let git_dir = judge::git_dir(path)?;
    let trash = tree::trash_of(path);
    if tree::exists(&trash) {
        return Ok(Cleanup::kept(format!(
            "{} is in the way of removing {}",
            trash.display(),
            path.display()
        )));
    }
    fs::rename(path, &trash).map_err(WorkspaceError::io("rename", path))?;
    let looked = judge::uncommitted(
        Git::new(&trash, &["--git-dir"]).arg(&git_dir).arg("--work-tree").arg(&trash).args(judge::STATUS),
    );
    match looked {
        Ok(None) => {}
        Ok(Some(what)) => {
            fs::rename(&trash, path).map_err(WorkspaceError::io("restore", path))?;
            return Ok(Cleanup::kept(format!("{} has {what}; commit or discard them", path.display())));
        }
        Err(error) => {
            fs::rename(&trash, path).map_err(WorkspaceError::io("restore", path))?;
            return Err(error);
        }
    }
    // The directory is away, so git drops only its own notes about it, without force.
    Git::new(&repository.common, &["worktree", "remove"]).arg(path).under(lock)?.ok()?;
    tree::remove_tree(&trash).map_err(WorkspaceError::io("remove", &trash))?;
    repository.forget(task, path)?;
    if let Some(parent) = path.parent()
        && parent == repository.home.join(".worktrees")
        && tree::is_empty_dir(parent)
    {
        // An empty folder that cannot be removed harms nobody.
        let _ = fs::remove_dir(parent);
    }
    Ok(Cleanup::Removed { bytes })
}
