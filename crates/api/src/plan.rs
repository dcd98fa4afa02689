//! Ideas that become work, and work that is taken by hand.

use andon_core::{ProfileName, RunId, TaskId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::names::{ProfileNameText, RunIdText, TaskIdText};
use crate::task::Task;
use crate::time::Time;

/// Turns an idea into work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Specify {
    /// Its title from now on.
    pub title: Option<String>,
    /// Its specification.
    pub body: Option<String>,
    /// Who works on it.
    #[schema(value_type = Option<ProfileNameText>)]
    pub assignee: Option<ProfileName>,
}

/// One task of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedChild {
    /// What is to be done, on one line.
    pub title: String,
    /// Its specification.
    pub body: Option<String>,
    /// Who works on it.
    #[schema(value_type = Option<ProfileNameText>)]
    pub assignee: Option<ProfileName>,
    /// What it waits for, by position in the plan, from 0.
    #[serde(default)]
    pub parents: Vec<usize>,
}

/// Splits an idea into tasks that it then waits for: all of them, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decompose {
    /// Its title from now on.
    pub title: Option<String>,
    /// Its specification.
    pub body: Option<String>,
    /// Who puts the results together.
    #[schema(value_type = Option<ProfileNameText>)]
    pub assignee: Option<ProfileName>,
    /// The tasks.
    #[schema(min_items = 1, max_items = 500)]
    pub children: Vec<PlannedChild>,
    /// They wait for a person's promote.
    #[serde(default)]
    pub hold: bool,
}

/// What became of an idea.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decomposed {
    /// The task, which waits now.
    pub task: Task,
    /// Its parts, in the order of the plan.
    #[schema(value_type = Vec<TaskIdText>)]
    pub child_ids: Vec<TaskId>,
}

/// Takes a task by hand, as a person or an outside terminal does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// How long without a heartbeat, milliseconds; as configured where it is left out.
    #[schema(minimum = 1000)]
    pub ttl: Option<i64>,
    /// Although its profile cools down after a rate limit.
    #[serde(default)]
    pub force: bool,
}

/// Takes the next task of a profile by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimNext {
    /// Of which profile.
    #[schema(value_type = ProfileNameText)]
    pub profile: ProfileName,
    /// How long without a heartbeat, milliseconds; as configured where it is left out.
    #[schema(minimum = 1000)]
    pub ttl: Option<i64>,
    /// Although its profile cools down after a rate limit.
    #[serde(default)]
    pub force: bool,
}

/// The run of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimedRun {
    /// Its id.
    #[schema(value_type = RunIdText)]
    pub id: RunId,
    /// Its secret: `Authorization: Bearer <id>.<token>` acts for it. Shown this once.
    pub token: String,
    /// When the claim ends without a heartbeat.
    pub expires_at: Time,
}

/// A task that was taken by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Claimed {
    /// The task.
    pub task: Task,
    /// Its run.
    pub run: ClaimedRun,
    /// The directory to work in, on the host that answered; none where it could not be made.
    pub workspace: Option<String>,
}

/// What the slow look at a board found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recomputed {
    /// Tasks that waited though nothing held them, and go on now.
    #[schema(value_type = Vec<TaskIdText>)]
    pub promoted: Vec<TaskId>,
    /// How many: each is a defect.
    pub defects: u32,
}
