//! `--clean` for a worktree: what an earlier run left goes to a side branch, then the worktree is as its branch says.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    error::WorkspaceError,
    git::Git,
    judge,
    repository::{Entry, Repository, RepositoryLock},
    tree,
    types::Request,
};

/// Commands that end an operation under way and leave its commits alone.
const QUIT: [&[&str]; 5] = [
    &["rebase", "--quit"],
    &["am", "--quit"],
    &["cherry-pick", "--quit"],
    &["revert", "--quit"],
    &["bisect", "reset", "HEAD"],
];

/// Resets the worktree to the tip of `branch`.
///
/// Commits on `branch` stay, and so do ignored files. Says where it put what it found.
pub(super) fn reset(
    repository: &Repository,
    lock: &RepositoryLock,
    entry: &Entry,
    branch: &str,
    request: &Request,
) -> Result<Option<String>, WorkspaceError> {
    let path = &entry.path;
    let git_dir = judge::git_dir(path)?;
    refuse_what_cannot_be_kept(path, &git_dir)?;
    let Some(head) = judge::head(path)? else {
        return Err(cannot(path, "its branch has no commit"));
    };
    let flagged = judge::flagged(path)?;
    let dirty = judge::uncommitted(Git::new(path, judge::STATUS))?.is_some() || !flagged.is_empty();
    let adrift = entry.branch.is_none() && judge::unheld(path, &[head.as_str()], &[])?.is_some();
    let mut note = None;
    if dirty || adrift {
        let tip =
            if dirty { commit_everything(path, &git_dir, &head, &flagged, &request.run_id)? } else { head };
        let kept = free_name(repository, &request.task_id, &request.run_id)?;
        Git::new(path, &["update-ref", "--create-reflog"])
            .arg(format!("refs/heads/{kept}"))
            .arg(&tip)
            // Refuses to move a branch that is there already.
            .arg("0".repeat(tip.len()))
            .ok()?;
        note = Some(format!("work that was not on the branch was kept on {kept}"));
    }
    clear_flags(path, &git_dir.join("index"), &flagged)?;
    Git::new(path, &["reset", "--hard", "--quiet"]).under(lock)?.slow().ok()?;
    for quit in QUIT {
        // Each refuses when there is nothing for it to end.
        Git::new(path, quit).under(lock)?.slow().run()?;
    }
    // A branch that was renamed away starts again where the worktree is.
    let create: &[&str] = if repository.has_branch(branch)? { &[] } else { &["-b"] };
    let checkout = Git::new(path, &["checkout", "--quiet", "--force"]).args(create).arg(branch).arg("--");
    checkout.under(lock)?.slow().ok()?;
    Git::new(path, &["clean", "-d", "--force", "--quiet"]).under(lock)?.slow().ok()?;
    Ok(note)
}

fn cannot(path: &Path, why: impl Into<String>) -> WorkspaceError {
    WorkspaceError::CannotClean { path: path.to_owned(), why: why.into() }
}

fn refuse_what_cannot_be_kept(path: &Path, git_dir: &Path) -> Result<(), WorkspaceError> {
    if git_dir.join("index.lock").exists() {
        return Err(cannot(path, "a git command runs in it, or was interrupted (index.lock)"));
    }
    if judge::has_submodules(git_dir) {
        return Err(cannot(path, "it has submodules checked out; commit and remove them first"));
    }
    match judge::nested_repositories(path)?.first() {
        Some(dir) => Err(cannot(path, format!("it has another git repository in it, {}", dir.display()))),
        None => Ok(()),
    }
}

/// A commit of what is on disk, on top of one of what is staged where that differs. The worktree is not touched.
fn commit_everything(
    path: &Path,
    git_dir: &Path,
    head: &str,
    flagged: &[PathBuf],
    run: &str,
) -> Result<String, WorkspaceError> {
    let index = git_dir.join("andon-index");
    let own = git_dir.join("index");
    if tree::exists(&own) {
        fs::copy(&own, &index).map_err(WorkspaceError::io("copy", &own))?;
    }
    let with_index = |args: &[&str]| Git::new(path, args).env("GIT_INDEX_FILE", &index).slow();
    // An index with unresolved conflicts is no tree; the files on disk hold both sides of them.
    let staged = with_index(&["write-tree"]).run()?;
    clear_flags(path, &index, flagged)?;
    with_index(&["add", "--all", "--", "."]).ok()?;
    let whole = with_index(&["write-tree"]).line()?;
    let before = Git::new(path, &["rev-parse", "HEAD^{tree}"]).line()?;
    // A leftover is overwritten by the next copy.
    let _ = fs::remove_file(&index);
    let staged_tree = String::from_utf8_lossy(&staged.stdout).trim().to_owned();
    let mut tip = head.to_owned();
    if staged.status.success() && staged_tree != before && staged_tree != whole {
        tip = commit(path, &staged_tree, &tip, &format!("Staged when run {run} reset the worktree"))?;
    }
    commit(path, &whole, &tip, &format!("Uncommitted when run {run} reset the worktree"))
}

fn commit(path: &Path, files: &str, parent: &str, message: &str) -> Result<String, WorkspaceError> {
    Git::new(path, &["commit-tree", files, "-p", parent, "-m", message])
        .env("GIT_AUTHOR_NAME", "Andon")
        .env("GIT_AUTHOR_EMAIL", "andon@localhost")
        .env("GIT_COMMITTER_NAME", "Andon")
        .env("GIT_COMMITTER_EMAIL", "andon@localhost")
        .line()
}

/// Makes git look again at files whose changes the index hides.
fn clear_flags(path: &Path, index: &Path, flagged: &[PathBuf]) -> Result<(), WorkspaceError> {
    if flagged.is_empty() {
        return Ok(());
    }
    for flag in ["--no-assume-unchanged", "--no-skip-worktree"] {
        let mut input = Vec::new();
        for file in flagged {
            input.extend_from_slice(file.as_os_str().as_encoded_bytes());
            input.push(0);
        }
        Git::new(path, &["update-index", flag, "-z", "--stdin"])
            .env("GIT_INDEX_FILE", index)
            .input(input)
            .ok()?;
    }
    Ok(())
}

fn free_name(repository: &Repository, task: &str, run: &str) -> Result<String, WorkspaceError> {
    let first = format!("andon/kept/{task}-{run}");
    let mut name = first.clone();
    let mut count = 1;
    while repository.has_branch(&name)? {
        count += 1;
        name = format!("{first}-{count}");
    }
    Ok(name)
}
