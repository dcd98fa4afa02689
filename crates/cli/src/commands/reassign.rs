//! `andon reassign`: give tasks to another profile, taking them back first where they run.

use clap::Args;

use super::assign::give;
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Give tasks to another profile, also while they run
#[derive(Args, Clone, Debug)]
pub(crate) struct ReassignArgs {
    /// Which tasks, and then the profile; `none` for nobody
    #[arg(required = true, num_args = 2.., value_names = ["TASK", "PROFILE"])]
    words: Vec<String>,
    /// Take a running task back first
    #[arg(long)]
    reclaim: bool,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "reclaim", default_value = "reassigned")]
    reason: String,
}

/// Gives tasks to somebody else.
pub(crate) fn run(app: &App, args: ReassignArgs) -> Result<ExitCode, Failure> {
    give(app, &args.words, args.reclaim.then_some(args.reason.as_str()))
}
