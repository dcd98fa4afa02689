//! The doctor: looks at everything that must hold of a board, and says of each finding what it is, how bad, and what to do.

use std::collections::BTreeMap;
use std::path::Path;

use andon_core::diagnose::Severity;
use andon_core::{BoardSlug, Policy};
use serde::Serialize;

use super::defect::Defect;
use super::error::MaintenanceError;
use super::examine::Examine;
use super::mend::Repair;
use super::quarantine::quarantined;
use super::snapshot::integrity;
use crate::board::{Board, Mode};
use crate::board_file::BoardFile;
use crate::caller::Caller;
use crate::error::{DbError, OpError};
use crate::files;
use crate::home::{Home, HomeError};
use crate::postgres::ServerFacts;
use crate::query::{FileIndex, Files, OpenGoals};
use crate::sqlite::{self, Flavour, translate};

/// A transaction that is open for longer than so many milliseconds holds up the server's own cleaning.
const LONG_TRANSACTION: i64 = 3_600_000;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in words.
    pub what: String,
    /// What `--repair` does about it; none where only a person can know.
    pub repair: Option<String>,
    /// What a person can do: a command, or words.
    pub way_out: Option<String>,
}

/// What the doctor found on one board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which board.
    pub board: String,
    /// What must not be, worst first.
    pub findings: Vec<Finding>,
    /// What was repaired, in words.
    pub repaired: Vec<String>,
    /// Tasks on the board, where it can be read.
    pub tasks: Option<u64>,
    /// Tasks of each profile that run until a judge finds their goal reached, and are not finished.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub goals: BTreeMap<String, u32>,
    /// What is known of the database server, where the board is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerFacts>,
}

impl Report {
    /// Whether nothing needs anybody's attention.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Finding {
    fn new(code: &'static str, severity: Severity, what: impl Into<String>) -> Self {
        Self { code, severity, what: what.into(), repair: None, way_out: None }
    }

    fn way_out(mut self, text: impl Into<String>) -> Self {
        self.way_out = Some(text.into());
        self
    }

    fn of(defect: &Defect) -> Self {
        Self {
            code: defect.code(),
            severity: defect.severity(),
            what: defect.what(),
            repair: defect.repair().map(str::to_owned),
            way_out: defect.way_out(),
        }
    }
}

/// Looks at a board; changes nothing (but that an older schema is migrated, as by every opener).
///
/// # Errors
/// `unknown_board`. Everything else is a finding.
pub fn examine(home: &Home, slug: &BoardSlug) -> Result<Report, MaintenanceError> {
    home.require(slug)?;
    let folder = home.board_folder(slug);
    let mut report = Report {
        board: slug.to_string(),
        findings: Vec::new(),
        repaired: Vec::new(),
        tasks: None,
        goals: BTreeMap::new(),
        server: None,
    };
    if let Some(marker) = quarantined(&folder).filter(|_| home.server().is_none()) {
        let until = andon_core::context::rfc3339(marker.until);
        let kept = marker.copy.map(|copy| format!("; a copy lies in {copy}")).unwrap_or_default();
        let what = format!("in quarantine until {until} after {} attempt(s){kept}", marker.attempts);
        report.findings.push(Finding::new("quarantined", Severity::Critical, what));
    }
    if let Err(error) = inside(home, slug, &folder, &mut report) {
        report.findings.push(of_error(&error));
    }
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(report)
}

/// Repairs what is safe, then looks again.
///
/// # Errors
/// `unknown_board`, or the database's refusal.
pub fn repair(
    home: &Home,
    slug: &BoardSlug,
    caller: &Caller,
    policy: &Policy,
) -> Result<Report, MaintenanceError> {
    let before = examine(home, slug)?;
    let mut repaired = Vec::new();
    // What is damaged below the rows is not written to.
    let damaged = before.findings.iter().any(|finding| finding.code == "integrity");
    if !damaged && before.findings.iter().any(|finding| finding.repair.is_some()) {
        let board = home.open(slug, Mode::Short)?;
        let repair = Repair { caller: caller.clone(), policy: policy.clone() };
        // Freeing one task may free others: until nothing is left, but never for ever.
        for _ in 0..8 {
            let done = run(&board, repair.clone())?;
            if done.is_empty() {
                break;
            }
            repaired.extend(done.iter().map(|defect| {
                let what = defect.what();
                defect.repair().map_or(what.clone(), |repair| format!("{what}: {repair}"))
            }));
        }
        for file in orphans(&board)? {
            if std::fs::remove_file(&file).is_ok() {
                repaired.push(format!("removed {}, which no row names", file.display()));
            }
        }
    }
    Ok(Report { repaired, ..examine(home, slug)? })
}

fn run<O: crate::tx::Operation>(board: &Board, operation: O) -> Result<O::Reply, OpError> {
    futures::executor::block_on(board.run(operation))
}

