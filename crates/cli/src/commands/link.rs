//! `andon link`: make a task wait for another.

use andon_store::operation::Link;
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Make a task wait for another
#[derive(Args, Clone, Debug)]
pub(crate) struct LinkArgs {
    /// The task that must be finished first
    parent: String,
    /// The task that waits
    child: String,
}

/// Links two tasks.
pub(crate) fn run(app: &App, args: LinkArgs) -> Result<ExitCode, Failure> {
    let parent: andon_core::TaskId = args.parent.parse()?;
    let (caller, policy) = (app.routing_caller()?, app.policy()?);
    bulk::tasks(app, &[args.child], &format!("Linked {parent} →"), |child| {
        app.run(Link { parent: parent.clone(), child, caller: caller.clone(), policy: policy.clone() })
    })
}
