//! `andon pause`: pull the cord.

use andon_core::ProfileName;
use andon_core::task::{Actor, Refusal};
use andon_engine::control::wait_for_starts;
use andon_store::operation::{Pause, Scope, Stop};
use andon_store::query::LiveRuns;
use andon_store::{Board, Mode};
use clap::Args;
use futures::executor::block_on;
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;

/// How much a cord stops.
#[derive(Args, Clone, Debug)]
pub(crate) struct ScopeArgs {
    /// Only this profile
    #[arg(long, short = 'p', value_name = "PROFILE", conflicts_with = "all")]
    profile: Option<ProfileName>,
    /// Every board of the home
    #[arg(long)]
    all: bool,
}

impl ScopeArgs {
    /// The scope that is meant.
    ///
    /// # Errors
    /// `unknown_profile`.
    pub(crate) fn scope(&self, app: &App) -> Result<Scope, Failure> {
        match (&self.profile, self.all) {
            (Some(profile), _) => {
                app.roster()?.get(profile)?;
                Ok(Scope::Profile(profile.clone()))
            }
            (None, true) => Ok(Scope::Everything),
            (None, false) => Ok(Scope::Board),
        }
    }

    /// The boards that it concerns, opened.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(crate) fn boards(&self, app: &App) -> Result<Vec<Board>, Failure> {
        if !self.all {
            return Ok(vec![app.board()?.clone()]);
        }
        let home = app.home();
        Ok(home.boards().iter().map(|slug| home.open(slug, Mode::Short)).collect::<Result<_, _>>()?)
    }
}

/// In words.
pub(crate) fn words(scope: &Scope, app: &App) -> Result<String, Failure> {
    Ok(match scope {
        Scope::Everything => "every board".to_owned(),
        Scope::Board => format!("board {}", app.slug()?),
        Scope::Profile(profile) => format!("profile {profile} on board {}", app.slug()?),
    })
}

/// Pull the cord: nothing starts any more once this has answered
#[derive(Args, Clone, Debug)]
pub(crate) struct PauseArgs {
    /// Why
    #[arg(value_name = "REASON")]
    reason: Vec<String>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Stop what runs, too; it stays blocked
    #[arg(long)]
    stop_running: bool,
}

/// Pauses a board, a profile or everything.
pub(crate) fn run(app: &App, args: PauseArgs) -> Result<ExitCode, Failure> {
    let scope = args.scope.scope(app)?;
    let caller = app.caller()?;
    if let Actor::Worker { profile, .. } = &caller.actor {
        worker_may(app, profile.as_ref(), &args)?;
    }
    let reason = Some(args.reason.join(" ")).filter(|reason| !reason.trim().is_empty());
    if scope == Scope::Everything {
        // The mark comes first: a board that is created in between inherits it.
        app.home().set_paused_everything(true)?;
    }
    let (mut new, mut stopped) = (false, Vec::new());
    for board in args.scope.boards(app)? {
        let pause = Pause { scope: scope.clone(), reason: reason.clone(), caller: caller.clone() };
        new |= block_on(board.run(pause))?;
        let profile = args.scope.profile.as_ref();
        block_on(wait_for_starts(&board, |of_run| profile.is_none() || of_run == profile))?;
        if args.stop_running {
            stopped.extend(stop(app, &board, args.scope.profile.as_ref(), reason.as_deref())?);
        }
    }
    let words = words(&scope, app)?;
    if app.json {
        app.out.print_json(&json!({ "paused": words, "new": new, "stopped": stopped }));
        return Ok(ExitCode::Done);
    }
    app.out.print(&format!("{} {words}: nothing starts\n", if new { "Paused" } else { "Paused already:" }));
    for task in stopped {
        app.out.print(&format!("Stopped {task}\n"));
    }
    Ok(ExitCode::Done)
}

/// A worker pulls the cord by right of its profile, and stops nobody else's run.
fn worker_may(app: &App, profile: Option<&ProfileName>, args: &PauseArgs) -> Result<(), Failure> {
    let forbidden = |why| Refusal::Forbidden {
        actor: profile.map_or_else(|| "worker".to_owned(), ToString::to_string),
        verb: "pull the cord from",
        why,
    };
    let roster = app.roster()?;
    let may = profile.and_then(|profile| roster.profiles.get(profile)).is_some_and(|facts| facts.may_pause);
    if !may {
        return Err(forbidden("its profile does not say `may_pause = true`").into());
    }
    if args.stop_running {
        return Err(forbidden("only a person stops what runs; leave `--stop-running` out").into());
    }
    Ok(())
}

/// Stops what runs on a board.
fn stop(
    app: &App,
    board: &Board,
    profile: Option<&ProfileName>,
    reason: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let (caller, policy) = (app.caller()?, app.policy()?);
    let mut stopped = Vec::new();
    for (run, _) in block_on(board.run(LiveRuns))? {
        if run.ended_at.is_some() || profile.is_some_and(|profile| run.profile.as_ref() != Some(profile)) {
            continue;
        }
        let reason = reason.unwrap_or("the cord was pulled").to_owned();
        let stop = Stop { task: run.task.clone(), caller: caller.clone(), reason, policy: policy.clone() };
        match block_on(board.run(stop)) {
            Ok(task) => stopped.push(task.id.to_string()),
            // It ended by itself in between.
            Err(error) if error.refusal().is_some() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(stopped)
}
