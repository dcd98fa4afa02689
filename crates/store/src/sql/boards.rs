//! What belongs to the board as a whole: the cord, cool-downs, hosts, readers' places.

use andon_core::{Cursor, Millis, ProfileName, RunId};

use crate::error::DbError;
use crate::tx::{Tx, first};
use crate::vals;

/// A pulled cord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// `everything`, `board` or `profile:<name>`.
    pub scope: String,
    /// Who pulled it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Millis,
}

/// The cords that are pulled.
///
/// # Errors
/// Of the database.
pub async fn pauses<T: Tx>(tx: &mut T) -> Result<Vec<Pause>, DbError> {
    let rows = tx.query("select scope, by, reason, at from pauses order by scope", &[]).await?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Pause { scope: row.text()?, by: row.text()?, reason: row.opt_text()?, at: row.at()? })
        })
        .collect()
}

/// Pulls a cord; whether it was not pulled yet.
///
/// # Errors
/// Of the database.
pub async fn pause<T: Tx>(tx: &mut T, scope: &str, by: &str, reason: Option<&str>) -> Result<bool, DbError> {
    let now = tx.now();
    let added = tx
        .execute(
            "insert into pauses (scope, by, reason, at) values ($1, $2, $3, $4) on conflict do nothing",
            vals![scope, by, reason, now],
        )
        .await?;
    Ok(added > 0)
}

/// Lets a cord go; whether it was pulled.
///
/// # Errors
/// Of the database.
pub async fn resume<T: Tx>(tx: &mut T, scope: &str) -> Result<bool, DbError> {
    Ok(tx.execute("delete from pauses where scope = $1", vals![scope]).await? > 0)
}

/// A profile that cools down after a rate limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// Which.
    pub profile: ProfileName,
    /// Until when nothing of it starts.
    pub until: Millis,
    /// Rate limits in a row.
    pub step: u32,
    /// The one run that tries whether it is over.
    pub probe: Option<String>,
}

/// The cool-downs.
///
/// # Errors
/// Of the database.
pub async fn cooldowns<T: Tx>(tx: &mut T) -> Result<Vec<Cooldown>, DbError> {
    let rows =
        tx.query("select profile, until, step, probe_run from cooldowns order by profile", &[]).await?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Cooldown {
                profile: row.parse()?,
                until: row.at()?,
                step: row.count()?,
                probe: row.opt_text()?,
            })
        })
        .collect()
}

/// Writes a cool-down.
///
/// # Errors
/// Of the database.
pub async fn set_cooldown<T: Tx>(tx: &mut T, cooldown: &Cooldown) -> Result<(), DbError> {
    tx.execute(
        "insert into cooldowns (profile, until, step, probe_run) values ($1, $2, $3, $4) on conflict (profile) \
         do update set until = excluded.until, step = excluded.step, probe_run = excluded.probe_run",
        vals![&cooldown.profile, cooldown.until, cooldown.step, cooldown.probe.as_ref()],
    )
    .await
    .map(drop)
}

/// Ends a cool-down.
///
/// # Errors
/// Of the database.
pub async fn clear_cooldown<T: Tx>(tx: &mut T, profile: &ProfileName) -> Result<(), DbError> {
    tx.execute("delete from cooldowns where profile = $1", vals![profile]).await.map(drop)
}

/// Records that a run is gone that may have been a cool-down's probe: by its own word it has found the limit gone; else
/// it has found nothing out, and another may probe.
///
/// # Errors
/// Of the database.
pub async fn probe_gone<T: Tx>(tx: &mut T, run: &RunId, by_self: bool) -> Result<(), DbError> {
    const OVER: &str = "delete from cooldowns where probe_run = $1";
    const AGAIN: &str = "update cooldowns set probe_run = null where probe_run = $1";
    tx.execute(if by_self { OVER } else { AGAIN }, vals![run]).await.map(drop)
}

/// A host that dispatches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Its boot.
    pub boot_id: String,
    /// The dispatcher's pid.
    pub pid: i64,
    /// When it was last seen.
    pub last_seen: Millis,
}

/// Records that a host's dispatcher is there.
///
/// # Errors
/// Of the database.
pub async fn seen<T: Tx>(tx: &mut T, name: &str, boot_id: &str, pid: i64) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        "insert into hosts (name, boot_id, pid, last_seen) values ($1, $2, $3, $4) on conflict (name) do update \
         set boot_id = excluded.boot_id, pid = excluded.pid, last_seen = excluded.last_seen",
        vals![name, boot_id, pid, now],
    )
    .await
    .map(drop)
}

/// The hosts, most recently seen first.
///
/// # Errors
/// Of the database.
pub async fn hosts<T: Tx>(tx: &mut T) -> Result<Vec<Host>, DbError> {
    let rows =
        tx.query("select name, boot_id, pid, last_seen from hosts order by last_seen desc", &[]).await?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Host { name: row.text()?, boot_id: row.text()?, pid: row.int()?, last_seen: row.at()? })
        })
        .collect()
}

/// A reader's place that is kept on the board.
///
/// # Errors
/// Of the database.
pub async fn cursor<T: Tx>(tx: &mut T, name: &str) -> Result<Option<Cursor>, DbError> {
    let row = first(tx, "select epoch, number from cursors where name = $1", vals![name]).await?;
    row.map(|mut row| Ok(Cursor { epoch: row.int()?, number: row.int()? })).transpose()
}

/// Moves a kept place.
///
/// # Errors
/// Of the database.
pub async fn set_cursor<T: Tx>(tx: &mut T, name: &str, cursor: Cursor) -> Result<(), DbError> {
    tx.execute(
        "insert into cursors (name, epoch, number) values ($1, $2, $3) on conflict (name) do update \
         set epoch = excluded.epoch, number = excluded.number",
        vals![name, cursor.epoch, cursor.number],
    )
    .await
    .map(drop)
}

/// A fact about the board.
///
/// # Errors
/// Of the database.
pub async fn meta<T: Tx>(tx: &mut T, key: &str) -> Result<Option<String>, DbError> {
    first(tx, "select value from meta where key = $1", vals![key])
        .await?
        .map(|mut row| row.text())
        .transpose()
}

/// Writes a fact about the board.
///
/// # Errors
/// Of the database.
pub async fn set_meta<T: Tx>(tx: &mut T, key: &str, value: &str) -> Result<(), DbError> {
    tx.execute(
        "insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value",
        vals![key, value],
    )
    .await
    .map(drop)
}
