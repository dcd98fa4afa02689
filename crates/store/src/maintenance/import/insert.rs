//! Inserting what was converted, in one transaction.

use std::sync::Arc;

use andon_core::TaskId;
use andon_core::task::EventKind;
use serde_json::json;

use super::convert::Bundle;
use crate::error::OpError;
use crate::sql::events::{self, NewEvent};
use crate::sql::{attachments, links, runs, tasks};
use crate::tx::{Class, Lock, Operation, Ring, Tx};
use crate::vals;

/// Asks which of these tasks are on the board already.
#[derive(Clone, Debug)]
pub(super) struct Conflicts {
    pub(super) ids: Vec<TaskId>,
}

impl Operation for Conflicts {
    type Reply = Vec<TaskId>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<TaskId>, OpError> {
        let mut taken = Vec::new();
        for id in &self.ids {
            if tasks::exists(tx, id.as_str()).await? {
                taken.push(id.clone());
            }
        }
        Ok(taken)
    }
}

/// Inserts everything, with the event that says where it came from.
#[derive(Clone, Debug)]
pub(super) struct Insert {
    pub(super) bundle: Arc<Bundle>,
    pub(super) from: String,
}

impl Operation for Insert {
    type Reply = ();

    fn class(&self) -> Class {
        Class::Bulk
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        let bundle = &self.bundle;
        tx.lock(Lock::Graph).await?;
        for task in &bundle.tasks {
            let mut task = task.clone();
            // A task of this board has the key: the imported one goes without.
            if let Some(key) = &task.idempotency_key
                && tasks::by_idempotency_key(tx, key).await?.is_some()
            {
                task.idempotency_key = None;
            }
            tasks::insert(tx, &task).await?;
        }
        for (parent, child) in &bundle.links {
            links::add(tx, parent, child).await?;
        }
        for run in &bundle.runs {
            runs::insert(tx, run).await?;
        }
        for event in &bundle.events {
            tx.event(
                "insert into events (task_id, run_id, kind, actor, data, at) values ($1, $2, $3, $4, $5, $6)",
                vals![
                    event.task.as_ref(),
                    event.run.as_ref(),
                    &event.kind,
                    &event.actor,
                    &event.data,
                    event.at
                ],
            )
            .await?;
        }
        for comment in &bundle.comments {
            let kind = if comment.by_worker { "worker" } else { "person" };
            tx.execute(
                "insert into comments (task_id, author, author_kind, run_id, body, created_at) \
                 values ($1, $2, $3, null, $4, $5)",
                vals![&comment.task, &comment.author, kind, &comment.body, comment.at],
            )
            .await?;
        }
        for attachment in &bundle.attachments {
            attachments::insert(tx, attachment).await?;
        }
        let data =
            json!({ "imported_from": self.from, "tasks": bundle.tasks.len(), "runs": bundle.runs.len() });
        let event =
            NewEvent { task: None, run: None, kind: EventKind::Restored, actor: "andon".to_owned(), data };
        events::append(tx, &event).await?;
        tx.ring(Ring::Board);
        Ok(())
    }
}
