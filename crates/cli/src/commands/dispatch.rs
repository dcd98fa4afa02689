//! `andon dispatch`: turn ready tasks into runs on this host.

use std::io::IsTerminal as _;

use andon_engine::dispatcher::{DispatchError, Options, Outcome, Report, Until, dispatch};
use andon_server::telemetry::{Collector, traces};
use clap::{Args, ValueEnum};
use serde_json::json;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::app::App;
use crate::environment::Environment;
use crate::error::Failure;
use crate::exit::ExitCode;

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
    /// How lines of the log are written [env: ANDON_LOG_FORMAT; else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// Dispatches.
pub(crate) fn run(app: &App, args: DispatchArgs) -> Result<ExitCode, Failure> {
    app.log(args.log_format);
    let until = match (args.once, args.until_idle) {
        (true, _) => Until::Once,
        (false, true) => Until::Idle,
        (false, false) => Until::Stopped,
    };
    let board = if args.all { None } else { Some(app.board()?.slug().clone()) };
    let options = Options { home: app.home().clone(), board, until, dry_run: args.dry_run, max: args.max };
    let talk = until == Until::Stopped || !app.json;
    let outcome = work(app, options, talk, || Ok(()), || {})?;
    let unfinished = until == Until::Idle && outcome.unfinished > 0;
    report(app, &outcome, args.dry_run);
    Ok(if unfinished { ExitCode::Unfinished } else { ExitCode::Done })
}

/// Runs a dispatcher in an event loop of one thread; the database has a thread of its own. `started` is called once, when a
/// signal to stop is already heard, and `on_pass` after each pass.
pub(super) fn work(
    app: &App,
    options: Options,
    talk: bool,
    started: impl FnOnce() -> Result<(), Failure>,
    on_pass: impl Fn(),
) -> Result<Outcome, Failure> {
    app.log(None);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Dispatch(DispatchError::Io { what: "the event loop", error }))?;
    let dry_run = options.dry_run;
    let told = |report: &Report| {
        if talk && !dry_run {
            tell(app, report);
        }
        on_pass();
    };
    runtime.block_on(dispatch(options, started, told))
}

/// What a pass did, on standard error.
fn tell(app: &App, report: &Report) {
    for spawned in &report.spawned {
        let profile = spawned.profile.as_deref().unwrap_or("nobody");
        app.out.say(&format!("andon: started {} for {profile} on {}", spawned.task_id, spawned.board));
    }
    for task in &report.fired {
        app.out.say(&format!("andon: {task} was scheduled for now"));
    }
    for task in &report.blocked_unknown_profile {
        app.out.say(&format!("andon: {task} is blocked: its profile does not exist"));
    }
    for run in &report.reaped {
        app.out.say(&format!("andon: run {run} lost its supervisor; nothing of it lives"));
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
        app.out.print_json(&value);
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
    app.out.print(&format!("{verb} {}\n", report.spawned.len()));
    if dry_run {
        for spawned in &report.spawned {
            let profile = spawned.profile.as_deref().unwrap_or("nobody");
            app.out.print(&format!("  {}  {profile}\n", spawned.task_id));
        }
    }
    for (what, ids) in lists {
        if !ids.is_empty() {
            app.out.print(&format!("{} {what}: {}\n", ids.len(), ids.join(" ")));
        }
    }
}

/// Warnings; what an MCP client asks wrongly is told to that client.
const USUAL_LOG: &str = "warn,rmcp=error";

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Without the client library of models: it logs what providers say word for word, keys and all.
pub(crate) fn without_models(filter: EnvFilter) -> EnvFilter {
    ["genai=off", "reqwest=off", "hyper=off", "hyper_util=off", "h2=off", "rustls=off"]
        .into_iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, EnvFilter::add_directive)
}

/// Lines on standard error, as `ANDON_LOG` asks, warnings without it; and traces where `OTEL_…` names a collector.
pub(crate) fn log_to_stderr(environment: &Environment, format: Option<LogFormat>) {
    let filter = environment.text("ANDON_LOG").unwrap_or_else(|| USUAL_LOG.to_owned());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(USUAL_LOG));
    let filter = without_models(filter);
    let named = environment.text("ANDON_LOG_FORMAT").and_then(|name| LogFormat::from_str(&name, true).ok());
    // Colours are for a person at a terminal; a file keeps plain text.
    let colours = std::io::stderr().is_terminal() && environment.get("NO_COLOR").is_none();
    // A line that cannot be written, as on a full disk, is lost; to complain of it there would be a panic.
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours).log_internal_errors(false);
    let lines = match format.or(named).unwrap_or(LogFormat::Text) {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().with_current_span(true).boxed(),
    };
    let traces = Collector::of(|name| environment.text(name)).and_then(|collector| traces(collector).ok());
    // A second subscriber changes nothing: the first one stays.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces).try_init();
}
