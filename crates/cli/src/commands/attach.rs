//! `andon attach`, `attachments`, `detach`: the files of a task (BD-40).

use std::path::{Path, PathBuf};

use andon_core::task::Refusal;
use andon_server::shape;
use andon_store::files;
use clap::{Args, Subcommand};
use futures::executor::block_on;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};
use crate::{input, output, time};

/// Attach files to a task
#[derive(Args, Clone, Debug)]
pub(crate) struct AttachArgs {
    /// Which task
    #[arg(value_name = "TASK")]
    id: String,
    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Another name for a single file
    #[arg(long)]
    name: Option<String>,
}

/// Shows the files of a task
#[derive(Args, Clone, Debug)]
#[command(
    about = "List the files of a task, and where they lie; or get one",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct AttachmentsArgs {
    /// Which task; a worker's own where none is named
    #[arg(value_name = "TASK")]
    id: Option<String>,
    #[command(subcommand)]
    verb: Option<AttachmentsVerb>,
}

#[derive(Clone, Debug, Subcommand)]
enum AttachmentsVerb {
    /// Write a file of a task to standard output, or into a file
    Get {
        /// Which task
        #[arg(value_name = "TASK")]
        id: String,
        /// Which file, by name or number
        #[arg(value_name = "NAME")]
        which: String,
        /// Into this file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Remove a file from a task
#[derive(Args, Clone, Debug)]
pub(crate) struct DetachArgs {
    /// Which task
    #[arg(value_name = "TASK")]
    id: String,
    /// Which files, by name or number
    #[arg(required = true, value_name = "NAME")]
    which: Vec<String>,
}

/// Attaches each file, first the bytes, then the row.
pub(crate) fn attach(app: &App, args: AttachArgs) -> Result<ExitCode, Failure> {
    let task = input::task(app, Some(&args.id))?;
    if args.name.is_some() && args.files.len() > 1 {
        return Err(Failure::usage("`--name` names a single file", "attach the files one by one"));
    }
    let (board, caller) = (app.board()?, app.caller()?);
    let mut attached = Vec::new();
    for path in &args.files {
        let own = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let from_input = path.as_os_str() == "-";
        let name = match &args.name {
            Some(name) => name.clone(),
            None if from_input => "stdin.txt".to_owned(),
            None => own,
        };
        let mut source = app.files.open(path)?;
        if !app.files.came_along() && !from_input && !path.is_file() {
            let reason = "it is not a regular file".to_owned();
            return Err(Failure::File { path: path.clone(), reason });
        }
        let one = block_on(files::attach(board, &task, &name, &mut *source, &caller))?;
        if !app.json {
            app.out.print(&format!("Attached {} to {task}  ({} bytes)\n", output::line(&one.name), one.size));
        }
        attached.push(shape::attachment(&one));
    }
    if app.json {
        app.out.print_json(&attached);
    }
    Ok(ExitCode::Done)
}

/// Lists the files, or gets one.
pub(crate) fn list(app: &App, args: AttachmentsArgs) -> Result<ExitCode, Failure> {
    if let Some(AttachmentsVerb::Get { id, which, output }) = &args.verb {
        return get(app, id, which, output.as_deref());
    }
    let task = input::task(app, args.id.as_deref())?;
    let shown = app.shown(&task, 0)?;
    if app.json {
        app.out.print_json(&shown.attachments.iter().map(shape::attachment).collect::<Vec<_>>());
        return Ok(ExitCode::Done);
    }
    let folder = app.board_folder()?;
    let mut table = Table::new();
    for attachment in &shown.attachments {
        let place = match files::path_of(&folder, attachment) {
            Ok(path) => Cell::new(path.display().to_string()).look(Look::Dim),
            Err(_) => Cell::new("its file is not there").look(Look::Bad),
        };
        table.row([
            Cell::new(attachment.id.to_string()).right(),
            Cell::new(&attachment.name).look(Look::Name),
            Cell::new(attachment.size.to_string()).right(),
            Cell::new(&attachment.added_by),
            Cell::new(time::relative(attachment.created_at, app.now())),
            place,
        ]);
    }
    app.out.print(&table.render());
    Ok(ExitCode::Done)
}

/// Gets one file: the newest of that name, or the one of that number.
fn get(app: &App, id: &str, which: &str, target: Option<&Path>) -> Result<ExitCode, Failure> {
    let task = input::task(app, Some(id))?;
    let shown = app.shown(&task, 0)?;
    let newest = shown.attachments.iter().rev();
    let found = newest.clone().find(|one| one.name == which);
    let one = found.or_else(|| newest.clone().find(|one| one.id.to_string() == which));
    let one = one.ok_or_else(|| Refusal::UnknownAttachment(which.to_owned()))?;
    let path = files::path_of(&app.board_folder()?, one)?;
    let content = std::fs::read(&path).map_err(Failure::file(&path))?;
    match target {
        Some(target) => app.out.file(target, &content).map_err(Failure::file(target))?,
        None => app.out.raw(&content).or_else(gone).map_err(Failure::file("standard output".as_ref()))?,
    }
    Ok(ExitCode::Done)
}

/// A reader who has gone is no failure.
fn gone(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// Detaches each, first the row, then the bytes.
pub(crate) fn detach(app: &App, args: DetachArgs) -> Result<ExitCode, Failure> {
    let task = input::task(app, Some(&args.id))?;
    let (board, caller) = (app.board()?, app.caller()?);
    let mut gone = Vec::new();
    for which in &args.which {
        let one = block_on(files::detach(board, &task, which, &caller))?;
        if !app.json {
            app.out.print(&format!("Removed {} from {task}\n", output::line(&one.name)));
        }
        gone.push(shape::attachment(&one));
    }
    if app.json {
        app.out.print_json(&gone);
    }
    Ok(ExitCode::Done)
}
