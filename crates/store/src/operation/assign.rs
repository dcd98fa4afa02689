//! Assign a task (ST-18), and reassign one that runs (ST-20).

use andon_core::roster::Roster;
use andon_core::task::{Event, EventKind, Status};
use andon_core::{Policy, ProfileName, TaskId};
use serde_json::json;

use super::create::append;
use crate::caller::{Caller, authorise_routing};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Ring, Tx};

/// Gives a task to somebody, or to nobody.
#[derive(Clone, Debug)]
pub struct Assign {
    /// Which task.
    pub task: TaskId,
    /// To whom.
    pub assignee: Option<ProfileName>,
    /// Take a running one back first, for this reason.
    pub reclaim: Option<String>,
    /// Who.
    pub caller: Caller,
    /// Who can be an assignee.
    pub roster: Roster,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Assign {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        let by = authorise_routing(tx, &self.caller, &self.task, "assign").await?;
        let mut task = tasks::get(tx, &self.task).await?;
        if let Some(assignee) = &self.assignee {
            self.roster.assignable(assignee, &self.caller.actor)?;
            self.roster.check_skills(assignee, &task.skills)?;
        }
        if let Some(reason) = &self.reclaim
            && task.state.status == Status::Running
        {
            let event = Event::Reclaim { reason: reason.clone() };
            task = advance(tx, task, &event, &by, &self.policy, &Extra::default()).await?.0;
        }
        if task.assignee == self.assignee {
            return Ok(task);
        }
        let (mut task, _) = advance(tx, task, &Event::Assigned, &by, &self.policy, &Extra::default()).await?;
        task.assignee.clone_from(&self.assignee);
        tasks::save_fields(tx, &task).await?;
        append(tx, &task, EventKind::Assigned, &self.caller.actor, json!({ "assignee": task.assignee }))
            .await?;
        tx.ring(Ring::Board);
        Ok(task)
    }
}
