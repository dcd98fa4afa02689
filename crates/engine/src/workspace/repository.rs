//! A git repository: its lock, its worktrees, and the records that say which of them are ours.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    error::WorkspaceError,
    git::{Git, path_of},
    name::check_id,
    tree,
};

/// How long to wait for other processes that work on the same repository.
const LOCK_LIMIT: Duration = Duration::from_secs(20 * 60);
/// The lock reason of a worktree that `git worktree add` has not finished.
const HALF_MADE: &str = "initializing";

/// A repository, found from a directory in it.
#[derive(Debug)]
pub(super) struct Repository {
    /// The common git directory, real.
    pub(super) common: PathBuf,
    /// The top of the main checkout, or the bare directory, real.
    pub(super) home: PathBuf,
    /// Whether the directory that it was found from is in a linked worktree.
    pub(super) linked: bool,
}

/// One line of `git worktree list`.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// The branch that is checked out, without `refs/heads/`.
    pub(super) branch: Option<String>,
    /// Why it is locked, where it is.
    pub(super) locked: Option<String>,
}

/// The right to change a repository; ends with the value, or with the process.
#[derive(Debug)]
pub(super) struct RepositoryLock {
    file: File,
}

impl RepositoryLock {
    /// Another handle of the same lock, which lasts until all of them are closed.
    pub(super) fn share(&self) -> Result<File, WorkspaceError> {
        self.file.try_clone().map_err(WorkspaceError::io("share", "andon.lock"))
    }
}

/// A worktree that Andon made and has not removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnedWorktree {
    /// The task that it was made for.
    pub task_id: String,
    /// Where it is, or was.
    pub path: PathBuf,
}

/// The worktrees that Andon made of the repository around `at` and has not removed.
///
/// # Errors
///
/// There is no git, no repository, or its records cannot be read.
pub fn owned_worktrees(at: &Path) -> Result<Vec<OwnedWorktree>, WorkspaceError> {
    Repository::discover(at)?.records()
}

impl Repository {
    /// Finds the repository around an existing directory.
    pub(super) fn discover(at: &Path) -> Result<Self, WorkspaceError> {
        const QUESTIONS: [&str; 5] = [
            "rev-parse",
            "--path-format=absolute",
            "--git-common-dir",
            "--absolute-git-dir",
            "--is-bare-repository",
        ];
        let none = |said: &str| WorkspaceError::NotARepository {
            path: at.to_owned(),
            said: said.lines().next().unwrap_or_default().to_owned(),
        };
        let answer = Git::new(at, &QUESTIONS).run()?;
        if !answer.status.success() {
            return Err(none(&answer.stderr));
        }
        let lines: Vec<&[u8]> = answer.stdout.split(|byte| *byte == b'\n').collect();
        let [common, git_dir, bare, ..] = lines.as_slice() else {
            return Err(none("git did not say where it is"));
        };
        let real = |bytes: &[u8]| {
            let path = path_of(bytes);
            path.canonicalize().map_err(WorkspaceError::io("resolve", path))
        };
        let common = real(common)?;
        let linked = common != real(git_dir)?;
        let mut found = Self { home: common.clone(), common, linked };
        if *bare != b"true" {
            found.home = found.main_checkout(at)?;
        }
        Ok(found)
    }

    fn main_checkout(&self, at: &Path) -> Result<PathBuf, WorkspaceError> {
        if !self.linked {
            let answer = Git::new(at, &["rev-parse", "--show-toplevel"]).run()?;
            if answer.status.success() {
                let top = path_of(answer.stdout.strip_suffix(b"\n").unwrap_or(&answer.stdout));
                return top.canonicalize().map_err(WorkspaceError::io("resolve", top));
            }
        }
        // Git lists the main checkout first.
        let first = self.checkouts()?.into_iter().next().map(|entry| entry.path);
        Ok(first.unwrap_or_else(|| self.common.clone()))
    }

