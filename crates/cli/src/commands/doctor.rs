//! `andon doctor`: look for what is wrong with boards and profiles, repair what is safe, save what can be read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use andon_agent::lacks::lacks;
use andon_core::diagnose::Severity;
use andon_engine::profile::{Profile, Profiles};
use andon_engine::runner::{Examined, Finding, Subject, examine as examine_runner};
use andon_store::DbError;
use andon_store::maintenance::{Report, examine, quarantine, recover, repair};
use clap::Args;
use serde_json::{Value, json};

use super::copy::elsewhere;
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;
use crate::output::{Cell, Look, Table};

/// Look for what is wrong, and repair what is safe
///
/// Checks the integrity of the board's database and everything that must hold of its tasks, runs and files; and for each
/// profile whether its program is there, and logged in; for the built-in agent, whether it has a model. Exits with 5
/// when something is wrong that is left unrepaired.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorArgs {
    /// Repair what follows from the rest of the board, and say what was done
    #[arg(long)]
    repair: bool,
    /// Look at every board
    #[arg(long)]
    all: bool,
    /// Save what can be read of a damaged database into this new file, which `restore` takes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["repair", "all"])]
    recover: Option<PathBuf>,
}

/// Examines, repairs or recovers.
pub(crate) fn run(app: &App, args: DoctorArgs) -> Result<ExitCode, Failure> {
    if let Some(target) = &args.recover {
        return save(app, target);
    }
    let slugs = if args.all { app.home().try_boards()? } else { vec![app.slug()?] };
    let mut reports = Vec::new();
    for slug in slugs {
        reports.push(if args.repair {
            repair(app.home(), &slug, &app.caller()?, &app.config()?.policy())?
        } else {
            examine(app.home(), &slug)?
        });
    }
    let config = app.config().err().map(|failure| failure.to_string());
    let known = app.profiles();
    // What runs them is read from the configuration too: without it nothing can be said of them.
    let mut goals: BTreeMap<&str, u32> = BTreeMap::new();
    for (profile, tasks) in reports.iter().flat_map(|report| &report.goals) {
        *goals.entry(profile).or_default() += tasks;
    }
    let examined = if config.is_none() { examine_all(&known, &goals) } else { Vec::new() };
    let channels = if config.is_none() { channels(app)? } else { Vec::new() };
    let profiles: Vec<(String, String)> =
        known.broken.iter().map(|(name, error)| (name.clone(), error.to_string())).collect();
    if app.json {
        let broken: Vec<Value> =
            profiles.iter().map(|(name, problem)| json!({ "name": name, "problem": problem })).collect();
        app.out.print_json(&json!({
            "home": app.home().root(), "boards": reports, "broken_profiles": broken, "config_problem": config,
            "channels": channels.iter().map(|(name, problem)| json!({ "name": name, "problem": problem })).collect::<Vec<_>>(),
            "profiles": examined.iter().map(|(profile, found)| profile_json(profile, found)).collect::<Vec<_>>(),
        }));
    } else {
        if let Some(problem) = &config {
            print_config(app, problem);
        }
        for report in &reports {
            print(app, report);
        }
        for (name, problem) in &profiles {
            app.out.print(&format!(
                "{}  profile {name}: {}\n",
                output::paint(Look::Warning, "⚠"),
                output::line(problem)
            ));
        }
        examined.iter().for_each(|(profile, found)| print_profile(app, profile, found));
        channels.iter().for_each(|(name, problem)| print_channel(app, name, problem.as_deref()));
    }
    let bad = config.is_some()
        || reports
            .iter()
            .flat_map(|report| &report.findings)
            .any(|found| found.severity != Severity::Warning);
    Ok(if bad { ExitCode::Database } else { ExitCode::Done })
}

