//! Leases and who holds them. A lease lives until its run is reaped.

use andon_core::run::LeaseFacts;
use andon_core::{Millis, RunId};
use serde::{Deserialize, Serialize};

use crate::error::DbError;
use crate::sql::runs::{self, Run, run_columns};
use crate::tx::{Tx, first};
use crate::vals;
use crate::value::Row;

/// Which process supervises a run: enough to recognise it although its pid has been reused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its host.
    pub host: String,
    /// That host's boot.
    pub boot_id: String,
    /// Its pid.
    pub pid: i64,
    /// Its start, in clock ticks since boot.
    pub start_time: i64,
}

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Of which run.
    pub run: RunId,
    /// Expiry.
    pub facts: LeaseFacts,
    /// Who holds it; none before a supervisor has taken the run, and for claims by hand.
    pub holder: Option<Holder>,
    /// The dispatcher that claimed the run. While nobody holds the lease it says whether somebody still may: its supervisor
    /// is started by it, or by nobody. None for claims by hand.
    pub claimer: Option<Holder>,
    /// The control group of its tree.
    pub cgroup: Option<String>,
    /// When the worker last said that it makes progress.
    pub progress_at: Option<Millis>,
    /// What it said.
    pub progress_note: Option<String>,
}

macro_rules! lease_columns {
    () => {
        "leases.run_id, leases.expires_at, leases.ttl, leases.extended, leases.host, leases.boot_id, leases.pid, \
         leases.start_time, leases.claimer, leases.cgroup, leases.progress_at, leases.progress_note"
    };
}

fn decode(row: &mut Row) -> Result<Lease, DbError> {
    let run = row.parse()?;
    let facts = LeaseFacts { expires_at: row.at()?, ttl: row.int()?, extended: row.flag()? };
    let (host, boot_id, pid, start_time) = (row.opt_text()?, row.opt_text()?, row.opt_int()?, row.opt_int()?);
    let holder = match (host, boot_id, pid, start_time) {
        (Some(host), Some(boot_id), Some(pid), Some(start_time)) => {
            Some(Holder { host, boot_id, pid, start_time })
        }
        _ => None,
    };
    // What cannot be read says nothing of anybody: the lease alone decides then.
    let claimer = row.opt_text()?.and_then(|text| serde_json::from_str(&text).ok());
    Ok(Lease {
        run,
        facts,
        holder,
        claimer,
        cgroup: row.opt_text()?,
        progress_at: row.opt_at()?,
        progress_note: row.opt_text()?,
    })
}

/// Writes a new lease, which nobody holds yet; `claimer` is the process that will start whoever takes it.
///
/// # Errors
/// Of the database.
pub async fn insert<T: Tx>(
    tx: &mut T,
    run: &RunId,
    expires_at: Millis,
    ttl: i64,
    claimer: Option<&Holder>,
) -> Result<(), DbError> {
    let claimer = claimer.and_then(|claimer| serde_json::to_string(claimer).ok());
    tx.write(
        "insert into leases (run_id, expires_at, ttl, extended, claimer) values ($1, $2, $3, 0, $4)",
        vals![run, expires_at, ttl, claimer],
    )
    .await
}

/// Whether still nobody has taken a lease; nobody can until this transaction ends.
///
/// # Errors
/// Of the database.
pub async fn untaken<T: Tx>(tx: &mut T, run: &RunId) -> Result<bool, DbError> {
    const SQL: &str = "select run_id from leases where run_id = $1 and pid is null /*for update*/";
    Ok(first(tx, SQL, vals![run]).await?.is_some())
}

/// The lease of a run.
///
/// # Errors
/// Of the database.
pub async fn find<T: Tx>(tx: &mut T, run: &RunId) -> Result<Option<Lease>, DbError> {
    const SQL: &str = concat!("select ", lease_columns!(), " from leases where run_id = $1");
    first(tx, SQL, vals![run]).await?.map(|row| decode(&mut row.of("lease"))).transpose()
}

