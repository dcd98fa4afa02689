//! `andon bench`: boards to measure on.

use andon_core::{ProfileName, TaskId};
use andon_store::maintenance::{FILL_SLICE, Fill};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Make boards of a given size, to measure on
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Create many tasks at once
    Fill {
        /// How many
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        tasks: u32,
        /// As children of this task; they wait for it
        #[arg(long, value_name = "TASK")]
        parent: Option<String>,
        /// For whom; nobody where none is named
        #[arg(long, value_name = "PROFILE")]
        assignee: Option<ProfileName>,
        /// Where tasks without a parent stand: `todo` ones are held
        #[arg(long, value_enum, default_value_t = Place::Todo)]
        status: Place,
    },
}

/// Where a new task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    /// Held until somebody promotes it.
    Todo,
    /// It may be claimed.
    Ready,
}

/// Fills the board.
pub(crate) fn run(app: &App, args: BenchArgs) -> Result<ExitCode, Failure> {
    let Verb::Fill { tasks, parent, assignee, status } = args.verb;
    let parent: Option<TaskId> = parent.map(|id| id.parse()).transpose()?;
    let mut made = 0;
    while made < tasks {
        let fill = Fill {
            count: (tasks - made).min(FILL_SLICE),
            from: made + 1,
            parent: parent.clone(),
            assignee: assignee.clone(),
            ready: status == Place::Ready,
        };
        let count = app.run(fill)?.len();
        made = made.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }
    if app.json {
        app.out.print_json(&json!({ "tasks": made, "parent": parent }));
    } else {
        app.out.print(&format!("Created {made} tasks\n"));
    }
    Ok(ExitCode::Done)
}
