//! The event log: append-only, numbered in commit order.

use andon_core::task::EventKind;
use andon_core::{Cursor, Millis, RunId, TaskId};
use serde_json::Value;

use crate::error::DbError;
use crate::tx::{Ring, Tx, first};
use crate::vals;
use crate::value::Row;

/// An event to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// About which task; none for the board itself.
    pub task: Option<TaskId>,
    /// Of which run.
    pub run: Option<RunId>,
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor: String,
    /// Details.
    pub data: Value,
}

/// An event as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number on the board.
    pub number: i64,
    /// About which task.
    pub task: Option<String>,
    /// Of which run.
    pub run: Option<String>,
    /// What happened; text, since imported boards bring their own kinds.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// Details.
    pub data: Value,
    /// When.
    pub at: Millis,
}

macro_rules! event_columns {
    () => {
        "number, task_id, run_id, kind, actor, data, at"
    };
}

/// Reads a row of `event_columns!()`.
///
/// # Errors
/// `bad_row`.
pub fn decode(row: Row) -> Result<Event, DbError> {
    let mut row = row.of("event");
    Ok(Event {
        number: row.int()?,
        task: row.opt_text()?,
        run: row.opt_text()?,
        kind: row.text()?,
        actor: row.text()?,
        data: row.json()?,
        at: row.at()?,
    })
}

/// Appends one event and rings the board's bell.
///
/// # Errors
/// Of the database.
pub async fn append<T: Tx>(tx: &mut T, event: &NewEvent) -> Result<(), DbError> {
    let now = tx.now();
    tx.event(
        "insert into events (task_id, run_id, kind, actor, data, at) values ($1, $2, $3, $4, $5, $6)",
        vals![event.task.as_ref(), event.run.as_ref(), event.kind, &event.actor, &event.data, now],
    )
    .await?;
    tx.ring(Ring::Board);
    Ok(())
}

/// Appends several.
///
/// # Errors
/// Of the database.
pub async fn append_all<T: Tx>(tx: &mut T, events: &[NewEvent]) -> Result<(), DbError> {
    for event in events {
        append(tx, event).await?;
    }
    Ok(())
}

/// Events after a number, oldest first.
///
/// # Errors
/// Of the database.
pub async fn after<T: Tx>(tx: &mut T, number: i64, limit: u32) -> Result<Vec<Event>, DbError> {
    const SQL: &str =
        concat!("select ", event_columns!(), " from events where number > $1 order by number limit $2");
    tx.query(SQL, vals![number, limit]).await?.into_iter().map(decode).collect()
}

/// Events of a task after a number, oldest first.
///
/// # Errors
/// Of the database.
pub async fn of_task_after<T: Tx>(
    tx: &mut T,
    task: &TaskId,
    number: i64,
    limit: u32,
) -> Result<Vec<Event>, DbError> {
    const SQL: &str = concat!(
        "select ",
        event_columns!(),
        " from events where task_id = $1 and number > $2 order by number limit $3"
    );
    tx.query(SQL, vals![task, number, limit]).await?.into_iter().map(decode).collect()
}

/// The newest events of a task, oldest of them first.
///
/// # Errors
/// Of the database.
pub async fn of_task<T: Tx>(tx: &mut T, task: &TaskId, limit: u32) -> Result<Vec<Event>, DbError> {
    const SQL: &str =
        concat!("select ", event_columns!(), " from events where task_id = $1 order by number desc limit $2");
    let mut events: Vec<Event> =
        tx.query(SQL, vals![task, limit]).await?.into_iter().map(decode).collect::<Result<_, _>>()?;
    events.reverse();
    Ok(events)
}

/// The place of the newest event.
///
/// # Errors
/// Of the database.
pub async fn head<T: Tx>(tx: &mut T) -> Result<Cursor, DbError> {
    let epoch = first(tx, "select value from meta where key = 'epoch'", &[]).await?;
    let epoch = epoch.map_or(Ok(0), |mut row| row.parse())?;
    let number = first(tx, "select coalesce(max(number), 0) from events", &[]).await?;
    Ok(Cursor { epoch, number: number.map_or(Ok(0), |mut row| row.int())? })
}

/// The kind of the newest event of a kind in a set of two, with its time: for rules that look at the last word.
///
/// # Errors
/// Of the database.
pub async fn newest_of<T: Tx>(tx: &mut T, task: &TaskId, kind: EventKind) -> Result<Option<Event>, DbError> {
    const SQL: &str = concat!(
        "select ",
        event_columns!(),
        " from events where task_id = $1 and kind = $2 order by number desc limit 1"
    );
    first(tx, SQL, vals![task, kind]).await?.map(decode).transpose()
}
