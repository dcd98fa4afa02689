//! Verbs for which a model is asked: its answer becomes work, or the reason why not is told, idea by idea.

use andon_agent::Stop;
use andon_agent::planner::PlanFailure;
use andon_agent::planner::idea::{Outcome, Planner, Wish};
use andon_core::TaskId;
use andon_core::task::Status;
use andon_engine::dispatcher::DispatchError;
use andon_engine::planner::planner;
use andon_store::query::List;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::{input, output};

/// Ideas of one sweep.
const SWEEP: u32 = 10_000;

/// Runs what waits for a model in an event loop of its own. A wish to end breaks the call off, so that what it has taken is given
/// back; a command that a server runs leaves signals to it.
pub(super) fn waiting<R>(app: &App, work: impl AsyncFnOnce(Stop) -> R) -> Result<R, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build()
        .map_err(|error| Failure::Dispatch(DispatchError::Io { what: "the event loop", error }))?;
    let (sender, stop) = Stop::new();
    let served = app.is_served();
    let done = runtime.block_on(async move {
        if !served {
            tokio::spawn(async move {
                if let Ok(mut signals) = andon_process::ShutdownSignals::listen() {
                    signals.recv().await;
                    sender.send_replace(true);
                }
                // Kept, so that nobody takes its end for another wish.
                std::future::pending::<()>().await;
            });
        }
        work(stop).await
    });
    runtime.shutdown_background();
    Ok(done)
}

/// Has one idea, or all of the board, planned.
pub(super) fn ideas(
    app: &App,
    wish: Wish,
    id: Option<String>,
    tenant: Option<String>,
) -> Result<ExitCode, Failure> {
    let caller = app.caller()?;
    let sweep = id.is_none();
    let ids = match id {
        Some(id) => vec![input::task(app, Some(&id))?],
        None => {
            let list = List { status: Some(Status::Triage), tenant, limit: SWEEP, ..List::default() };
            app.run(list)?.tasks.into_iter().map(|(task, _, _)| task.id).collect()
        }
    };
    if ids.is_empty() {
        return Ok(nothing(app, wish));
    }
    let board = app.board()?;
    let settings = app.settings()?;
    let (roster, policy) = (app.roster()?, app.policy()?);
    let (home, profiles) = (app.home().root(), app.profiles());
    let (mut done, total) = (0, ids.len());
    let mut worst = ExitCode::Done;
    waiting(app, async |stop: Stop| -> Result<(), Failure> {
        let planner = planner(home, &settings.config, &profiles, roster, policy, stop)?;
        for id in &ids {
            let outcome = planner.plan(board, id, wish, false, &caller).await;
            let failure = outcome.result.as_ref().err();
            let stopped = matches!(failure, Some(PlanFailure::Interrupted));
            let exit = failure.map(exit);
            tell(app, &planner, id, &outcome);
            done += usize::from(exit.is_none());
            worst = exit.map_or(worst, |exit| worst.worst(exit));
            if stopped {
                break;
            }
        }
        Ok(())
    })??;
    app.settle()?;
    if !sweep {
        return Ok(worst);
    }
    if !app.json {
        app.out.print(&format!("{done} of {total} {}\n", past(wish)));
    }
    Ok(if done > 0 { ExitCode::Done } else { ExitCode::Refused })
}

const fn past(wish: Wish) -> &'static str {
    match wish {
        Wish::Specify => "specified",
        Wish::Decompose => "decomposed",
    }
}

fn nothing(app: &App, wish: Wish) -> ExitCode {
    if app.json {
        app.out.print_json_line(&json!({ past(wish): 0, "total": 0 }));
    } else {
        app.out.print("There is no idea to plan.\n");
    }
    ExitCode::Done
}

fn exit(failure: &PlanFailure) -> ExitCode {
    match failure {
        PlanFailure::Board(error) => Failure::from(error.clone()).exit(),
        PlanFailure::NoModel(_)
        | PlanFailure::Model(_)
        | PlanFailure::Slow(_)
        | PlanFailure::Empty
        | PlanFailure::Unreadable(_)
        | PlanFailure::BadPlan(_)
        | PlanFailure::ForPersons(_)
        | PlanFailure::Described(_)
        | PlanFailure::Interrupted => ExitCode::Refused,
    }
}

fn tell(app: &App, planner: &Planner, id: &TaskId, outcome: &Outcome) {
    let usage = outcome.spent.as_ref().map_or(Value::Null, andon_agent::planner::Spent::as_json);
    match &outcome.result {
        Ok((task, children)) if app.json => app.out.print_json_line(&json!({
            "task_id": id, "ok": true, "reason": null, "message": null, "fanout": children.len(),
            "child_ids": children, "new_title": task.title, "usage": usage,
        })),
        Ok((task, children)) => {
            let verb = if children.is_empty() { "Specified" } else { "Decomposed" };
            app.out.print(&format!(
                "{verb} {id}  {}  ({})\n",
                output::line(&task.title),
                output::placed(task, app.now())
            ));
            for child in children {
                app.out.print(&format!("  {child}\n"));
            }
        }
        Err(failure) if app.json => app.out.print_json_line(&json!({
            "task_id": id, "ok": false, "reason": failure.code(), "message": failure.to_string(), "fanout": 0,
            "child_ids": [], "new_title": null, "usage": usage,
        })),
        Err(failure) => {
            let message = output::line(&failure.to_string());
            app.out.say(&format!("andon: {id} is not planned by {}: {message}", planner.asker.name));
            app.out.say(&format!("  code: {}", failure.code()));
        }
    }
}