    /// Waits until no other process changes the repository.
    #[expect(clippy::disallowed_methods, reason = "a file lock with a deadline rings no bell: it is polled")]
    pub(super) fn lock(&self) -> Result<RepositoryLock, WorkspaceError> {
        let path = self.common.join("andon.lock");
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(WorkspaceError::io("open", &path))?;
        let deadline = Instant::now() + LOCK_LIMIT;
        let mut pause = Duration::from_millis(2);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(RepositoryLock { file }),
                Err(fs::TryLockError::Error(error)) => return Err(WorkspaceError::io("lock", &path)(error)),
                Err(fs::TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(WorkspaceError::Busy { lock: path, seconds: LOCK_LIMIT.as_secs() });
                }
                Err(fs::TryLockError::WouldBlock) => thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Where a task's worktree goes unless it names a place.
    pub(super) fn place_for(&self, task: &str) -> PathBuf {
        self.home.join(".worktrees").join(task)
    }

    /// The main checkout, and then the linked worktrees.
    pub(super) fn checkouts(&self) -> Result<Vec<Entry>, WorkspaceError> {
        let answer = Git::new(&self.common, &["worktree", "list", "--porcelain", "-z"]).run()?;
        if answer.status.success() {
            return Ok(parse_list(answer.stdout.split(|byte| *byte == 0)));
        }
        if answer.status.code() != Some(129) {
            return Err(answer.into_error());
        }
        // A git before 2.36 does not know `-z` here; our own paths have no line ends.
        let text = Git::new(&self.common, &["worktree", "list", "--porcelain"]).ok()?;
        Ok(parse_list(text.split(|byte| *byte == b'\n')))
    }

    /// The linked worktrees.
    pub(super) fn worktrees(&self) -> Result<Vec<Entry>, WorkspaceError> {
        Ok(self.checkouts()?.into_iter().skip(1).collect())
    }

    /// The linked worktree at this very path.
    pub(super) fn worktree_at(&self, path: &Path) -> Result<Option<Entry>, WorkspaceError> {
        Ok(self.worktrees()?.into_iter().find(|entry| entry.path == path))
    }

    /// Whether a local branch of this name exists.
    pub(super) fn has_branch(&self, name: &str) -> Result<bool, WorkspaceError> {
        let full = format!("refs/heads/{name}");
        let answer = Git::new(&self.common, &["show-ref", "--verify", "--quiet", full.as_str()]).run()?;
        Ok(answer.status.success())
    }

    fn record_dir(&self) -> PathBuf {
        self.common.join("andon").join("worktrees")
    }

    pub(super) fn recorded(&self, task: &str) -> Result<Vec<PathBuf>, WorkspaceError> {
        let file = self.record_dir().join(task);
        match fs::read(&file) {
            Ok(bytes) => {
                let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                Ok(lines.map(path_of).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(WorkspaceError::io("read", file)(error)),
        }
    }

    fn write_record(&self, task: &str, paths: &[PathBuf]) -> Result<(), WorkspaceError> {
        let dir = self.record_dir();
        let file = dir.join(task);
        if paths.is_empty() {
            return match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(WorkspaceError::io("remove", file)(error))
                }
                Ok(()) | Err(_) => Ok(()),
            };
        }
        fs::create_dir_all(&dir).map_err(WorkspaceError::io("create", &dir))?;
        let lines: Vec<&[u8]> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
        // Ids have no dots, so the name of the half-written file is nobody's record.
        let half = dir.join(format!("{task}.new"));
        fs::write(&half, lines.join(&b'\n')).map_err(WorkspaceError::io("write", &half))?;
        fs::rename(&half, &file).map_err(WorkspaceError::io("write", file))
    }

    fn records(&self) -> Result<Vec<OwnedWorktree>, WorkspaceError> {
        let dir = self.record_dir();
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(WorkspaceError::io("read", dir)(error)),
        };
        let mut owned = Vec::new();
        for entry in entries {
            let name = entry.map_err(WorkspaceError::io("read", &dir))?.file_name();
            let Some(task) = name.to_str().filter(|name| check_id("task", name).is_ok()) else { continue };
            let made = self.recorded(task)?.into_iter();
            owned.extend(made.map(|path| OwnedWorktree { task_id: task.to_owned(), path }));
        }
        Ok(owned)
    }

