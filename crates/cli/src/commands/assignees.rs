//! `andon assignees`: who can be given work, and who has some.

use std::collections::BTreeMap;

use andon_store::query::Assignees;
use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};

/// Show who can be given work, and how many tasks each has
#[derive(Args, Clone, Debug)]
pub(crate) struct AssigneesArgs {}

/// Shows profiles and the assignees of the board.
pub(crate) fn run(app: &App, _args: AssigneesArgs) -> Result<ExitCode, Failure> {
    let profiles = app.profiles();
    let mut counts: BTreeMap<String, u32> = profiles.names().map(|name| (name.to_owned(), 0)).collect();
    counts.extend(app.run(Assignees)?);
    if app.json {
        let rows: Vec<_> = counts
            .iter()
            .map(|(name, tasks)| json!({ "name": name, "on_disk": profiles.exists(name), "tasks": tasks }))
            .collect();
        app.out.print_json(&rows);
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    for (name, tasks) in &counts {
        let note = match profiles.get(name) {
            Some(profile) => profile.settings.description.clone().unwrap_or_default(),
            None => "(no such profile)".to_owned(),
        };
        table.row([Cell::new(name).look(Look::Name), Cell::new(tasks.to_string()).right(), Cell::new(note)]);
    }
    app.out.print(&table.render());
    if counts.is_empty() {
        app.out.say("(nobody; `andon profile create <name> --runner shell` makes a profile)");
    }
    Ok(ExitCode::Done)
}
