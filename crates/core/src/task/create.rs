//! Where a new task starts (ST-01).

use super::rules::place;
use super::state::{Block, TaskState};
use super::status::{BlockKind, Status};
use crate::time::Millis;

/// What the creator asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Initial {
    /// Start as an idea.
    pub triage: bool,
    /// Start blocked; sticky from the first moment (mends Q-02).
    pub blocked: Option<String>,
    /// Start at a time.
    pub at: Option<Millis>,
    /// Start held.
    pub held: bool,
}

/// The state of a new task. Blocked beats triage beats a time beats the parents.
#[must_use]
pub fn place_new(initial: &Initial, open_parents: u32, now: Millis) -> TaskState {
    let mut task = TaskState::new(Status::Todo);
    task.held = initial.held;
    if let Some(reason) = &initial.blocked {
        task.status = Status::Blocked;
        task.block = Some(Block { kind: BlockKind::Operator, reason: reason.clone(), at: now });
    } else if initial.triage {
        task.status = Status::Triage;
    } else if let Some(at) = initial.at.filter(|at| *at > now) {
        task.status = Status::Scheduled;
        task.scheduled_at = Some(at);
    } else {
        task.status = place(&task, open_parents);
    }
    task
}
