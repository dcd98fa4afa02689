//! `andon init`: a home with its default board.

use andon_store::BoardFile;
use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;

/// Make the home and its board, and say what comes next
#[derive(Args, Clone, Debug)]
pub(crate) struct InitArgs {}

/// Makes what is missing; what is there stays as it is.
pub(crate) fn run(app: &App, _args: InitArgs) -> Result<ExitCode, Failure> {
    let slug = app.slug()?;
    let new = app.home().create(&slug, &BoardFile::default())?;
    let board = app.board()?;
    let profiles = app.profiles();
    let names: Vec<&str> = profiles.names().collect();
    if app.json {
        app.out.print_json(&json!({
            "home": app.home().root(), "board": slug, "database": board.database(), "created": new, "profiles": names,
        }));
        return Ok(ExitCode::Done);
    }
    app.out.print(&format!("{}\n", output::line(&board.database().display().to_string())));
    let word = if new { "made" } else { "there already" };
    app.out.say(&format!("board {slug}: {word}"));
    if names.is_empty() {
        app.out.say("profiles: none yet. Next: `andon profile create worker --runner shell`");
    } else {
        app.out.say(&format!("profiles: {}", names.join(", ")));
        app.out.say("next: `andon create \"<title>\" --assignee <profile>`, then `andon serve`");
    }
    for (name, problem) in &profiles.broken {
        app.out.say(&format!("profile {name} is broken: {}", output::line(&problem.to_string())));
    }
    Ok(ExitCode::Done)
}
