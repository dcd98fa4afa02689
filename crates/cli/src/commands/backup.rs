//! `andon backup`: a consistent copy of a board, taken while it is in use.

use std::path::PathBuf;

use andon_store::maintenance::{BackupOptions, backup};
use clap::Args;
use serde_json::json;

use crate::app::{App, absolute};
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{output, time};

/// Back a board up into a new folder, while it is in use
#[derive(Args, Clone, Debug)]
pub(crate) struct BackupArgs {
    /// The folder [default: backups/<board>-<time> in the home]
    #[arg(value_name = "FOLDER")]
    target: Option<PathBuf>,
    /// Attachments too
    #[arg(long)]
    with_files: bool,
    /// Replace a backup of that name
    #[arg(long)]
    force: bool,
}

/// Backs up.
pub(crate) fn run(app: &App, args: BackupArgs) -> Result<ExitCode, Failure> {
    let slug = app.slug()?;
    let target = match args.target {
        Some(target) => absolute(&target)?,
        None => {
            let stamp: String =
                time::rfc3339(app.now()).chars().filter(|c| c.is_ascii_alphanumeric()).collect();
            let folder = app.home().root().join("backups");
            std::fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
            folder.join(format!("{slug}-{stamp}"))
        }
    };
    let options = BackupOptions { replace: args.force, with_files: args.with_files };
    let made = backup(app.home(), &slug, &target, &options)?;
    for missing in &made.missing {
        app.out.say(&format!("andon: the attachment {} is not there", output::line(missing)));
    }
    if app.json {
        app.out.print_json(&json!({
            "board": slug, "path": made.folder, "bytes": made.bytes, "tasks": made.tasks, "files": made.files,
            "missing": made.missing,
        }));
    } else {
        app.out.print(&format!("{}\n", made.folder.display()));
    }
    Ok(ExitCode::Done)
}
