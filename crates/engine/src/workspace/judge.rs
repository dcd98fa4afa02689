//! What would be lost with a worktree.

use std::path::{Path, PathBuf};

use super::{
    error::WorkspaceError,
    git::{Git, fields, path_of},
    repository::{Entry, Repository},
    tree,
};

/// Files of the git directory that tell of an operation under way.
const UNDER_WAY: [(&str, &str); 7] = [
    ("MERGE_HEAD", "a merge"),
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase or patch series"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("sequencer", "a series of picks"),
    ("BISECT_LOG", "a bisection"),
];

/// Why a worktree must stay, or nothing when all that it holds is in its repository too. The reason is the end of a
/// sentence that starts with its path; `branch` is the one that the worktree was made for.
pub(super) fn objection(
    repository: &Repository,
    entry: &Entry,
    branch: Option<&str>,
) -> Result<Option<String>, WorkspaceError> {
    let path = &entry.path;
    if let Some(why) = &entry.locked {
        return Ok(Some(format!("is locked ({why}); `git worktree unlock` it")));
    }
    let git_dir = git_dir(path)?;
    if git_dir.parent() != Some(&repository.common.join("worktrees")) {
        return Ok(Some(format!("is not a worktree of {} any more", repository.home.display())));
    }
    if let Some((_, what)) = UNDER_WAY.iter().find(|(file, _)| tree::exists(&git_dir.join(file))) {
        return Ok(Some(format!("is in the middle of {what}; finish or abort it")));
    }
    if git_dir.join("index.lock").exists() {
        return Ok(Some("has an index.lock: a git command runs in it, or was interrupted".to_owned()));
    }
    if has_submodules(&git_dir) {
        return Ok(Some("has submodules checked out, whose commits would go with it".to_owned()));
    }
    if let Some(what) = uncommitted(Git::new(path, STATUS))? {
        return Ok(Some(format!("has {what}; commit or discard them")));
    }
    if let Some(file) = flagged(path)?.first() {
        let file = file.display();
        return Ok(Some(format!("hides changes of {file} from git (assume-unchanged or skip-worktree)")));
    }
    commits_at_risk(path, entry, branch)
}

/// The git directory of a worktree, real.
pub(super) fn git_dir(path: &Path) -> Result<PathBuf, WorkspaceError> {
    let bytes = Git::new(path, &["rev-parse", "--absolute-git-dir"]).ok()?;
    let dir = path_of(bytes.strip_suffix(b"\n").unwrap_or(&bytes));
    dir.canonicalize().map_err(WorkspaceError::io("resolve", dir))
}

/// Whether submodules were ever checked out: their repositories lie inside the worktree's git directory.
pub(super) fn has_submodules(git_dir: &Path) -> bool {
    let modules = git_dir.join("modules");
    tree::exists(&modules) && !tree::is_empty_dir(&modules)
}

/// The arguments that ask for everything that is not committed and not ignored.
pub(super) const STATUS: &[&str] = &[
    "status",
    "--porcelain=v1",
    "-z",
    "--untracked-files=normal",
    "--ignore-submodules=none",
    "--no-renames",
];

/// Counts what `status` reports, and names the first of it.
pub(super) fn uncommitted(status: Git) -> Result<Option<String>, WorkspaceError> {
    let bytes = status.slow().ok()?;
    let mut changes = fields(&bytes);
    let Some(first) = changes.next() else { return Ok(None) };
    let first = String::from_utf8_lossy(first.get(3..).unwrap_or_default()).into_owned();
    let count = 1 + changes.count();
    let noun = if count == 1 { "uncommitted change" } else { "uncommitted changes" };
    Ok(Some(format!("{count} {noun} ({first})")))
}

/// Files on disk whose changes `status` does not report, since the index says not to look.
pub(super) fn flagged(path: &Path) -> Result<Vec<PathBuf>, WorkspaceError> {
    let bytes = Git::new(path, &["ls-files", "-v", "-z"]).slow().ok()?;
    let hidden = fields(&bytes).filter(|line| line[0].is_ascii_lowercase() || line[0] == b'S');
    let files = hidden.filter_map(|line| line.get(2..)).map(path_of);
    Ok(files.filter(|file| tree::exists(&path.join(file))).collect())
}

