//! How a task is shown on a line.

use andon_core::Millis;
use andon_core::task::Status;
use andon_store::sql::tasks::Task;

use super::style::{Look, of_status};
use super::table::{Cell, Table};
use crate::time;

/// The sign of a status (CL-04).
pub(crate) const fn icon(status: Status) -> &'static str {
    match status {
        Status::Triage => "?",
        Status::Todo => "◻",
        Status::Scheduled => "⏱",
        Status::Ready => "▶",
        Status::Running => "●",
        Status::Review => "◎",
        Status::Blocked => "⊘",
        Status::Done => "✓",
        Status::Archived => "—",
    }
}

/// Where a task stands, with the one thing that matters most there: `blocked: needs_input`, `ready in 4s`.
pub(crate) fn placed(task: &Task, now: Millis) -> String {
    let state = &task.state;
    let status = state.status.as_str();
    if let Some(block) = &state.block {
        return format!("{status}: {}", block.kind);
    }
    if state.held {
        return format!("{status}, held");
    }
    let waits = state.scheduled_at.or_else(|| state.eligible.as_ref().map(|eligible| eligible.at));
    match waits.filter(|at| *at > now) {
        Some(at) => format!("{status} {}", time::relative(at, now)),
        None => status.to_owned(),
    }
}

/// Tasks as a table.
pub(crate) fn list_table<'a>(tasks: impl IntoIterator<Item = &'a Task>, now: Millis) -> String {
    let mut table = Table::new();
    for task in tasks {
        let status = task.state.status;
        let look = of_status(status);
        let assignee = task.assignee.as_ref().map_or("(unassigned)", |assignee| assignee.as_str());
        let title = match &task.tenant {
            Some(tenant) => format!("[{tenant}] {}", task.title),
            None => task.title.clone(),
        };
        table.row([
            Cell::new(icon(status)).look(look),
            Cell::new(task.id.as_str()).look(Look::Name),
            Cell::new(placed(task, now)).look(look),
            Cell::new(assignee).look(if task.assignee.is_some() { Look::Plain } else { Look::Dim }),
            Cell::new(title),
        ]);
    }
    table.render()
}
