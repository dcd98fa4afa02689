//! `andon hosts`: who dispatches a board, with what, and how much of it is taken.

use andon_server::shape;
use andon_store::query::{Stats, StatsOf};
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};
use crate::time::relative;

/// Show the hosts that dispatch a board: labels, profiles, places, runs, when they were last heard of
#[derive(Args, Clone, Debug)]
pub(crate) struct HostsArgs {}

/// Shows every host that the board has heard of.
pub(crate) fn run(app: &App, _args: HostsArgs) -> Result<ExitCode, Failure> {
    let stats = app.run(StatsOf)?;
    if app.json {
        app.out.print_json(&serde_json::to_value(shape::hosts(&stats).hosts).unwrap_or_default());
    } else if stats.hosts.is_empty() {
        app.out.print("No host has dispatched this board yet: `andon serve` does.\n");
    } else {
        app.out.print(&as_text(&stats));
    }
    Ok(ExitCode::Done)
}

fn as_text(stats: &Stats) -> String {
    let mut table = Table::new();
    table.row(["HOST", "RUNNING", "LABELS", "PROFILES", "SEEN"].map(|head| Cell::new(head).look(Look::Dim)));
    for host in &stats.hosts {
        let live = host.is_live(stats.now);
        let running = stats.live.on(&host.facts.name);
        let places =
            host.facts.capacity.map_or_else(|| running.to_string(), |cap| format!("{running}/{cap}"));
        let seen = relative(host.last_seen, stats.now);
        let seen = if live { seen } else { format!("{seen}, gone") };
        let some = |words: &[String]| if words.is_empty() { "-".to_owned() } else { words.join(", ") };
        table.row([
            Cell::new(&host.facts.name),
            Cell::new(places),
            Cell::new(some(&host.facts.labels)),
            Cell::new(some(&host.facts.profiles)),
            Cell::new(seen).look(if live { Look::Plain } else { Look::Warning }),
        ]);
    }
    table.render()
}
