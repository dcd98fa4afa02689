//! Where the demo plays: a temporary folder with a home, a desk and a git repository, gone at the end.

use std::fs;
use std::path::{Path, PathBuf};

use super::pipeline::Places;
use crate::failure::Failure;
use crate::shell;

/// The folder of the demo. It is removed when this is dropped, unless it is to be kept.
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) places: Places,
    keep: bool,
}

impl Stage {
    /// Makes the folder, and in it the repository with its first commit. `example` is the folder of the pipeline.
    ///
    /// # Errors
    /// When the folder cannot be made, or git is missing or fails.
    pub(super) fn set(example: &Path, keep: bool) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("andon-demo-{}", std::process::id()));
        fs::create_dir(&folder).map_err(failed(&folder))?;
        let places = Places {
            data: example.join("data"),
            desk: folder.join("desk"),
            repository: folder.join("repository"),
        };
        let stage = Self { folder, places, keep };
        copy(&example.join("repository"), &stage.places.repository)?;
        stage.git(&["init", "--quiet"])?;
        // Not every git knows `init --initial-branch`.
        stage.git(&["symbolic-ref", "HEAD", "refs/heads/main"])?;
        for setting in
            [["user.name", "Andon demo"], ["user.email", "demo@localhost"], ["commit.gpgsign", "false"]]
        {
            stage.git(&["config", setting[0], setting[1]])?;
        }
        stage.git(&["add", "."])?;
        stage.git(&["commit", "--quiet", "--message", "A report of sales"])?;
        Ok(stage)
    }

    /// The home of the board.
    pub(super) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The history of the repository, as a picture.
    pub(super) fn history(&self) -> String {
        let args = ["log", "--graph", "--oneline", "--decorate=short", "release"];
        let mut git = shell::command("git", &args);
        git.current_dir(&self.places.repository);
        shell::output(git).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    fn git(&self, args: &[&str]) -> Result<(), Failure> {
        let mut git = shell::command("git", args);
        git.current_dir(&self.places.repository);
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

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
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
