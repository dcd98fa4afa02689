//! Link and unlink (ST-21, ST-22): the cycle check and the write under one lock of the graph.

use std::cell::RefCell;
use std::collections::BTreeMap;

use andon_core::graph::check_link;
use andon_core::task::{Event, EventKind, Refusal};
use andon_core::{Policy, TaskId};
use serde_json::json;

use super::create::append;
use crate::caller::{Caller, authorise, authorise_routing};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance, settle};
use crate::sql::links;
use crate::sql::tasks::{self, Task};
use crate::tx::{Lock, Operation, Tx};

/// Makes `child` wait for `parent`.
#[derive(Clone, Debug)]
pub struct Link {
    /// Who must finish first.
    pub parent: TaskId,
    /// Who waits.
    pub child: TaskId,
    /// Who says so. A worker may only put its own task behind others (mends Q-34), unless its profile routes.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Link {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise_routing(tx, &self.caller, &self.child, "link").await?;
        tx.lock(Lock::Graph).await?;
        let child = tasks::get(tx, &self.child).await?;
        link(tx, &self.parent, child, &self.caller, &self.policy).await
    }
}

/// Links under the graph lock that the caller holds.
pub(super) async fn link<T: Tx>(
    tx: &mut T,
    parent: &TaskId,
    child: Task,
    caller: &Caller,
    policy: &Policy,
) -> Result<Task, OpError> {
    tx.lock(Lock::Parents(vec![parent.clone()])).await?;
    if tasks::peek(tx, parent).await?.is_none() {
        return Err(Refusal::UnknownParents(vec![parent.to_string()]).into());
    }
    check_link(parent, &child.id, &below(tx, &child.id, parent).await?)?;
    if !links::add(tx, parent, &child.id).await? {
        return Ok(child);
    }
    let data = json!({ "parent": parent, "child": child.id });
    append(tx, &child, EventKind::Linked, &caller.actor, data).await?;
    // The link is Andon's to follow up: a worker that links its own running task is not demoted under its feet.
    let by = Caller::system();
    Ok(advance(tx, child, &Event::Linked, &by, policy, &Extra::default()).await?.0)
}

/// What lies below a task, as far as the cycle check can need it: it stops when `until` is found.
async fn below<T: Tx>(tx: &mut T, task: &TaskId, until: &TaskId) -> Result<Below, OpError> {
    let mut edges: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    let mut open = vec![task.clone()];
    while let Some(next) = open.pop() {
        if edges.contains_key(&next) || &next == until {
            continue;
        }
        let children = links::children(tx, &next, "", u32::MAX >> 1).await?;
        open.extend(children.iter().cloned());
        edges.insert(next, children);
    }
    Ok(Below(RefCell::new(edges)))
}

struct Below(RefCell<BTreeMap<TaskId, Vec<TaskId>>>);

impl andon_core::graph::Children for Below {
    fn children(&self, task: &TaskId) -> Vec<TaskId> {
        self.0.borrow_mut().remove(task).unwrap_or_default()
    }
}

/// Takes a link away; the child may go on.
#[derive(Clone, Debug)]
pub struct Unlink {
    /// The parent.
    pub parent: TaskId,
    /// The child.
    pub child: TaskId,
    /// Who says so.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Unlink {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.child), "unlink").await?;
        tx.lock(Lock::Graph).await?;
        let child = tasks::get(tx, &self.child).await?;
        if !links::remove(tx, &self.parent, &self.child).await? {
            return Err(Refusal::NotLinked { parent: self.parent.clone(), child: self.child.clone() }.into());
        }
        let data = json!({ "parent": self.parent, "child": self.child });
        append(tx, &child, EventKind::Unlinked, &self.caller.actor, data).await?;
        settle(tx, &self.child, &Event::ParentsSettled { completion: false }, &self.policy).await?;
        tasks::get(tx, &self.child).await
    }
}
