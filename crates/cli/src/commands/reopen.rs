//! `andon reopen`: take finished tasks up again.

use andon_store::operation::Reopen;
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Take finished tasks up again; children that have not started wait for them
#[derive(Args, Clone, Debug)]
pub(crate) struct ReopenArgs {
    /// Which tasks
    #[arg(required = true, value_name = "TASK")]
    ids: Vec<String>,
}

/// Reopens tasks.
pub(crate) fn run(app: &App, args: ReopenArgs) -> Result<ExitCode, Failure> {
    let (caller, policy) = (app.caller()?, app.policy()?);
    let code = bulk::tasks(app, &bulk::ids(app, &args.ids)?, "Reopened", |task| {
        app.run(Reopen { task, caller: caller.clone(), policy: policy.clone() })
    })?;
    app.settle()?;
    Ok(code)
}
