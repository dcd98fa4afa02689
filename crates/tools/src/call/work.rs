//! Calls of a worker at work: progress, comments, files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use andon_core::context::rfc3339;
use andon_store::files::{self, Reach};
use andon_store::operation::{AddComment, Heartbeat};
use futures::executor::block_on;
use serde_json::json;

use super::Done;
use crate::arguments;
use crate::error::{CallError, ToolError};
use crate::shape;
use crate::toolbox::OnBoard;

/// Progress.
pub(crate) fn heartbeat(on: &OnBoard<'_>, arguments: arguments::Heartbeat) -> Result<Done, ToolError> {
    let task = on.task(arguments.task_id.as_deref())?;
    let expires_at = on.run(Heartbeat {
        caller: on.caller(),
        task: Some(task.clone()),
        note: arguments.note,
        ttl: None,
        policy: on.rules()?.policy,
    })?;
    Ok(json!({ "ok": true, "task_id": task, "lease_expires_at": rfc3339(expires_at) }).into())
}

/// A comment.
pub(crate) fn comment(on: &OnBoard<'_>, arguments: arguments::Comment) -> Result<Done, ToolError> {
    let task = on.task(Some(&arguments.task_id))?;
    let comment = on.run(AddComment {
        task: task.clone(),
        body: arguments.body,
        caller: on.caller(),
        policy: on.rules()?.policy,
    })?;
    Ok(json!({ "ok": true, "task_id": task, "comment_id": comment }).into())
}

/// A file.
pub(crate) fn attach(on: &OnBoard<'_>, arguments: arguments::Attach) -> Result<Done, ToolError> {
    let task = on.task(arguments.task_id.as_deref())?;
    let (name, mut source): (Option<String>, Box<dyn Read + Send>) = match (arguments.path, arguments.content)
    {
        (Some(path), None) => {
            let path = allowed(on, &path)?;
            let own = path.file_name().map(|name| name.to_string_lossy().into_owned());
            (arguments.name.or(own), Box::new(open(&path)?))
        }
        (None, Some(content)) => (arguments.name, Box::new(std::io::Cursor::new(content.into_bytes()))),
        (Some(_), Some(_)) | (None, None) => {
            return Err(CallError::BadArguments("give either `path` or `content`".to_owned()).into());
        }
    };
    let name = name.ok_or_else(|| CallError::BadArguments("`name` is missing".to_owned()))?;
    let board = on.board()?;
    let attached = block_on(files::attach(board, &task, &name, source.as_mut(), &on.caller()))?;
    let file = shape::attachment(board.folder(), &attached);
    Ok(json!({ "ok": true, "task_id": task, "attachment": file }).into())
}

/// A path that this caller may read through a tool: a worker may be locked into its workspace while the tools are not, so
/// they read nothing for it that lies elsewhere.
fn allowed(on: &OnBoard<'_>, given: &str) -> Result<PathBuf, ToolError> {
    let failed = |reason: String| ToolError::from(CallError::File { path: given.to_owned(), reason });
    let found = |path: PathBuf| path.canonicalize().map_err(|error| failed(error.to_string()));
    let Some(worker) = on.worker() else {
        return match on.reach() {
            Reach::Anywhere if Path::new(given).is_absolute() => found(PathBuf::from(given)),
            Reach::Anywhere => Err(failed("give an absolute path: this session has no workspace".to_owned())),
            Reach::Workspace | Reach::Nowhere => Err(failed(
                "the files of this host are not read for somebody elsewhere; give the text in `content`"
                    .to_owned(),
            )),
        };
    };
    let workspace = match &worker.workspace {
        Some(own) => own.clone(),
        None => files::scratch(on.folder()?, &worker.task),
    };
    let root = workspace
        .canonicalize()
        .map_err(|_| failed("this run has no workspace; give the text in `content`".to_owned()))?;
    let path = found(root.join(given))?;
    if path.starts_with(&root) {
        return Ok(path);
    }
    Err(failed(format!("it lies outside of your workspace {}", root.display())))
}

fn open(path: &Path) -> Result<File, ToolError> {
    let failed =
        |reason: String| ToolError::from(CallError::File { path: path.display().to_string(), reason });
    files::open_resolved(path).map_err(|error| failed(error.to_string()))
}
