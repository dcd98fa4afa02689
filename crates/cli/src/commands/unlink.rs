//! `andon unlink`: take a dependency away.

use andon_store::operation::Unlink;
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Let a task no longer wait for another
#[derive(Args, Clone, Debug)]
pub(crate) struct UnlinkArgs {
    /// The task that it waited for
    parent: String,
    /// The task that waited
    child: String,
}

/// Unlinks two tasks; the child may go on.
pub(crate) fn run(app: &App, args: UnlinkArgs) -> Result<ExitCode, Failure> {
    let parent: andon_core::TaskId = args.parent.parse()?;
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::tasks(app, &[args.child], &format!("Unlinked {parent} →"), |child| {
        app.run(Unlink { parent: parent.clone(), child, caller: caller.clone(), policy: policy.clone() })
    })
}
