//! Attachments: the rows; the files lie in the board's folder.

use andon_core::{Millis, TaskId};

use crate::error::DbError;
use crate::tx::{Tx, first};
use crate::vals;
use crate::value::Row;

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its number.
    pub id: i64,
    /// Of which task.
    pub task: TaskId,
    /// Its file name, as people see it.
    pub name: String,
    /// Where its file lies, relative to the board's `attachments` folder.
    pub path: String,
    /// Its media type, as far as its name tells.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: i64,
    /// Its checksum, hexadecimal.
    pub sha256: String,
    /// The run that declared it as an artifact.
    pub run: Option<String>,
    /// Who added it.
    pub added_by: String,
    /// When.
    pub created_at: Millis,
}

const COLUMNS: &str = "select id, task_id, name, path, content_type, size, sha256, run_id, added_by, created_at \
     from attachments where task_id = $1 order by id";

fn decode(row: Row) -> Result<Attachment, DbError> {
    let mut row = row.of("attachment");
    Ok(Attachment {
        id: row.int()?,
        task: row.parse()?,
        name: row.text()?,
        path: row.text()?,
        content_type: row.opt_text()?,
        size: row.int()?,
        sha256: row.text()?,
        run: row.opt_text()?,
        added_by: row.text()?,
        created_at: row.at()?,
    })
}

/// The attachments of a task, oldest first.
///
/// # Errors
/// Of the database.
pub async fn of_task<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Vec<Attachment>, DbError> {
    tx.query(COLUMNS, vals![task]).await?.into_iter().map(decode).collect()
}

/// Writes a new attachment; gives its number.
///
/// # Errors
/// `conflict` when the name is taken.
pub async fn insert<T: Tx>(tx: &mut T, attachment: &Attachment) -> Result<i64, DbError> {
    let row = first(
        tx,
        "insert into attachments (task_id, name, path, content_type, size, sha256, run_id, added_by, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
        vals![
            &attachment.task,
            &attachment.name,
            &attachment.path,
            attachment.content_type.as_ref(),
            attachment.size,
            &attachment.sha256,
            attachment.run.as_ref(),
            &attachment.added_by,
            attachment.created_at
        ],
    )
    .await?;
    row.map_or(Ok(0), |mut row| row.int())
}

/// Removes an attachment's row.
///
/// # Errors
/// Of the database.
pub async fn delete<T: Tx>(tx: &mut T, id: i64) -> Result<(), DbError> {
    tx.write("delete from attachments where id = $1", vals![id]).await
}
