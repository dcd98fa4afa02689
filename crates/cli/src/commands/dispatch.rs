//! `andon dispatch`: turn ready tasks into runs on this host.

use andon_engine::dispatcher::{DispatchError, Options, Outcome, Report, Until, dispatch};
use clap::Args;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::environment::Environment;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;

/// Start ready tasks on this host, until interrupted; runs go on without it
#[derive(Args, Clone, Debug)]
pub(crate) struct DispatchArgs {
    /// One pass
    #[arg(long, conflicts_with = "until_idle")]
    once: bool,
    /// Until its runs have ended and nothing is left that starts within a minute; exit 3 if anything is unfinished
    #[arg(long)]
    until_idle: bool,
    /// Say what would start, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Start at most so many
    #[arg(long, value_name = "N")]
    max: Option<u32>,
    /// Every board of the home, not only the one that is meant
    #[arg(long)]
    all: bool,
}

/// Dispatches.
pub(crate) fn run(app: &App, args: DispatchArgs) -> Result<ExitCode, Failure> {
    let until = match (args.once, args.until_idle) {
        (true, _) => Until::Once,
        (false, true) => Until::Idle,
        (false, false) => Until::Stopped,
    };
    let board = if args.all { None } else { Some(app.board()?.slug().clone()) };
    let options =
        Options { home: app.home().root().to_owned(), board, until, dry_run: args.dry_run, max: args.max };
    let talk = until == Until::Stopped || !app.json;
    let outcome = work(app, options, talk)?;
    let unfinished = until == Until::Idle && outcome.unfinished > 0;
    report(app, &outcome, args.dry_run);
    Ok(if unfinished { ExitCode::Unfinished } else { ExitCode::Done })
}

/// Runs a dispatcher in an event loop of one thread; the database has a thread of its own.
pub(super) fn work(app: &App, options: Options, talk: bool) -> Result<Outcome, Failure> {
    app.log();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Dispatch(DispatchError::Io { what: "the event loop", error }))?;
    let dry_run = options.dry_run;
    let told = |report: &Report| {
        if talk && !dry_run {
            tell(report);
        }
    };
    Ok(runtime.block_on(dispatch(options, told))?)
}

/// What a pass did, on standard error.
fn tell(report: &Report) {
    for spawned in &report.spawned {
        let profile = spawned.profile.as_deref().unwrap_or("nobody");
        output::say(&format!("andon: started {} for {profile} on {}", spawned.task_id, spawned.board));
    }
    for task in &report.fired {
        output::say(&format!("andon: {task} was scheduled for now"));
    }
    for task in &report.blocked_unknown_profile {
        output::say(&format!("andon: {task} is blocked: its profile does not exist"));
    }
    for run in &report.reaped {
        output::say(&format!("andon: run {run} lost its supervisor; nothing of it lives"));
    }
}

/// What was done in all, on standard output.
fn report(app: &App, outcome: &Outcome, dry_run: bool) {
    let Outcome { report, unfinished } = outcome;
    if app.json {
        let mut value = serde_json::to_value(report).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.insert("dry_run".to_owned(), json!(dry_run));
            object.insert("unfinished".to_owned(), json!(unfinished));
        }
        output::print_json(&value);
        return;
    }
    let lists = [
        ("lost their supervisors", &report.reaped),
        ("wait for a person to assign them", &report.skipped_unassigned),
        ("wait for `andon claim`", &report.skipped_lane),
        ("wait for a profile that cannot be read", &report.skipped_unknown_profile),
        ("are blocked: no such profile", &report.blocked_unknown_profile),
        ("are held back by the respawn guard", &report.respawn_guarded),
    ];
    let verb = if dry_run { "Would start" } else { "Started" };
    output::print(&format!("{verb} {}\n", report.spawned.len()));
    if dry_run {
        for spawned in &report.spawned {
            let profile = spawned.profile.as_deref().unwrap_or("nobody");
            output::print(&format!("  {}  {profile}\n", spawned.task_id));
        }
    }
    for (what, ids) in lists {
        if !ids.is_empty() {
            output::print(&format!("{} {what}: {}\n", ids.len(), ids.join(" ")));
        }
    }
}

/// Warnings; what an MCP client asks wrongly is told to that client.
const USUAL_LOG: &str = "warn,rmcp=error";

/// Structured lines on standard error, as `ANDON_LOG` asks; warnings without it.
pub(crate) fn log_to_stderr(environment: &Environment) {
    let filter = environment.text("ANDON_LOG").unwrap_or_else(|| USUAL_LOG.to_owned());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(USUAL_LOG));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A line that cannot be written, as on a full disk, is lost; to complain of it there would be a panic.
    // A second subscriber changes nothing: the first one stays.
    let _ = lines.log_internal_errors(false).try_init();
}
