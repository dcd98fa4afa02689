//! What is wrong with tasks (DG-01, DG-03..09, SD4-12): rules without memory over facts in hand.
//!
//! The rules take any number of tasks at once and need nothing but what [`TaskFacts`] holds. Each says what it saw, how bad
//! it is, and what a person can do about it.

mod facts;
mod report;
mod rules;
mod setup;

use std::cmp::Reverse;

pub use self::facts::{
    CRASH_BREAKS, CYCLE_STARTS, CYCLE_STOPS, ClaimFacts, ClosedRun, Crashes, Cycles, PHANTOM_ENDS, Phantoms,
    READY_EVENTS, TaskFacts, Thresholds,
};
pub use self::report::{Action, ActionKind, Diagnostic, DiagnosticKind, Severity, TaskDiagnostics};
use crate::policy::Policy;
use crate::task::Status;
use crate::time::Millis;

/// The tasks that something is wrong with: the worst first, then the one seen last.
#[must_use]
pub fn diagnose(
    tasks: &[TaskFacts],
    thresholds: &Thresholds,
    policy: &Policy,
    now: Millis,
) -> Vec<TaskDiagnostics> {
    let mut found: Vec<TaskDiagnostics> = tasks
        .iter()
        .map(|task| TaskDiagnostics {
            task_id: task.task.clone(),
            title: task.title.clone(),
            status: task.status,
            assignee: task.assignee.clone(),
            diagnostics: diagnose_task(task, thresholds, policy, now),
        })
        .filter(|task| !task.diagnostics.is_empty())
        .collect();
    found.sort_by_key(|task| {
        let worst = task.diagnostics.first().map(|worst| (worst.severity, worst.last_seen_at));
        (Reverse(worst), task.task_id.clone())
    });
    found
}

/// What is wrong with one task: severity descending, then last seen descending.
#[must_use]
pub fn diagnose_task(
    task: &TaskFacts,
    thresholds: &Thresholds,
    policy: &Policy,
    now: Millis,
) -> Vec<Diagnostic> {
    if task.status == Status::Archived {
        return Vec::new();
    }
    let case = rules::Case { task, thresholds, policy, now };
    let mut found: Vec<Diagnostic> = [
        case.hallucinated_cards(),
        case.prose_phantom_refs(),
        case.repeated_failures(),
        case.repeated_crashes(),
        case.stuck_in_blocked(),
        case.block_unblock_cycling(),
        case.stranded_in_ready(),
        case.invalid_task_skills(),
        case.assignee_profile_not_found(),
        case.stale_running_claim(),
        case.left_over_claim(),
        case.planning_failed(),
    ]
    .into_iter()
    .flatten()
    .collect();
    for diagnostic in &mut found {
        diagnostic.actions.sort_by_key(|action| !action.suggested);
    }
    found.sort_by_key(|diagnostic| (Reverse(diagnostic.severity), Reverse(diagnostic.last_seen_at)));
    found
}

#[cfg(test)]
mod tests;
