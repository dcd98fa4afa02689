//! A task and what belongs to it: the shapes that `andon … --json` prints.

use andon_core::run::Outcome;
use andon_core::task::{BlockKind, Phase, Status, WorkspaceKind};
use andon_core::{ProfileName, RunId, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::insight::{Diagnostic, Reason};
use crate::names::{
    BlockKindName, OutcomeName, PhaseName, ProfileNameText, RunIdText, StatusName, TaskIdText,
    WorkspaceKindName,
};
use crate::run::{Lease, Run};
use crate::time::Time;

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Its id.
    #[schema(value_type = TaskIdText)]
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// The specification.
    pub body: Option<String>,
    /// Where it stands.
    #[schema(value_type = StatusName)]
    pub status: Status,
    /// Whether it is worked on or reviewed.
    #[schema(value_type = PhaseName)]
    pub phase: Phase,
    /// Who works on it.
    #[schema(value_type = Option<ProfileNameText>)]
    pub assignee: Option<ProfileName>,
    /// Who reviews it.
    #[schema(value_type = Option<ProfileNameText>)]
    pub reviewer: Option<ProfileName>,
    /// Higher goes first.
    pub priority: i64,
    /// A name space inside the board.
    pub tenant: Option<String>,
    /// Whom it waits for.
    #[schema(value_type = Vec<TaskIdText>)]
    pub parents: Vec<TaskId>,
    /// Who waits for it.
    #[schema(value_type = Vec<TaskIdText>)]
    pub children: Vec<TaskId>,
    /// Why it is blocked.
    #[schema(value_type = Option<BlockKindName>)]
    pub block_kind: Option<BlockKind>,
    /// The question or cause.
    pub block_reason: Option<String>,
    /// Since when.
    pub blocked_at: Option<Time>,
    /// Not claimable before.
    pub eligible_at: Option<Time>,
    /// Why not.
    pub eligible_reason: Option<String>,
    /// When its schedule fires.
    pub scheduled_at: Option<Time>,
    /// Whether it waits for a person's promote.
    pub held: bool,
    /// Whether a person forced it over open parents.
    pub parents_waived: bool,
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// Lost and stale runs in a row.
    pub reclaims: u32,
    /// Rate limits in a row.
    pub rate_limits: u32,
    /// Interruptions in a row.
    pub interruptions: u32,
    /// Blocks since the last news from a person.
    pub blocks: u32,
    /// Rounds of requested changes.
    pub review_rounds: u32,
    /// How the last failure ended.
    pub last_failure_error: Option<String>,
    /// The run that works on it.
    #[schema(value_type = Option<RunIdText>)]
    pub current_run_id: Option<RunId>,
    /// What kind of directory its runs work in.
    #[schema(value_type = WorkspaceKindName)]
    pub workspace_kind: WorkspaceKind,
    /// The directory.
    pub workspace_path: Option<String>,
    /// The branch of its worktree.
    pub branch: Option<String>,
    /// The model that its runs use.
    pub model: Option<String>,
    /// Skills of its runs.
    pub skills: Vec<String>,
    /// Labels that its host must have.
    pub requires: Vec<String>,
    /// Longest run, milliseconds.
    pub max_runtime: Option<i64>,
    /// Failures at which it is given up.
    pub max_retries: Option<u32>,
    /// Whether its runs are judged turn by turn.
    pub goal_mode: bool,
    /// Turns of the goal mode.
    pub goal_max_turns: Option<i64>,
    /// Creations with the same key are one task.
    pub idempotency_key: Option<String>,
    /// The session that it came from.
    pub session_id: Option<String>,
    /// Its workflow.
    pub workflow_template_id: Option<String>,
    /// Its step in the workflow.
    pub step_key: Option<String>,
    /// How many workers' generations lie above it.
    pub generation: u32,
    /// Its short result.
    pub result: Option<String>,
    /// Who created it.
    pub created_by: String,
    /// The run that created it.
    pub created_by_run: Option<String>,
    /// When.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When work on it first started.
    pub started_at: Option<Time>,
    /// When it was done.
    pub completed_at: Option<Time>,
}

/// A page of tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Tasks {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// The `cursor` of the next page; none at the end.
    pub next: Option<String>,
}

/// A task in a few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskRef {
    /// Its id.
    #[schema(value_type = TaskIdText)]
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// Where it stands.
    #[schema(value_type = StatusName)]
    pub status: Status,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Comment {
    /// Its number.
    pub id: i64,
    /// Who, by token or profile.
    pub author: String,
    /// `person`, `worker` or `system`.
    pub author_kind: String,
    /// The worker's run.
    pub run_id: Option<String>,
    /// What: untrusted text.
    pub body: String,
    /// When.
    pub created_at: Time,
}

/// The newest comments of a task, oldest of them first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Comments {
    /// The comments.
    pub comments: Vec<Comment>,
    /// How many there are in all.
    pub total: u32,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number on the board.
    pub number: i64,
    /// About which task.
    pub task_id: Option<String>,
    /// Of which run.
    pub run_id: Option<String>,
    /// What happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// Details.
    #[schema(value_type = Value)]
    pub payload: Value,
    /// When.
    pub created_at: Time,
}

/// Events, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Events {
    /// The events.
    pub events: Vec<Event>,
    /// The place after them, `epoch-number`.
    pub cursor: String,
    /// The board was restored since the place that was asked for: what the reader knows is void.
    pub resync: bool,
    /// Whether there are more.
    pub more: bool,
}

/// A file of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// Its number.
    pub id: i64,
    /// Its name: untrusted text.
    pub name: String,
    /// Its media type, as its name tells.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: i64,
    /// Its checksum.
    pub sha256: String,
    /// The run that declared it.
    pub run_id: Option<String>,
    /// Who added it.
    pub added_by: String,
    /// When.
    pub created_at: Time,
}

/// The files of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachments {
    /// The files.
    pub attachments: Vec<Attachment>,
}

/// Everything about a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Shown {
    /// The task.
    pub task: Task,
    /// Whom it waits for.
    pub parents: Vec<TaskRef>,
    /// Who waits for it.
    pub children: Vec<TaskRef>,
    /// Its newest comments, oldest of them first.
    pub comments: Vec<Comment>,
    /// Comments in all.
    pub comment_count: u32,
    /// Its newest events, oldest of them first.
    pub events: Vec<Event>,
    /// Its runs, oldest first.
    pub runs: Vec<Run>,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// What it handed over last.
    pub latest_summary: Option<String>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// What keeps it from running.
    pub why: Vec<Reason>,
    /// The lease of its unreaped run.
    pub lease: Option<Lease>,
    /// How its last run ended.
    #[schema(value_type = Option<OutcomeName>)]
    pub last_outcome: Option<Outcome>,
}

/// A task that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deleted {
    /// Which.
    #[schema(value_type = TaskIdText)]
    pub task_id: TaskId,
    /// True.
    pub deleted: bool,
    /// What of its files stays, in words.
    pub kept: Vec<String>,
}