/// Commits, stashes and refs that the branch of the worktree does not hold.
fn commits_at_risk(
    path: &Path,
    entry: &Entry,
    branch: Option<&str>,
) -> Result<Option<String>, WorkspaceError> {
    let Some(head) = head(path)? else {
        return Ok(Some("is on a branch without a commit".to_owned()));
    };
    if entry.branch.is_none() && unheld(path, &[head.as_str()], &[])?.is_some() {
        return Ok(Some(format!("has commits that no branch holds ({head}); make a branch of them")));
    }
    let (made, held) = (commits_made(path)?, branch_history(path)?);
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let held: Vec<&str> = held.iter().map(String::as_str).collect();
    if let Some(commit) = unheld(path, &made, &held)? {
        return Ok(Some(format!("has a commit that no branch holds ({commit}); make a branch of it")));
    }
    let places = [Some(entry.branch.as_deref().unwrap_or("(no branch)")), branch];
    let stashed = Git::new(path, &["stash", "list", "-z", "--format=%gs"]).ok()?;
    let of_here = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let rest = text.strip_prefix("WIP on ").or_else(|| text.strip_prefix("On "));
        rest.and_then(|rest| rest.split_once(':')).is_some_and(|(place, _)| places.contains(&Some(place)))
    };
    if fields(&stashed).any(of_here) {
        return Ok(Some("has work in `git stash`; apply or drop it".to_owned()));
    }
    let refs = Git::new(path, &["for-each-ref", "--format=%(refname)", "refs/worktree", "refs/rewritten"]);
    Ok((!refs.line()?.is_empty()).then(|| "has refs of its own (refs/worktree)".to_owned()))
}

/// The commit that is checked out.
pub(super) fn head(path: &Path) -> Result<Option<String>, WorkspaceError> {
    let answer = Git::new(path, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).run()?;
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    Ok((answer.status.success() && !text.is_empty()).then_some(text))
}

/// The first of these commits (or of what they stand on) that neither a ref nor `held` reaches.
pub(super) fn unheld(path: &Path, commits: &[&str], held: &[&str]) -> Result<Option<String>, WorkspaceError> {
    if commits.is_empty() {
        return Ok(None);
    }
    let mut input = String::new();
    for commit in commits {
        input.push_str(&format!("{commit}\n"));
    }
    for commit in held {
        input.push_str(&format!("^{commit}\n"));
    }
    let ask = ["rev-list", "--ignore-missing", "--max-count=1", "--stdin"];
    let found = Git::new(path, &ask).arg("--not").arg("--branches").arg("--remotes").arg("--tags");
    let found = found.input(input.into_bytes()).slow().line()?;
    Ok((!found.is_empty()).then_some(found))
}

/// Commits that were made in this worktree, by its own log. The steps of a rebase are not meant: their outcome is.
fn commits_made(path: &Path) -> Result<Vec<String>, WorkspaceError> {
    const MADE: [&str; 6] = ["commit:", "commit (", "cherry-pick:", "merge ", "revert:", "am:"];
    let answer = Git::new(path, &["log", "-g", "-z", "--format=%H %gs", "HEAD"]).run()?;
    let lines = fields(&answer.stdout).map(String::from_utf8_lossy);
    let commits = lines.filter_map(|line| {
        let (commit, what) = line.split_once(' ')?;
        MADE.iter().any(|word| what.starts_with(word)).then(|| commit.to_owned())
    });
    Ok(commits.collect())
}

/// Commits that some branch once pointed at; its log, which stays, still names them.
fn branch_history(path: &Path) -> Result<Vec<String>, WorkspaceError> {
    let answer = Git::new(path, &["log", "-g", "-z", "--format=%H", "--branches"]).run()?;
    Ok(fields(&answer.stdout).map(|line| String::from_utf8_lossy(line).into_owned()).collect())
}

/// Why the files of a worktree must stay though git knows nothing of them.
pub(super) fn hidden_treasure(path: &Path) -> Result<Result<u64, String>, WorkspaceError> {
    let survey = tree::survey(path).map_err(WorkspaceError::io("read", path))?;
    if let Some(dir) = survey.unreadable {
        return Ok(Err(format!("has a directory that cannot be read ({})", dir.display())));
    }
    if let Some(dir) = survey.mount {
        return Ok(Err(format!("has another file system mounted at {}", dir.display())));
    }
    if let Some(dir) = survey.repositories.first() {
        return Ok(Err(format!("has another git repository in it ({})", dir.display())));
    }
    Ok(Ok(survey.bytes))
}

/// Other repositories in the worktree that are not ignored, so that a reset would meet them.
pub(super) fn nested_repositories(path: &Path) -> Result<Vec<PathBuf>, WorkspaceError> {
    let survey = tree::survey(path).map_err(WorkspaceError::io("read", path))?;
    let mut met = Vec::new();
    for dir in survey.repositories {
        let ignored = Git::new(path, &["check-ignore", "--quiet", "--"]).arg(&dir).run()?;
        if !ignored.status.success() {
            met.push(dir);
        }
    }
    Ok(met)
}
