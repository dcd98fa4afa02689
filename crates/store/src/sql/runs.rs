//! Runs: the row and its statements.

use andon_core::run::{Outcome, RunFacts};
use andon_core::task::Phase;
use andon_core::{Millis, ProfileName, RunId, TaskId};
use serde_json::Value;

use crate::error::{DbError, OpError};
use crate::tx::{Tx, first};
use crate::vals;
use crate::value::Row;

/// One attempt at a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its id: the fencing token.
    pub id: RunId,
    /// At which task.
    pub task: TaskId,
    /// Counts from 1.
    pub attempt: u32,
    /// Work or review.
    pub kind: Phase,
    /// Who.
    pub profile: Option<ProfileName>,
    /// On which host.
    pub host: Option<String>,
    /// Claimed by hand: no supervisor.
    pub by_hand: bool,
    /// SHA-256 of its secret.
    pub token_hash: String,
    /// When it was claimed.
    pub started_at: Millis,
    /// When its process started.
    pub spawned_at: Option<Millis>,
    /// When it was fenced.
    pub ended_at: Option<Millis>,
    /// It ended by its own word.
    pub ended_by_self: bool,
    /// When its process tree was gone.
    pub reaped_at: Option<Millis>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The process's exit code.
    pub exit_code: Option<i64>,
    /// The signal that ended it.
    pub signal: Option<i64>,
    /// The handoff in words.
    pub summary: Option<String>,
    /// The handoff as data.
    pub metadata: Value,
    /// What went wrong.
    pub error: Option<String>,
    /// The sign of its crash.
    pub fingerprint: Option<String>,
    /// Where it worked.
    pub workspace_path: Option<String>,
}

impl Run {
    /// What lease rules need.
    #[must_use]
    pub fn facts(&self) -> RunFacts {
        RunFacts {
            run: self.id.clone(),
            ended_at: self.ended_at,
            ended_by_self: self.ended_by_self,
            reaped_at: self.reaped_at,
        }
    }
}

macro_rules! run_columns {
    () => {
        "runs.id, runs.task_id, runs.attempt, runs.kind, runs.profile, runs.host, runs.by_hand, runs.token_hash, \
         runs.started_at, runs.spawned_at, runs.ended_at, runs.ended_by_self, runs.reaped_at, runs.outcome, \
         runs.exit_code, runs.signal, runs.summary, runs.metadata, runs.error, runs.fingerprint, runs.workspace_path"
    };
}
pub(crate) use run_columns;

/// Reads a row that starts with `run_columns!()`.
///
/// # Errors
/// `bad_row`.
pub fn decode(row: &mut Row) -> Result<Run, DbError> {
    Ok(Run {
        id: row.parse()?,
        task: row.parse()?,
        attempt: row.count()?,
        kind: row.parse()?,
        profile: row.opt_parse()?,
        host: row.opt_text()?,
        by_hand: row.flag()?,
        token_hash: row.text()?,
        started_at: row.at()?,
        spawned_at: row.opt_at()?,
        ended_at: row.opt_at()?,
        ended_by_self: row.flag()?,
        reaped_at: row.opt_at()?,
        outcome: row.opt_parse()?,
        exit_code: row.opt_int()?,
        signal: row.opt_int()?,
        summary: row.opt_text()?,
        metadata: row.json()?,
        error: row.opt_text()?,
        fingerprint: row.opt_text()?,
        workspace_path: row.opt_text()?,
    })
}

fn decode_row(row: Row) -> Result<Run, DbError> {
    decode(&mut row.of("run"))
}

/// One run.
///
/// # Errors
/// Of the database.
pub async fn find<T: Tx>(tx: &mut T, id: &RunId) -> Result<Option<Run>, DbError> {
    const SQL: &str = concat!("select ", run_columns!(), " from runs where id = $1");
    first(tx, SQL, vals![id]).await?.map(decode_row).transpose()
}

/// One run that must be there.
///
/// # Errors
/// `unknown_run`.
pub async fn get<T: Tx>(tx: &mut T, id: &RunId) -> Result<Run, OpError> {
    find(tx, id).await?.ok_or_else(|| andon_core::task::Refusal::UnknownRun(id.to_string()).into())
}

/// The runs of a task, oldest first.
///
/// # Errors
/// Of the database.
pub async fn of_task<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Vec<Run>, DbError> {
    const SQL: &str = concat!("select ", run_columns!(), " from runs where task_id = $1 order by attempt");
    tx.query(SQL, vals![task]).await?.into_iter().map(decode_row).collect()
}

/// The run of a task whose process tree may still live.
///
/// # Errors
/// Of the database.
pub async fn unreaped_of<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Option<Run>, DbError> {
    const SQL: &str =
        concat!("select ", run_columns!(), " from runs where task_id = $1 and reaped_at is null");
    first(tx, SQL, vals![task]).await?.map(decode_row).transpose()
}

