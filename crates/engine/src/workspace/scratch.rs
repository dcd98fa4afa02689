//! Scratch directories, which are ours, and plain directories, which are their owner's.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::{
    error::WorkspaceError,
    name::check_path,
    tree,
    types::{Cleanup, Prepared, Request, Target},
};

/// Makes `<scratch root>/<task id>`, private to the user.
pub(super) fn prepare(request: &Request) -> Result<Prepared, WorkspaceError> {
    let path = check_path(&request.scratch_root)?.join(&request.task_id);
    if let Some(given) = &request.path
        && check_path(given)? != path
    {
        let why =
            format!("the scratch workspace of this task is {path:?}; for another directory use dir:<path>");
        return Err(WorkspaceError::BadPath { path: given.clone(), why });
    }
    if tree::is_link(&path) {
        let why = "it is a symbolic link; remove it".to_owned();
        return Err(WorkspaceError::PathOccupied { path, why });
    }
    let found = tree::exists(&path);
    let mut note = None;
    if found && request.clean {
        tree::remove_tree(&path).map_err(WorkspaceError::io("empty", &path))?;
        note = Some("what an earlier run left was removed".to_owned());
    }
    make_dir(&path, 0o700)?;
    Ok(Prepared { path, branch: None, created: !found, repo: None, note })
}

/// Makes the directory that the task or the board names, if it is not there.
pub(super) fn prepare_dir(request: &Request) -> Result<Prepared, WorkspaceError> {
    let given = request.path.as_ref().or(request.default_workdir.as_ref());
    let Some(given) = given else {
        return Err(WorkspaceError::NoPath { kind: "dir", task: request.task_id.clone() });
    };
    let path = check_path(given)?;
    let found = path.is_dir();
    make_dir(&path, 0o777)?;
    let note = request.clean.then(|| "a dir workspace belongs to its owner and was not reset".to_owned());
    Ok(Prepared { path, branch: None, created: !found, repo: None, note })
}

fn make_dir(path: &Path, mode: u32) -> Result<(), WorkspaceError> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => WorkspaceError::PathOccupied {
            path: path.to_owned(),
            why: "it, or a part of the way to it, is not a directory".to_owned(),
        },
        _ => WorkspaceError::io("create", path)(error),
    })
}

/// Removes a scratch directory, if it certainly is one.
pub(super) fn remove(target: &Target) -> Result<Cleanup, WorkspaceError> {
    let path = check_path(&target.path)?;
    if !tree::exists(&path) {
        return Ok(Cleanup::Nothing);
    }
    let real = match removable(&path, target) {
        Ok(real) => real,
        Err(why) => return Ok(Cleanup::kept(format!("{} {why}", path.display()))),
    };
    let survey = tree::survey(&real).map_err(WorkspaceError::io("read", &real))?;
    if let Some(mount) = survey.mount {
        return Ok(Cleanup::kept(format!("another file system is mounted at {}", mount.display())));
    }
    tree::remove_tree(&real).map_err(WorkspaceError::io("remove", &real))?;
    Ok(Cleanup::Removed { bytes: survey.bytes })
}

/// The real path of a directory that is strictly inside a managed root and named after its task, or why it is none.
fn removable(path: &Path, target: &Target) -> Result<PathBuf, String> {
    let roots: Vec<(PathBuf, PathBuf)> = target
        .managed_roots
        .iter()
        .filter_map(|root| Some((root.components().collect(), root.canonicalize().ok()?)))
        .collect();
    let inside = roots.iter().find_map(|(given, real)| {
        let rest = path.strip_prefix(given).or_else(|_| path.strip_prefix(real)).ok()?;
        (!rest.as_os_str().is_empty()).then_some((real, rest))
    });
    let Some((root, rest)) = inside else {
        return Err("is not inside a managed folder of scratch workspaces".to_owned());
    };
    if path.file_name() != Some(target.task_id.as_ref()) {
        return Err(format!("is not named after its task {}", target.task_id));
    }
    let mut real = root.clone();
    for part in rest.components() {
        real.push(part);
        let meta = fs::symlink_metadata(&real).map_err(|error| format!("cannot be examined: {error}"))?;
        if !meta.is_dir() {
            return Err(format!("leads through {}, which is no directory of its own", real.display()));
        }
    }
    if roots.iter().any(|(_, root)| root.starts_with(&real)) {
        return Err("is a managed folder itself, or holds one".to_owned());
    }
    Ok(real)
}
