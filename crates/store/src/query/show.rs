//! Everything about one task.

use andon_core::TaskId;

use crate::error::OpError;
use crate::sql::attachments::{self, Attachment};
use crate::sql::comments::{self, Comment};
use crate::sql::events::{self, Event};
use crate::sql::leases::{self, Lease};
use crate::sql::links;
use crate::sql::runs::{self, Run};
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Tx};

/// Asks for one task.
#[derive(Clone, Debug)]
pub struct Show {
    /// Which.
    pub task: TaskId,
    /// The newest so many events and comments.
    pub limit: u32,
}

/// A task with everything about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The task.
    pub task: Task,
    /// Whom it waits for.
    pub parents: Vec<TaskId>,
    /// Who waits for it.
    pub children: Vec<TaskId>,
    /// Its newest comments, oldest of them first.
    pub comments: Vec<Comment>,
    /// Comments in all.
    pub comment_count: u32,
    /// Its newest events, oldest of them first.
    pub events: Vec<Event>,
    /// Its runs, oldest first.
    pub runs: Vec<Run>,
    /// The lease of its unreaped run.
    pub lease: Option<Lease>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
}

impl Shown {
    /// The newest completed run's summary, else the task's result.
    #[must_use]
    pub fn latest_summary(&self) -> Option<&str> {
        let of_runs =
            self.runs.iter().rev().find_map(|run| run.summary.as_deref().filter(|_| run.hands_over()));
        of_runs.or(self.task.result.as_deref())
    }
}

impl Operation for Show {
    type Reply = Shown;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Shown, OpError> {
        let task = tasks::get(tx, &self.task).await?;
        let runs = runs::of_task(tx, &task.id).await?;
        let lease = match runs.iter().find(|run| run.reaped_at.is_none()) {
            Some(run) => leases::find(tx, &run.id).await?,
            None => None,
        };
        let (comments, comment_count) = comments::of_task(tx, &task.id, self.limit).await?;
        Ok(Shown {
            parents: links::parents(tx, &task.id).await?,
            children: links::children(tx, &task.id, "", u32::MAX >> 1).await?,
            comments,
            comment_count,
            events: events::of_task(tx, &task.id, self.limit).await?,
            runs,
            lease,
            attachments: attachments::of_task(tx, &task.id).await?,
            task,
        })
    }
}