/// Looks whether the program of each profile is there and logged in, all at once: each may take seconds to answer. Profiles
/// that run the same in the same environment are looked at once.
fn examine_all<'a>(profiles: &'a Profiles, goals: &BTreeMap<&str, u32>) -> Vec<(&'a Profile, Examined)> {
    let mut different: Vec<Subject<'_>> = Vec::new();
    let mut places = Vec::new();
    for profile in profiles.valid.values() {
        let subject = Subject::here(profile);
        let own_login = profile
            .preset()
            .is_some_and(|preset| preset.login.files.iter().any(|path| path.contains("{profile}")));
        let alike = |known: &Subject<'_>| {
            !own_login
                && known.profile.runner() == profile.runner()
                && known.profile.settings.command == profile.settings.command
                && known.environment == subject.environment
        };
        let place = different.iter().position(alike).unwrap_or(different.len());
        if place == different.len() {
            different.push(subject);
        }
        places.push((profile, place));
    }
    let looks = futures::future::join_all(different.iter().map(examine_runner));
    let found = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(looks),
        Err(_) => return Vec::new(),
    };
    let examined = places.into_iter().filter_map(|(profile, place)| {
        let mut of_it = found.get(place)?.clone();
        let goals = goals.get(profile.name.as_str()).copied().unwrap_or_default();
        of_it.findings.extend(missing(different.get(place)?, profile, goals));
        Some((profile, of_it))
    });
    examined.collect()
}

/// What a profile of the built-in agent lacks; and any other one, for the judge of its tasks with a goal, who is the built-in
/// agent's model.
fn missing(subject: &Subject<'_>, profile: &Profile, goals: u32) -> Vec<Finding> {
    let is_ours = |preset: &andon_engine::runner::Preset| {
        preset.argv.starts_with(&["{andon}".to_owned(), "agent".to_owned(), "run".to_owned()])
    };
    let ours = profile.preset().is_some_and(|preset| is_ours(preset));
    if !ours && goals == 0 {
        return Vec::new();
    }
    let variable =
        |name: &str| subject.environment.get(std::ffi::OsStr::new(name))?.to_str().map(str::to_owned);
    let found = lacks(&profile.folder, variable).into_iter();
    if ours {
        return found.map(|lack| Finding { what: lack.what, message: lack.message, way_out: None }).collect();
    }
    let of_judge = |lack: andon_agent::lacks::Lack| Finding {
        what: "judge",
        message: format!(
            "nobody can say whether the goals of {goals} open tasks are reached: {}",
            lack.message
        ),
        way_out: Some(format!(
            "give the judge a model under [agent] in {}/profile.toml",
            profile.folder.display()
        )),
    };
    found.map(of_judge).collect()
}

/// The channels of the configuration, and why one cannot be used.
fn channels(app: &App) -> Result<Vec<(String, Option<String>)>, Failure> {
    let known = super::notify::known(app)?;
    Ok(known.into_iter().map(|one| (one.name.to_string(), one.channel.err())).collect())
}

fn print_channel(app: &App, name: &str, problem: Option<&str>) {
    let (sign, look, rest) = match problem {
        None => ("✓", Look::Good, "ready".to_owned()),
        Some(problem) => ("⚠", Look::Warning, output::line(problem)),
    };
    app.out.print(&format!("{}  channel {name}: {rest}\n", output::paint(look, sign)));
}

/// A configuration that cannot be read: nothing is started before it is mended.
fn print_config(app: &App, problem: &str) {
    let sign = output::paint(Look::Bad, "!!");
    for line in problem.lines().filter(|line| !line.trim().is_empty()) {
        app.out.print(&format!("{sign}  config.toml: {}\n", output::line(line.trim())));
    }
}

fn profile_json(profile: &Profile, found: &Examined) -> Value {
    let findings = found.findings.iter().map(
        |finding| json!({ "what": finding.what, "message": finding.message, "way_out": finding.way_out }),
    );
    json!({
        "name": profile.name, "runner": profile.runner().as_str(), "program": found.program, "version": found.version,
        "tried_with": found.tried_with,
        "logged_in": found.logged_in, "findings": findings.collect::<Vec<_>>(),
    })
}

