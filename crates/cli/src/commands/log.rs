//! `andon log`: what a run's process wrote.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use andon_agent::transcript::entries;
use andon_core::TaskId;
use andon_engine::paths::log_folder;
use andon_store::sql::runs::Run;
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::follow::Bell;
use crate::{input, output};

/// How often a followed log is looked at, milliseconds.
const LOOK: i64 = 100;

/// Show what a task's worker wrote
#[derive(Args, Clone, Debug)]
pub(crate) struct LogArgs {
    /// Which task; a worker's own where none is named
    id: Option<String>,
    /// Only the last so many bytes, from the start of a line
    #[arg(long, value_name = "BYTES")]
    tail: Option<u64>,
    /// Which run: its number or id; the newest that wrote something where none is named
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Go on until the run has ended
    #[arg(long, short = 'f')]
    follow: bool,
    /// What was said between the built-in agent and its model, instead of the log; with `--json` as it is kept
    #[arg(long, conflicts_with_all = ["follow", "tail"])]
    transcript: bool,
}

/// Shows a log as it is: on a terminal its colours are its own.
pub(crate) fn run(app: &App, args: LogArgs) -> Result<ExitCode, Failure> {
    let task = input::task(app, args.id.as_deref())?;
    // What this host is called stands in the configuration.
    app.config()?;
    let runs = app.shown(&task, 0)?.runs;
    let folder = log_folder(app.board_to_read()?.folder(), &task);
    if args.transcript {
        return transcript(app, &task, &runs, &folder, args.run.as_deref());
    }
    let (run, path) = choose(app, &task, &runs, &folder, "log", args.run.as_deref(), args.follow)?;
    let mut at = copy(app, &path, start(&path, args.tail).unwrap_or(0)).map_err(Failure::file(&path))?;
    if !args.follow {
        return Ok(ExitCode::Done);
    }
    let bell = Bell::of_board(app)?;
    while app.out.flush() {
        bell.drain();
        let ended =
            app.shown(&task, 0)?.runs.iter().any(|known| known.id == run.id && known.reaped_at.is_some());
        // A log that has become shorter was rotated: the new one is read from its start.
        if std::fs::metadata(&path).is_ok_and(|found| found.len() < at) {
            at = 0;
        }
        at = copy(app, &path, at).map_err(Failure::file(&path))?;
        if ended {
            break;
        }
        bell.wait(LOOK);
    }
    Ok(ExitCode::Done)
}

/// Shows what was said in a run: each thing with its time and kind, or the lines as they are kept.
fn transcript(
    app: &App,
    task: &TaskId,
    runs: &[Run],
    folder: &Path,
    named: Option<&str>,
) -> Result<ExitCode, Failure> {
    let (_, path) = choose(app, task, runs, folder, "transcript.jsonl", named, false)?;
    if app.json {
        copy(app, &path, 0).map_err(Failure::file(&path))?;
        return Ok(ExitCode::Done);
    }
    let mut reader = BufReader::new(File::open(&path).map_err(Failure::file(&path))?);
    let mut line = String::new();
    while reader.read_line(&mut line).map_err(Failure::file(&path))? > 0 {
        for entry in entries(&line) {
            let tool = entry.tool.map(|tool| format!(" {tool}")).unwrap_or_default();
            let data = if entry.data.is_null() { String::new() } else { format!(" {}", entry.data) };
            let head = output::line(&format!("{} {}{tool}{data}", entry.at, entry.kind));
            let text = if entry.text.is_empty() { String::new() } else { output::block(&entry.text, "  ") };
            app.out.print(&format!("{head}\n{text}"));
        }
        line.clear();
    }
    Ok(ExitCode::Done)
}

/// The run that is meant and its file with this ending.
fn choose<'a>(
    app: &App,
    task: &TaskId,
    runs: &'a [Run],
    folder: &Path,
    ending: &str,
    named: Option<&str>,
    follow: bool,
) -> Result<(&'a Run, PathBuf), Failure> {
    let what = if ending == "log" { "log" } else { "transcript" };
    let path = |run: &Run| folder.join(format!("{}.{ending}", run.id));
    let missing = |message: String| Failure::NotFound {
        message,
        hint: Some(format!("`andon runs {task}` shows its runs")),
    };
    let found = match named {
        Some(name) => {
            let wanted =
                |run: &&Run| run.attempt.to_string() == name || run.id.as_str().eq_ignore_ascii_case(name);
            let run = runs.iter().find(wanted);
            Some(run.ok_or_else(|| missing(format!("task {task} has no run {name:?}")))?)
        }
        None => {
            let newest = if follow { runs.last().filter(|run| run.ended_at.is_none()) } else { None };
            newest.or_else(|| runs.iter().rev().find(|run| path(run).exists()))
        }
    };
    // What a worker wrote lies on the host that ran it.
    let hosts = app.home().database_url().is_some();
    let elsewhere = found.or(runs.last()).filter(|run| hosts && !path(run).exists() && is_elsewhere(run));
    if let Some(run) = elsewhere {
        let host = run.host.as_deref().unwrap_or_default();
        return Err(Failure::NotFound {
            message: format!(
                "the {what} of run {} of task {task} lies on host {host}, where it ran; this is host {}",
                run.attempt,
                andon_engine::host::name()
            ),
            hint: Some(format!("on {host}: `andon log {task} --run {}`", run.attempt)),
        });
    }
    match found {
        Some(run) if path(run).exists() || (follow && run.ended_at.is_none()) => Ok((run, path(run))),
        Some(run) => Err(missing(format!("run {} of task {task} has no {what}", run.attempt))),
        None => Err(missing(format!("task {task} has no {what}: no run of it has written anything"))),
    }
}

fn is_elsewhere(run: &Run) -> bool {
    run.host.as_deref().is_some_and(|host| host != andon_engine::host::name())
}

/// Where the last `tail` bytes start: after the line that they cut, unless they are all one line.
fn start(path: &Path, tail: Option<u64>) -> Option<u64> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    let from = size.saturating_sub(tail?);
    if from == 0 {
        return Some(0);
    }
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut window = Vec::new();
    file.read_to_end(&mut window).ok()?;
    let line = window.iter().position(|byte| *byte == b'\n').filter(|at| at + 1 < window.len());
    Some(from + line.map_or(0, |at| at as u64 + 1))
}

/// Copies what stands from `at` on; gives where it ends. A log that is not there yet is empty.
fn copy(app: &App, path: &Path, at: u64) -> io::Result<u64> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(at),
        opened => opened?,
    };
    file.seek(SeekFrom::Start(at))?;
    let (mut copied, mut chunk) = (0, vec![0; 64 << 10]);
    loop {
        let read = match file.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        match app.out.raw(&chunk[..read]) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(at),
            written => written?,
        }
        copied += read as u64;
        if read == 0 {
            app.out.flush();
            return Ok(at + copied);
        }
    }
}
