//! Why a task does not run, and what is wrong with tasks.

use andon_core::diagnose::{ActionKind, DiagnosticKind, Severity};
use andon_core::task::Status;
use andon_core::{ProfileName, RunId, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::{
    ActionKindName, DiagnosticKindName, ProfileNameText, RunIdText, SeverityName, StatusName, TaskIdText,
};
use crate::time::Time;

/// What clears a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Clear {
    /// A command of `andon`. What stands in `<…>` is for the person to fill in.
    pub command: String,
}

/// One thing that keeps a task from running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// What it is, in words.
    pub message: String,
    /// When it ends by itself.
    pub until: Option<Time>,
    /// What ends it now.
    pub clear: Option<Clear>,
}

/// Everything that keeps a task from running, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reasons {
    /// The reasons.
    pub reasons: Vec<Reason>,
}

/// What a person can do about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Action {
    /// Which kind.
    #[schema(value_type = ActionKindName)]
    pub kind: ActionKind,
    /// What it does, in words.
    pub label: String,
    /// A command of `andon`.
    pub command: String,
    /// Whether it is the first thing to try.
    pub suggested: bool,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Diagnostic {
    /// What is wrong.
    #[schema(value_type = DiagnosticKindName)]
    pub kind: DiagnosticKind,
    /// How bad it is.
    #[schema(value_type = SeverityName)]
    pub severity: Severity,
    /// On one line.
    pub title: String,
    /// In some sentences.
    pub detail: String,
    /// What to do, the suggested first.
    pub actions: Vec<Action>,
    /// The first evidence.
    pub first_seen_at: Time,
    /// The last evidence.
    pub last_seen_at: Time,
    /// How many pieces of evidence.
    pub count: u32,
    /// The run that it is about.
    #[schema(value_type = Option<RunIdText>)]
    pub run_id: Option<RunId>,
    /// The numbers behind it.
    #[schema(value_type = Value)]
    pub data: Value,
}

/// The findings of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Findings {
    /// The findings, the worst first.
    pub diagnostics: Vec<Diagnostic>,
}

/// A task and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TaskFindings {
    /// The task.
    #[schema(value_type = TaskIdText)]
    pub task_id: TaskId,
    /// Its title.
    pub title: String,
    /// Where it stands.
    #[schema(value_type = StatusName)]
    pub status: Status,
    /// Who works on it.
    #[schema(value_type = Option<ProfileNameText>)]
    pub assignee: Option<ProfileName>,
    /// The findings, the worst first, never empty.
    pub diagnostics: Vec<Diagnostic>,
}

/// What is wrong on a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Diagnostics {
    /// The tasks, the worst first.
    pub diagnostics: Vec<TaskFindings>,
    /// How many tasks.
    pub count: u32,
}
