//! `andon serve`: the dispatcher of all boards of the home, for a service manager to run.

use andon_engine::dispatcher::{Options, Until};
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;

/// Serve every board of the home until told to stop; runs go on without it
#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArgs {}

/// Serves.
pub(crate) fn run(app: &App, _: ServeArgs) -> Result<ExitCode, Failure> {
    output::say(&format!("andon: serving the boards of {}", app.home().root().display()));
    let home = app.home().root().to_owned();
    let options = Options { home, board: None, until: Until::Stopped, dry_run: false, max: None };
    super::dispatch::work(app, options, true)?;
    output::say("andon: stopped; runs go on");
    Ok(ExitCode::Done)
}
