//! `andon gc`: what nobody needs any more goes, on every board (BD-50..52).

use std::collections::BTreeSet;

use andon_core::BoardSlug;
use andon_engine::workspace::{Cleanup, Kind, Target, cleanup};
use andon_store::operation::{GC_SLICE as SLICE, Gc};
use andon_store::query::{FileIndex, LiveRuns};
use andon_store::{Board, Mode, files};
use clap::Args;
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;

const DAY: i64 = 86_400_000;

/// Remove old events, old logs, and files that belong to nothing any more, on every board
#[derive(Args, Clone, Debug)]
pub(crate) struct GcArgs {
    /// Events of finished tasks older than this go [default: `event_retention` of the configuration]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    event_retention_days: Option<u32>,
    /// Logs that nobody has written for this long go [default: `log_retention` of the configuration]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    log_retention_days: Option<u32>,
}

/// What went on one board.
#[derive(Clone, Debug, Default)]
struct Gone {
    events: u64,
    logs: u64,
    workspaces: u64,
    files: u64,
    kept: Vec<String>,
}

/// Cleans every board; one that cannot be opened keeps no other back.
pub(crate) fn run(app: &App, args: GcArgs) -> Result<ExitCode, Failure> {
    let drafts = files::remove_old_drafts(&app.home().boards_folder());
    if drafts > 0 {
        app.out.say(&format!("andon: removed {drafts} unfinished import(s)"));
    }
    let mut worst = ExitCode::Done;
    let mut rows: Vec<Value> = Vec::new();
    for slug in app.home().try_boards()? {
        match one(app, &slug, &args) {
            Ok(gone) => {
                for kept in &gone.kept {
                    app.out.say(&format!("andon: {slug}: {}", output::line(kept)));
                }
                if !app.json {
                    app.out.print(&format!(
                        "{slug}: {} events, {} logs, {} workspaces, {} files removed\n",
                        gone.events, gone.logs, gone.workspaces, gone.files
                    ));
                }
                rows.push(json!({
                    "board": slug, "events": gone.events, "logs": gone.logs, "workspaces": gone.workspaces,
                    "files": gone.files, "kept": gone.kept, "error": null,
                }));
            }
            Err(failure) => {
                worst = worst.worst(failure.exit());
                app.out.say(&format!("andon: {slug}: {failure}"));
                rows.push(json!({ "board": slug, "error": { "code": failure.code(), "message": failure.to_string() } }));
            }
        }
    }
    if app.json {
        app.out.print_json(&rows);
    }
    Ok(worst)
}

fn one(app: &App, slug: &BoardSlug, args: &GcArgs) -> Result<Gone, Failure> {
    let board = app.home().open(slug, Mode::Short)?;
    let now = app.now();
    let mut gone = Gone::default();
    let config = app.config()?;
    let kept = |days: Option<u32>, configured: i64| days.map_or(configured, |days| DAY * i64::from(days));
    let events_before = now.plus(-kept(args.event_retention_days, config.event_retention.as_millis()));
    let mut after = 0;
    let archived = loop {
        // Slice by slice, so that no other writer waits.
        let slice = block_on(board.run(Gc { events_before, after, slice: SLICE }))?;
        gone.events += slice.events;
        match slice.next {
            Some(next) => after = next,
            None => break slice.archived,
        }
    };
    let logs_before = now.plus(-kept(args.log_retention_days, config.log_retention.as_millis()));
    gone.logs = files::remove_old_logs(board.folder(), logs_before, now);
    let known = block_on(board.run(FileIndex))?;
    for file in files::orphans(board.folder(), &known.attachments) {
        if std::fs::remove_file(&file).is_ok() {
            gone.files += 1;
            let _ = file.parent().map(std::fs::remove_dir);
        }
    }
    let archived: BTreeSet<String> = archived.iter().map(ToString::to_string).collect();
    scratch(&board, &archived, &known.tasks, &mut gone)?;
    Ok(gone)
}

/// Scratch directories of archived tasks, and of tasks that are not on the board any more; never while a run may live.
fn scratch(
    board: &Board,
    archived: &BTreeSet<String>,
    known: &BTreeSet<String>,
    gone: &mut Gone,
) -> Result<(), Failure> {
    let live: BTreeSet<String> =
        block_on(board.run(LiveRuns))?.into_iter().map(|(run, _)| run.task.to_string()).collect();
    let root = board.folder().join("workspaces");
    let listed = std::fs::read_dir(&root).into_iter().flatten().flatten();
    let mut names: Vec<String> = listed.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    for name in names {
        let is_task = name.parse::<andon_core::TaskId>().is_ok_and(|id| id.as_str() == name);
        if !is_task || live.contains(&name) || (known.contains(&name) && !archived.contains(&name)) {
            continue;
        }
        let path = root.join(&name);
        if path.join(".git").exists() {
            // A worktree goes with its task, or stays for what is in it: never as scratch.
            gone.kept.push(format!("{} stays: it is a working tree of git", path.display()));
            continue;
        }
        let target = Target {
            kind: Kind::Scratch,
            path: path.clone(),
            branch: None,
            repo: None,
            task_id: name,
            managed_roots: vec![root.clone()],
        };
        match cleanup(&target) {
            Ok(Cleanup::Removed { .. }) => gone.workspaces += 1,
            Ok(Cleanup::Nothing) => {}
            Ok(Cleanup::Kept { reason }) => gone.kept.push(format!("{} stays: {reason}", path.display())),
            Err(error) => gone.kept.push(error.to_string()),
        }
    }
    Ok(())
}
