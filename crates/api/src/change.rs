//! A task to be created, and changes of one.

use andon_core::task::WorkspaceKind;
use andon_core::{ProfileName, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::board::given;
use crate::names::{ProfileNameText, TaskIdText, WorkspaceKindName};
use crate::time::Time;

/// A task to be created.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// What is to be done, on one line.
    pub title: String,
    /// The specification.
    pub body: Option<String>,
    /// The profile that works on it.
    #[schema(value_type = Option<ProfileNameText>)]
    pub assignee: Option<ProfileName>,
    /// The profile that reviews it.
    #[schema(value_type = Option<ProfileNameText>)]
    pub reviewer: Option<ProfileName>,
    /// Tasks that must be finished first.
    #[schema(value_type = Vec<TaskIdText>)]
    #[serde(default)]
    pub parents: Vec<TaskId>,
    /// Higher goes first.
    #[serde(default)]
    pub priority: i64,
    /// A name space inside the board.
    pub tenant: Option<String>,
    /// Where its runs work.
    #[schema(value_type = Option<WorkspaceKindName>)]
    pub workspace_kind: Option<WorkspaceKind>,
    /// An absolute path.
    pub workspace_path: Option<String>,
    /// The branch of its worktree.
    pub branch: Option<String>,
    /// The model that its runs use.
    pub model: Option<String>,
    /// Skills for its runs.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Labels that its host must have.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Longest run, milliseconds; 0 ends it at once.
    #[schema(minimum = 0)]
    pub max_runtime: Option<i64>,
    /// Failures in a row at which it is given up.
    #[schema(minimum = 1)]
    pub max_retries: Option<u32>,
    /// Creations with the same key make one task.
    pub idempotency_key: Option<String>,
    /// The session that it comes from.
    pub session_id: Option<String>,
    /// Judge its runs turn by turn until the goal is reached.
    #[serde(default)]
    pub goal_mode: bool,
    /// Turns of the goal mode.
    #[schema(minimum = 1)]
    pub goal_max_turns: Option<i64>,
    /// Start as an idea that somebody has yet to specify.
    #[serde(default)]
    pub triage: bool,
    /// Start blocked, for this reason.
    pub blocked: Option<String>,
    /// Not before this moment.
    pub at: Option<Time>,
    /// Wait for a person's promote.
    #[serde(default)]
    pub held: bool,
    /// Its step in a workflow.
    pub step_key: Option<String>,
    /// The workflow.
    pub workflow_template_id: Option<String>,
}

/// Where runs work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// What kind of directory.
    #[schema(value_type = WorkspaceKindName)]
    pub kind: WorkspaceKind,
    /// An absolute path.
    pub path: Option<String>,
}

/// Changes of a task; `null` clears, what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskChanges {
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The specification.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub body: Option<Option<String>>,
    /// Higher goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// A name space inside the board.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Option<String>>,
    /// Who works on it.
    #[schema(value_type = Option<ProfileNameText>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Option<ProfileName>>,
    /// Who reviews it.
    #[schema(value_type = Option<ProfileNameText>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<Option<ProfileName>>,
    /// The model that its runs use.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub model: Option<Option<String>>,
    /// Its skills from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skills: Option<Vec<String>>,
    /// The labels that its host must have from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Vec<String>>,
    /// Longest run, milliseconds.
    #[schema(value_type = Option<i64>, minimum = 0)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub max_runtime: Option<Option<i64>>,
    /// Failures in a row at which it is given up.
    #[schema(value_type = Option<u32>, minimum = 1)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<Option<u32>>,
    /// Where its runs work from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Workspace>,
    /// The branch of its worktree.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub branch: Option<Option<String>>,
    /// Judge its runs turn by turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_mode: Option<bool>,
    /// Turns of the goal mode.
    #[schema(value_type = Option<i64>, minimum = 1)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub goal_max_turns: Option<Option<i64>>,
    /// The result of a finished task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The handoff of a finished task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The same as data: an object.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_clears_and_what_is_left_out_stays() {
        let changes: TaskChanges = serde_json::from_str(r#"{"assignee": null, "priority": 3}"#).unwrap();
        assert_eq!(changes.assignee, Some(None));
        assert_eq!(changes.priority, Some(3));
        assert_eq!(changes.reviewer, None);
        assert!(serde_json::from_str::<TaskChanges>(r#"{"titel": "x"}"#).is_err());
        assert_eq!(serde_json::to_string(&changes).unwrap(), r#"{"priority":3,"assignee":null}"#);
    }
}
