//! `andon set-status`: move tasks to another column, by the verb that leads there (ST-29).

use andon_core::TaskId;
use andon_core::task::{BlockKind, Status};
use andon_store::operation::{
    Archive, Block, Complete, Hold, Promote, Reclaim, Reopen, RequestReview, Schedule, ToTriage,
};
use andon_store::sql::tasks::Task;
use clap::Args;
use serde_json::Value;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input};

/// Move tasks to another column, by the verb that leads there
///
/// todo is `hold`, ready is `promote`, done is `complete`, blocked is `block`, scheduled is `schedule` without a time, and
/// so on. A finished task is reopened first, a running one taken back. `running` cannot be set: `claim` leads there.
#[derive(Args, Clone, Debug)]
pub(crate) struct SetStatusArgs {
    /// Which tasks, and then the status
    #[arg(required = true, num_args = 2.., value_names = ["TASK", "STATUS"])]
    words: Vec<String>,
}

/// Moves tasks.
pub(crate) fn run(app: &App, args: SetStatusArgs) -> Result<ExitCode, Failure> {
    let Some((last, ids)) = args.words.split_last() else {
        return Err(Failure::usage("no task is named", "say `<task>… <status>`"));
    };
    let status = input::status(last).map_err(|message| Failure::Usage {
        message,
        hint: Some("the status comes last, after the tasks".to_owned()),
    })?;
    if status == Status::Running {
        return Err(Failure::usage(
            "the status running cannot be set",
            "`andon claim <task>` takes it by hand",
        ));
    }
    let code = bulk::tasks(app, &bulk::ids(app, ids)?, "Moved", |task| one(app, &task, status))?;
    app.settle()?;
    Ok(code)
}

fn one(app: &App, id: &TaskId, to: Status) -> Result<Task, Failure> {
    let now = app.shown(id, 0)?.task;
    if now.state.status == to && (to != Status::Todo || now.state.held) {
        return Ok(now);
    }
    let now = open(app, now, to)?;
    if now.state.status == to && to != Status::Todo {
        return Ok(now);
    }
    let (task, caller, policy) = (id.clone(), app.caller()?, app.policy()?);
    let reason = None;
    match to {
        Status::Triage => app.run(ToTriage { task, caller, reason, policy }),
        Status::Todo => app.run(Hold { task, caller, reason, policy }),
        Status::Ready => app.run(Promote { task, caller, reason, force: false, policy }),
        Status::Scheduled => {
            app.run(Schedule { task, at: None, reason: "parked".to_owned(), caller, policy })
        }
        Status::Blocked => {
            let reason = "blocked by hand".to_owned();
            let kind = if app.in_worker() { BlockKind::NeedsInput } else { BlockKind::Operator };
            app.run(Block { task, caller, kind, reason, policy })
        }
        Status::Review => {
            let (summary, metadata, roster) = (None, Value::Null, app.roster()?);
            app.run(RequestReview { task, caller, summary, metadata, roster, policy })
        }
        Status::Done => app.run(Complete {
            task,
            caller,
            result: None,
            summary: None,
            metadata: Value::Null,
            created_cards: Vec::new(),
            kept: Vec::new(),
            policy,
        }),
        Status::Archived => app.run(Archive { task, release: None, caller, policy }),
        Status::Running => Ok(now),
    }
}

/// A finished task is taken up again, and a running one taken back, where the way leads through that.
fn open(app: &App, now: Task, to: Status) -> Result<Task, Failure> {
    let (task, caller, policy) = (now.id.clone(), app.caller()?, app.policy()?);
    match (now.state.status, to) {
        (Status::Done, Status::Archived) => Ok(now),
        (Status::Done | Status::Archived, _) => app.run(Reopen { task, caller, policy }),
        (Status::Running, Status::Triage | Status::Todo | Status::Ready) => {
            app.run(Reclaim { task, caller, reason: format!("moved to {to} by hand"), policy })
        }
        (
            Status::Triage
            | Status::Todo
            | Status::Scheduled
            | Status::Ready
            | Status::Running
            | Status::Review
            | Status::Blocked,
            _,
        ) => Ok(now),
    }
}
