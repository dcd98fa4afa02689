//! `andon events`: the log of a board or a task (GA-05).

use andon_core::{Cursor, Millis};
use andon_server::shape;
use andon_store::query::{EventFilter, EventsAfter, Head};
use andon_store::sql::events::Event;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::follow::{self, Follow};
use crate::output::{Cell, Look};
use crate::{input, time};

/// Events that one look reads.
pub(crate) const LOOK: u32 = 1_000;

/// Show the event log
#[derive(Args, Clone, Debug)]
pub(crate) struct EventsArgs {
    /// Only of this task
    id: Option<String>,
    /// Only of these kinds, separated by commas
    #[arg(long, value_name = "KINDS")]
    kinds: Option<String>,
    /// Only after this place, as an earlier call said
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Go on until interrupted
    #[arg(long, short = 'f')]
    follow: bool,
}

/// Shows events, oldest first; the place after them goes to standard error.
pub(crate) fn run(app: &App, args: EventsArgs) -> Result<ExitCode, Failure> {
    let task = args.id.as_deref().map(|id| input::task(app, Some(id))).transpose()?;
    if let Some(task) = &task {
        app.shown(task, 0)?;
    }
    let filter = EventFilter { task, kinds: args.kinds.as_deref().map(input::names).unwrap_or_default() };
    let (mut events, cursor) = match args.after {
        Some(after) => read(app, after, &filter)?,
        None => newest(app, args.limit, &filter)?,
    };
    let drop = events.len().saturating_sub(args.limit);
    events.drain(..drop);
    if args.follow {
        follow::show(app, &events, true)?;
        return Follow { filter, wanted: |_: &Event| Ok(true), with_task: true }.run(app, cursor);
    }
    if app.json {
        app.out.print_json(&events.iter().map(shape::event).collect::<Vec<_>>());
    } else {
        follow::show(app, &events, true)?;
    }
    app.out.say(&format!("next: `--after {cursor}`"));
    Ok(ExitCode::Done)
}

/// At least the newest `limit` events, where there are so many, and the place after them. Looks back further and further,
/// so that a long log costs nothing.
fn newest(app: &App, limit: usize, filter: &EventFilter) -> Result<(Vec<Event>, Cursor), Failure> {
    let (head, _) = app.run(Head { reader: None })?;
    let mut back = i64::try_from(limit).unwrap_or(i64::MAX).max(i64::from(LOOK));
    loop {
        let number = head.number.saturating_sub(back).max(0);
        let (events, cursor) = read(app, Cursor { epoch: head.epoch, number }, filter)?;
        if events.len() >= limit || number == 0 {
            return Ok((events, cursor));
        }
        back = back.saturating_mul(8);
    }
}

/// All events after a place, and the place after them.
pub(crate) fn read(
    app: &App,
    mut cursor: Cursor,
    filter: &EventFilter,
) -> Result<(Vec<Event>, Cursor), Failure> {
    let mut events = Vec::new();
    loop {
        let read = app.run(EventsAfter { cursor, filter: filter.clone(), limit: LOOK })?;
        if read.resync {
            app.out.say("andon: the board has been restored since then: what was read before may be void");
        }
        events.extend(read.events);
        cursor = read.cursor;
        if !read.more {
            return Ok((events, cursor));
        }
    }
}

/// An event as cells of a table.
pub(crate) fn cells(event: &Event, now: Millis, with_task: bool) -> Vec<Cell> {
    let mut cells = vec![Cell::new(time::relative(event.at, now)).look(Look::Dim)];
    if with_task {
        cells.push(Cell::new(event.task.as_deref().unwrap_or("-")).look(Look::Name));
    }
    cells.extend([
        Cell::new(&event.kind).look(look(&event.kind)),
        Cell::new(&event.actor),
        Cell::new(details(event)).look(Look::Dim),
    ]);
    cells
}

fn look(kind: &str) -> Look {
    match kind {
        "completed" | "approved" => Look::Good,
        "claimed" | "spawned" | "heartbeat" => Look::Live,
        "blocked" | "gave_up" | "crashed" | "timed_out" | "spawn_failed" | "protocol_violation" | "lost"
        | "stale" => Look::Bad,
        "review_requested" | "changes_requested" | "rate_limited" | "promoted_by_sweep" => Look::Warning,
        _ => Look::Plain,
    }
}

/// The details of an event, `key=value` each; what is nothing is left out.
fn details(event: &Event) -> String {
    let Some(data) = event.data.as_object() else { return String::new() };
    let told = data.iter().filter_map(|(key, value)| {
        let text = match value {
            serde_json::Value::Null => return None,
            serde_json::Value::String(text) => andon_core::text::first_line(text, 120),
            serde_json::Value::Array(items) if items.is_empty() => return None,
            other => andon_core::text::cap_chars(&other.to_string(), 120),
        };
        (!text.is_empty()).then(|| format!("{key}={text}"))
    });
    told.collect::<Vec<_>>().join(" ")
}
