//! `andon complete`: finish tasks.

use std::path::{Path, PathBuf};

use andon_core::TaskId;
use andon_engine::artifacts;
use andon_store::Caller;
use andon_store::files::{self, Reach};
use andon_store::operation::{Complete, Handoff};
use clap::Args;
use serde_json::{Map, Value};

use crate::app::{App, absolute};
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input, output};

/// Finish tasks
#[derive(Args, Clone, Debug)]
pub(crate) struct CompleteArgs {
    /// Which tasks; a worker's own where none is named
    #[arg(value_name = "TASK")]
    ids: Vec<String>,
    /// The result, in a few words
    #[arg(long, value_name = "TEXT")]
    result: Option<String>,
    /// What was done, for whoever goes on with it
    #[arg(long, value_name = "TEXT", conflicts_with = "summary_file")]
    summary: Option<String>,
    /// The same from a file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    summary_file: Option<PathBuf>,
    /// The same as data: a JSON object
    #[arg(long, value_name = "JSON", value_parser = input::json_object)]
    metadata: Option<Value>,
    /// A file to keep as an attachment; may be said several times
    #[arg(long = "artifact", value_name = "FILE")]
    artifacts: Vec<PathBuf>,
    /// A task that this run created; may be said several times
    #[arg(long = "created-card", visible_alias = "created", value_name = "TASK")]
    created: Vec<String>,
}

/// Completes tasks; their children go on.
pub(crate) fn run(app: &App, args: CompleteArgs) -> Result<ExitCode, Failure> {
    let ids = bulk::ids(app, &args.ids)?;
    let handoff = args.summary.is_some()
        || args.summary_file.is_some()
        || args.metadata.is_some()
        || !args.artifacts.is_empty()
        || !args.created.is_empty();
    if ids.len() > 1 && handoff {
        let message = "a summary, metadata, artifacts and created tasks belong to one task".to_owned();
        return Err(Failure::usage(message, "complete the tasks one by one; `--result` may be shared"));
    }
    let metadata = metadata(app, args.metadata, &args.artifacts)?;
    let summary = input::text(app, args.summary, args.summary_file.as_deref())?;
    let (caller, policy) = (app.caller()?, app.policy()?);
    let code = bulk::tasks(app, &ids, "Completed", |task| {
        let mut metadata = metadata.clone();
        let artifacts::Stored { files: kept, problems } = store_artifacts(app, &task, &caller, &metadata)?;
        files::note_not_kept(&mut metadata, &problems);
        for problem in problems {
            app.out.say(&format!("andon: not kept: {}", output::line(&problem)));
        }
        app.run(Complete {
            task,
            caller: caller.clone(),
            result: args.result.clone(),
            summary: summary.clone(),
            metadata,
            created_cards: args.created.iter().flat_map(|text| input::names(text)).collect(),
            kept,
            policy: policy.clone(),
        })
    })?;
    app.settle()?;
    Ok(code)
}

/// Copies what is declared, to be recorded with the completion: before children may look for it, and before a scratch workspace
/// goes.
fn store_artifacts(
    app: &App,
    task: &TaskId,
    caller: &Caller,
    metadata: &Value,
) -> Result<artifacts::Stored, Failure> {
    let declared = Handoff { summary: None, metadata: metadata.clone() }.artifacts();
    if declared.is_empty() {
        return Ok(artifacts::Stored::default());
    }
    // An unknown task is refused before anything is written.
    let shown = app.shown(task, 0)?;
    if app.files.came_along() {
        return sent(app, task, caller, &declared);
    }
    let run = shown.task.state.current_run.as_ref();
    let folder = files::workspace(app.board()?.folder(), &shown);
    let declared =
        files::Declared { task, run, paths: &declared, workspace: &folder, reach: Reach::Anywhere, caller };
    Ok(artifacts::store(app.board()?, &declared))
}

/// Keeps what came along with the command. No other file is looked at: its paths mean nothing here.
fn sent(
    app: &App,
    task: &TaskId,
    caller: &Caller,
    declared: &[String],
) -> Result<artifacts::Stored, Failure> {
    let mut stored = artifacts::Stored::default();
    for path in declared.iter().map(Path::new) {
        let mut source = match app.files.open(path) {
            Ok(source) => source,
            Err(failure) => {
                stored.problems.push(failure.to_string());
                continue;
            }
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        stored.files.push(files::prepare(app.board()?.folder(), task, &name, &mut *source, caller)?);
    }
    Ok(stored)
}

/// The metadata with the artifacts in it: by absolute path, or as they are called where they came from.
fn metadata(app: &App, given: Option<Value>, artifacts: &[PathBuf]) -> Result<Value, Failure> {
    if artifacts.is_empty() {
        return Ok(given.unwrap_or(Value::Null));
    }
    let mut object = match given {
        Some(Value::Object(object)) => object,
        Some(_) | None => Map::new(),
    };
    let mut listed = match object.remove("artifacts") {
        Some(Value::Array(items)) => items,
        Some(item @ Value::String(_)) => vec![item],
        Some(_) | None => Vec::new(),
    };
    for path in artifacts {
        let path = if app.files.came_along() { path.clone() } else { absolute(path)? };
        listed.push(Value::String(path.to_string_lossy().into_owned()));
    }
    object.insert("artifacts".to_owned(), Value::Array(listed));
    Ok(Value::Object(object))
}
