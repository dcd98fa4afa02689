//! Where the files of a run lie in its board's folder.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use andon_core::{RunId, TaskId};

/// The files of one run.
#[derive(Clone, Debug)]
pub struct RunPaths {
    /// Its log: `logs/<task>/<run>.log`.
    pub log: PathBuf,
    /// What steers its worker, private: script, prompt, result. `runs/<run>/`.
    pub private: PathBuf,
    /// How it ended, until the board knows: `exits/<run>.json`.
    pub exit: PathBuf,
}

impl RunPaths {
    /// The paths of a run on the board in `board`.
    #[must_use]
    pub fn new(board: &Path, task: &TaskId, run: &RunId) -> Self {
        Self {
            log: log_folder(board, task).join(format!("{run}.log")),
            private: board.join("runs").join(run.as_str()),
            exit: exit_record(board, run),
        }
    }

    /// The handoff that the worker may write (`$ANDON_RESULT`).
    #[must_use]
    pub fn result(&self) -> PathBuf {
        self.private.join("result.json")
    }

    /// The script of a `shell` run.
    #[must_use]
    pub fn script(&self) -> PathBuf {
        self.private.join("script")
    }

    /// What the worker is told (`$ANDON_PROMPT_FILE`).
    #[must_use]
    pub fn prompt(&self) -> PathBuf {
        self.private.join("prompt.md")
    }

    /// What the agent says that it consumed (`$ANDON_USAGE`).
    #[must_use]
    pub fn usage(&self) -> PathBuf {
        self.private.join("usage.json")
    }

    /// The last renewal that the supervisor was told of: it lives, and need not renew by itself.
    #[must_use]
    pub fn heard(&self) -> PathBuf {
        self.private.join("heard")
    }

    /// What was said in the run, where its agent keeps that: beside its log.
    #[must_use]
    pub fn transcript(&self) -> PathBuf {
        self.log.with_extension("transcript.jsonl")
    }

    /// The conversation of the run, where its agent keeps it for a later run.
    #[must_use]
    pub fn conversation(&self) -> PathBuf {
        self.log.with_extension("session.json")
    }

    /// What judges of the run's goal have cost: in the run's own count, and no part of its agent's session.
    #[must_use]
    pub fn judges(&self) -> PathBuf {
        self.log.with_extension("judges.json")
    }

    /// Makes the folders.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn create(&self) -> io::Result<()> {
        for folder in
            [self.log.parent(), Some(self.private.as_path()), self.exit.parent()].into_iter().flatten()
        {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        Ok(())
    }

    /// Removes what only the worker needed.
    pub fn remove_private(&self) {
        let _ = std::fs::remove_dir_all(&self.private);
    }
}

/// How a run ended, until the board knows.
pub(crate) fn exit_record(board: &Path, run: &RunId) -> PathBuf {
    board.join("exits").join(format!("{run}.json"))
}

/// The logs of a task.
#[must_use]
pub fn log_folder(board: &Path, task: &TaskId) -> PathBuf {
    board.join("logs").join(task.as_str())
}

/// Writes a file that only its owner reads.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)
}
