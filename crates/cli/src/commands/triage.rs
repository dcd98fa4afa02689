//! `andon triage`: send tasks back to the ideas.

use andon_store::operation::ToTriage;
use clap::Args;

use crate::app::App;
use crate::bulk;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Send tasks back to the ideas
#[derive(Args, Clone, Debug)]
pub(crate) struct TriageArgs {
    /// Which tasks
    #[arg(required = true, value_name = "TASK")]
    ids: Vec<String>,
    /// Why; becomes a comment
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Sends tasks back.
pub(crate) fn run(app: &App, args: TriageArgs) -> Result<ExitCode, Failure> {
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::tasks(app, &bulk::ids(app, &args.ids)?, "Back to triage:", |task| {
        app.run(ToTriage {
            task,
            caller: caller.clone(),
            reason: args.reason.clone(),
            policy: policy.clone(),
        })
    })
}
