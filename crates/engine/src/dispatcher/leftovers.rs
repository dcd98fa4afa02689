//! Files of runs that the board has reaped already: whoever ended them died before it could remove them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use andon_core::RunId;
use andon_store::query::{LiveRuns, RunOf};
use andon_store::{Board, OpError};

use crate::tidy::tidy;

/// Removes exit records and private folders of runs that are not live any more, and the workspaces of their tasks where
/// those are finished.
///
/// # Errors
/// Of the database. A file that cannot be removed stays for the next sweep.
pub(super) async fn remove(board: &Board) -> Result<(), OpError> {
    // The folders are read before the board: a run was on the board before it had files.
    let left = files(board.folder());
    if left.is_empty() {
        return Ok(());
    }
    let live = board.run(LiveRuns).await?;
    let live: BTreeSet<&RunId> = live.iter().map(|(run, _)| &run.id).collect();
    for (run, path) in left.iter().filter(|(run, _)| !live.contains(run)) {
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        match removed {
            // Its supervisor may be just about to remove it.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%run, path = %path.display(), %error, "what is left of a run could not be removed");
            }
            Ok(()) | Err(_) => {}
        }
        // Who died before it removed these has not looked at the workspace either.
        if let Some(run) = board.run(RunOf { run: run.clone() }).await? {
            tidy(board, &run.task).await?;
        }
    }
    Ok(())
}

fn files(board: &Path) -> Vec<(RunId, PathBuf)> {
    let mut found = Vec::new();
    for folder in ["exits", "runs"] {
        for entry in std::fs::read_dir(board.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let run = name.to_str().map(|name| name.strip_suffix(".json").unwrap_or(name));
            if let Some(run) = run.and_then(|run| run.parse().ok()) {
                found.push((run, entry.path()));
            }
        }
    }
    found
}
