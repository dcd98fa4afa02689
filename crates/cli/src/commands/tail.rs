//! `andon tail`: the events of one task, as they happen.

use andon_store::query::{EventFilter, Head};
use andon_store::sql::events::Event;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::follow::{self, Follow};
use crate::input;

/// No task has more events.
const ALL: u32 = u32::MAX >> 1;

/// Show the events of a task, and go on until interrupted
#[derive(Args, Clone, Debug)]
pub(crate) struct TailArgs {
    /// Which task; a worker's own where none is named
    id: Option<String>,
    /// Stop at the end of what has happened
    #[arg(long)]
    no_follow: bool,
}

/// Follows a task.
pub(crate) fn run(app: &App, args: TailArgs) -> Result<ExitCode, Failure> {
    let task = input::task(app, args.id.as_deref())?;
    let (head, _) = app.run(Head { reader: None })?;
    let mut events = app.shown(&task, ALL)?.events;
    events.retain(|event| event.number <= head.number);
    if !follow::show(app, &events, false)? || args.no_follow {
        return Ok(ExitCode::Done);
    }
    let filter = EventFilter { task: Some(task), kinds: Vec::new() };
    Follow { filter, wanted: |_: &Event| Ok(true), with_task: false }.run(app, head)
}
