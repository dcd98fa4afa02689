//! The page of the documentation that shows the lifecycle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use andon_core::task::Status;

use super::matrix::{Answer, Who, answer, events, places};

/// Where an event leads from a status, and who may cause it there.
type Ways = BTreeMap<Status, BTreeSet<Who>>;

/// An event that leads to the same status from at least this many is told in words: arrows from everywhere hide the others.
const FROM_ANYWHERE: usize = 4;

const HEAD: &str = "\
# The lifecycle of a task

<!-- Generated from the state machine by `cargo run -p andon-core --example state_machine`. Do not edit. -->

One function, `andon_core::task::step`, decides every status. This page is made by asking it.

";

const TABLE: &str = "
## Every event in every status

A cell says where the task goes: **p** when a person does it, **w** when the worker of its current run does, **o** when an
orchestrator does whose run works on another task, **a** when Andon itself does. Two places mean that it depends on open parents, on a hold, or on what the run was for. A dot changes no status
and records no change of one; an empty cell is refused for everybody. A worker whose run is not the current one is refused
everywhere.

";

/// The whole page.
pub(crate) fn render() -> String {
    let mut page = HEAD.to_owned();
    let all: Vec<(&str, Vec<Ways>)> = events()
        .iter()
        .map(|(name, event)| (*name, Status::ALL.iter().map(|from| ways(*from, event)).collect()))
        .collect();
    diagram(&mut page, &all);
    page.push_str(TABLE);
    table(&mut page);
    let asked: Vec<&str> = places().iter().map(|place| place.name).collect();
    let _ = writeln!(page, "\nAsked of tasks that are {}.", asked.join("; "));
    page
}

/// All the places where an event leads from a status, whatever else is true of the task.
fn ways(from: Status, event: &andon_core::task::Event) -> Ways {
    let mut ways = Ways::new();
    for place in places().iter().filter(|place| place.task.status == from) {
        for who in Who::ALL {
            for open_parents in [0, 1] {
                if let Answer::Goes(to) = answer(place, event, who, open_parents) {
                    ways.entry(to).or_default().insert(who);
                }
            }
        }
    }
    ways
}

fn diagram(page: &mut String, all: &[(&str, Vec<Ways>)]) {
    let mut arrows: BTreeMap<(Status, Status), Vec<&str>> = BTreeMap::new();
    let mut anywhere = Vec::new();
    for (name, from) in all {
        for to in Status::ALL {
            let sources: Vec<Status> = Status::ALL
                .iter()
                .zip(from)
                .filter(|(source, ways)| source != &to && ways.contains_key(to))
                .map(|(source, _)| *source)
                .collect();
            if sources.len() >= FROM_ANYWHERE {
                let list: Vec<String> = sources.iter().map(|source| format!("`{source}`")).collect();
                anywhere.push(format!("- **{name}** leads to `{to}` from {}", list.join(", ")));
            } else {
                for source in sources {
                    arrows.entry((source, *to)).or_default().push(name);
                }
            }
        }
    }
    page.push_str("```mermaid\nstateDiagram-v2\n");
    for first in [Status::Triage, Status::Todo, Status::Scheduled, Status::Ready, Status::Blocked] {
        let _ = writeln!(page, "    [*] --> {first}: create");
    }
    for ((from, to), names) in arrows {
        let _ = writeln!(page, "    {from} --> {to}: {}", names.join(", "));
    }
    let _ = writeln!(
        page,
        "```\n\nNot drawn, because they lead there from almost anywhere:\n\n{}",
        anywhere.join("\n")
    );
}

fn table(page: &mut String) {
    let columns: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    let _ = writeln!(page, "| event | {} |", columns.join(" | "));
    let _ = writeln!(page, "|---|{}", "---|".repeat(columns.len()));
    for (name, event) in events() {
        let cells: Vec<String> = Status::ALL.iter().map(|from| cell(*from, &event)).collect();
        let _ = writeln!(page, "| {name} | {} |", cells.join(" | "));
    }
}

fn cell(from: Status, event: &andon_core::task::Event) -> String {
    let accepted = places()
        .iter()
        .filter(|place| place.task.status == from)
        .any(|place| Who::ALL.iter().any(|who| !matches!(answer(place, event, *who, 0), Answer::Refused(_))));
    let ways: Vec<String> = ways(from, event)
        .iter()
        .map(|(to, who)| {
            let who: String = who.iter().filter_map(|who| who.name().chars().next()).collect();
            format!("{to} ({who})")
        })
        .collect();
    if ways.is_empty() && accepted { "·".to_owned() } else { ways.join(", ") }
}
