//! `andon schedule`: put tasks off.

use andon_store::operation::Schedule;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{bulk, input, time};

/// Put tasks off until a moment, or until somebody lets them go on
#[derive(Args, Clone, Debug)]
pub(crate) struct ScheduleArgs {
    /// Which task, and why; in a worker the task may be left out
    #[arg(value_name = "[TASK] REASON")]
    words: Vec<String>,
    /// Further tasks; may be said several times
    #[arg(long, value_name = "TASK", num_args = 1..)]
    ids: Vec<String>,
    /// Until when: RFC 3339, "2030-01-31 09:00", "in 2h", "tomorrow 9:00"; without it they are parked
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
}

/// Puts tasks off.
pub(crate) fn run(app: &App, args: ScheduleArgs) -> Result<ExitCode, Failure> {
    let (first, reason) = input::task_and_words(app, &args.words)?;
    let mut given = vec![first.to_string()];
    given.extend(args.ids.iter().cloned());
    let at = args.at.as_deref().map(|text| time::moment(text, app.now(), app.zone())).transpose();
    let at = at.map_err(|message| Failure::Usage { message, hint: None })?;
    let (caller, policy) = (app.caller()?, app.policy()?);
    bulk::tasks(app, &bulk::ids(app, &given)?, "Scheduled", |task| {
        app.run(Schedule { task, at, reason: reason.clone(), caller: caller.clone(), policy: policy.clone() })
    })
}
