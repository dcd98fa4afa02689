//! Schedule a task (ST-15), and fire those whose time has come.

use andon_core::task::Event;
use andon_core::{Millis, Policy, TaskId};

use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, SLICE, advance};
use crate::sql::runs::Words;
use crate::sql::tasks::{self, Task};
use crate::tx::{Class, Operation, Tx};

/// Puts a task off.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Which.
    pub task: TaskId,
    /// Until when; none parks it.
    pub at: Option<Millis>,
    /// Why.
    pub reason: String,
    /// Who.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Schedule {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "schedule").await?;
        let task = tasks::get(tx, &self.task).await?;
        let event = Event::Schedule { at: self.at, reason: self.reason.clone() };
        let words =
            Words { summary: Some(self.reason.clone()).filter(|r| !r.is_empty()), ..Words::default() };
        let extra = Extra { words, ..Extra::default() };
        Ok(advance(tx, task, &event, &self.caller, &self.policy, &extra).await?.0)
    }
}

/// Fires scheduled tasks whose time has come, a slice at a time; gives those that moved.
#[derive(Clone, Debug)]
pub struct FireDue {
    /// Limits.
    pub policy: Policy,
}

impl Operation for FireDue {
    type Reply = Vec<TaskId>;

    fn class(&self) -> Class {
        Class::Bulk
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<TaskId>, OpError> {
        let due = tasks::due(tx, SLICE).await?;
        for id in &due {
            let task = tasks::get(tx, id).await?;
            advance(tx, task, &Event::ScheduleDue, &Caller::system(), &self.policy, &Extra::default())
                .await?;
        }
        Ok(due)
    }
}
