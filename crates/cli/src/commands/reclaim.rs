//! `andon reclaim`: take runs back.

use andon_store::operation::{Afresh, Reclaim, StartFresh};
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Take running tasks back: their runs end, and they may run again
#[derive(Args, Clone, Debug)]
pub(crate) struct ReclaimArgs {
    /// Which tasks
    #[arg(required = true, value_name = "TASK")]
    ids: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "taken back")]
    reason: String,
    /// The next run starts a new session, instead of going on with the last one's
    #[arg(long)]
    fresh: bool,
}

/// Takes runs back; their process trees are stopped before the tasks may run again.
pub(crate) fn run(app: &App, args: ReclaimArgs) -> Result<ExitCode, Failure> {
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::tasks(app, &bulk::ids(app, &args.ids)?, "Reclaimed", |task| {
        let fresh = args.fresh.then(|| StartFresh { task: task.clone(), caller: caller.clone() });
        let (caller, policy) = (caller.clone(), policy.clone());
        app.run(Afresh { fresh, then: Reclaim { task, caller, reason: args.reason.clone(), policy } })
    })
}
