//! `andon attach`, `attachments`, `detach`: the files of a task (BD-40).

use std::path::PathBuf;

use andon_store::files;
use clap::Args;
use futures::executor::block_on;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::json::AttachmentJson;
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
#[command(about = "List the files of a task, and where they lie")]
pub(crate) struct AttachmentsArgs {
    /// Which task; a worker's own where none is named
    #[arg(value_name = "TASK")]
    id: Option<String>,
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
        let one = if from_input {
            block_on(files::attach(board, &task, &name, &mut std::io::stdin(), &caller))?
        } else {
            let mut file = std::fs::File::open(path).map_err(Failure::file(path))?;
            if !file.metadata().map_err(Failure::file(path))?.is_file() {
                let reason = "it is not a regular file".to_owned();
                return Err(Failure::File { path: path.clone(), reason });
            }
            block_on(files::attach(board, &task, &name, &mut file, &caller))?
        };
        if !app.json {
            output::print(&format!("Attached {} to {task}  ({} bytes)\n", output::line(&one.name), one.size));
        }
        attached.push(AttachmentJson::from(&one));
    }
    if app.json {
        output::print_json(&attached);
    }
    Ok(ExitCode::Done)
}

/// Lists the files.
pub(crate) fn list(app: &App, args: AttachmentsArgs) -> Result<ExitCode, Failure> {
    let task = input::task(app, args.id.as_deref())?;
    let shown = app.shown(&task, 0)?;
    if app.json {
        output::print_json(&shown.attachments.iter().map(AttachmentJson::from).collect::<Vec<_>>());
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
    output::print(&table.render());
    Ok(ExitCode::Done)
}

/// Detaches each, first the row, then the bytes.
pub(crate) fn detach(app: &App, args: DetachArgs) -> Result<ExitCode, Failure> {
    let task = input::task(app, Some(&args.id))?;
    let (board, caller) = (app.board()?, app.caller()?);
    let mut gone = Vec::new();
    for which in &args.which {
        let one = block_on(files::detach(board, &task, which, &caller))?;
        if !app.json {
            output::print(&format!("Removed {} from {task}\n", output::line(&one.name)));
        }
        gone.push(AttachmentJson::from(&one));
    }
    if app.json {
        output::print_json(&gone);
    }
    Ok(ExitCode::Done)
}