    /// Whether Andon made the worktree at this path for this task.
    pub(super) fn owns(&self, task: &str, path: &Path) -> Result<bool, WorkspaceError> {
        Ok(self.recorded(task)?.iter().any(|recorded| recorded == path))
    }

    /// The task that Andon made the worktree at this path for.
    pub(super) fn owner_of(&self, path: &Path) -> Result<Option<String>, WorkspaceError> {
        Ok(self.records()?.into_iter().find(|owned| owned.path == path).map(|owned| owned.task_id))
    }

    /// Records, before it is made, that the worktree at this path is ours.
    pub(super) fn claim(&self, task: &str, path: &Path) -> Result<(), WorkspaceError> {
        let mut paths = self.recorded(task)?;
        if !paths.iter().any(|recorded| recorded == path) {
            paths.push(path.to_owned());
            self.write_record(task, &paths)?;
        }
        Ok(())
    }

    /// Forgets a worktree that is gone, or that was never made.
    pub(super) fn forget(&self, task: &str, path: &Path) -> Result<(), WorkspaceError> {
        let mut paths = self.recorded(task)?;
        let before = paths.len();
        paths.retain(|recorded| recorded != path);
        if paths.len() == before { Ok(()) } else { self.write_record(task, &paths) }
    }

    /// Puts right what a crash left of a worktree of ours: a removal or a creation that was under way.
    pub(super) fn settle(
        &self,
        lock: &RepositoryLock,
        task: &str,
        path: &Path,
    ) -> Result<(), WorkspaceError> {
        if !self.owns(task, path)? {
            return Ok(());
        }
        let entry = self.worktree_at(path)?;
        let trash = tree::trash_of(path);
        if tree::exists(&trash) {
            if entry.is_none() {
                // Git forgets a worktree only once it was found clean in the trash.
                tree::remove_tree(&trash).map_err(WorkspaceError::io("remove", &trash))?;
            } else if !tree::exists(path) {
                fs::rename(&trash, path).map_err(WorkspaceError::io("restore", path))?;
            }
        }
        let Some(entry) = entry else { return Ok(()) };
        let half_made = entry.locked.as_deref() == Some(HALF_MADE);
        if half_made && tree::is_empty_dir(path) {
            fs::remove_dir(path).map_err(WorkspaceError::io("remove", path))?;
        }
        if half_made || !tree::exists(path) {
            // Nobody was ever told of a half-made worktree: what is in it, git put there.
            let remove = Git::new(&self.common, &["worktree", "remove", "--force", "--force"]);
            remove.arg(path).under(lock)?.slow().ok()?;
        }
        Ok(())
    }

    /// Keeps `.worktrees/` out of the status of the main checkout, without touching a tracked file.
    pub(super) fn ignore_worktrees(&self) -> Result<(), WorkspaceError> {
        let info = self.common.join("info");
        let file = info.join("exclude");
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(WorkspaceError::io("read", file)(error)),
        };
        let known =
            |line: &[u8]| matches!(line, b"/.worktrees/" | b".worktrees/" | b"/.worktrees" | b".worktrees");
        if text.split(|byte| *byte == b'\n').any(|line| known(line.trim_ascii_end())) {
            return Ok(());
        }
        let line: &[u8] =
            if text.is_empty() || text.ends_with(b"\n") { b"/.worktrees/\n" } else { b"\n/.worktrees/\n" };
        fs::create_dir_all(&info).map_err(WorkspaceError::io("create", &info))?;
        let mut exclude = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .map_err(WorkspaceError::io("open", &file))?;
        exclude.write_all(line).map_err(WorkspaceError::io("write", &file))
    }
}

fn parse_list<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in lines {
        let (key, value) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[line.len()..]),
        };
        if key == b"worktree" {
            entries.push(Entry { path: path_of(value), ..Entry::default() });
        }
        let Some(entry) = entries.last_mut() else { continue };
        if key == b"branch" {
            let name = String::from_utf8_lossy(value);
            entry.branch = Some(name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned());
        } else if key == b"locked" {
            entry.locked = Some(String::from_utf8_lossy(value).into_owned());
        }
    }
    entries
}
