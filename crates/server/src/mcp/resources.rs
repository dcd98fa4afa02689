//! Resources: a task's context, a run's log, a board.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use andon_core::task::Refusal;
use andon_core::{BoardSlug, RunId, TaskId};
use andon_engine::paths::RunPaths;
use andon_store::Board;
use andon_store::query::{List, RunOf};
use andon_tools::{CallError, Identity, ToolError, Toolbox};
use futures::executor::block_on;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

/// Most bytes of a log: its end.
const LOG_TAIL: u64 = 256 << 10;
/// Most tasks of a board.
const TASKS: u32 = 200;

/// What a URI names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Context(TaskId),
    Log(RunId),
    Board(BoardSlug),
}

fn parse(uri: &str) -> Result<Named, ToolError> {
    let unknown = || {
        let message = format!("there is no resource {:?}", uri.chars().take(120).collect::<String>());
        let hint = "andon://task/{id}/context, andon://run/{id}/log and andon://board/{slug} are there";
        ToolError::new("not_found", message, Some(hint.to_owned()))
    };
    let parts: Vec<&str> = uri.strip_prefix("andon://").ok_or_else(unknown)?.split('/').collect();
    match parts.as_slice() {
        ["task", id, "context"] => Ok(Named::Context(id.parse()?)),
        ["run", id, "log"] => Ok(Named::Log(id.parse()?)),
        ["board", slug] => Ok(Named::Board(slug.parse()?)),
        _ => Err(unknown()),
    }
}

/// The kinds of resources.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new("andon://task/{id}/context", "task-context")
            .with_title("The context of a task")
            .with_description("What the worker of a task is told: specification, earlier attempts, results of parents, comments")
            .with_mime_type("text/markdown"),
        ResourceTemplate::new("andon://run/{id}/log", "run-log")
            .with_title("The log of a run")
            .with_description("The end of what the process of a run wrote")
            .with_mime_type("text/plain"),
        ResourceTemplate::new("andon://board/{slug}", "board")
            .with_title("A board")
            .with_description("The tasks of a board, the most urgent first")
            .with_mime_type("application/json"),
    ]
}

/// The resources that a caller is likely to read: its own.
pub(super) fn own(identity: &Identity) -> Vec<Resource> {
    let board = identity.board();
    let mut resources = vec![
        Resource::new(format!("andon://board/{board}"), format!("board-{board}"))
            .with_title(format!("The board {board}"))
            .with_mime_type("application/json"),
    ];
    if let Some(worker) = identity.as_worker() {
        let context = Resource::new(format!("andon://task/{}/context", worker.task), "my-task")
            .with_title("Your task")
            .with_mime_type("text/markdown");
        let log = Resource::new(format!("andon://run/{}/log", worker.run), "my-log")
            .with_title("The log of your run")
            .with_mime_type("text/plain");
        resources.extend([context, log]);
    }
    resources
}

/// Reads a resource.
///
/// # Errors
/// A URI that names nothing, or what is wrong with the board.
pub(super) async fn read(toolbox: &Toolbox, uri: &str) -> Result<ResourceContents, ToolError> {
    let (text, mime) = match parse(uri)? {
        Named::Context(task) => (toolbox.worker_context(Some(task)).await?, "text/markdown"),
        Named::Log(run) => (toolbox.ask(None, move |board| log(board, &run)).await?, "text/plain"),
        Named::Board(slug) => (toolbox.ask(Some(slug), overview).await?, "application/json"),
    };
    Ok(ResourceContents::text(text, uri).with_mime_type(mime))
}

fn log(board: &Board, run: &RunId) -> Result<String, ToolError> {
    let found = block_on(board.run(RunOf { run: run.clone() }))?;
    let found = found.ok_or_else(|| Refusal::UnknownRun(run.to_string()))?;
    let path = RunPaths::new(board.folder(), &found.task, run).log;
    tail(&path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            return ToolError::new("not_found", format!("run {run} has written nothing"), None);
        }
        CallError::File { path: path.display().to_string(), reason: error.to_string() }.into()
    })
}

/// The end of a log, from the start of a line.
fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(LOG_TAIL);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, rest)) if from > 0 => rest.to_owned(),
        Some(_) | None => text,
    })
}

fn overview(board: &Board) -> Result<String, ToolError> {
    let listed = block_on(board.run(List { limit: TASKS, ..List::default() }))?;
    let tasks: Vec<_> = listed
        .tasks
        .iter()
        .map(|(task, parents, _)| {
            json!({
                "id": task.id, "title": task.title, "status": task.state.status,
                "assignee": task.assignee, "priority": task.priority,
                "parents": parents.iter().take(50).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(json!({ "board": board.slug(), "tasks": tasks, "truncated": listed.more }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_name_three_things_and_nothing_else() {
        assert!(matches!(parse("andon://task/t_01234567/context"), Ok(Named::Context(_))));
        assert!(matches!(parse("andon://run/01J00000000000000000000000/log"), Ok(Named::Log(_))));
        assert!(matches!(parse("andon://board/default"), Ok(Named::Board(_))));
        for bad in ["", "andon://", "andon://task/../context", "file:///etc/passwd", "andon://board/../x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("andon://task/nonsense/context").unwrap_err().code, "unknown_task");
    }

    #[test]
    fn a_long_log_starts_at_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        assert_eq!(tail(&path).unwrap(), "one\ntwo\n");
        std::fs::write(&path, format!("{}\nend\n", "x".repeat(300 << 10))).unwrap();
        assert_eq!(tail(&path).unwrap(), "end\n");
    }
}
