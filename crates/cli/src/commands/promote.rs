//! `andon promote`: want tasks now.

use andon_core::TaskId;
use andon_core::task::{Event, Facts, step};
use andon_store::operation::{Afresh, Promote, StartFresh};
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::json::PromoteJson;
use crate::{bulk, input, output};

/// Want tasks now: over a block, a hold or a wait
#[derive(Args, Clone, Debug)]
pub(crate) struct PromoteArgs {
    /// Which task, and why
    #[arg(required = true, value_name = "TASK [REASON]")]
    words: Vec<String>,
    /// Further tasks; may be said several times
    #[arg(long, value_name = "TASK", num_args = 1..)]
    ids: Vec<String>,
    /// Over open parents
    #[arg(long)]
    force: bool,
    /// The next run starts a new session, instead of going on with the last one's
    #[arg(long)]
    fresh: bool,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

/// Promotes tasks, each by itself.
pub(crate) fn run(app: &App, args: PromoteArgs) -> Result<ExitCode, Failure> {
    let (first, words) =
        args.words.split_first().map(|(first, rest)| (first.clone(), rest.join(" "))).unwrap_or_default();
    let mut given = vec![first];
    given.extend(args.ids.iter().cloned());
    let ids = bulk::ids(app, &given)?;
    let reason = Some(words).filter(|reason| !reason.trim().is_empty());
    let mut worst = ExitCode::Done;
    let mut rows = Vec::new();
    for id in &ids {
        let done = one(app, id, reason.as_deref(), &args);
        if !app.json {
            match &done {
                Ok(text) => app.out.print(&format!("{text}\n")),
                Err(failure) if ids.len() > 1 => {
                    app.out.say(&format!(
                        "andon: {}: {}",
                        output::line(id),
                        output::line(&failure.to_string())
                    ));
                }
                Err(_) => {}
            }
        }
        if let Err(failure) = &done {
            worst = worst.worst(failure.exit());
        }
        rows.push(PromoteJson {
            task_id: id.clone(),
            promoted: done.is_ok() && !args.dry_run,
            dry_run: args.dry_run,
            forced: args.force,
            reason: reason.clone(),
            error: done.as_ref().err().map(ToString::to_string),
        });
        if let (Err(failure), [_], false) = (done, ids.as_slice(), app.json) {
            return Err(failure);
        }
    }
    if app.json {
        match rows.as_slice() {
            [row] => app.out.print_json(row),
            rows => app.out.print_json(rows),
        }
    }
    Ok(worst)
}

fn one(app: &App, id: &str, reason: Option<&str>, args: &PromoteArgs) -> Result<String, Failure> {
    let task = input::task(app, Some(id))?;
    if args.dry_run {
        return would(app, &task, args.force);
    }
    let caller = app.caller()?;
    let fresh = args.fresh.then(|| StartFresh { task: task.clone(), caller: caller.clone() });
    let (reason, policy) = (reason.map(str::to_owned), app.policy()?);
    let promoted =
        app.run(Afresh { fresh, then: Promote { task, caller, reason, force: args.force, policy } })?;
    Ok(format!("Promoted {}  ({})", promoted.id, output::placed(&promoted, app.now())))
}

/// Asks the lifecycle what would become of the task, and changes nothing.
fn would(app: &App, id: &TaskId, force: bool) -> Result<String, Failure> {
    let shown = app.shown(id, 0)?;
    let mut open_parents = 0;
    for parent in &shown.parents {
        open_parents += u32::from(!app.shown(parent, 0)?.task.state.satisfied());
    }
    let facts = Facts { open_parents, has_reviewer: shown.task.reviewer.is_some(), ..Facts::default() };
    let event = Event::Promote { force };
    let next = step(&shown.task.state, &event, &app.caller()?.actor, &facts, &app.policy()?, app.now())?.next;
    Ok(format!("Would promote {id}  ({} → {})", shown.task.state.status, next.status))
}
