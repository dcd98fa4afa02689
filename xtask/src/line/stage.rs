//! Where the demo plays: a temporary folder with a home, a desk and a git repository, gone at the end.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::shell;

/// The folder of the demo. It is removed when this is dropped, unless it is to be kept.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    /// Where tasks share files.
    pub(crate) desk: PathBuf,
    pub(crate) repository: PathBuf,
    keep: bool,
}

impl Stage {
    /// Makes the folder, and in it the repository of the folder `example` with a first commit of this message.
    ///
    /// # Errors
    /// When the folder cannot be made, or git is missing or fails.
    pub(crate) fn set(example: &Path, message: &str, keep: bool) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("andon-demo-{}", std::process::id()));
        fs::create_dir(&folder).map_err(failed(&folder))?;
        let (desk, repository) = (folder.join("desk"), folder.join("repository"));
        let stage = Self { folder, desk, repository, keep };
        copy(&example.join("repository"), &stage.repository)?;
        stage.git(&["init", "--quiet"])?;
        // Not every git knows `init --initial-branch`.
        stage.git(&["symbolic-ref", "HEAD", "refs/heads/main"])?;
        for setting in
            [["user.name", "Andon demo"], ["user.email", "demo@localhost"], ["commit.gpgsign", "false"]]
        {
            stage.git(&["config", setting[0], setting[1]])?;
        }
        stage.git(&["add", "."])?;
        stage.git(&["commit", "--quiet", "--message", message])?;
        Ok(stage)
    }

    /// The home of the board.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Whether the folder is left behind.
    pub(crate) const fn stays(&self) -> bool {
        self.keep
    }

    /// What becomes of the folder, in words.
    pub(crate) const fn fate(&self) -> &'static str {
        if self.keep { "it stays" } else { "removed at the end" }
    }

    /// The history of a branch of the repository, as a picture.
    pub(crate) fn history(&self, branch: &str) -> String {
        let args = ["log", "--graph", "--oneline", "--decorate=short", branch];
        let mut git = shell::command("git", &args);
        git.current_dir(&self.repository);
        shell::output(git).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    fn git(&self, args: &[&str]) -> Result<(), Failure> {
        let mut git = shell::command("git", args);
        git.current_dir(&self.repository);
        shell::output(git).map(drop)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            eprintln!("xtask: could not remove {}: {error}", self.folder.display());
        }
    }
}

/// Copies a folder with everything in it to a place where nothing is yet.
///
/// # Errors
/// Names the file that cannot be read or written.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let path = entry.map_err(failed(from))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(failed(&path))?;
        }
    }
    Ok(())
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |source| Failure::File { path: path.to_owned(), source }
}
