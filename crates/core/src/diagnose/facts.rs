//! What the rules look at: one row per task, aggregated by the store with a constant number of queries for all of them.

use serde::{Deserialize, Serialize};

use crate::id::{ProfileName, RunId, TaskId};
use crate::planning::Planning;
use crate::policy::Policy;
use crate::run::Outcome;
use crate::task::{BlockKind, EventKind, Status};
use crate::time::Millis;
use crate::why::Standing;

/// The newest event of these kinds says since when a task has been ready.
pub const READY_EVENTS: &[EventKind] = &[
    EventKind::Created,
    EventKind::Specified,
    EventKind::Promoted,
    EventKind::PromotedManual,
    EventKind::PromotedBySweep,
    EventKind::Revived,
    EventKind::Unblocked,
    EventKind::ScheduleFired,
    EventKind::ChangesRequested,
    EventKind::SpawnFailed,
    EventKind::Crashed,
    EventKind::TimedOut,
    EventKind::RateLimited,
    EventKind::Lost,
    EventKind::Stale,
    EventKind::Interrupted,
    EventKind::Reclaimed,
    EventKind::Reopened,
    EventKind::Assigned,
];

/// Events that stop a task, and those that let it go on: one of the first directly after one of the second, both kinds
/// alone considered and in the order of the log, is a cycle.
pub const CYCLE_STOPS: &[EventKind] = &[EventKind::Blocked, EventKind::GaveUp];
/// See [`CYCLE_STOPS`].
pub const CYCLE_STARTS: &[EventKind] = &[EventKind::Unblocked, EventKind::PromotedManual, EventKind::Revived];

/// Outcomes that end a row of crashes. Other outcomes but `crashed` neither count nor end it.
pub const CRASH_BREAKS: &[Outcome] = &[Outcome::Completed, Outcome::Approved, Outcome::Reclaimed];

/// Events after which phantom ids in earlier ones no longer matter.
pub const PHANTOM_ENDS: &[EventKind] = &[EventKind::Completed, EventKind::Edited];

/// When a rule speaks (DG-09). The configuration fills it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Failures in a row; none is the board's `failure_limit`.
    #[serde(alias = "spawn_failure_threshold")]
    pub failure_threshold: Option<u32>,
    /// Crashes in a row.
    pub crash_threshold: u32,
    /// Hours that a blocked task may wait for a word.
    pub blocked_stale_hours: u32,
    /// Seconds that a ready task may wait for a run.
    pub stranded_threshold_seconds: u32,
    /// Blocks after an unblock within the window.
    pub block_cycle_threshold: u32,
    /// The window, seconds.
    pub block_cycle_window_seconds: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            failure_threshold: None,
            crash_threshold: 2,
            blocked_stale_hours: 24,
            stranded_threshold_seconds: 1_800,
            block_cycle_threshold: 3,
            block_cycle_window_seconds: 86_400,
        }
    }
}

impl Thresholds {
    /// Failures in a row from which a task is a case, at least 1.
    #[must_use]
    pub fn failures(&self, policy: &Policy) -> u32 {
        self.failure_threshold.unwrap_or(policy.failure_limit).max(1)
    }

    /// Since when cycles of blocking count.
    #[must_use]
    pub fn cycles_since(&self, now: Millis) -> Millis {
        now.plus(-1_000 * i64::from(self.block_cycle_window_seconds))
    }
}

/// One task, as the rules see it. Archived tasks need not be asked for: they have no diagnostics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFacts {
    /// The task.
    pub task: TaskId,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Who works on it.
    pub assignee: Option<ProfileName>,
    /// What is known of that profile.
    pub profile: Standing,
    /// Its skills that its profile does not have. Not from the database.
    pub unknown_skills: Vec<String>,
    /// When it was created.
    pub created_at: Millis,
    /// Which block it has, and since when.
    pub blocked: Option<(BlockKind, Millis)>,
    /// Its newest comment.
    pub last_comment_at: Option<Millis>,
    /// Its newest event of [`READY_EVENTS`].
    pub ready_since: Option<Millis>,
    /// Before when it may not be claimed.
    pub eligible_at: Option<Millis>,
    /// Whether a pause covers it.
    pub paused: bool,
    /// The column `consecutive_failures`.
    pub consecutive_failures: u32,
    /// The column `last_failure_error`.
    pub last_failure_error: Option<String>,
    /// Its newest closed run.
    pub last_run: Option<ClosedRun>,
    /// Its crashed runs after the newest run with an outcome of [`CRASH_BREAKS`].
    pub crashes: Option<Crashes>,
    /// Events `completion_blocked_hallucination` after the newest of [`PHANTOM_ENDS`].
    pub phantom_cards: Option<Phantoms>,
    /// Events `suspected_hallucinated_references` after the newest of [`PHANTOM_ENDS`] that another run wrote.
    pub phantom_references: Option<Phantoms>,
    /// Its cycles of [`CYCLE_STOPS`] since [`Thresholds::cycles_since`].
    pub cycles: Option<Cycles>,
    /// Its open run, else its newest run that has not been reaped.
    pub claim: Option<ClaimFacts>,
    /// How its planning by a model stands, where one was asked.
    pub planning: Option<Planning>,
}

/// The newest closed run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedRun {
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub ended_at: Millis,
}

/// A row of crashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crashes {
    /// How many.
    pub count: u32,
    /// When the first one ended.
    pub first_at: Millis,
    /// When the last one ended.
    pub last_at: Millis,
    /// The last one.
    pub run: RunId,
    /// Its error.
    pub error: Option<String>,
}

/// Mentions of tasks that do not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phantoms {
    /// The ids, each once.
    pub ids: Vec<String>,
    /// How many events.
    pub count: u32,
    /// The first one.
    pub first_at: Millis,
    /// The last one.
    pub last_at: Millis,
    /// The run of the last one.
    pub run: Option<RunId>,
}

/// Cycles of block and unblock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycles {
    /// How many.
    pub count: u32,
    /// The block of the first one.
    pub first_at: Millis,
    /// The block of the last one.
    pub last_at: Millis,
}

/// A run that holds the task, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFacts {
    /// The run.
    pub run: RunId,
    /// Where.
    pub host: String,
    /// Since when.
    pub claimed_at: Millis,
    /// When its lease runs out.
    pub lease_expires_at: Option<Millis>,
    /// When it was fenced; none while it is open.
    pub ended_at: Option<Millis>,
    /// What this host knows of its supervisor; none when it is another host's.
    pub supervisor_alive: Option<bool>,
}
