//! What catches up: queued slices of parents with many children, and the slow sweep, whose finds count as defects.

use andon_core::task::{Event, EventKind};
use andon_core::{Policy, TaskId};
use serde_json::json;

use super::create::append;
use crate::error::OpError;
use crate::lifecycle::{SLICE, settle, tell_children};
use crate::sql::{links, tasks};
use crate::tx::{Class, Operation, Tx};

/// Tells one slice of queued children; whether there is more.
#[derive(Clone, Debug)]
pub struct SettleQueued {
    /// Limits.
    pub policy: Policy,
}

impl Operation for SettleQueued {
    type Reply = bool;

    fn class(&self) -> Class {
        Class::Bulk
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        let Some((parent, mode, after)) = links::next_settlement(tx).await? else { return Ok(false) };
        let mode = match mode.as_str() {
            "completion" => "completion",
            "release" => "release",
            _ => "demote",
        };
        tell_children(tx, &parent, mode, &after, &self.policy).await?;
        Ok(links::next_settlement(tx).await?.is_some())
    }
}

/// Promotes what waits though nothing holds it. Edges do that in their own transactions: each find is a defect, and
/// recorded as one.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// What [`Forgotten`] found; each is looked at again.
    pub tasks: Vec<TaskId>,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Sweep {
    type Reply = Vec<TaskId>;

    fn class(&self) -> Class {
        Class::Bulk
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<TaskId>, OpError> {
        let mut found = Vec::new();
        if links::next_settlement(tx).await?.is_some() {
            return Ok(found);
        }
        for id in &self.tasks {
            if settle(tx, id, &Event::ParentsSettled { completion: false }, &self.policy).await? {
                let task = tasks::get(tx, id).await?;
                let data = json!({ "defect": "an edge was missed" });
                append(tx, &task, EventKind::PromotedBySweep, &andon_core::task::Actor::System, data).await?;
                found.push(id.clone());
            }
        }
        Ok(found)
    }
}

/// Looks at one slice of the waiting tasks, by id: gives those that nothing holds, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    /// Where the slice before ended; empty for the first.
    pub after: String,
}

impl Operation for Forgotten {
    type Reply = (Vec<TaskId>, Option<String>);
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(Vec<TaskId>, Option<String>), OpError> {
        Ok(tasks::forgotten(tx, &self.after, SLICE).await?)
    }
}
