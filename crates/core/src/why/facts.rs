//! What [`why`](super::why) decides by. The store and the profiles fill it in with a bounded number of look-ups.

use crate::id::{ProfileName, RunId, TaskId};
use crate::planning::Planning;
use crate::run::Outcome;
use crate::task::{BlockKind, Phase, Status, TaskState};
use crate::time::Millis;

/// Everything that bears on whether one task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhyFacts {
    /// The task.
    pub task: TaskId,
    /// Its state.
    pub state: TaskState,
    /// How its planning by a model stands, where one was asked; of an idea only.
    pub planning: Option<Planning>,
    /// Its own breaker limit (DM-29).
    pub max_retries: Option<u32>,
    /// How its newest closed run ended.
    pub last_outcome: Option<Outcome>,
    /// Parents that are not satisfied: the first [`PARENTS`](super::PARENTS) by id are enough.
    pub open_parents: Vec<OpenParent>,
    /// How many parents are not satisfied.
    pub open_parents_total: usize,
    /// Who works on it.
    pub assignee: Option<ProfileName>,
    /// Who reviews it: of the task, else its profile, else the board; none is a person.
    pub reviewer: Option<ProfileName>,
    /// Who gets tasks that name nobody, by the configuration.
    pub default_assignee: Option<ProfileName>,
    /// The profile that would run it next: the assignee's, in phase `review` the reviewer's.
    pub profile: Standing,
    /// Every pause that covers it.
    pub pauses: Vec<Pause>,
    /// Every cap that its next run would count against, reached or not.
    pub caps: Vec<Cap>,
    /// Until when its next profile cools down after a rate limit.
    pub cooling_until: Option<Millis>,
    /// An ended run whose processes may still live.
    pub unreaped: Option<UnreapedRun>,
    /// What the respawn guard found (DI-50..53).
    pub guarded: Option<Guarded>,
    /// When a dispatcher last looked at this board; none never.
    pub dispatcher_seen_at: Option<Millis>,
    /// The labels that it asks for, where no live host has them all.
    pub unmet_labels: Vec<String>,
    /// Its open run.
    pub run: Option<LiveRun>,
}

/// A parent that is not satisfied, and what it waits for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenParent {
    /// The parent.
    pub id: TaskId,
    /// Where it stands; `archived` here means not released.
    pub status: Status,
    /// Why it is blocked.
    pub block: Option<(BlockKind, String)>,
    /// Whether a person holds it.
    pub held: bool,
    /// How many of its own parents are not satisfied.
    pub open_parents: usize,
    /// When it is due, if scheduled.
    pub scheduled_at: Option<Millis>,
    /// Who works on it.
    pub assignee: Option<ProfileName>,
}

/// What is known of the profile that would run the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none to know, or nobody has looked.
    Unseen,
    /// It can be started.
    Known,
    /// Pulled by hand.
    Lane,
    /// No such profile on this host.
    Unknown {
        /// Known names like it, best first.
        nearest: Vec<ProfileName>,
    },
    /// Its `profile.toml` cannot be used.
    Broken {
        /// What is wrong with it, with file and line.
        problem: String,
    },
}

/// What a pause or a cap covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every board of the home.
    Everything,
    /// The task's board.
    Board,
    /// A profile.
    Profile(ProfileName),
    /// A host, by name.
    Host(String),
}

/// A pulled cord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What it covers.
    pub scope: Scope,
    /// Since when.
    pub at: Millis,
    /// Who pulled it.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
}

/// A cap and how much of it is taken. Runs count until they are reaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// What it limits.
    pub scope: Scope,
    /// How many run.
    pub running: u32,
    /// How many may.
    pub limit: u32,
}

/// A run that has ended and whose processes may still live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreapedRun {
    /// The run.
    pub run: RunId,
    /// Where.
    pub host: String,
    /// When it was fenced.
    pub ended_at: Millis,
}

/// What the respawn guard found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// What, in words.
    pub reason: String,
    /// When it stops to count.
    pub until: Option<Millis>,
}

/// An open run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRun {
    /// The run.
    pub run: RunId,
    /// Whether it works or reviews.
    pub phase: Phase,
    /// Whose; none for a claim by hand.
    pub profile: Option<ProfileName>,
    /// Where.
    pub host: String,
    /// Since when.
    pub started_at: Millis,
    /// When its lease runs out unless it is renewed.
    pub lease_expires_at: Option<Millis>,
    /// The last heartbeat of the worker.
    pub progress_at: Option<Millis>,
}
