//! `andon agent`: the built-in agent. `agent run` is started by a supervisor for a run, `agent judge` for a verdict; both by
//! programs, never by a person, so they are looked for before anything of the command line is built.

mod processes;

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use andon_agent::Stop;
use andon_agent::identity::Identity;
use andon_agent::judge::{Question, judge};
use andon_agent::model::HostedModel;
use andon_agent::settings::ProfileFile;
use andon_agent::usage::Meter;
use andon_agent::work::{Finished, Job, Session, work};
use andon_core::RunId;
use andon_engine::paths::RunPaths;
use andon_process::ShutdownSignals;
use andon_server::HomeRules;
use andon_tools::{Toolbox, Toolset};
use tracing_subscriber::EnvFilter;

use crate::app::{App, Globals};
use crate::environment::Environment;
use crate::error::Failure;

use processes::Trees;

/// A question to the judge is no longer, bytes.
const LONGEST_QUESTION: u64 = 1 << 20;

/// Runs what the words after `agent` name.
pub(crate) fn run(words: &[OsString], environment: Environment) -> ExitCode {
    log_to_stderr(&environment);
    match words.first().and_then(|word| word.to_str()) {
        Some("run") => on_a_run(earlier(words), environment),
        Some("judge") => on_a_verdict(&environment),
        _ => {
            tell(
                "andon agent: the words are `run`, inside of a run, and `judge`, with a question on standard input",
            );
            ExitCode::from(2)
        }
    }
}

/// As other commands do.
fn log_to_stderr(environment: &Environment) {
    let asked = environment.text("ANDON_LOG").unwrap_or_else(|| "warn".to_owned());
    let filter = EnvFilter::try_new(asked).unwrap_or_else(|_| EnvFilter::new("warn"));
    let filter = super::dispatch::without_models(filter);
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    // A second subscriber changes nothing: the first one stays.
    let _ = lines.try_init();
}

/// Standard error may be gone, which is no reason to fail.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn event_loop() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .thread_stack_size(512 * 1024)
        .build()
}

/// The run whose session is gone on with: what follows `--session`. What is no run's id names none.
fn earlier(words: &[OsString]) -> Option<RunId> {
    let at = words.iter().position(|word| word == "--session")?;
    words.get(at + 1)?.to_str()?.parse().ok()
}

fn on_a_run(earlier: Option<RunId>, environment: Environment) -> ExitCode {
    let identity = match Identity::read(|name| environment.text(name)) {
        Ok(identity) => identity,
        Err(reason) => {
            // A failed startup guard: nothing is asked, nothing changes (SD4-05, SD4-06).
            tell(&format!("andon agent: standing down: {reason}"));
            return ExitCode::SUCCESS;
        }
    };
    if let Err(error) = andon_process::become_subreaper() {
        tracing::warn!(%error, "orphans of tools will not come to this agent");
    }
    let finished = match event_loop() {
        Ok(runtime) => {
            let finished = runtime.block_on(in_the_loop(identity, earlier, environment));
            // A thread that still works on a tool's call is not waited for.
            runtime.shutdown_background();
            finished
        }
        Err(error) => Finished::Failed(format!("no event loop: {error}")),
    };
    match &finished {
        Finished::Ended(text) => log_line(&format!("andon agent: {text}")),
        Finished::StoodDown(_) | Finished::Stopped | Finished::Busy(_) | Finished::Failed(_) => {
            tell(&format!("andon agent: {}", finished.sentence()));
        }
    }
    ExitCode::from(finished.code())
}

