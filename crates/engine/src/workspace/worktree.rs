//! A worktree for a task: found where an earlier run left it, else made.

use std::path::{Path, PathBuf};

use super::{
    error::WorkspaceError,
    git::Git,
    judge,
    name::{check_path, validate_branch},
    repository::{Entry, Repository, RepositoryLock},
    reset, tree,
    types::{Prepared, Request},
};

/// Where a worktree is, or is to be made.
struct Place {
    repository: Repository,
    /// The directory that named the repository: a new branch starts from what is checked out there.
    anchor: PathBuf,
    /// The worktree, real.
    path: PathBuf,
}

/// Finds the worktree of a task, or makes it, under the lock of its repository.
pub(super) fn prepare(request: &Request) -> Result<Prepared, WorkspaceError> {
    let branch = match &request.branch {
        Some(branch) => branch.clone(),
        None => format!("andon/{}", request.task_id),
    };
    validate_branch(&branch)?;
    let place = locate(request)?;
    let Place { repository, path, .. } = &place;
    let lock = repository.lock()?;
    repository.settle(&lock, &request.task_id, path)?;
    refuse_foreign(repository, &lock, path, &request.task_id)?;
    match repository.worktree_at(path)? {
        Some(entry) => reuse(&place, &lock, &entry, &branch, request),
        None => make(&place, &lock, &branch, request),
    }
}

fn locate(request: &Request) -> Result<Place, WorkspaceError> {
    let Some(given) = &request.path else {
        let Some(workdir) = &request.default_workdir else {
            return Err(WorkspaceError::NoPath { kind: "worktree", task: request.task_id.clone() });
        };
        let anchor = check_path(workdir)?;
        let repository = Repository::discover(existing(&anchor)?)?;
        let path = repository.place_for(&request.task_id);
        return Ok(Place { repository, anchor, path });
    };
    let given = check_path(given)?;
    let path = tree::resolve(&given).map_err(WorkspaceError::io("resolve", &given))?;
    if path.is_dir() {
        match Repository::discover(&path) {
            Ok(repository) => return locate_in(repository, path, request),
            Err(WorkspaceError::NotARepository { .. }) if tree::is_empty_dir(&path) => {}
            Err(error) => return Err(error),
        }
    } else if tree::exists(&path) {
        let why = "it is not a directory".to_owned();
        return Err(WorkspaceError::PathOccupied { path, why });
    }
    let anchor = anchor_of(&path, request)?;
    let repository = Repository::discover(existing(&anchor)?)?;
    Ok(Place { repository, anchor, path })
}

/// The place for an existing directory: the worktree that it is, or one of the repository whose checkout it is in.
fn locate_in(repository: Repository, path: PathBuf, request: &Request) -> Result<Place, WorkspaceError> {
    let own_place = path.parent() == Some(&repository.home.join(".worktrees"));
    if !repository.linked && !own_place {
        let to = repository.place_for(&request.task_id);
        return Ok(Place { repository, anchor: path, path: to });
    }
    if repository.linked && repository.worktree_at(&path)?.is_none() {
        let why = "it is inside another worktree; name that worktree itself, or the main checkout".to_owned();
        return Err(WorkspaceError::BadPath { path, why });
    }
    let anchor = if repository.linked { path.clone() } else { repository.home.clone() };
    Ok(Place { repository, anchor, path })
}

/// The directory whose repository a worktree at a free path is made of.
fn anchor_of(path: &Path, request: &Request) -> Result<PathBuf, WorkspaceError> {
    let folder = path.parent().filter(|folder| folder.file_name() == Some(".worktrees".as_ref()));
    if let Some(home) = folder.and_then(Path::parent).filter(|home| home.is_dir()) {
        return Ok(home.to_owned());
    }
    match &request.default_workdir {
        Some(workdir) => check_path(workdir),
        None => Ok(tree::nearest_existing(path).to_owned()),
    }
}

fn existing(anchor: &Path) -> Result<&Path, WorkspaceError> {
    if anchor.is_dir() {
        return Ok(anchor);
    }
    let said = "there is no such directory".to_owned();
    Err(WorkspaceError::NotARepository { path: anchor.to_owned(), said })
}

/// Refuses a worktree that Andon made for another task and that is still there.
fn refuse_foreign(
    repository: &Repository,
    lock: &RepositoryLock,
    path: &Path,
    task: &str,
) -> Result<(), WorkspaceError> {
    let Some(owner) = repository.owner_of(path)?.filter(|owner| owner != task) else { return Ok(()) };
    repository.settle(lock, &owner, path)?;
    if tree::exists(path) {
        return Err(WorkspaceError::WorktreeShared { path: path.to_owned(), task: owner });
    }
    repository.forget(&owner, path)
}

