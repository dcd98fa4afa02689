//! The comment thread of a task.

use andon_core::task::Actor;
use andon_core::{Millis, TaskId};

use crate::error::DbError;
use crate::tx::{Tx, first};
use crate::vals;

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: i64,
    /// Who, from a token or profile, never from the request's text.
    pub author: String,
    /// `person`, `worker` or `system`.
    pub author_kind: String,
    /// The worker's run.
    pub run: Option<String>,
    /// What.
    pub body: String,
    /// When.
    pub created_at: Millis,
}

/// How an author is recorded.
#[must_use]
pub const fn kind_of(actor: &Actor) -> &'static str {
    match actor {
        Actor::Person(_) => "person",
        Actor::Worker { .. } | Actor::Orchestrator { .. } => "worker",
        Actor::System => "system",
    }
}

/// Appends a comment; gives its number.
///
/// # Errors
/// Of the database.
pub async fn insert<T: Tx>(tx: &mut T, task: &TaskId, actor: &Actor, body: &str) -> Result<i64, DbError> {
    let now = tx.now();
    let row = first(
        tx,
        "insert into comments (task_id, author, author_kind, run_id, body, created_at) \
         values ($1, $2, $3, $4, $5, $6) returning id",
        vals![task, actor.to_string(), kind_of(actor), actor.run(), body, now],
    )
    .await?;
    row.map_or(Ok(0), |mut row| row.int())
}

/// The newest comments of a task, oldest of them first, and how many there are in all.
///
/// # Errors
/// Of the database.
pub async fn of_task<T: Tx>(tx: &mut T, task: &TaskId, limit: u32) -> Result<(Vec<Comment>, u32), DbError> {
    let count = first(tx, "select count(*) from comments where task_id = $1", vals![task]).await?;
    let count = count.map_or(Ok(0), |mut row| row.count())?;
    let rows = tx
        .query(
            "select id, author, author_kind, run_id, body, created_at from comments where task_id = $1 \
             order by id desc limit $2",
            vals![task, limit],
        )
        .await?;
    let mut comments = rows
        .into_iter()
        .map(|row| {
            let mut row = row.of("comment");
            Ok(Comment {
                id: row.int()?,
                author: row.text()?,
                author_kind: row.text()?,
                run: row.opt_text()?,
                body: row.text()?,
                created_at: row.at()?,
            })
        })
        .collect::<Result<Vec<_>, DbError>>()?;
    comments.reverse();
    Ok((comments, count))
}
