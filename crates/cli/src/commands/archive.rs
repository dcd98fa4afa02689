//! `andon archive`: put tasks away, or remove what was put away.

use andon_store::operation::{Archive, Delete};
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, output, remains};

/// Put tasks away; with `--rm`, delete archived ones with all that belongs to them
#[derive(Args, Clone, Debug)]
pub(crate) struct ArchiveArgs {
    /// Which tasks
    #[arg(value_name = "TASK", required_unless_present = "rm")]
    ids: Vec<String>,
    /// Children that wait for them go on without
    #[arg(long, conflicts_with = "hold")]
    release: bool,
    /// Children that wait for them go on waiting
    #[arg(long)]
    hold: bool,
    /// Delete these tasks, which are archived
    #[arg(long, value_name = "TASK", num_args = 1.., conflicts_with = "ids")]
    rm: Vec<String>,
}

/// Archives tasks; running ones are stopped.
pub(crate) fn run(app: &App, args: ArchiveArgs) -> Result<ExitCode, Failure> {
    let release = match (args.release, args.hold) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let code = if args.rm.is_empty() {
        let (caller, policy) = (app.caller()?, app.policy()?);
        bulk::tasks(app, &bulk::ids(app, &args.ids)?, "Archived", |task| {
            app.run(Archive { task, release, caller: caller.clone(), policy: policy.clone() })
        })?
    } else {
        remove(app, &args.rm, release)?
    };
    app.settle()?;
    Ok(code)
}

fn remove(app: &App, ids: &[String], release: Option<bool>) -> Result<ExitCode, Failure> {
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::each(app, &bulk::ids(app, ids)?, |task| {
        let worked_in = remains::worked_in(&app.shown(&task, 0)?);
        let deleted = app.run(Delete {
            task: task.clone(),
            release,
            only_archived: true,
            caller: caller.clone(),
            policy: policy.clone(),
        })?;
        for problem in remains::remove(app, &deleted, worked_in.as_deref())? {
            app.out.say(&format!("andon: {}", output::line(&problem)));
        }
        let json = app.json.then(|| serde_json::json!({ "task_id": task, "deleted": true }));
        Ok((format!("Deleted {task}"), json))
    })
}