/// Whether a process of a task may still live.
///
/// # Errors
/// Of the database.
pub async fn has_unreaped<T: Tx>(tx: &mut T, task: &TaskId) -> Result<bool, DbError> {
    Ok(first(tx, "select 1 from runs where task_id = $1 and reaped_at is null", vals![task]).await?.is_some())
}

/// The number of the next attempt at a task.
///
/// # Errors
/// Of the database.
pub async fn next_attempt<T: Tx>(tx: &mut T, task: &TaskId) -> Result<u32, DbError> {
    let row =
        first(tx, "select coalesce(max(attempt), 0) + 1 from runs where task_id = $1", vals![task]).await?;
    row.map_or(Ok(1), |mut row| row.count())
}

/// Writes a new run.
///
/// # Errors
/// `conflict` when the task has an unreaped one.
pub async fn insert<T: Tx>(tx: &mut T, run: &Run) -> Result<(), DbError> {
    const SQL: &str = "insert into runs (id, task_id, attempt, kind, profile, host, by_hand, token_hash, started_at, \
        spawned_at, ended_at, ended_by_self, reaped_at, outcome, exit_code, signal, summary, metadata, error, \
        fingerprint, workspace_path) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
        $17, $18, $19, $20, $21)";
    let params = vals![
        &run.id,
        &run.task,
        run.attempt,
        run.kind,
        run.profile.as_ref(),
        run.host.as_ref(),
        run.by_hand,
        &run.token_hash,
        run.started_at,
        run.spawned_at,
        run.ended_at,
        run.ended_by_self,
        run.reaped_at,
        run.outcome,
        run.exit_code,
        run.signal,
        run.summary.as_ref(),
        &run.metadata,
        run.error.as_ref(),
        run.fingerprint.as_ref(),
        run.workspace_path.as_ref(),
    ];
    tx.execute(SQL, params).await.map(drop)
}

/// How a run ended, in words and data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// The handoff in words.
    pub summary: Option<String>,
    /// The handoff as data.
    pub metadata: Value,
    /// The sign of a crash.
    pub fingerprint: Option<String>,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// Signal.
    pub signal: Option<i64>,
}

/// Fences a run.
///
/// # Errors
/// Of the database.
pub async fn end<T: Tx>(
    tx: &mut T,
    run: &RunId,
    outcome: Outcome,
    by_self: bool,
    error: Option<&str>,
    words: &Words,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        "update runs set ended_at = max($2, started_at), outcome = $3, ended_by_self = $4, error = $5, summary = $6, \
         metadata = $7, fingerprint = $8, exit_code = coalesce($9, exit_code), signal = coalesce($10, signal) \
         where id = $1 and ended_at is null",
        vals![
            run,
            now,
            outcome,
            by_self,
            error,
            words.summary.as_ref(),
            &words.metadata,
            words.fingerprint.as_ref(),
            words.exit_code,
            words.signal
        ],
    )
    .await
    .map(drop)
}

/// Records that a run's process tree is gone; whether it was not known yet.
///
/// # Errors
/// Of the database.
pub async fn reaped<T: Tx>(
    tx: &mut T,
    run: &RunId,
    exit_code: Option<i64>,
    signal: Option<i64>,
) -> Result<bool, DbError> {
    let now = tx.now();
    let changed = tx
        .execute(
            "update runs set reaped_at = $2, exit_code = coalesce($3, exit_code), signal = coalesce($4, signal) \
             where id = $1 and reaped_at is null and ended_at is not null",
            vals![run, now, exit_code, signal],
        )
        .await?;
    Ok(changed > 0)
}

/// Records that the worker's process started.
///
/// # Errors
/// Of the database.
pub async fn spawned<T: Tx>(tx: &mut T, run: &RunId, workspace: Option<&str>) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        "update runs set spawned_at = $2, workspace_path = $3 where id = $1",
        vals![run, now, workspace],
    )
    .await
    .map(drop)
}

/// How many runs are not reaped: on the board, and of a profile. What caps count.
///
/// # Errors
/// Of the database.
pub async fn live<T: Tx>(tx: &mut T) -> Result<Vec<(Option<ProfileName>, u32)>, DbError> {
    let rows =
        tx.query("select profile, count(*) from runs where reaped_at is null group by profile", &[]).await?;
    rows.into_iter().map(|mut row| Ok((row.opt_parse()?, row.count()?))).collect()
}

/// How many tasks of a profile failed with this sign since a time.
///
/// # Errors
/// Of the database.
pub async fn alike<T: Tx>(
    tx: &mut T,
    profile: &ProfileName,
    fingerprint: &str,
    since: Millis,
    besides: &TaskId,
) -> Result<u32, DbError> {
    let row = first(
        tx,
        "select count(distinct task_id) from runs where profile = $1 and fingerprint = $2 and ended_at >= $3 \
         and task_id <> $4 and fingerprint is not null",
        vals![profile, fingerprint, since, besides],
    )
    .await?;
    row.map_or(Ok(0), |mut row| row.count())
}
