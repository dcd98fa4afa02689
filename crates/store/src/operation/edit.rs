//! Edit what a person may edit (ST-28, GA-02), and the recovery edits (SD4-08..11).

use andon_core::roster::Roster;
use andon_core::run::Outcome;
use andon_core::task::{Event, EventKind, Refusal, Status, WorkspaceKind};
use andon_core::{Policy, ProfileName, TaskId, text};
use serde_json::{Value, json};

use super::complete::synthesise;
use super::create::{append, check_workspace};
use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::plans;
use crate::sql::runs::{self, Run, Words};
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Tx};
use crate::vals;

/// Changes; `None` leaves as it is, `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Task")]
pub struct TaskChanges {
    pub title: Option<String>,
    pub body: Option<Option<String>>,
    pub priority: Option<i64>,
    pub tenant: Option<Option<String>>,
    pub reviewer: Option<Option<ProfileName>>,
    pub model: Option<Option<String>>,
    pub skills: Option<Vec<String>>,
    pub requires: Option<Vec<String>>,
    pub max_runtime: Option<Option<i64>>,
    pub max_retries: Option<Option<u32>>,
    pub workspace: Option<(WorkspaceKind, Option<String>)>,
    pub branch: Option<Option<String>>,
    pub goal_mode: Option<bool>,
    pub goal_max_turns: Option<Option<i64>>,
    /// The short result; only of a task that is done.
    pub result: Option<String>,
    /// The handoff of its newest completed run.
    pub summary: Option<String>,
    /// The same as data.
    pub metadata: Option<Value>,
}

/// Edits a task.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Which.
    pub task: TaskId,
    /// What.
    pub changes: TaskChanges,
    /// Who.
    pub caller: Caller,
    /// Who can review.
    pub roster: Roster,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Edit {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "edit").await?;
        let before = tasks::get(tx, &self.task).await?;
        let mut task = before.clone();
        let mut fields = self.apply_texts(&mut task)?;
        fields.extend(self.apply_limits(&mut task)?);
        fields.extend(self.apply_result(tx, &mut task).await?);
        if fields.is_empty() {
            return Ok(task);
        }
        tasks::save_fields(tx, &task).await?;
        let (kind, data) = if fields == ["priority"] {
            (EventKind::Reprioritized, json!({ "priority": task.priority, "was": before.priority }))
        } else {
            (EventKind::Edited, json!({ "fields": fields }))
        };
        append(tx, &task, kind, &self.caller.actor, data).await?;
        if task.state.status == Status::Triage && self.caller.actor.is_person() && fields != ["priority"] {
            // It is another idea now: what a model is planning is thrown away, and it may try afresh.
            plans::forget(tx, &task.id).await?;
        }
        Ok(advance(tx, task, &Event::News, &self.caller, &self.policy, &Extra::default()).await?.0)
    }
}

