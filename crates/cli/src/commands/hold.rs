//! `andon hold`: keep tasks from starting.

use andon_store::operation::Hold;
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Keep tasks from starting until a promote
#[derive(Args, Clone, Debug)]
pub(crate) struct HoldArgs {
    /// Which tasks
    #[arg(required = true, value_name = "TASK")]
    ids: Vec<String>,
    /// Why; becomes a comment
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Holds tasks.
pub(crate) fn run(app: &App, args: HoldArgs) -> Result<ExitCode, Failure> {
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::tasks(app, &bulk::ids(app, &args.ids)?, "Held", |task| {
        app.run(Hold { task, caller: caller.clone(), reason: args.reason.clone(), policy: policy.clone() })
    })
}
