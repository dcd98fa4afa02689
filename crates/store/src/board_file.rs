//! `board.toml`: what a board's folder says of it (BD-06), and the identity that its database must have.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a board's folder says of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoardFile {
    /// Its display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A sign for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Its colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// The directory of `dir` and `worktree` tasks that name none (ST-04).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_workdir: Option<String>,
    /// Who reviews where neither task nor profile says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    /// When it was created, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// The identity of its database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Caps of this board; the engine reads them.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub limits: toml::Table,
}

/// Why a `board.toml` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BoardFileError {
    /// It cannot be read or written.
    #[error("{}: {reason}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is malformed.
    #[error("{} is malformed: {reason}", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Line and reason.
        reason: String,
    },
}

impl BoardFile {
    /// Reads the file in a board's folder; a folder without one says nothing.
    ///
    /// # Errors
    /// Unreadable or malformed.
    pub fn read(folder: &Path) -> Result<Self, BoardFileError> {
        let path = folder.join("board.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| BoardFileError::Malformed { path, reason: error.to_string() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(BoardFileError::Io { path, reason: error.to_string() }),
        }
    }

    /// Writes the file in one step: a reader sees the old one or the new one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), BoardFileError> {
        let path = folder.join("board.toml");
        let fail = |reason: String| BoardFileError::Io { path: path.clone(), reason };
        let text = toml::to_string(self).map_err(|error| fail(error.to_string()))?;
        let draft = folder.join(format!("board.toml.{:016x}", rand::random::<u64>()));
        let written = write_synced(&draft, text.as_bytes()).and_then(|()| std::fs::rename(&draft, &path));
        written.map_err(|error| {
            let _ = std::fs::remove_file(&draft);
            fail(error.to_string())
        })
    }
}

/// Writes a file and waits until it is on the disk.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
