//! `andon restore`: bring a board back from a backup.

use std::path::PathBuf;

use andon_store::maintenance::{RestoreOptions, restore};
use clap::Args;
use serde_json::json;

use crate::app::{App, absolute};
use crate::error::Failure;
use crate::exit::ExitCode;

/// Bring a board back from a backup; what is there is put aside, never deleted
#[derive(Args, Clone, Debug)]
pub(crate) struct RestoreArgs {
    /// The folder that `backup` made, or a database
    #[arg(value_name = "BACKUP")]
    from: PathBuf,
    /// Although somebody works on the board, or the backup is another board's
    #[arg(long)]
    force: bool,
}

/// Restores the board that is meant.
pub(crate) fn run(app: &App, args: RestoreArgs) -> Result<ExitCode, Failure> {
    let slug = app.slug()?;
    let options = RestoreOptions { force: args.force, policy: app.config()?.policy() };
    let done = restore(app.home(), &slug, &absolute(&args.from)?, &options)?;
    if app.json {
        app.out.print_json(&json!({
            "board": done.board, "new": done.new, "epoch": done.epoch, "interrupted": done.interrupted,
            "aside": done.aside, "files": done.files,
        }));
        return Ok(ExitCode::Done);
    }
    app.out.print(&format!("Board '{slug}' restored from {}\n", args.from.display()));
    if let Some(aside) = &done.aside {
        app.out.print(&format!("  what was there lies in {}\n", aside.display()));
    }
    if !done.interrupted.is_empty() {
        app.out.print(&format!(
            "  {} run(s) that were open then count as interrupted\n",
            done.interrupted.len()
        ));
    }
    Ok(ExitCode::Done)
}
