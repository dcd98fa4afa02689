//! Dependencies, and the queue of parents whose many children are still to be told.

use andon_core::TaskId;
use andon_core::task::Status;

use crate::error::DbError;
use crate::tx::{Tx, first};
use crate::vals;

/// Adds a link; whether it is new.
///
/// # Errors
/// Of the database.
pub async fn add<T: Tx>(tx: &mut T, parent: &TaskId, child: &TaskId) -> Result<bool, DbError> {
    let now = tx.now();
    let added = tx
        .execute(
            "insert into links (parent_id, child_id, created_at) values ($1, $2, $3) on conflict do nothing",
            vals![parent, child, now],
        )
        .await?;
    Ok(added > 0)
}

/// Removes a link; whether it was there.
///
/// # Errors
/// Of the database.
pub async fn remove<T: Tx>(tx: &mut T, parent: &TaskId, child: &TaskId) -> Result<bool, DbError> {
    Ok(tx.execute("delete from links where parent_id = $1 and child_id = $2", vals![parent, child]).await?
        > 0)
}

/// Up to `limit` children of a parent after `after`, by id.
///
/// # Errors
/// Of the database.
pub async fn children<T: Tx>(
    tx: &mut T,
    parent: &TaskId,
    after: &str,
    limit: u32,
) -> Result<Vec<TaskId>, DbError> {
    let rows = tx.query(CHILDREN, vals![parent, after, limit]).await?;
    rows.into_iter().map(|mut row| row.parse()).collect()
}

/// Asks ahead for [`children`].
///
/// # Errors
/// Of the database.
pub(crate) async fn children_soon<T: Tx>(
    tx: &mut T,
    parent: &TaskId,
    after: &str,
    limit: u32,
) -> Result<(), DbError> {
    tx.soon(CHILDREN, vals![parent, after, limit]).await
}

const CHILDREN: &str =
    "select child_id from links where parent_id = $1 and child_id > $2 order by child_id limit $3";

/// The parents of a child, by id.
///
/// # Errors
/// Of the database.
pub async fn parents<T: Tx>(tx: &mut T, child: &TaskId) -> Result<Vec<TaskId>, DbError> {
    let rows =
        tx.query("select parent_id from links where child_id = $1 order by parent_id", vals![child]).await?;
    rows.into_iter().map(|mut row| row.parse()).collect()
}

/// How many parents are not satisfied. `tasks.satisfied` is written from the core's one predicate.
///
/// # Errors
/// Of the database.
pub async fn open_parents<T: Tx>(tx: &mut T, child: &TaskId) -> Result<u32, DbError> {
    let row = first(
        tx,
        "select count(*) from links join tasks on tasks.id = links.parent_id \
         where links.child_id = $1 and tasks.satisfied = 0",
        vals![child],
    )
    .await?;
    row.map_or(Ok(0), |mut row| row.count())
}

/// Up to `limit` parents that are not satisfied: id, title, status.
///
/// # Errors
/// Of the database.
pub async fn open_parent_list<T: Tx>(
    tx: &mut T,
    child: &TaskId,
    limit: u32,
) -> Result<Vec<(TaskId, String, Status)>, DbError> {
    let rows = tx
        .query(
            "select tasks.id, tasks.title, tasks.status from links join tasks on tasks.id = links.parent_id \
             where links.child_id = $1 and tasks.satisfied = 0 order by tasks.id limit $2",
            vals![child, limit],
        )
        .await?;
    rows.into_iter().map(|mut row| Ok((row.parse()?, row.text()?, row.parse()?))).collect()
}

/// Unfinished children of a task.
///
/// # Errors
/// Of the database.
pub async fn waiting_children<T: Tx>(tx: &mut T, parent: &TaskId) -> Result<u32, DbError> {
    let row = first(
        tx,
        "select count(*) from links join tasks on tasks.id = links.child_id \
         where links.parent_id = $1 and tasks.status not in ('done', 'archived')",
        vals![parent],
    )
    .await?;
    row.map_or(Ok(0), |mut row| row.count())
}

/// Whether two tasks are linked.
///
/// # Errors
/// Of the database.
pub async fn linked<T: Tx>(tx: &mut T, parent: &TaskId, child: &str) -> Result<bool, DbError> {
    let row =
        first(tx, "select 1 from links where parent_id = $1 and child_id = $2", vals![parent, child]).await?;
    Ok(row.is_some())
}

/// Queues the rest of a parent's children.
///
/// # Errors
/// Of the database.
pub async fn queue_settlement<T: Tx>(
    tx: &mut T,
    parent: &TaskId,
    mode: &str,
    after: &str,
) -> Result<(), DbError> {
    tx.write(
        "insert into settlements (parent_id, mode, after_child) values ($1, $2, $3) \
         on conflict (parent_id, mode) do update set after_child = excluded.after_child",
        vals![parent, mode, after],
    )
    .await
}

/// The oldest queued parent: id, mode, and the child after which to go on.
///
/// # Errors
/// Of the database.
pub async fn next_settlement<T: Tx>(tx: &mut T) -> Result<Option<(TaskId, String, String)>, DbError> {
    let row = first(
        tx,
        "select parent_id, mode, after_child from settlements order by parent_id, mode limit 1",
        &[],
    )
    .await?;
    row.map(|mut row| Ok((row.parse()?, row.text()?, row.text()?))).transpose()
}

/// Takes a parent out of the queue.
///
/// # Errors
/// Of the database.
pub async fn settled<T: Tx>(tx: &mut T, parent: &TaskId, mode: &str) -> Result<(), DbError> {
    tx.write("delete from settlements where parent_id = $1 and mode = $2", vals![parent, mode]).await
}
