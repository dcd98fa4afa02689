//! Tasks as a board shows them: what a card needs, and the graph.

use andon_core::task::{BlockKind, Phase, Status, WorkspaceKind};
use andon_core::{ProfileName, RunId, TaskId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::names::{
    BlockKindName, PhaseName, ProfileNameText, RunIdText, StatusName, TaskIdText, WorkspaceKindName,
};
use crate::time::Time;

/// What a card shows of a task. What is not there is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    /// Its id.
    #[schema(value_type = TaskIdText)]
    pub id: TaskId,
    /// One line.
    pub title: String,
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
    /// Why it is blocked.
    #[schema(value_type = Option<BlockKindName>)]
    pub block_kind: Option<BlockKind>,
    /// The question or cause, at most 300 characters.
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
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// The run that works on it.
    #[schema(value_type = Option<RunIdText>)]
    pub current_run_id: Option<RunId>,
    /// Since when.
    pub run_started_at: Option<Time>,
    /// When the worker last said that it makes progress.
    pub progress_at: Option<Time>,
    /// What it said, at most 200 characters.
    pub progress_note: Option<String>,
    /// Tasks that it waits for or waited for.
    pub parents: u32,
    /// Those of them that are not finished.
    pub open_parents: u32,
    /// Tasks that wait for it or waited for it.
    pub children: u32,
    /// Those of them that are finished.
    pub children_done: u32,
    /// Comments.
    pub comments: u32,
    /// Files.
    pub attachments: u32,
    /// Runs.
    pub runs: u32,
    /// What its runs cost together, dollars.
    pub cost_usd: Option<f64>,
    /// What it handed over last, at most 200 characters.
    pub latest_summary: Option<String>,
    /// How the last failure ended, at most 200 characters.
    pub last_failure_error: Option<String>,
    /// What kind of directory its runs work in.
    #[schema(value_type = WorkspaceKindName)]
    pub workspace_kind: WorkspaceKind,
    /// Who created it.
    pub created_by: String,
    /// When.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When work on it first started.
    pub started_at: Option<Time>,
    /// When it was done.
    pub completed_at: Option<Time>,
}

/// A page of cards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cards {
    /// The cards.
    pub cards: Vec<Card>,
    /// The `cursor` of the next page; none at the end.
    pub next: Option<String>,
}

/// A task in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Its id.
    #[schema(value_type = TaskIdText)]
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// Where it stands.
    #[schema(value_type = StatusName)]
    pub status: Status,
    /// Who works on it.
    #[schema(value_type = Option<ProfileNameText>)]
    pub assignee: Option<ProfileName>,
    /// Higher goes first.
    pub priority: i64,
}

/// A dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Edge {
    /// Who must finish first.
    #[schema(value_type = TaskIdText)]
    pub parent: TaskId,
    /// Who waits.
    #[schema(value_type = TaskIdText)]
    pub child: TaskId,
}

/// Tasks with their dependencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Graph {
    /// The tasks.
    pub nodes: Vec<Node>,
    /// The dependencies between them.
    pub edges: Vec<Edge>,
    /// Whether there are more tasks than are given.
    pub truncated: bool,
}
