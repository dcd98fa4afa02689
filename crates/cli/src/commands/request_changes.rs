//! `andon request-changes`: a review sends a task back.

use andon_store::operation::RequestChanges;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input};

/// Send a task in review back, and say what to change
#[derive(Args, Clone, Debug)]
pub(crate) struct RequestChangesArgs {
    /// Which task, and what to change; in a worker the task may be left out
    #[arg(required = true, value_name = "[TASK] TEXT")]
    words: Vec<String>,
}

/// Requests changes.
pub(crate) fn run(app: &App, args: RequestChangesArgs) -> Result<ExitCode, Failure> {
    let (task, reason) = input::task_and_words(app, &args.words)?;
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::tasks(app, &[task.to_string()], "Changes requested:", |task| {
        app.run(RequestChanges {
            task,
            caller: caller.clone(),
            reason: reason.clone(),
            policy: policy.clone(),
        })
    })
}
