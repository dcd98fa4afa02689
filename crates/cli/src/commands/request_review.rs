//! `andon request-review`: ask for a review.

use andon_store::operation::RequestReview;
use clap::Args;
use serde_json::Value;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input};

/// Ask for a review of a task
#[derive(Args, Clone, Debug)]
pub(crate) struct RequestReviewArgs {
    /// Which task; a worker's own where none is named
    id: Option<String>,
    /// What was done, for the reviewer
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// The same as data: a JSON object
    #[arg(long, value_name = "JSON", value_parser = input::json_object)]
    metadata: Option<Value>,
}

/// Hands a task to its reviewer.
pub(crate) fn run(app: &App, args: RequestReviewArgs) -> Result<ExitCode, Failure> {
    let ids: Vec<String> = args.id.into_iter().collect();
    let (caller, policy, roster) = (app.caller()?, app.policy()?, app.roster()?);
    bulk::tasks(app, &bulk::ids(app, &ids)?, "Review requested:", |task| {
        app.run(RequestReview {
            task,
            caller: caller.clone(),
            summary: args.summary.clone(),
            metadata: args.metadata.clone().unwrap_or(Value::Null),
            roster: roster.clone(),
            policy: policy.clone(),
        })
    })
}
