//! `andon context`: the text that a worker reads.

use andon_core::RunId;
use andon_core::context::{ContextFacts, render};
use andon_core::run::EndsBy;
use andon_core::task::Phase;
use andon_engine::profile;
use andon_store::query::ContextOf;
use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{input, output};

/// Show what a worker is told about a task
#[derive(Args, Clone, Debug)]
pub(crate) struct ContextArgs {
    /// Which task; a worker's own where none is named
    id: Option<String>,
}

/// Shows the text, as the task's next or present worker reads it.
pub(crate) fn run(app: &App, args: ContextArgs) -> Result<ExitCode, Failure> {
    let task = input::task(app, args.id.as_deref())?;
    let own: Option<RunId> = match app.in_worker() && app.own_task().is_ok_and(|own| own == task) {
        true => app.caller()?.actor.run().cloned(),
        false => None,
    };
    let folder = app.board_to_read()?.folder().to_owned();
    let shown = app.shown(&task, 0)?.task;
    let reader = match shown.state.phase {
        Phase::Work => shown.assignee.as_ref(),
        Phase::Review => shown.reviewer.as_ref(),
    };
    let ends_by = reader.and_then(|name| {
        let profile = profile::Profiles::load_one(app.home().root(), name.as_str()).ok()?;
        Some(match profile.ends_by() {
            profile::EndsBy::Exit => EndsBy::Exit,
            profile::EndsBy::Protocol => EndsBy::Protocol,
        })
    });
    let facts: ContextFacts =
        app.run(ContextOf { task: task.clone(), run: own, ends_by, terminal_timeout: None, folder })?;
    let text = render(&facts);
    if app.json {
        app.out.print_json(&json!({ "task_id": task, "context": text }));
    } else {
        app.out.print(&output::block(&text, ""));
    }
    Ok(ExitCode::Done)
}
