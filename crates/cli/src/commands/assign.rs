//! `andon assign`: give tasks to a profile, or to nobody.

use andon_store::operation::Assign;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input};

/// Give tasks to a profile, or to nobody
#[derive(Args, Clone, Debug)]
pub(crate) struct AssignArgs {
    /// Which tasks, and then the profile; `none` for nobody
    #[arg(required = true, num_args = 2.., value_names = ["TASK", "PROFILE"])]
    words: Vec<String>,
}

/// Gives tasks that do not run to somebody.
pub(crate) fn run(app: &App, args: AssignArgs) -> Result<ExitCode, Failure> {
    give(app, &args.words, None)
}

/// Gives the tasks of `words` to the profile at its end; running ones are taken back first for the reason.
pub(crate) fn give(app: &App, words: &[String], reclaim: Option<&str>) -> Result<ExitCode, Failure> {
    let Some((profile, ids)) = words.split_last() else {
        return Err(Failure::usage("no task is named", "say `<task>… <profile>`"));
    };
    let assignee = input::assignee(profile).map_err(|message| Failure::Usage {
        message,
        hint: Some("the profile comes last, after the tasks; `none` is nobody".to_owned()),
    })?;
    let (caller, policy) = (app.routing_caller()?, app.policy()?);
    let roster = app.roster_if(assignee.is_some())?;
    let word =
        assignee.as_ref().map_or_else(|| "Unassigned".to_owned(), |name| format!("Assigned to {name}:"));
    bulk::tasks(app, &bulk::ids(app, ids)?, &word, |task| {
        app.run(Assign {
            task,
            assignee: assignee.clone(),
            reclaim: reclaim.map(str::to_owned),
            caller: caller.clone(),
            roster: roster.clone(),
            policy: policy.clone(),
        })
    })
}
