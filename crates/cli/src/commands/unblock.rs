//! `andon unblock`: let blocked and scheduled tasks go on.

use andon_store::operation::{StartFresh, Unblock};
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Let blocked or scheduled tasks go on
#[derive(Args, Clone, Debug)]
pub(crate) struct UnblockArgs {
    /// Which tasks
    #[arg(required = true, value_name = "TASK")]
    ids: Vec<String>,
    /// Why; becomes a comment
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The next run starts a new session, instead of going on with the last one's
    #[arg(long)]
    fresh: bool,
}

/// Lets tasks go on.
pub(crate) fn run(app: &App, args: UnblockArgs) -> Result<ExitCode, Failure> {
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::tasks(app, &bulk::ids(app, &args.ids)?, "Unblocked", |task| {
        if args.fresh {
            app.run(StartFresh { task: task.clone(), caller: caller.clone() })?;
        }
        app.run(Unblock { task, caller: caller.clone(), reason: args.reason.clone(), policy: policy.clone() })
    })
}