impl Edit {
    fn apply_texts(&self, task: &mut Task) -> Result<Vec<&'static str>, OpError> {
        let (changes, mut fields) = (&self.changes, Vec::new());
        if let Some(title) = &changes.title {
            task.title = text::title(title)?;
            fields.push("title");
        }
        if let Some(body) = &changes.body {
            text::body("body", body.as_deref().unwrap_or(""))?;
            task.body = body.clone().filter(|body| !body.trim().is_empty());
            fields.push("body");
        }
        if let Some(tenant) = &changes.tenant {
            task.tenant.clone_from(tenant);
            fields.push("tenant");
        }
        if let Some(model) = &changes.model {
            task.model.clone_from(model);
            fields.push("model");
        }
        if let Some(skills) = &changes.skills {
            task.skills = text::skills(skills.iter().map(String::as_str))?;
            if let Some(assignee) = &task.assignee {
                self.roster.check_skills(assignee, &task.skills)?;
            }
            fields.push("skills");
        }
        if let Some(requires) = &changes.requires {
            task.requires = text::labels(requires.iter().map(String::as_str))?;
            fields.push("requires");
        }
        if let Some(reviewer) = &changes.reviewer {
            if let Some(reviewer) = reviewer {
                self.roster.get(reviewer)?;
            }
            task.reviewer.clone_from(reviewer);
            fields.push("reviewer");
        }
        Ok(fields)
    }

    fn apply_limits(&self, task: &mut Task) -> Result<Vec<&'static str>, OpError> {
        let (changes, mut fields) = (&self.changes, Vec::new());
        if let Some(priority) = changes.priority {
            task.priority = priority;
            fields.push("priority");
        }
        if let Some(max_runtime) = changes.max_runtime {
            task.max_runtime = max_runtime;
            fields.push("max_runtime");
        }
        if let Some(max_retries) = changes.max_retries {
            task.max_retries = max_retries;
            fields.push("max_retries");
        }
        if let Some(goal_mode) = changes.goal_mode {
            task.goal_mode = goal_mode;
            fields.push("goal_mode");
        }
        if let Some(turns) = changes.goal_max_turns {
            task.goal_max_turns = turns;
            fields.push("goal_max_turns");
        }
        if let Some((kind, path)) = &changes.workspace {
            if task.state.status == Status::Running {
                let way_out = "`andon stop <task>` first: its run works there";
                let refusal =
                    Refusal::WrongStatus { verb: "move the workspace of", status: Status::Running, way_out };
                return Err(refusal.into());
            }
            task.workspace_kind = *kind;
            task.workspace_path.clone_from(path);
            fields.push("workspace");
        }
        if let Some(branch) = &changes.branch {
            task.branch.clone_from(branch);
            fields.push("branch");
        }
        if fields.contains(&"workspace") || fields.contains(&"branch") {
            check_workspace(task.workspace_kind, task.workspace_path.as_deref(), task.branch.as_deref())?;
        }
        Ok(fields)
    }

    /// The result of a finished task, and the handoff of the newest run that has one (ST-28). An outcome is never rewritten.
    async fn apply_result<T: Tx>(&self, tx: &mut T, task: &mut Task) -> Result<Vec<&'static str>, OpError> {
        let changes = &self.changes;
        if changes.result.is_none() && changes.summary.is_none() && changes.metadata.is_none() {
            return Ok(Vec::new());
        }
        if task.state.status != Status::Done {
            let way_out = "a result belongs to a finished task; `andon complete <task>` finishes it";
            let refusal =
                Refusal::WrongStatus { verb: "edit the result of", status: task.state.status, way_out };
            return Err(refusal.into());
        }
        if let Some(result) = &changes.result {
            text::body("result", result)?;
            task.result = Some(result.clone());
        }
        // The run whose words are shown: a reviewer's stay the reviewer's.
        let newest = runs::of_task(tx, &task.id).await?.into_iter().rev().find(Run::hands_over);
        let summary = changes.summary.clone().or_else(|| changes.result.clone());
        match newest {
            Some(run) => {
                let metadata = changes.metadata.clone().unwrap_or(run.metadata);
                let summary = summary.or(run.summary);
                tx.execute(
                    "update runs set summary = $2, metadata = $3 where id = $1",
                    vals![&run.id, summary.as_ref(), &metadata],
                )
                .await?;
            }
            None => {
                let metadata = changes.metadata.clone().unwrap_or(Value::Null);
                let words = Words { summary, metadata, ..Words::default() };
                synthesise(tx, task, Outcome::Completed, &words).await?;
            }
        }
        Ok(vec!["result"])
    }
}

/// Sets the failure counters to zero (SD4-10).
#[derive(Clone, Debug)]
pub struct ResetFailures {
    /// Of which task.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

impl Operation for ResetFailures {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "reset the failures of").await?;
        let task = tasks::get(tx, &self.task).await?;
        let extra = Extra::default();
        if task.state.status == Status::Triage {
            plans::forget(tx, &task.id).await?;
        }
        Ok(advance(tx, task, &Event::ResetFailures, &self.caller, &self.policy, &extra).await?.0)
    }
}
