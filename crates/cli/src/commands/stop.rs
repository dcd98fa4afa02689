//! `andon stop`: stop runs and everything that they started.

use std::time::Duration;

use andon_core::TaskId;
use andon_engine::control::wait_until_gone;
use andon_engine::reconcile::Patience;
use andon_store::operation::Stop;
use andon_store::sql::tasks::Task;
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Stop running tasks and everything that they started; they stay blocked
#[derive(Args, Clone, Debug)]
pub(crate) struct StopArgs {
    /// Which tasks
    #[arg(required = true, value_name = "TASK")]
    ids: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "stopped by a person")]
    reason: String,
    /// Only fence the runs; do not wait until their processes are gone
    #[arg(long)]
    no_wait: bool,
}

/// Stops runs, and answers when nothing of them lives any more.
pub(crate) fn run(app: &App, args: StopArgs) -> Result<ExitCode, Failure> {
    bulk::tasks(app, &args.ids, "Stopped", |task| {
        let stopped = fence(app, &task, &args.reason)?;
        if !args.no_wait {
            gone(app, &task)?;
        }
        Ok(stopped)
    })
}

/// Fences the run of a task. A task that was stopped before, and of which something may still live, is no mistake.
fn fence(app: &App, task: &TaskId, reason: &str) -> Result<Task, Failure> {
    let stop =
        Stop { task: task.clone(), caller: app.caller()?, reason: reason.to_owned(), policy: app.policy()? };
    match app.run(stop) {
        Err(Failure::Refused(refusal)) => {
            let shown = app.shown(task, 0)?;
            if shown.runs.iter().any(|run| run.reaped_at.is_none()) {
                Ok(shown.task)
            } else {
                Err(refusal.into())
            }
        }
        answer => answer,
    }
}

/// Waits until no process of a task's runs lives, doing what is left to do where no dispatcher does.
///
/// # Errors
/// `unreaped`, where something lives on: on another host, or unkillable.
pub(super) fn gone(app: &App, task: &TaskId) -> Result<(), Failure> {
    let settings = app.settings()?;
    let grace = settings.config.stop_grace.as_millis();
    let patience = Patience { stop: grace + 5_000 };
    let limit = Duration::from_millis(u64::try_from(grace).unwrap_or(0)) + Duration::from_secs(30);
    let board = app.board()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::file(board.folder()))?;
    let gone = runtime.block_on(wait_until_gone(board, task, patience, &settings.policy, limit))?;
    if gone {
        return Ok(());
    }
    let shown = app.shown(task, 0)?;
    let run = shown.runs.iter().find(|run| run.reaped_at.is_none());
    let run = run.map(|run| run.id.to_string()).unwrap_or_default();
    Err(andon_core::task::Refusal::Unreaped { run }.into())
}
