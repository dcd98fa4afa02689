//! `andon import`: take over a board of another program.

use std::path::PathBuf;

use andon_store::maintenance::{ImportOptions, import};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::app::{App, absolute};
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;

/// Take over a board of another program, with all that it has
#[derive(Args, Clone, Debug)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    from: From,
}

#[derive(Clone, Debug, Subcommand)]
enum From {
    /// A board of Hermes: its `kanban.db`, which is only read
    Hermes {
        /// The database
        #[arg(value_name = "KANBAN.DB")]
        path: PathBuf,
    },
}

/// Imports into the board that is meant, which is made when it is not there.
pub(crate) fn run(app: &App, args: ImportArgs) -> Result<ExitCode, Failure> {
    let From::Hermes { path } = args.from;
    let slug = app.slug()?;
    let known = app.profiles().names().filter_map(|name| name.parse().ok()).collect();
    let options = ImportOptions { known_profiles: Some(known), ..ImportOptions::default() };
    let done = import(app.home(), &slug, &absolute(&path)?, &options)?;
    if app.json {
        app.out.print_json(&json!({
            "board": slug, "new": done.new, "tasks": done.tasks, "links": done.links, "runs": done.runs,
            "events": done.events, "comments": done.comments, "attachments": done.attachments, "files": done.files,
            "changed": done.changed, "unknown_profiles": done.unknown_profiles,
        }));
        return Ok(ExitCode::Done);
    }
    app.out.print(&format!(
        "Imported {} tasks, {} links, {} runs, {} events, {} comments and {} attachments ({} with their file) into '{slug}'\n",
        done.tasks, done.links, done.runs, done.events, done.comments, done.attachments, done.files
    ));
    for changed in &done.changed {
        app.out.say(&format!(
            "  {}: {} {:?} → {}",
            output::line(&changed.task),
            changed.field,
            changed.was,
            output::line(&changed.now)
        ));
    }
    for name in &done.unknown_profiles {
        app.out
            .say(&format!("  no profile {name}: `andon profile create {name} --runner <runner>` makes it"));
    }
    Ok(ExitCode::Done)
}
