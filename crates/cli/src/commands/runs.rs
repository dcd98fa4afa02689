//! `andon runs`: the attempts at a task.

use andon_core::Millis;
use andon_server::shape;
use andon_store::sql::runs::{Run, Usage};
use clap::Args;

use super::show::{StateType, outcome};
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};
use crate::{input, output, time};

/// Show the runs of a task
#[derive(Args, Clone, Debug)]
pub(crate) struct RunsArgs {
    /// Which task; a worker's own where none is named
    id: Option<String>,
    /// Choose runs by this
    #[arg(long, value_enum, requires = "state_name")]
    state_type: Option<StateType>,
    /// Choose runs of this status or outcome
    #[arg(long, requires = "state_type", value_name = "NAME")]
    state_name: Option<String>,
}

/// Shows the runs of a task, oldest first.
pub(crate) fn run(app: &App, args: RunsArgs) -> Result<ExitCode, Failure> {
    let id = input::task(app, args.id.as_deref())?;
    let wanted = state_filter(args.state_type, args.state_name.as_deref())?;
    let mut runs = app.shown(&id, 0)?.runs;
    runs.retain(|run| wanted(run));
    if app.json {
        app.out.print_json(&runs.iter().map(shape::run).collect::<Vec<_>>());
    } else if runs.is_empty() {
        app.out.say("(no runs)");
    } else {
        app.out.print(&table(&runs, app.now(), ""));
    }
    Ok(ExitCode::Done)
}

/// Whether a run is chosen.
type Chosen = Box<dyn Fn(&Run) -> bool>;

/// Which runs `--state-type` and `--state-name` choose.
pub(crate) fn state_filter(kind: Option<StateType>, name: Option<&str>) -> Result<Chosen, Failure> {
    let (Some(kind), Some(name)) = (kind, name) else { return Ok(Box::new(|_| true)) };
    match (kind, name) {
        (StateType::Status, "open" | "running") => Ok(Box::new(|run| run.ended_at.is_none())),
        (StateType::Status, "ended" | "closed") => Ok(Box::new(|run| run.ended_at.is_some())),
        (StateType::Status, other) => Err(Failure::Usage {
            message: input::one_of("status of runs", other, &["open", "ended"]),
            hint: None,
        }),
        (StateType::Outcome, other) => {
            let wanted = outcome(other)?;
            Ok(Box::new(move |run| run.outcome == Some(wanted)))
        }
    }
}

/// Runs as a table.
pub(crate) fn table(runs: &[Run], now: Millis, indent: &'static str) -> String {
    // Columns of what nobody consumed would be noise.
    let counted = runs.iter().any(|run| !consumed(&run.usage).is_empty());
    let mut head = vec!["#", "kind", "outcome", "profile", "took", "started", "exit", "run", "words"];
    if counted {
        head.insert(7, "consumed");
    }
    let mut table = Table::new().indent(indent).head(&head);
    for run in runs {
        let outcome = run.outcome.map_or("running", |outcome| outcome.as_str());
        let took = run.ended_at.unwrap_or(now).since(run.started_at).max(0);
        let exit = match (run.exit_code, run.signal) {
            (_, Some(signal)) => format!("signal {signal}"),
            (Some(code), None) => code.to_string(),
            (None, None) => "-".to_owned(),
        };
        let words = run.error.as_deref().or(run.summary.as_deref()).unwrap_or("");
        let mut cells = vec![
            Cell::new(run.attempt.to_string()).right(),
            Cell::new(run.kind.as_str()),
            Cell::new(outcome).look(output::of_outcome(run.outcome)),
            Cell::new(run.profile.as_ref().map_or("-", |profile| profile.as_str())),
            Cell::new(time::length(took)).right(),
            Cell::new(time::relative(run.started_at, now)),
            Cell::new(exit),
            Cell::new(run.id.as_str()).look(Look::Dim),
            Cell::new(andon_core::text::first_line(words, 120)),
        ];
        if counted {
            cells.insert(7, Cell::new(consumed(&run.usage)).right());
        }
        table.row(cells);
    }
    table.render()
}

/// Tokens read and written, and cost, in few characters; empty where nothing is known.
pub(crate) fn consumed(usage: &Usage) -> String {
    let mut parts = Vec::new();
    if usage.input_tokens.is_some() || usage.output_tokens.is_some() {
        let count = |count: Option<i64>| count.map_or_else(|| "?".to_owned(), tokens);
        parts.push(format!("{} + {} tokens", count(usage.input_tokens), count(usage.output_tokens)));
    }
    if let Some(micros) = usage.cost_micros {
        parts.push(dollars(micros));
    }
    parts.join(", ")
}

fn tokens(count: i64) -> String {
    match count {
        ..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{} k", count / 1_000),
        10_000_000.. => format!("{} M", count / 1_000_000),
    }
}

/// Millionths of a dollar as dollars; parts of a cent where it is little.
pub(crate) fn dollars(micros: i64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    if micros >= 1_000_000 {
        format!("${whole}.{:02}", rest / 10_000)
    } else {
        format!("${whole}.{:04}", rest / 100)
    }
}
