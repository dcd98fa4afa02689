//! Workspaces against real directories and real git repositories.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests play the people, the workers and the crashes around a workspace"
)]

mod names;
mod removal;
mod reset;
mod scratch;
mod worktrees;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{Cleanup, Kind, Request, Target, WorkspaceError, prepare};

type Done = Result<(), Box<dyn Error>>;

/// A folder with a repository in it, in a place with spaces and unicode.
struct Bench {
    folder: TempDir,
    repo: PathBuf,
}

impl Bench {
    /// A repository with one commit.
    fn new() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::Builder::new().prefix("andon bänk 板 ").tempdir()?;
        let repo = folder.path().canonicalize()?.join("the repo ä");
        let bench = Self { folder, repo };
        fs::create_dir(&bench.repo)?;
        bench.git(&["init", "--quiet", "--initial-branch=main"])?;
        for (key, value) in [("user.name", "T"), ("user.email", "t@localhost"), ("commit.gpgsign", "false")] {
            bench.git(&["config", key, value])?;
        }
        fs::write(bench.repo.join("file"), "one\n")?;
        fs::write(bench.repo.join(".gitignore"), "ignored/\n")?;
        bench.git(&["add", "."])?;
        bench.git(&["commit", "--quiet", "-m", "first"])?;
        Ok(bench)
    }

    fn root(&self) -> Result<PathBuf, Box<dyn Error>> {
        Ok(self.folder.path().canonicalize()?)
    }

    fn git(&self, args: &[&str]) -> Result<String, Box<dyn Error>> {
        git(&self.repo, args)
    }

    fn request(&self, kind: Kind, task: &str) -> Request {
        Request {
            kind,
            path: None,
            branch: None,
            task_id: task.to_owned(),
            run_id: "R1".to_owned(),
            scratch_root: self.folder.path().join("workspaces"),
            default_workdir: Some(self.repo.clone()),
            clean: false,
            base: None,
        }
    }

    /// A prepared worktree at its usual place.
    fn worktree(&self, task: &str) -> Result<PathBuf, WorkspaceError> {
        prepare(&self.request(Kind::Worktree, task)).map(|prepared| prepared.path)
    }

    fn target(&self, kind: Kind, path: &Path, task: &str) -> Target {
        Target {
            kind,
            path: path.to_owned(),
            branch: None,
            repo: None,
            task_id: task.to_owned(),
            managed_roots: vec![self.folder.path().join("workspaces")],
        }
    }

    /// Cleans up a worktree.
    fn end(&self, path: &Path, task: &str) -> Result<Cleanup, WorkspaceError> {
        super::cleanup(&self.target(Kind::Worktree, path, task))
    }
}

fn git(at: &Path, args: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(at)
        .args(args)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()?;
    if !output.status.success() {
        return Err(format!("git {args:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The reason for keeping, or a failure that shows what happened instead.
fn reason(cleanup: Cleanup) -> Result<String, Box<dyn Error>> {
    match cleanup {
        Cleanup::Kept { reason } => Ok(reason),
        other @ (Cleanup::Removed { .. } | Cleanup::Nothing) => Err(format!("not kept: {other:?}").into()),
    }
}