/// One line for a profile whose program could be looked at, and what a task of it would fail on.
fn print_profile(app: &App, profile: &Profile, found: &Examined) {
    let Some(first) = found.version.as_deref().or(found.findings.first().map(|_| "")) else { return };
    let (sign, look) = if found.findings.is_empty() { ("✓", Look::Good) } else { ("⚠", Look::Warning) };
    let version = if first.is_empty() { String::new() } else { format!(", {}", output::line(first)) };
    let mut out =
        format!("{}  profile {}: {}{version}\n", output::paint(look, sign), profile.name, profile.runner());
    if let Some(tried) = &found.tried_with {
        out.push_str(&format!(
            "     version: older than {tried}, which Andon is tried with; it may lack what it is asked for\n"
        ));
    }
    for finding in &found.findings {
        out.push_str(&format!("     {}: {}\n", finding.what, output::line(&finding.message)));
        if let Some(way_out) = &finding.way_out {
            out.push_str(&format!("     → {}\n", output::line(way_out)));
        }
    }
    app.out.print(&out);
}

fn print(app: &App, report: &Report) {
    let head = output::paint(Look::Heading, &format!("Board {}", report.board));
    let tasks = report.tasks.map_or(String::new(), |tasks| format!(", {tasks} tasks"));
    let well = if report.healthy() { "all is well" } else { "not well" };
    let mut out = format!("{head}: {well}{tasks}\n");
    if let Some(server) = &report.server {
        out.push_str(&format!(
            "  PostgreSQL {}, {} of {} connections, {} waiting for a lock\n",
            output::line(&server.version),
            server.connections,
            server.max_connections,
            server.waiting
        ));
    }
    for done in &report.repaired {
        out.push_str(&format!("  {}  repaired: {}\n", output::paint(Look::Good, "✓"), output::line(done)));
    }
    for found in &report.findings {
        let (sign, look) = match found.severity {
            Severity::Warning => ("⚠", Look::Warning),
            Severity::Error => ("!!", Look::Bad),
            Severity::Critical => ("!!!", Look::Bad),
        };
        out.push_str(&format!(
            "  {}  {}: {}\n",
            output::paint(look, sign),
            found.code,
            output::line(&found.what)
        ));
        if let Some(repair) = &found.repair {
            out.push_str(&format!("     → andon doctor --repair: {repair}\n"));
        } else if let Some(way_out) = &found.way_out {
            out.push_str(&format!("     → {}\n", output::line(way_out)));
        }
    }
    app.out.print(&out);
}

fn save(app: &App, target: &std::path::Path) -> Result<ExitCode, Failure> {
    let target = crate::app::absolute(target)?;
    let saved = recover(app.home(), &app.slug()?, &target, &elsewhere, &app.config()?.policy())?;
    if app.json {
        let tables: Vec<Value> = saved
            .iter()
            .map(|saved| {
                json!({ "table": saved.table, "rows": saved.rows, "refused": saved.refused, "whole": saved.whole })
            })
            .collect();
        app.out.print_json(&json!({ "path": target, "tables": tables }));
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new().head(&["table", "rows", "refused", ""]);
    for saved in &saved {
        let whole = if saved.whole { Cell::new("whole") } else { Cell::new("in part").look(Look::Warning) };
        table.row([
            saved.table.into(),
            Cell::new(saved.rows.to_string()).right(),
            Cell::new(saved.refused.to_string()).right(),
            whole,
        ]);
    }
    app.out.print(&table.render());
    app.out.say(&format!(
        "Saved to {}; `andon restore {}` makes it the board",
        target.display(),
        target.display()
    ));
    Ok(ExitCode::Done)
}

/// A command met a damaged database: it is copied once. Gives where the copy lies, in words.
pub(crate) fn met(app: &App, failure: &Failure) -> Option<String> {
    let Some(DbError::Corrupt { path, detail } | DbError::Foreign { path, detail }) = failure.database()
    else {
        return None;
    };
    if app.home().database_url().is_some() {
        return None;
    }
    let folder = path.parent()?;
    match quarantine(folder, detail, app.now(), &elsewhere) {
        Ok(marker) => marker.copy_in(folder).map(|copy| format!("a copy of it lies in {}", copy.display())),
        Err(error) => Some(format!("it could not be copied: {error}")),
    }
}
