//! The part of a task on which its lifecycle depends. Everything here is a column of the task's row.

use super::status::{BlockKind, Phase, Status};
use crate::id::RunId;
use crate::time::Millis;

/// Why a task is blocked; set exactly while it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// Which kind of block.
    pub kind: BlockKind,
    /// What the one who blocked it says.
    pub reason: String,
    /// Since when.
    pub at: Millis,
}

/// Before when a task may not be claimed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eligible {
    /// Not before this time.
    pub at: Millis,
    /// What it waits for: a back-off.
    pub reason: String,
}

/// What has gone wrong in a row. Only persons and completions set these to zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Runs that failed.
    pub failures: u32,
    /// Runs that were lost or stale.
    pub reclaims: u32,
    /// Runs that ended as rate limited.
    pub rate_limits: u32,
    /// Runs that a shutdown or reboot interrupted.
    pub interruptions: u32,
    /// Blocks by workers since the last news.
    pub blocks: u32,
    /// Requests for changes by reviewing workers.
    pub review_rounds: u32,
}

impl Counters {
    /// The failure counters at zero; blocks and review rounds stay.
    #[must_use]
    pub fn with_fresh_budget(&self) -> Self {
        Self { blocks: self.blocks, review_rounds: self.review_rounds, ..Self::default() }
    }
}

/// The state of one task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskState {
    /// Where it stands.
    pub status: Status,
    /// Whether its next run works or reviews; a block or a wait returns to it.
    pub phase: Phase,
    /// Set exactly while blocked.
    pub block: Option<Block>,
    /// Not claimable before.
    pub eligible: Option<Eligible>,
    /// When a scheduled task fires; a scheduled task without it is parked.
    pub scheduled_at: Option<Millis>,
    /// Waits for a person's promote.
    pub held: bool,
    /// A person forced it over its open parents.
    pub parents_waived: bool,
    /// Archived, and its children may go on.
    pub released: bool,
    /// Given up once and revived by a parent since the last act of a person.
    pub revived: bool,
    /// The open run; set exactly while running.
    pub current_run: Option<RunId>,
    /// What has gone wrong in a row.
    pub counters: Counters,
    /// The last failure's words, at most 500 characters.
    pub last_failure_error: Option<String>,
    /// When it first ran (DM-09).
    pub started_at: Option<Millis>,
    /// When it was completed.
    pub completed_at: Option<Millis>,
}

impl TaskState {
    /// A task that nothing has happened to, in `status`.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self {
            status,
            phase: Phase::Work,
            block: None,
            eligible: None,
            scheduled_at: None,
            held: false,
            parents_waived: false,
            released: false,
            revived: false,
            current_run: None,
            counters: Counters::default(),
            last_failure_error: None,
            started_at: None,
            completed_at: None,
        }
    }

    /// Whether a child may run on account of this task: the one predicate for it (mends Q-13).
    #[must_use]
    pub fn satisfied(&self) -> bool {
        satisfied(self.status, self.released)
    }

    /// What must hold of a task by itself at any time. `Err` names what does not.
    ///
    /// # Errors
    /// The broken invariant, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.current_run.is_some() != (self.status == Status::Running) {
            return Err("current_run is set exactly while running");
        }
        if self.block.is_some() != (self.status == Status::Blocked) {
            return Err("block is set exactly while blocked");
        }
        if self.scheduled_at.is_some() && self.status != Status::Scheduled {
            return Err("scheduled_at is set only while scheduled");
        }
        if self.released && self.status != Status::Archived {
            return Err("released is set only while archived");
        }
        if self.held && matches!(self.status, Status::Ready | Status::Running | Status::Review) {
            return Err("a held task is never ready, running or in review");
        }
        if self.completed_at.is_none() && self.status == Status::Done {
            return Err("a done task has completed_at");
        }
        if self.status == Status::Review && self.phase != Phase::Review {
            return Err("a task in review is in phase review");
        }
        if self.status == Status::Ready && self.phase != Phase::Work {
            return Err("a ready task is in phase work");
        }
        Ok(())
    }
}

/// Whether a parent in `status` lets its children run: it is done, or archived and released.
#[must_use]
pub const fn satisfied(status: Status, released: bool) -> bool {
    match status {
        Status::Done => true,
        Status::Archived => released,
        Status::Triage
        | Status::Todo
        | Status::Scheduled
        | Status::Ready
        | Status::Running
        | Status::Review
        | Status::Blocked => false,
    }
}