fn reuse(
    place: &Place,
    lock: &RepositoryLock,
    entry: &Entry,
    branch: &str,
    request: &Request,
) -> Result<Prepared, WorkspaceError> {
    let Place { repository, path, .. } = place;
    let owned = repository.owns(&request.task_id, path)?;
    let mut on = entry.branch.clone();
    let mut notes = Vec::new();
    if on.as_deref() != Some(branch) {
        let now = on.as_deref().unwrap_or("no branch");
        if !owned {
            let why = format!(
                "a worktree on {now} is there, not on {branch}; give this task another path or branch"
            );
            return Err(WorkspaceError::PathOccupied { path: path.clone(), why });
        }
        if !request.clean {
            notes.push(format!("an earlier run left it on {now} instead of {branch}"));
        }
    }
    if request.clean {
        refuse_branch_elsewhere(repository, lock, branch, path)?;
        notes.extend(reset::reset(repository, lock, entry, branch, request)?);
        on = Some(branch.to_owned());
    } else if judge::git_dir(path)?.join("index.lock").exists() {
        notes.push("it has an index.lock: a git command was interrupted in it".to_owned());
    }
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    Ok(Prepared { path: path.clone(), branch: on, created: false, repo: Some(repository.home.clone()), note })
}

fn make(
    place: &Place,
    lock: &RepositoryLock,
    branch: &str,
    request: &Request,
) -> Result<Prepared, WorkspaceError> {
    let Place { repository, anchor, path } = place;
    if tree::exists(path) && !tree::is_empty_dir(path) {
        let why = "it is not empty, and no worktree of the repository".to_owned();
        return Err(WorkspaceError::PathOccupied { path: path.clone(), why });
    }
    let folder = repository.home.join(".worktrees");
    if path.starts_with(&folder) {
        if tree::is_link(&folder) {
            let why = "it is a symbolic link, which may lead out of the repository".to_owned();
            return Err(WorkspaceError::PathOccupied { path: folder, why });
        }
        repository.ignore_worktrees()?;
    }
    refuse_branch_elsewhere(repository, lock, branch, path)?;
    let start = match repository.has_branch(branch)? {
        true => None,
        false => Some(start_of(anchor, repository, request.base.as_deref())?),
    };
    repository.claim(&request.task_id, path)?;
    let added = add(repository, lock, path, branch, start.as_deref());
    if let Err(error) = added {
        // What a failing git leaves is undone now where possible, else by the next attempt.
        repository.settle(lock, &request.task_id, path)?;
        if !tree::exists(path) && repository.worktree_at(path)?.is_none() {
            repository.forget(&request.task_id, path)?;
        }
        return Err(error);
    }
    Ok(Prepared {
        path: path.clone(),
        branch: Some(branch.to_owned()),
        created: true,
        repo: Some(repository.home.clone()),
        note: None,
    })
}

fn add(
    repository: &Repository,
    lock: &RepositoryLock,
    path: &Path,
    branch: &str,
    start: Option<&str>,
) -> Result<(), WorkspaceError> {
    let add = Git::new(&repository.common, &["worktree", "add", "--quiet"]);
    let add = match start {
        Some(start) => add.arg("-b").arg(branch).arg(path).arg(start),
        None => add.arg(path).arg(branch),
    };
    add.under(lock)?.slow().ok().map(drop)
}

/// Refuses a branch that another checkout has, unless that was a worktree of ours that is gone.
fn refuse_branch_elsewhere(
    repository: &Repository,
    lock: &RepositoryLock,
    branch: &str,
    path: &Path,
) -> Result<(), WorkspaceError> {
    let elsewhere = repository
        .checkouts()?
        .into_iter()
        .find(|entry| entry.branch.as_deref() == Some(branch) && entry.path != path);
    let Some(entry) = elsewhere else { return Ok(()) };
    if !tree::exists(&entry.path)
        && let Some(owner) = repository.owner_of(&entry.path)?
    {
        repository.settle(lock, &owner, &entry.path)?;
        if !tree::exists(&entry.path) {
            return repository.forget(&owner, &entry.path);
        }
    }
    Err(WorkspaceError::BranchInUse { branch: branch.to_owned(), at: entry.path })
}

/// The commit that a new branch starts from.
fn start_of(anchor: &Path, repository: &Repository, base: Option<&str>) -> Result<String, WorkspaceError> {
    let base = base.unwrap_or("HEAD");
    let missing = || WorkspaceError::NoCommit { base: base.to_owned(), repo: repository.home.clone() };
    // A leading dash would be an option of git, and NUL ends an argument.
    if base.starts_with('-') || base.contains(char::is_control) {
        return Err(missing());
    }
    let commit = format!("{base}^{{commit}}");
    let answer = Git::new(anchor, &["rev-parse", "--verify", "--quiet", commit.as_str()]).run()?;
    let found = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if answer.status.success() && !found.is_empty() { Ok(found) } else { Err(missing()) }
}
