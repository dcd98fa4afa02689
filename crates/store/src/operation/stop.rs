//! Stop or take back a running task (ST-19): fence first, then its tree is stopped, then it is claimable.

use andon_core::task::Event;
use andon_core::{Policy, TaskId};

use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Tx};

/// Stops the run; the task stays blocked (`operator`).
#[derive(Clone, Debug)]
pub struct Stop {
    /// Which task.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
    /// Why.
    pub reason: String,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Stop {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "stop").await?;
        let task = tasks::get(tx, &self.task).await?;
        let event = Event::Stop { reason: self.reason.clone() };
        Ok(advance(tx, task, &event, &self.caller, &self.policy, &Extra::default()).await?.0)
    }
}

/// Takes the run back; the task may run again when the old tree is gone.
#[derive(Clone, Debug)]
pub struct Reclaim {
    /// Which task.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
    /// Why.
    pub reason: String,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Reclaim {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "reclaim").await?;
        let task = tasks::get(tx, &self.task).await?;
        let event = Event::Reclaim { reason: self.reason.clone() };
        Ok(advance(tx, task, &event, &self.caller, &self.policy, &Extra::default()).await?.0)
    }
}