fn of_error(error: &MaintenanceError) -> Finding {
    let finding = Finding::new(error.code(), Severity::Critical, error.to_string());
    match error.hint() {
        Some(hint) => finding.way_out(hint),
        None => finding,
    }
}

fn inside(home: &Home, slug: &BoardSlug, folder: &Path, report: &mut Report) -> Result<(), MaintenanceError> {
    let file = home.describe(slug)?;
    if file.identity.is_none() {
        let what = "its board.toml does not record which database belongs to it";
        report.findings.push(Finding::new("no_identity", Severity::Warning, what));
    }
    match home.server() {
        Some(server) => the_server(server.facts().map_err(HomeError::Db)?, report),
        None => the_file(home, &folder.join("board.db"), &file, report)?,
    }
    let board = home.open(slug, Mode::Short)?;
    report.findings.extend(run(&board, Examine)?.iter().map(Finding::of));
    let known = run(&board, FileIndex)?;
    report.tasks = Some(known.tasks.len() as u64);
    report.goals = run(&board, OpenGoals)?;
    // Other hosts have files of their own.
    if home.server().is_none() {
        attachments(&board, &known, report);
    }
    scratch(&board, &known, report);
    Ok(())
}

/// What makes a server slow, or keeps processes out.
fn the_server(facts: ServerFacts, report: &mut Report) {
    if facts.connections.saturating_mul(10) >= facts.max_connections.saturating_mul(9) {
        let what = format!("the server has {} of {} connections", facts.connections, facts.max_connections);
        report
            .findings
            .push(Finding::new("connections_scarce", Severity::Warning, what).way_out(
                "raise max_connections, lower `connections` in the URL, or put a pooler in between",
            ));
    }
    if facts.oldest_transaction > LONG_TRANSACTION {
        let minutes = facts.oldest_transaction / 60_000;
        let what = format!(
            "a transaction has been open for {minutes} minutes: nothing that is deleted can go meanwhile"
        );
        report.findings.push(
            Finding::new("long_transaction", Severity::Warning, what)
                .way_out("look for it in pg_stat_activity, by xact_start"),
        );
    }
    report.server = Some(facts);
}

fn the_file(home: &Home, live: &Path, file: &BoardFile, report: &mut Report) -> Result<(), MaintenanceError> {
    {
        let connection =
            sqlite::open(live, file.identity.as_deref(), Flavour::Reader, home.world().as_ref())?;
        let fail = |error: rusqlite::Error| translate(live, &error);
        let bad = integrity(&connection, live)?;
        for detail in bad {
            report.findings.push(
                Finding::new("integrity", Severity::Critical, detail)
                    .way_out("andon doctor --recover <new file>, or andon restore <backup>"),
            );
        }
        let mode: String = connection.query_row("pragma journal_mode", [], |row| row.get(0)).map_err(fail)?;
        if mode != "wal" {
            let what = format!("its journal mode is {mode}: writers and readers wait for each other");
            report.findings.push(Finding::new("journal_mode", Severity::Warning, what));
        }
    }
    Ok(())
}

fn orphans(board: &Board) -> Result<Vec<std::path::PathBuf>, MaintenanceError> {
    let known = run(board, FileIndex)?;
    Ok(files::orphans(board.folder(), &known.attachments))
}

fn attachments(board: &Board, known: &Files, report: &mut Report) {
    let root = board.folder().join("attachments");
    for path in &known.attachments {
        if !files::inside(&root, path).is_some_and(|path| path.is_file()) {
            let task = path.split('/').next().unwrap_or_default();
            report.findings.push(
                Finding::new(
                    "attachment_missing",
                    Severity::Warning,
                    format!("the file {path} is not there"),
                )
                .way_out(format!("andon detach {task} <name>, or restore it from a backup")),
            );
        }
    }
    for file in files::orphans(board.folder(), &known.attachments) {
        let mut finding =
            Finding::new("orphan_file", Severity::Warning, format!("no row names {}", file.display()));
        finding.repair = Some("the file goes".to_owned());
        report.findings.push(finding);
    }
}

/// Scratch directories of tasks that are not on the board.
fn scratch(board: &Board, known: &Files, report: &mut Report) {
    let listed = std::fs::read_dir(board.folder().join("workspaces")).into_iter().flatten().flatten();
    let mut names: Vec<String> = listed.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    for name in names.into_iter().filter(|name| name.starts_with("t_") && !known.tasks.contains(name)) {
        let what = format!("workspaces/{name} belongs to no task of the board");
        report.findings.push(Finding::new("orphan_workspace", Severity::Warning, what).way_out("andon gc"));
    }
}

/// Whether an error of opening a board means that its database must be looked at.
#[must_use]
pub fn is_damage(error: &HomeError) -> bool {
    matches!(error, HomeError::Db(DbError::Corrupt { .. } | DbError::Foreign { .. }))
}
