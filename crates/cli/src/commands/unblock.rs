//! `andon unblock`: let blocked and scheduled tasks go on.

use andon_store::operation::{Afresh, StartFresh, Unblock};
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
    let (caller, policy) = (app.routing_caller()?, app.policy()?);
    bulk::tasks(app, &bulk::ids(app, &args.ids)?, "Unblocked", |task| {
        let fresh = args.fresh.then(|| StartFresh { task: task.clone(), caller: caller.clone() });
        let (caller, policy) = (caller.clone(), policy.clone());
        app.run(Afresh { fresh, then: Unblock { task, caller, reason: args.reason.clone(), policy } })
    })
}
