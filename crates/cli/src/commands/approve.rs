//! `andon approve`: a review ends well.

use andon_store::operation::Approve;
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Approve tasks in review: they are done
#[derive(Args, Clone, Debug)]
pub(crate) struct ApproveArgs {
    /// Which tasks; a worker's own where none is named
    #[arg(value_name = "TASK")]
    ids: Vec<String>,
    /// What was found
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
}

/// Approves tasks; their children go on.
pub(crate) fn run(app: &App, args: ApproveArgs) -> Result<ExitCode, Failure> {
    let (caller, policy) = (app.caller()?, app.policy()?);
    let code = bulk::tasks(app, &bulk::ids(app, &args.ids)?, "Approved", |task| {
        let (caller, policy) = (caller.clone(), policy.clone());
        app.run(Approve { task, caller, summary: args.summary.clone(), policy })
    })?;
    app.settle()?;
    Ok(code)
}
