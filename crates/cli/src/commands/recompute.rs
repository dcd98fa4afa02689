//! `andon recompute`: look for tasks that wait though nothing holds them (GA-05).

use clap::Args;
use futures::executor::block_on;
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Look for tasks that wait though nothing holds them
///
/// Tasks are promoted the moment that what they waited for is done. What this finds was missed then: it is promoted, and
/// it is a defect of Andon worth reporting.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecomputeArgs {}

/// Sweeps the board until it finds nothing more.
pub(crate) fn run(app: &App, _args: RecomputeArgs) -> Result<ExitCode, Failure> {
    let policy = app.policy()?;
    app.settle()?;
    let found = block_on(app.board()?.sweep(&policy))?;
    if app.json {
        app.out.print_json(&json!({ "promoted": found, "defects": found.len() }));
    } else {
        for task in &found {
            app.out.print(&format!("Promoted {task}\n"));
        }
    }
    if found.is_empty() {
        app.out.say("nothing waits without a reason");
    } else {
        app.out.say(&format!(
            "{} task(s) waited though nothing held them: a defect of Andon, recorded as promoted_by_sweep",
            found.len()
        ));
    }
    Ok(ExitCode::Done)
}
