//! Specify or decompose an idea (ST-23, ST-24): the whole graph in one transaction; bad input is refused before any write.

use andon_core::graph::order_plan;
use andon_core::roster::Roster;
use andon_core::task::{Event, EventKind, Refusal, Status};
use andon_core::{Policy, ProfileName, TaskId, text};
use serde_json::{Value, json};

use super::create::{Create, NewTask, append};
use crate::caller::Caller;
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::tasks::{self, Task};
use crate::sql::{comments, links, plans};
use crate::tx::{Lock, Operation, Tx};

/// One child of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Child {
    /// Its title.
    pub title: String,
    /// Its specification.
    pub body: Option<String>,
    /// Who works on it.
    pub assignee: Option<ProfileName>,
    /// Its parents, by position in the plan, from 0.
    pub parents: Vec<usize>,
}

/// What is known of a plan that a model made.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// By which word the idea was taken ([`BeginPlan`](super::BeginPlan)).
    pub holder: String,
    /// Why it is split, or not, in the model's words.
    pub rationale: Option<String>,
    /// What the call cost.
    pub usage: Value,
}

/// Turns an idea into work: with children the idea waits for all of them; without, it is itself the work.
#[derive(Clone, Debug)]
pub struct Decompose {
    /// The idea, in triage.
    pub task: TaskId,
    /// Its new title, if any.
    pub title: Option<String>,
    /// Its new body, if any.
    pub body: Option<String>,
    /// Who owns it afterwards, if that changes.
    pub assignee: Option<ProfileName>,
    /// Its children; none specifies it.
    pub children: Vec<Child>,
    /// The children wait for a person's promote.
    pub hold_children: bool,
    /// A model planned it; none: somebody did.
    pub planned: Option<Planned>,
    /// Who.
    pub caller: Caller,
    /// Who can be an assignee.
    pub roster: Roster,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Decompose {
    type Reply = (Task, Vec<TaskId>);

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(Task, Vec<TaskId>), OpError> {
        let parents: Vec<Vec<usize>> = self.children.iter().map(|child| child.parents.clone()).collect();
        let order = order_plan(&parents)?;
        tx.lock(Lock::Graph).await?;
        let mut task = tasks::get(tx, &self.task).await?;
        if task.state.status != Status::Triage {
            let way_out = "only a task in triage can be specified; `andon edit` changes others";
            return Err(Refusal::WrongStatus { verb: "specify", status: task.state.status, way_out }.into());
        }
        self.check_holder(tx).await?;
        // What the model made of somebody's words does not lose them.
        let idea = self.planned.as_ref().map(|_| json!({ "title": task.title, "body": task.body }));
        let fields = self.edit(&mut task)?;
        tasks::save_fields(tx, &task).await?;
        let mut ids: Vec<Option<TaskId>> = vec![None; self.children.len()];
        for index in order {
            ids[index] = Some(self.create(tx, &task, index, &ids).await?);
        }
        let ids: Vec<TaskId> = ids.into_iter().flatten().collect();
        for child in &ids {
            links::add(tx, child, &task.id).await?;
        }
        let mut data = json!({ "changed_fields": fields });
        if let (Some(planned), Some(object)) = (&self.planned, data.as_object_mut()) {
            object.insert(
                "planned".to_owned(),
                json!({ "rationale": planned.rationale, "usage": planned.usage }),
            );
            object.insert("idea".to_owned(), json!(idea));
        }
        let extra = Extra { data, ..Extra::default() };
        let (task, _) = advance(tx, task, &Event::Specify, &self.caller, &self.policy, &extra).await?;
        if !ids.is_empty() {
            let data = json!({ "child_ids": ids, "root_assignee": task.assignee });
            append(tx, &task, EventKind::Decomposed, &self.caller.actor, data).await?;
            let list = ids.iter().map(TaskId::as_str).collect::<Vec<_>>().join(", ");
            comments::insert(tx, &task.id, &self.caller.actor, &format!("Decomposed into {list}")).await?;
        }
        Ok((task, ids))
    }
}

impl Decompose {
    /// A plan is about the idea as it was when it was taken, and it is written once.
    async fn check_holder<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        let Some(planned) = &self.planned else { return Ok(()) };
        let known = plans::find(tx, &self.task).await?;
        if known.and_then(|plan| plan.holder).as_ref() == Some(&planned.holder) {
            return Ok(());
        }
        Err(Refusal::PlanLapsed.into())
    }

    fn edit(&self, task: &mut Task) -> Result<Vec<&'static str>, OpError> {
        let mut fields = Vec::new();
        if let Some(title) = &self.title {
            let title = text::title(title)?;
            if title != task.title {
                task.title = title;
                fields.push("title");
            }
        }
        if let Some(body) = &self.body {
            text::body("body", body)?;
            if task.body.as_ref() != Some(body) {
                task.body = Some(body.clone());
                fields.push("body");
            }
        }
        if let Some(assignee) = &self.assignee {
            self.roster.assignable(assignee, &self.caller.actor)?;
            if task.assignee.as_ref() != Some(assignee) {
                task.assignee = Some(assignee.clone());
                fields.push("assignee");
            }
        } else if task.assignee.is_none() && !self.children.is_empty() {
            // Whoever did the first part would get the whole otherwise, as any task of nobody gets its first parent's worker.
            task.assignee = self.roster.orchestrator(&self.caller.actor);
            fields.extend(task.assignee.is_some().then_some("assignee"));
        }
        Ok(fields)
    }

    /// A child inherits tenant and workspace of the idea.
    async fn create<T: Tx>(
        &self,
        tx: &mut T,
        root: &Task,
        index: usize,
        made: &[Option<TaskId>],
    ) -> Result<TaskId, OpError> {
        let child = &self.children[index];
        let parents = child.parents.iter().filter_map(|parent| made[*parent].clone()).collect();
        let task = NewTask {
            title: child.title.clone(),
            body: child.body.clone(),
            assignee: child.assignee.clone(),
            parents,
            tenant: root.tenant.clone(),
            priority: root.priority,
            workspace_kind: Some(root.workspace_kind),
            workspace_path: root.workspace_path.clone(),
            held: self.hold_children,
            ..NewTask::default()
        };
        let create = Create {
            task,
            caller: self.caller.clone(),
            roster: self.roster.clone(),
            default_workdir: None,
            policy: self.policy.clone(),
        };
        let child = create.apply(tx).await?.task.id;
        // A worker's idea does not get a fresh allowance of generations by being split.
        if root.generation > 0 {
            tasks::set_generation(tx, &child, root.generation).await?;
        }
        Ok(child)
    }
}
