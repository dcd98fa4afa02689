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

/// What holds for the whole board at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The scopes of the cords that are pulled.
    pub pauses: Vec<String>,
    /// The cool-downs, by profile.
    pub cooldowns: Vec<Cooldown>,
    /// Whether some task's back-off has passed and is still written down.
    pub ripe: bool,
    /// The sets of labels that tasks ask for, as they are written.
    pub requirements: Vec<String>,
}

impl Standing {
    /// The profile, and until when nothing of it starts, where it cools down now. After that time one run tries, and the
    /// others wait for what it finds.
    #[must_use]
    pub fn cooling(&self, profile: &ProfileName, now: Millis) -> Option<(ProfileName, Millis)> {
        let found = self.cooldowns.iter().find(|cooldown| cooldown.profile == *profile)?;
        (found.until > now || found.probe.is_some()).then(|| (found.profile.clone(), found.until.max(now)))
    }
}

/// Reads it in one question: each claim asks.
///
/// # Errors
/// Of the database.
pub async fn standing<T: Tx>(tx: &mut T) -> Result<Standing, DbError> {
    let now = tx.now();
    let rows = tx
        .query(
            "select 'cooldown', profile, until, step, probe_run from cooldowns \
             union all select 'pause', scope, 0, 0, null from pauses \
             union all select 'requirement', requires, 0, 0, null from requirements \
             union all select 'ripe', '', 0, 0, null where exists \
             (select 1 from tasks where eligible_at is not null and eligible_at <= $1)",
            vals![now],
        )
        .await?;
    let mut standing = Standing::default();
    for mut row in rows {
        match row.text()?.as_str() {
            "pause" => standing.pauses.push(row.text()?),
            "requirement" => standing.requirements.push(row.text()?),
            "cooldown" => standing.cooldowns.push(Cooldown {
                profile: row.parse()?,
                until: row.at()?,
                step: row.count()?,
                probe: row.opt_text()?,
            }),
            _ => standing.ripe = true,
        }
    }
    standing.cooldowns.sort_by(|one, other| one.profile.cmp(&other.profile));
    Ok(standing)
}

/// Writes a cool-down.
///
/// # Errors
/// Of the database.
pub async fn set_cooldown<T: Tx>(tx: &mut T, cooldown: &Cooldown) -> Result<(), DbError> {
    tx.write(
        "insert into cooldowns (profile, until, step, probe_run) values ($1, $2, $3, $4) on conflict (profile) \
         do update set until = excluded.until, step = excluded.step, probe_run = excluded.probe_run",
        vals![&cooldown.profile, cooldown.until, cooldown.step, cooldown.probe.as_ref()],
    ).await
}

/// Ends a cool-down.
///
/// # Errors
/// Of the database.
pub async fn clear_cooldown<T: Tx>(tx: &mut T, profile: &ProfileName) -> Result<(), DbError> {
    tx.write("delete from cooldowns where profile = $1", vals![profile]).await
}

/// Records that a run is gone that may have been a cool-down's probe: by its own word it has found the limit gone; else
/// it has found nothing out, and another may probe.
///
/// # Errors
/// Of the database.
pub async fn probe_gone<T: Tx>(tx: &mut T, run: &RunId, by_self: bool) -> Result<(), DbError> {
    const OVER: &str = "delete from cooldowns where probe_run = $1";
    const AGAIN: &str = "update cooldowns set probe_run = null where probe_run = $1";
    tx.write(if by_self { OVER } else { AGAIN }, vals![run]).await
}

/// A host that dispatches, as it says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// Its name: what its runs and leases carry.
    pub name: String,
    /// Which machine it is, whatever its name: two hosts with one name must not take each other's runs for their own.
    pub machine: String,
    /// Its boot.
    pub boot_id: String,
    /// The dispatcher's pid.
    pub pid: i64,
    /// What it has: `gpu`, `arm64`, `eu`.
    pub labels: Vec<String>,
    /// The profiles that it can run.
    pub profiles: Vec<String>,
    /// Runs that it has places for; `None`: no limit of its own.
    pub capacity: Option<u32>,
}

/// A host, and when it was last heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// What it says of itself.
    pub facts: HostFacts,
    /// When it was last seen.
    pub last_seen: Millis,
}

impl Host {
    /// Whether its dispatcher was there within the last two minutes.
    #[must_use]
    pub const fn is_live(&self, now: Millis) -> bool {
        now.since(self.last_seen) < HOST_SILENCE
    }
}

/// After this many milliseconds without a word a host counts as gone: four of the longest sweeps that are usual.
pub const HOST_SILENCE: i64 = 120_000;

/// Records that a host's dispatcher is there.
///
/// # Errors
/// Of the database.
pub async fn seen<T: Tx>(tx: &mut T, host: &HostFacts) -> Result<(), DbError> {
    let now = tx.now();
    tx.write(
        "insert into hosts (name, boot_id, pid, last_seen, machine, labels, profiles, capacity) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) \
         on conflict (name) do update set boot_id = excluded.boot_id, pid = excluded.pid, \
         last_seen = excluded.last_seen, machine = excluded.machine, labels = excluded.labels, \
         profiles = excluded.profiles, capacity = excluded.capacity",
        vals![
            &host.name,
            &host.boot_id,
            host.pid,
            now,
            &host.machine,
            serde_json::json!(host.labels).to_string(),
            serde_json::json!(host.profiles).to_string(),
            host.capacity
        ],
    )
    .await
}

/// The hosts, most recently seen first.
///
/// # Errors
/// Of the database.
pub async fn hosts<T: Tx>(tx: &mut T) -> Result<Vec<Host>, DbError> {
    let rows = tx
        .query(
            "select name, boot_id, pid, last_seen, machine, labels, profiles, capacity from hosts \
             order by last_seen desc, name",
            &[],
        )
        .await?;
    rows.into_iter()
        .map(|mut row| {
            let (name, boot_id, pid, last_seen) = (row.text()?, row.text()?, row.int()?, row.at()?);
            let facts = HostFacts {
                name,
                boot_id,
                pid,
                machine: row.text()?,
                labels: row.texts()?,
                profiles: row.texts()?,
                capacity: row.opt_int()?.map(|places| u32::try_from(places.max(0)).unwrap_or(u32::MAX)),
            };
            Ok(Host { facts, last_seen })
        })
        .collect()
}

/// Notes a set of labels that a task asks for, as [`tasks`](crate::sql::tasks) writes it.
///
/// # Errors
/// Of the database.
pub async fn note_requirement<T: Tx>(tx: &mut T, requires: &str) -> Result<(), DbError> {
    tx.write("insert into requirements (requires) values ($1) on conflict do nothing", vals![requires]).await
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
    tx.write(
        "insert into cursors (name, epoch, number) values ($1, $2, $3) on conflict (name) do update \
         set epoch = excluded.epoch, number = excluded.number",
        vals![name, cursor.epoch, cursor.number],
    )
    .await
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
    tx.write(
        "insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value",
        vals![key, value],
    ).await
}
