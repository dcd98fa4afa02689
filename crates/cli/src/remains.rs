//! What a deleted task leaves on the disk: attachments, logs, its workspace.

use std::io::ErrorKind;
use std::path::Path;

use andon_engine::workspace::{Cleanup, cleanup};
use andon_engine::{paths, tidy};
use andon_store::operation::Deleted;
use andon_store::query::Shown;

use crate::app::App;
use crate::error::Failure;

/// Where a task's newest run worked, looked up before the task and its runs go.
pub(crate) fn worked_in(shown: &Shown) -> Option<String> {
    shown.runs.iter().rev().find_map(|run| run.workspace_path.clone())
}

/// Removes them, as far as that loses nothing that is not the task's; gives what stays, in words. What a crash in between
/// leaves, `gc` finds.
///
/// # Errors
/// Where the board cannot be opened.
pub(crate) fn remove(app: &App, deleted: &Deleted, worked_in: Option<&str>) -> Result<Vec<String>, Failure> {
    let board = app.board()?;
    let mut problems = Vec::new();
    let task = &deleted.task.id;
    let folders =
        [board.folder().join("attachments").join(task.as_str()), paths::log_folder(board.folder(), task)];
    for folder in folders {
        if let Err(error) = remove_folder(&folder) {
            problems.push(format!("{}: {error}", folder.display()));
        }
    }
    for attachment in &deleted.attachments {
        let path = board.folder().join("attachments").join(&attachment.path);
        if path.is_file()
            && path.components().all(|part| part != std::path::Component::ParentDir)
            && let Err(error) = std::fs::remove_file(&path)
        {
            problems.push(format!("{}: {error}", path.display()));
        }
    }
    if let Some(target) = tidy::target(board, &deleted.task, worked_in) {
        match cleanup(&target) {
            Ok(Cleanup::Removed { .. } | Cleanup::Nothing) => {}
            Ok(Cleanup::Kept { reason }) => {
                problems.push(format!("{} stays: {reason}", target.path.display()))
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    Ok(problems)
}

fn remove_folder(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
