//! `andon resume`: let the cord go.

use andon_store::operation::{Resume, Scope};
use clap::Args;
use futures::executor::block_on;
use serde_json::json;

use super::pause::{ScopeArgs, words};
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Let the cord go: work starts again
#[derive(Args, Clone, Debug)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    scope: ScopeArgs,
}

/// Resumes a board, a profile or everything.
pub(crate) fn run(app: &App, args: ResumeArgs) -> Result<ExitCode, Failure> {
    let scope = args.scope.scope(app)?;
    let caller = app.caller()?;
    let mut was = false;
    for board in args.scope.boards(app)? {
        was |= block_on(board.run(Resume { scope: scope.clone(), caller: caller.clone() }))?;
    }
    if scope == Scope::Everything && caller.actor.is_person() {
        app.home().set_paused_everything(false)?;
    }
    let words = words(&scope, app)?;
    if app.json {
        app.out.print_json(&json!({ "resumed": words, "was_paused": was }));
    } else {
        app.out.print(&format!("{} {words}\n", if was { "Resumed" } else { "Was not paused:" }));
    }
    Ok(ExitCode::Done)
}
