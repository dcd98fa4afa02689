//! Archive a task (ST-25), or take a finished one up again (ST-29).

use andon_core::task::{Event, Status};
use andon_core::{Policy, TaskId};

use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::tasks::{self, Task};
use crate::tx::{Lock, Operation, Tx};

/// Puts a task away; a running one is stopped.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Which.
    pub task: TaskId,
    /// Whether children that wait for it may go on.
    pub release: Option<bool>,
    /// Who.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Archive {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "archive").await?;
        let task = tasks::get(tx, &self.task).await?;
        let event = Event::Archive { release: self.release };
        Ok(advance(tx, task, &event, &self.caller, &self.policy, &Extra::default()).await?.0)
    }
}

/// Takes a finished task up again; children that have not started wait for it.
#[derive(Clone, Debug)]
pub struct Reopen {
    /// Which.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Reopen {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "reopen").await?;
        tx.lock(Lock::Graph).await?;
        let mut task = tasks::get(tx, &self.task).await?;
        if task.state.status == Status::Archived
            && let Some(key) = task.idempotency_key.clone()
            && tasks::by_idempotency_key(tx, &key).await?.is_some()
        {
            // A newer task has taken the key over while this one was away.
            task.idempotency_key = None;
            tasks::save_fields(tx, &task).await?;
        }
        Ok(advance(tx, task, &Event::Reopen, &self.caller, &self.policy, &Extra::default()).await?.0)
    }
}