/// Whether a supervisor holds a run's lease, and whether the run is a cool-down's probe.
///
/// # Errors
/// Of the database.
pub async fn held<T: Tx>(tx: &mut T, run: &RunId) -> Result<(bool, bool), DbError> {
    let row = first(tx, HELD, vals![run]).await?;
    row.map_or(Ok((false, false)), |mut row| Ok((row.count()? > 0, row.count()? > 0)))
}

/// Asks ahead for [`held`].
///
/// # Errors
/// Of the database.
pub(crate) async fn held_soon<T: Tx>(tx: &mut T, run: &RunId) -> Result<(), DbError> {
    tx.soon(HELD, vals![run]).await
}

const HELD: &str = "select (select count(*) from leases where run_id = $1 and pid is not null), \
    (select count(*) from cooldowns where probe_run = $1)";

/// Takes a lease for a holder by compare-and-set; whether nobody else held it before. Whoever asks again, because the answer was
/// lost, has it.
///
/// # Errors
/// Of the database.
pub async fn take<T: Tx>(
    tx: &mut T,
    run: &RunId,
    holder: &Holder,
    expires_at: Millis,
) -> Result<bool, DbError> {
    let changed = tx
        .execute(
            "update leases set host = $2, boot_id = $3, pid = $4, start_time = $5, expires_at = $6 \
             where run_id = $1 and (pid is null or (host = $2 and boot_id = $3 and pid = $4 and start_time = $5))",
            vals![run, &holder.host, &holder.boot_id, holder.pid, holder.start_time, expires_at],
        )
        .await?;
    Ok(changed > 0)
}

/// Renews a lease.
///
/// # Errors
/// Of the database.
pub async fn renew<T: Tx>(
    tx: &mut T,
    run: &RunId,
    expires_at: Millis,
    extended: bool,
) -> Result<(), DbError> {
    tx.write(
        "update leases set expires_at = $2, extended = $3 where run_id = $1",
        vals![run, expires_at, extended],
    )
    .await
}

/// Records the control group of a run's tree.
///
/// # Errors
/// Of the database.
pub async fn set_cgroup<T: Tx>(tx: &mut T, run: &RunId, cgroup: Option<&str>) -> Result<(), DbError> {
    tx.write("update leases set cgroup = $2 where run_id = $1", vals![run, cgroup]).await
}

/// Records progress.
///
/// # Errors
/// Of the database.
pub async fn progress<T: Tx>(tx: &mut T, run: &RunId, note: Option<&str>) -> Result<(), DbError> {
    let now = tx.now();
    tx.write(
        "update leases set progress_at = $2, progress_note = coalesce($3, progress_note) where run_id = $1",
        vals![run, now, note],
    )
    .await
}

/// Ends a lease.
///
/// # Errors
/// Of the database.
pub async fn delete<T: Tx>(tx: &mut T, run: &RunId) -> Result<(), DbError> {
    tx.write("delete from leases where run_id = $1", vals![run]).await
}

/// Every run that is not reaped, with its lease.
///
/// # Errors
/// Of the database.
pub async fn live<T: Tx>(tx: &mut T) -> Result<Vec<(Run, Option<Lease>)>, DbError> {
    const SQL: &str = concat!(
        "select ",
        run_columns!(),
        ", ",
        lease_columns!(),
        " from runs indexed by runs_unreaped left join leases on leases.run_id = runs.id \
         where runs.reaped_at is null order by runs.id"
    );
    let mut live = Vec::new();
    for row in tx.query(SQL, &[]).await? {
        let mut row = row.of("run");
        let run = runs::decode(&mut row)?;
        // Without a lease the joined columns are null, which is no lease rather than a bad row.
        let lease = decode(&mut row).ok();
        live.push((run, lease));
    }
    Ok(live)
}