/// A line of the run's log, which is standard output. A log that is full is the supervisor's to note.
fn log_line(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

async fn in_the_loop(identity: Identity, earlier: Option<RunId>, environment: Environment) -> Finished {
    let stop = match listen() {
        Ok(stop) => stop,
        Err(error) => return Finished::Failed(format!("signals cannot be heard: {error}")),
    };
    match job(identity, earlier, environment, stop) {
        Ok(job) => work(job, &mut |line| log_line(line)).await,
        Err(failure) => Finished::Failed(format!("the board cannot be used: {failure}")),
    }
}

/// The wish to end, as the signals make it (WK-03).
fn listen() -> io::Result<Stop> {
    let mut signals = ShutdownSignals::listen()?;
    let (sender, stop) = Stop::new();
    tokio::spawn(async move {
        signals.recv().await;
        sender.send_replace(true);
        // Kept, so that nobody takes its end for another wish.
        std::future::pending::<()>().await;
    });
    Ok(stop)
}

fn job(
    identity: Identity,
    earlier: Option<RunId>,
    environment: Environment,
    stop: Stop,
) -> Result<Job, Failure> {
    let globals = Globals {
        home: Some(identity.home.clone()),
        board: Some(identity.board.clone()),
        ..Globals::default()
    };
    let app = App::new(globals, environment.clone())?;
    let board = app.board_to_read()?.clone();
    let policy = app.policy()?;
    // What is wrong with the profile is the agent's to tell, behind the startup guard.
    let profile = ProfileFile::read(&identity.profile_folder).unwrap_or_default();
    let orchestrates = profile.toolset.iter().any(|set| set == "board");
    let toolset = if orchestrates { Toolset::Board } else { Toolset::Task };
    let rules = Arc::new(HomeRules::new(app.home().clone()));
    let toolbox = Toolbox::new(app.home().clone(), app.identity(None)?, toolset, rules);
    let paths = RunPaths::new(board.folder(), &identity.task, &identity.run);
    let transcript = environment.get("ANDON_TRANSCRIPT").map_or_else(|| paths.transcript(), PathBuf::from);
    // What is new since then is the prompt that the supervisor wrote.
    let news = environment.get("ANDON_PROMPT_FILE").filter(|_| earlier.is_some());
    let session = Session {
        earlier: earlier.map(|run| RunPaths::new(board.folder(), &identity.task, &run).conversation()),
        news: news.and_then(|path| std::fs::read_to_string(path).ok()),
        own: Some(paths.conversation()),
    };
    let outputs = paths.private.join("tools");
    let hidden = profile.agent.key_variables();
    let processes = Trees::new(&identity.run, outputs.clone(), environment.for_tools(&hidden));
    Ok(Job {
        board,
        policy,
        tools: Box::new(toolbox),
        processes: Arc::new(processes),
        outputs,
        transcript: Some(transcript),
        session,
        usage: environment.get("ANDON_USAGE").map(PathBuf::from),
        variable: Box::new(move |name| environment.text(name)),
        identity,
        stop,
    })
}

fn on_a_verdict(environment: &Environment) -> ExitCode {
    match verdict(environment) {
        Ok(line) => {
            log_line(&line);
            ExitCode::SUCCESS
        }
        Err(reason) => {
            tell(&format!("andon agent judge: {reason}"));
            ExitCode::FAILURE
        }
    }
}

/// Asks the judge of the profile in `ANDON_PROFILE_DIR`; gives its verdict as one line of JSON.
fn verdict(environment: &Environment) -> Result<String, String> {
    let mut text = String::new();
    io::stdin()
        .take(LONGEST_QUESTION)
        .read_to_string(&mut text)
        .map_err(|error| format!("standard input: {error}"))?;
    let question: Question = serde_json::from_str(&text).map_err(|error| format!("the question: {error}"))?;
    let folder =
        environment.get("ANDON_PROFILE_DIR").map(PathBuf::from).ok_or("ANDON_PROFILE_DIR is not set")?;
    let file = ProfileFile::read(&folder).map_err(|error| error.to_string())?;
    let agent = &file.agent;
    let key = agent.key(&folder, |name| environment.text(name)).map_err(|error| error.to_string())?;
    let name = match &agent.judge_model {
        Some(name) => name.clone(),
        None => file.model(None).map_err(|error| error.to_string())?,
    };
    let model = HostedModel::new(agent, &name, key).map_err(|error| error.to_string())?;
    let runtime = event_loop().map_err(|error| format!("no event loop: {error}"))?;
    let (verdict, tokens) = runtime.block_on(judge(&model, "", &question));
    let mut meter = Meter::new(None, &name, agent);
    meter.add(tokens);
    let mut said = serde_json::to_value(&verdict).map_err(|error| error.to_string())?;
    said["usage"] = serde_json::to_value(meter.usage()).map_err(|error| error.to_string())?;
    Ok(said.to_string())
}
