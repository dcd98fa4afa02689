//! `andon comment`: add to the thread of a task.

use std::path::PathBuf;

use andon_core::text::cap_chars;
use andon_store::operation::AddComment;
use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::input;

/// Comment on a task
#[derive(Args, Clone, Debug)]
pub(crate) struct CommentArgs {
    /// Which task, and the text; in a worker the task may be left out
    #[arg(value_name = "[TASK] TEXT")]
    words: Vec<String>,
    /// The text, from a file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// Cut the text to so many characters
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_len: Option<u32>,
}

/// Adds a comment.
pub(crate) fn run(app: &App, args: CommentArgs) -> Result<ExitCode, Failure> {
    let (task, words) = input::task_and_words(app, &args.words)?;
    let given = Some(words).filter(|words| !words.trim().is_empty());
    if given.is_some() && args.body_file.is_some() {
        return Err(Failure::usage("the text is given twice", "give it on the command line or in a file"));
    }
    let mut body = input::text(app, given, args.body_file.as_deref())?.unwrap_or_default();
    if let Some(limit) = args.max_len.and_then(|limit| usize::try_from(limit).ok())
        && body.chars().nth(limit).is_some()
    {
        body = format!("{}\n[cut to {limit} characters]", cap_chars(&body, limit));
    }
    let operation = AddComment { task: task.clone(), body, caller: app.caller()?, policy: app.policy()? };
    let id = app.run(operation)?;
    if app.json {
        app.out.print_json(&json!({ "id": id, "task_id": task }));
    } else {
        app.out.print(&format!("Commented on {task}  (comment {id})\n"));
    }
    Ok(ExitCode::Done)
}
