//! Declared artifacts are kept as attachments before the workspace goes (BD-40, SD2-19).

use andon_core::RunId;
use andon_store::files::{self, Declared};
use andon_store::operation::Attach;
use andon_store::{Board, OpError};

use crate::workspace;

/// Files that lie in place without their rows, and what could not be kept, in words.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// To be recorded; a file that never is goes with `gc`.
    pub files: Vec<Attach>,
    /// In words.
    pub problems: Vec<String>,
}

/// Copies what is declared into the board. Safe to repeat: the same content under the same name is the same file. Blocks.
#[must_use]
pub fn store(board: &Board, declared: &Declared<'_>) -> Stored {
    if declared.paths.is_empty() {
        return Stored::default();
    }
    let (found, problems) = workspace::artifacts(declared.paths, declared.workspace, declared.reach);
    let mut stored = Stored { files: Vec::new(), problems };
    for artifact in found {
        let copied = files::open_resolved(&artifact.path).map_err(|error| error.to_string());
        let copied = copied.and_then(|mut file| {
            files::prepare(board.folder(), declared.task, &artifact.name, &mut file, declared.caller)
                .map_err(|error| error.to_string())
        });
        match copied {
            Ok(file) => stored.files.push(Attach { run: declared.run.map(RunId::to_string), ..file }),
            Err(why) => stored.problems.push(format!("{}: {why}", artifact.path.display())),
        }
    }
    stored
}

/// The same, and records them. Gives what could not be kept, in words.
///
/// # Errors
/// Of the database.
pub async fn keep(board: &Board, declared: &Declared<'_>) -> Result<Vec<String>, OpError> {
    let stored = store(board, declared);
    for file in stored.files {
        board.run(file).await?;
    }
    Ok(stored.problems)
}
