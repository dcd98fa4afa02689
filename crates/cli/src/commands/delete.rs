//! `andon delete`: remove tasks with all that belongs to them.

use andon_core::task::Status;
use andon_store::operation::{Delete, Stop};
use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{output, remains};

/// Delete tasks with their runs, comments, attachments, logs and workspaces
#[derive(Args, Clone, Debug)]
pub(crate) struct DeleteArgs {
    /// Which tasks
    #[arg(required = true, value_name = "TASK")]
    ids: Vec<String>,
    /// Let unfinished tasks that wait for them go on
    #[arg(long, conflicts_with = "hold")]
    release: bool,
    /// Keep unfinished tasks that wait for them waiting, for a person
    #[arg(long)]
    hold: bool,
}

/// Deletes; a running task is stopped first, and goes when nothing of it lives.
pub(crate) fn run(app: &App, args: DeleteArgs) -> Result<ExitCode, Failure> {
    let release = match (args.release, args.hold) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        (false, false) => None,
    };
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::each(app, &args.ids, |task| {
        let shown = app.shown(&task, 0)?;
        if shown.task.state.status == Status::Running {
            let reason = "deleted".to_owned();
            app.run(Stop { task: task.clone(), caller: caller.clone(), reason, policy: policy.clone() })?;
        }
        if shown.runs.iter().any(|run| run.reaped_at.is_none()) {
            super::stop::gone(app, &task)?;
        }
        let deleted = app.run(Delete {
            task: task.clone(),
            release,
            only_archived: false,
            caller: caller.clone(),
            policy: policy.clone(),
        })?;
        app.settle()?;
        for problem in remains::remove(app, &deleted, remains::worked_in(&shown).as_deref())? {
            app.out.say(&format!("andon: {}", output::line(&problem)));
        }
        Ok((format!("Deleted {task}"), Some(json!({ "task_id": task, "deleted": true }))))
    })
}
