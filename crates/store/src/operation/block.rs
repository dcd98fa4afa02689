//! Block a task (ST-14): sticky, with its kind and reason on the row. Or put it behind a parent.

use andon_core::task::{BlockKind, Event, Refusal};
use andon_core::{Policy, TaskId, text};
use serde_json::json;

use super::link::link;
use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::runs::Words;
use crate::sql::tasks::{self, Task};
use crate::tx::{Lock, Operation, Tx};

/// Blocks a task.
#[derive(Clone, Debug)]
pub struct Block {
    /// Which.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
    /// Which kind; `gave_up` and `recurring` are Andon's own words.
    pub kind: BlockKind,
    /// The question or cause.
    pub reason: String,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Block {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "block").await?;
        let reason = text::required("reason", &self.reason)?;
        if matches!(self.kind, BlockKind::GaveUp | BlockKind::Recurring) {
            let rule = "choose needs_input, capability, transient, operator or dependency";
            return Err(Refusal::invalid("block kind", self.kind.as_str(), rule).into());
        }
        let task = tasks::get(tx, &self.task).await?;
        let words = Words { summary: Some(reason.clone()), ..Words::default() };
        let event = Event::Block { kind: self.kind, reason };
        let extra = Extra { words, ..Extra::default() };
        Ok(advance(tx, task, &event, &self.caller, &self.policy, &extra).await?.0)
    }
}

/// Puts a task behind an open parent (`kind=dependency`); it waits in `todo` and goes on by itself.
#[derive(Clone, Debug)]
pub struct BlockOn {
    /// Which.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
    /// A parent to link first.
    pub on: Option<TaskId>,
    /// What it waits for.
    pub reason: String,
    /// Limits.
    pub policy: Policy,
}

impl Operation for BlockOn {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "block").await?;
        let reason = text::required("reason", &self.reason)?;
        tx.lock(Lock::Graph).await?;
        let mut task = tasks::get(tx, &self.task).await?;
        if let Some(parent) = &self.on {
            task = link(tx, parent, task, &self.caller, &self.policy).await?;
        }
        let words = Words { summary: Some(reason.clone()), ..Words::default() };
        let extra = Extra { words, data: json!({ "on": self.on }), ..Extra::default() };
        let event = Event::BlockOnParent { reason };
        Ok(advance(tx, task, &event, &self.caller, &self.policy, &extra).await?.0)
    }
}
