//! Delete a task with all that belongs to it (ST-26, ST-27; mends ). The files are the caller's to remove,
//! after the commit; what a crash leaves behind, `gc` finds.

use andon_core::task::{Event, EventKind, Refusal, Status, WorkspaceKind};
use andon_core::{Policy, TaskId};
use serde_json::json;

use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::settle;
use crate::sql::attachments::{self, Attachment};
use crate::sql::events::{self, NewEvent};
use crate::sql::{links, runs, tasks};
use crate::tx::{Lock, Operation, Tx};

/// Deletes a task. A running one must be stopped and its tree gone first.
#[derive(Clone, Debug)]
pub struct Delete {
    /// Which.
    pub task: TaskId,
    /// Whether children that wait for it may go on; `Some(false)` holds them for a person.
    pub release: Option<bool>,
    /// Only when it is archived (`archive --rm`, SD2-14).
    pub only_archived: bool,
    /// Who.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

/// What was deleted, so that its files can go.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    /// The task as it was.
    pub task: tasks::Task,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Kind and path of its workspace.
    pub workspace: (WorkspaceKind, Option<String>),
}

impl Operation for Delete {
    type Reply = Deleted;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Deleted, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "delete").await?;
        if !self.caller.actor.is_person() {
            let actor = self.caller.actor.to_string();
            return Err(
                Refusal::Forbidden { actor, verb: "delete", why: "only a person deletes tasks" }.into()
            );
        }
        tx.lock(Lock::Graph).await?;
        let task = tasks::get(tx, &self.task).await?;
        let wrong = |way_out| Refusal::WrongStatus { verb: "delete", status: task.state.status, way_out };
        if task.state.status == Status::Running {
            return Err(wrong("`andon stop <task>` first").into());
        }
        if self.only_archived && task.state.status != Status::Archived {
            return Err(wrong("`andon archive <task>` first, or `andon delete <task>`").into());
        }
        if let Some(run) = runs::unreaped_of(tx, &task.id).await? {
            return Err(Refusal::Unreaped { run: run.id.to_string() }.into());
        }
        let waiting = links::waiting_children(tx, &task.id).await?;
        if !task.state.satisfied() && waiting > 0 && self.release.is_none() {
            return Err(Refusal::WaitingChildren { children: waiting }.into());
        }
        let attachments = attachments::of_task(tx, &task.id).await?;
        let children = links::children(tx, &task.id, "", u32::MAX >> 1).await?;
        tasks::delete(tx, &task.id).await?;
        let event = NewEvent {
            task: Some(task.id.clone()),
            run: None,
            kind: EventKind::Deleted,
            actor: self.caller.actor.to_string(),
            data: json!({ "title": task.title, "status": task.state.status }),
        };
        events::append(tx, &event).await?;
        for child in children {
            self.orphaned(tx, &child).await?;
        }
        let workspace = (task.workspace_kind, task.workspace_path.clone());
        Ok(Deleted { task, attachments, workspace })
    }
}

impl Delete {
    async fn orphaned<T: Tx>(&self, tx: &mut T, child: &TaskId) -> Result<(), OpError> {
        if self.release == Some(false) {
            let child = tasks::get(tx, child).await?;
            if !child.state.status.is_terminal() && child.state.status != Status::Running {
                let extra = crate::lifecycle::Extra::default();
                crate::lifecycle::advance(tx, child, &Event::Hold, &self.caller, &self.policy, &extra)
                    .await?;
            }
            return Ok(());
        }
        settle(tx, child, &Event::ParentsSettled { completion: false }, &self.policy).await.map(drop)
    }
}
