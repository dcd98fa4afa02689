//! `andon stats`: how many, where.

use std::collections::BTreeMap;

use andon_server::shape;
use andon_store::query::{Stats, StatsOf};
use clap::Args;

use super::runs::consumed;
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;
use crate::output::{Cell, Look, Table};
use crate::time::relative;

/// Tasks by assignee and status.
type Counts<'a> = BTreeMap<String, BTreeMap<&'a str, u32>>;

/// Count the tasks of a board
#[derive(Args, Clone, Debug)]
pub(crate) struct StatsArgs {}

/// Shows counts, what runs, what is paused and who dispatches.
pub(crate) fn run(app: &App, _args: StatsArgs) -> Result<ExitCode, Failure> {
    let stats = app.run(StatsOf)?;
    let mut by_assignee = Counts::new();
    for (assignee, status, count) in &stats.by_assignee {
        let assignee = assignee.clone().unwrap_or_else(|| "(unassigned)".to_owned());
        by_assignee.entry(assignee).or_default().insert(status.as_str(), *count);
    }
    if app.json {
        app.out.print_json(&serde_json::to_value(shape::stats(&stats)).unwrap_or_default());
    } else {
        app.out.print(&as_text(&stats, &by_assignee));
    }
    Ok(ExitCode::Done)
}

fn as_text(stats: &Stats, by_assignee: &Counts<'_>) -> String {
    let mut table = Table::new();
    for (status, count) in &stats.by_status {
        let look = if *count == 0 { Look::Dim } else { output::of_status(*status) };
        table.row([
            Cell::new(output::icon(*status)).look(look),
            Cell::new(status.as_str()).look(look),
            Cell::new(count.to_string()).right(),
        ]);
    }
    let mut out = table.render();
    if !by_assignee.is_empty() {
        let mut table = Table::new().indent("  ");
        for (assignee, counts) in by_assignee {
            let told: Vec<String> =
                counts.iter().map(|(status, count)| format!("{status} {count}")).collect();
            table.row([Cell::new(assignee), Cell::new(told.join(", "))]);
        }
        out.push_str(&format!("\n{}\n{}", output::paint(Look::Heading, "By assignee"), table.render()));
    }
    if !stats.consumed.is_empty() {
        let mut table = Table::new().indent("  ");
        for (profile, runs, usage) in &stats.consumed {
            let name = profile.as_ref().map_or("-", |profile| profile.as_str());
            let runs = if *runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
            table.row([Cell::new(name), Cell::new(runs).right(), Cell::new(consumed(usage))]);
        }
        out.push_str(&format!("\n{}\n{}", output::paint(Look::Heading, "Consumed"), table.render()));
    }
    let mut table = Table::new();
    if let Some(oldest) = stats.oldest_ready {
        table.row(["oldest ready task".into(), Cell::new(relative(oldest, stats.now))]);
    }
    for pause in &stats.pauses {
        let why = pause.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let text = format!("{} by {} {}{why}", pause.scope, pause.by, relative(pause.at, stats.now));
        table.row([Cell::new("paused").look(Look::Warning), Cell::new(text)]);
    }
    for cooldown in &stats.cooldowns {
        let text = format!("{} until {}", cooldown.profile, relative(cooldown.until, stats.now));
        table.row([Cell::new("cooling down").look(Look::Warning), Cell::new(text)]);
    }
    for host in &stats.hosts {
        let text = format!(
            "{} (pid {}), seen {}",
            host.facts.name,
            host.facts.pid,
            relative(host.last_seen, stats.now)
        );
        table.row([Cell::new("dispatcher"), Cell::new(text)]);
    }
    let more = table.render();
    if more.is_empty() { out } else { format!("{out}\n{more}") }
}
