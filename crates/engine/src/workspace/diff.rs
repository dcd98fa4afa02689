//! What a task's branch changes, for whoever reviews it: bounded, and plain text whatever its files hold.

use std::path::Path;

use super::{
    error::WorkspaceError,
    git::{Git, fields},
    repository::Repository,
};

/// Most files that are named.
const FILES: usize = 2_000;
/// Most bytes of a list of files.
const LIST: u64 = 1 << 20;

/// A file that is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path in the repository.
    pub path: String,
    /// Lines that are new; none where it is no text.
    pub added: Option<u64>,
    /// Lines that are gone.
    pub removed: Option<u64>,
    /// Whether git does not know it yet.
    pub untracked: bool,
}

/// What a branch changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The commit that it is compared with.
    pub base: String,
    /// Whether the worktree is there; what is not committed counts then.
    pub live: bool,
    /// The files.
    pub files: Vec<ChangedFile>,
    /// A unified patch without control characters.
    pub patch: String,
    /// Whether there is more.
    pub truncated: bool,
}

/// What is compared.
enum Side<'a> {
    Tree(&'a Path),
    Branch(&'a Path, &'a str),
}

impl Side<'_> {
    fn git(&self, args: &[&str], base: &str) -> Git {
        match self {
            Side::Tree(path) => Git::new(path, args).arg(base).arg("--"),
            Side::Branch(path, branch) => Git::new(path, args).arg(base).arg(branch_ref(branch)).arg("--"),
        }
    }
}

fn branch_ref(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// Compares the worktree that was made for `task` at `path` with where its branch began, or the branch alone where the
/// worktree is gone. `repository` is any directory of the repository. Nothing where there is neither.
///
/// # Errors
///
/// There is no git, or it refuses.
pub fn difference(
    task: &str,
    path: Option<&Path>,
    repository: Option<&Path>,
    branch: &str,
    limit: u64,
) -> Result<Option<Difference>, WorkspaceError> {
    if let Some(path) = path.filter(|path| path.is_dir()) {
        let found = Repository::discover(path)?;
        // A path on a row is a word; the record in the repository says whose worktree it is.
        let real = path.canonicalize().map_err(WorkspaceError::io("resolve", path))?;
        if found.owns(task, &real)? {
            return compare(&found, &Side::Tree(path), limit);
        }
    }
    let Some(at) = repository.filter(|at| at.is_dir()) else { return Ok(None) };
    let found = Repository::discover(at)?;
    // One that was claimed by hand has its worktree on no run.
    if let Some(path) = found.recorded(task)?.into_iter().find(|path| path.is_dir()) {
        return compare(&found, &Side::Tree(&path), limit);
    }
    match found.has_branch(branch)? {
        true => compare(&found, &Side::Branch(at, branch), limit),
        false => Ok(None),
    }
}

fn compare(
    repository: &Repository,
    side: &Side<'_>,
    limit: u64,
) -> Result<Option<Difference>, WorkspaceError> {
    let main = Git::new(&repository.home, &["rev-parse", "--verify", "--quiet", "HEAD"]).run()?;
    if !main.status.success() {
        return Ok(None);
    }
    let main = String::from_utf8_lossy(&main.stdout).trim().to_owned();
    let (at, tip) = match side {
        Side::Tree(path) => (*path, "HEAD".to_owned()),
        Side::Branch(path, branch) => (*path, branch_ref(branch)),
    };
    let base = Git::new(at, &["merge-base", &main, &tip]).run()?;
    // Without a common beginning everything is new.
    let base = match base.status.success() {
        true => String::from_utf8_lossy(&base.stdout).trim().to_owned(),
        false => main,
    };
    let (mut files, mut truncated) = listed(side, &base)?;
    if let Side::Tree(path) = side {
        truncated |= untracked(path, &mut files)?;
    }
    let patch = side.git(&[&PLAIN[..], &["--unified=3"]].concat(), &base).most(limit).run()?;
    let more = patch.cut;
    if !more && !patch.status.success() {
        return Err(patch.into_error());
    }
    Ok(Some(Difference {
        base,
        live: matches!(side, Side::Tree(_)),
        files,
        patch: printable(&patch.stdout),
        truncated: truncated || more,
    }))
}

/// No colours, and no program of the repository's choice.
const PLAIN: [&str; 6] =
    ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=dirty"];

fn listed(side: &Side<'_>, base: &str) -> Result<(Vec<ChangedFile>, bool), WorkspaceError> {
    let answer = side.git(&[&PLAIN[..], &["--numstat", "-z"]].concat(), base).most(LIST).run()?;
    if !answer.cut && !answer.status.success() {
        return Err(answer.into_error());
    }
    let mut files = Vec::new();
    for field in fields(&answer.stdout) {
        let text = printable(field);
        let mut parts = text.splitn(3, '\t');
        let (added, removed) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Some(path) = parts.next() else { continue };
        let (added, removed) = (added.parse().ok(), removed.parse().ok());
        files.push(ChangedFile { path: path.to_owned(), added, removed, untracked: false });
    }
    let more = answer.cut || files.len() > FILES;
    files.truncate(FILES);
    Ok((files, more))
}

fn untracked(path: &Path, files: &mut Vec<ChangedFile>) -> Result<bool, WorkspaceError> {
    let args = ["ls-files", "--others", "--exclude-standard", "-z"];
    let answer = Git::new(path, &args).most(LIST).run()?;
    for field in fields(&answer.stdout) {
        if files.len() >= FILES {
            return Ok(true);
        }
        let path = printable(field);
        files.push(ChangedFile { path, added: None, removed: None, untracked: true });
    }
    Ok(answer.cut)
}

/// Text that does nothing to a terminal or page: neither control characters nor those that turn the direction of lines.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' => {}
            _ if c.is_control() || turns(c) => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_does_nothing() {
        assert_eq!(
            printable("a\u{1b}[31mb\r\n\tc\u{202e}d\u{0}".as_bytes()),
            "a\u{fffd}[31mb\n\tc\u{fffd}d\u{fffd}"
        );
        assert_eq!(printable(b"\xff"), "\u{fffd}");
    }
}
