//! Names from outside: workspaces, branches, ids and paths, checked before anything is made of them.

use std::path::{Component, Path, PathBuf};

use super::{error::WorkspaceError, types::Kind};

/// Parses `scratch`, `dir`, `dir:<path>`, `worktree` or `worktree:<path>`.
///
/// A leading `~` or `~/` is `home`. The path comes back without doubled or trailing separators; whether it exists is
/// not looked at.
///
/// # Errors
///
/// An unknown kind, a relative path, or a path with `..`, NUL or other control characters.
pub fn validate_workspace(
    text: &str,
    home: Option<&Path>,
) -> Result<(Kind, Option<PathBuf>), WorkspaceError> {
    let unknown = || WorkspaceError::UnknownWorkspace { text: text.to_owned() };
    let (word, rest) = match text.split_once(':') {
        Some((word, rest)) => (word, Some(rest)),
        None => (text, None),
    };
    let kind = match word {
        "scratch" => Kind::Scratch,
        "dir" => Kind::Dir,
        "worktree" => Kind::Worktree,
        _ => return Err(unknown()),
    };
    match (kind, rest) {
        (Kind::Scratch | Kind::Dir | Kind::Worktree, None) => Ok((kind, None)),
        (Kind::Scratch, Some(_)) | (Kind::Dir | Kind::Worktree, Some("")) => Err(unknown()),
        (Kind::Dir | Kind::Worktree, Some(rest)) => Ok((kind, Some(check_path(&expand_home(rest, home)?)?))),
    }
}

fn expand_home(text: &str, home: Option<&Path>) -> Result<PathBuf, WorkspaceError> {
    let Some(rest) = text.strip_prefix('~') else { return Ok(PathBuf::from(text)) };
    match (home, rest.strip_prefix('/')) {
        (Some(home), Some(below)) => Ok(home.join(below.trim_start_matches('/'))),
        (Some(home), None) if rest.is_empty() => Ok(home.to_owned()),
        (None, Some(_)) | (None, None) | (Some(_), None) => Err(WorkspaceError::BadPath {
            path: PathBuf::from(text),
            why: "`~` stands only for your own home directory; give an absolute path".to_owned(),
        }),
    }
}

/// An absolute path without `..` and control characters, normalised lexically.
pub(super) fn check_path(path: &Path) -> Result<PathBuf, WorkspaceError> {
    let bad = |why: &str| WorkspaceError::BadPath { path: path.to_owned(), why: why.to_owned() };
    if path.as_os_str().as_encoded_bytes().iter().any(|byte| byte.is_ascii_control()) {
        return Err(bad("it contains a NUL or another control character"));
    }
    if !path.is_absolute() {
        return Err(WorkspaceError::RelativePath { path: path.to_owned() });
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(bad("it contains `..`; give the path that it leads to"));
    }
    Ok(path.components().collect())
}

/// Refuses ids that could leave the folder that they name something in.
pub(super) fn check_id(what: &'static str, id: &str) -> Result<(), WorkspaceError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&id.len()) && id.bytes().all(safe) {
        return Ok(());
    }
    Err(WorkspaceError::BadId { what, id: id.to_owned() })
}

/// Checks a branch name by the rules of `git check-ref-format --branch`, without expanding `@{-1}`.
///
/// # Errors
///
/// [`WorkspaceError::BadBranch`] with the rule that the name breaks.
pub fn validate_branch(name: &str) -> Result<(), WorkspaceError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > 200 {
        "it is longer than 200 bytes"
    } else if name.starts_with('-') {
        "it starts with `-`"
    } else if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "it contains white space or a control character"
    } else if name.contains(['~', '^', ':', '?', '*', '[', '\\']) {
        "it contains one of ~ ^ : ? * [ \\"
    } else if name.contains("..") {
        "it contains `..`"
    } else if name.contains("@{") {
        "it contains `@{`"
    } else if name == "@" || name == "HEAD" {
        "it is a name that git keeps for itself"
    } else if name.ends_with('.') {
        "it ends with `.`"
    } else if name.split('/').any(str::is_empty) {
        "it starts or ends with `/`, or has two in a row"
    } else if name.split('/').any(|part| part.starts_with('.')) {
        "a part of it starts with `.`"
    } else if name.split('/').any(|part| part.ends_with(".lock")) {
        "a part of it ends with `.lock`"
    } else {
        return Ok(());
    };
    Err(WorkspaceError::BadBranch { name: name.to_owned(), why })
}
