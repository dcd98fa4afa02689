//! What is ready, and for whom: looked up by jumping through an index, so that its cost does not grow with the tasks.

use andon_core::TaskId;

use crate::error::OpError;
use crate::sql::comments::Comment;
use crate::tx::{Operation, Tx};
use crate::vals;

/// Whose tasks are ready: each assignee once.
#[derive(Clone, Debug)]
pub struct ReadyAssignees;

impl Operation for ReadyAssignees {
    type Reply = Vec<String>;
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<String>, OpError> {
        let rows = tx
            .query(
                "with recursive names (name) as (\
                   select min(assignee) from tasks indexed by tasks_ready where status = 'ready' and eligible_at is null \
                   union all \
                   select (select min(assignee) from tasks indexed by tasks_ready where status = 'ready' and eligible_at is null \
                           and assignee > names.name) from names where names.name is not null) \
                 select name from names where name is not null",
                &[],
            )
            .await?;
        rows.into_iter().map(|mut row| Ok(row.text()?)).collect()
    }
}

/// The first ready tasks of one assignee, or of nobody.
#[derive(Clone, Debug)]
pub struct ReadyOf {
    /// Whose; none for tasks that nobody has.
    pub assignee: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Operation for ReadyOf {
    type Reply = Vec<TaskId>;
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<TaskId>, OpError> {
        let rows = match &self.assignee {
            Some(assignee) => {
                tx.query(
                    "select id from tasks indexed by tasks_ready where assignee = $1 and status = 'ready' and eligible_at is null \
                     order by priority desc, created_at, id limit $2",
                    vals![assignee, self.limit],
                )
                .await?
            }
            None => {
                tx.query(
                    "select id from tasks indexed by tasks_ready where assignee is null and status = 'ready' and eligible_at is null \
                     order by priority desc, created_at, id limit $1",
                    vals![self.limit],
                )
                .await?
            }
        };
        rows.into_iter().map(|mut row| Ok(row.parse()?)).collect()
    }
}

/// Evidence for the respawn guard: comments by workers since a time, on ready tasks that have run before, which are newer
/// than the last act of a person on the task (mends Q-09).
#[derive(Clone, Debug)]
pub struct WorkersWords {
    /// Since when, milliseconds.
    pub since: andon_core::Millis,
    /// At most so many.
    pub limit: u32,
}

impl Operation for WorkersWords {
    type Reply = Vec<(TaskId, Comment)>;
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<(TaskId, Comment)>, OpError> {
        let rows = tx
            .query(
                "select tasks.id, comments.id, comments.author, comments.author_kind, comments.run_id, comments.body, \
                 comments.created_at from tasks indexed by tasks_failed join comments on comments.task_id = tasks.id \
                 where tasks.status = 'ready' and tasks.consecutive_failures > 0 \
                 and comments.author_kind = 'worker' and comments.created_at >= $1 \
                 and not exists (select 1 from events where events.task_id = tasks.id and events.at > comments.created_at \
                   and events.kind in ('unblocked', 'promoted_manual', 'reclaimed', 'failures_reset', 'reopened', \
                   'changes_requested', 'edited')) \
                 order by comments.id desc limit $2",
                vals![self.since, self.limit],
            )
            .await?;
        rows.into_iter()
            .map(|mut row| {
                Ok((
                    row.parse()?,
                    Comment {
                        id: row.int()?,
                        author: row.text()?,
                        author_kind: row.text()?,
                        run: row.opt_text()?,
                        body: row.text()?,
                        created_at: row.at()?,
                    },
                ))
            })
            .collect()
    }
}
