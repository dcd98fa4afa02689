//! Runs: the row and its statements.

use std::collections::BTreeMap;

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
    /// What it cost.
    pub usage: Usage,
}

impl Run {
    /// Whether it ended with words for whoever goes on. A reviewer's words are about them, and the reviewer's own.
    #[must_use]
    pub fn hands_over(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Completed | Outcome::ReviewRequested))
    }
}

/// What a run consumed, as far as its runner says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The agent's own session, by which its runner can resume it.
    pub session_ref: Option<String>,
    /// The model that worked.
    pub model: Option<String>,
    /// Tokens read, cached ones among them.
    pub input_tokens: Option<i64>,
    /// Tokens written.
    pub output_tokens: Option<i64>,
    /// Tokens read from a cache.
    pub cached_tokens: Option<i64>,
    /// Millionths of a US dollar.
    pub cost_micros: Option<i64>,
}

impl Usage {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
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
         runs.exit_code, runs.signal, runs.summary, runs.metadata, runs.error, runs.fingerprint, runs.workspace_path, \
         runs.session_ref, runs.model, runs.input_tokens, runs.output_tokens, runs.cached_tokens, runs.cost_micros"
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
        usage: Usage {
            session_ref: row.opt_text()?,
            model: row.opt_text()?,
            input_tokens: row.opt_int()?,
            output_tokens: row.opt_int()?,
            cached_tokens: row.opt_int()?,
            cost_micros: row.opt_int()?,
        },
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
    first(tx, FIND, vals![id]).await?.map(decode_row).transpose()
}

/// Asks ahead for [`find`].
///
/// # Errors
/// Of the database.
pub(crate) async fn find_soon<T: Tx>(tx: &mut T, id: &RunId) -> Result<(), DbError> {
    tx.soon(FIND, vals![id]).await
}

const FIND: &str = concat!("select ", run_columns!(), " from runs where id = $1");

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
        fingerprint, workspace_path, session_ref, model, input_tokens, output_tokens, cached_tokens, cost_micros) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, $25, $26, $27)";
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
        run.usage.session_ref.as_ref(),
        run.usage.model.as_ref(),
        run.usage.input_tokens,
        run.usage.output_tokens,
        run.usage.cached_tokens,
        run.usage.cost_micros,
    ];
    tx.write(SQL, params).await
}

/// Records what a run consumed: what is known replaces what was known before, what is not leaves it.
///
/// # Errors
/// Of the database.
pub async fn record_usage<T: Tx>(tx: &mut T, run: &RunId, usage: &Usage) -> Result<(), DbError> {
    tx.write(
        "update runs set session_ref = coalesce($2, session_ref), model = coalesce($3, model), \
         input_tokens = coalesce($4, input_tokens), output_tokens = coalesce($5, output_tokens), \
         cached_tokens = coalesce($6, cached_tokens), cost_micros = coalesce($7, cost_micros) where id = $1",
        vals![
            run,
            usage.session_ref.as_ref(),
            usage.model.as_ref(),
            usage.input_tokens,
            usage.output_tokens,
            usage.cached_tokens,
            usage.cost_micros
        ],
    )
    .await
}

/// The newest run of a task for a profile that has a session to resume.
///
/// # Errors
/// Of the database.
pub async fn newest_session<T: Tx>(
    tx: &mut T,
    task: &TaskId,
    profile: &ProfileName,
) -> Result<Option<Run>, DbError> {
    const SQL: &str = concat!(
        "select ",
        run_columns!(),
        " from runs where task_id = $1 and profile = $2 and session_ref is not null order by attempt desc limit 1"
    );
    first(tx, SQL, vals![task, profile]).await?.map(decode_row).transpose()
}

/// What the core must know of a task before it is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimFacts {
    /// The number of the attempt that would be made.
    pub attempt: u32,
    /// Whether a process of an earlier run may still live.
    pub unreaped: bool,
    /// Parents that are not satisfied.
    pub open_parents: u32,
}

/// Reads them in one question.
///
/// # Errors
/// Of the database.
pub async fn claim_facts<T: Tx>(tx: &mut T, task: &TaskId) -> Result<ClaimFacts, DbError> {
    let row = first(tx, CLAIM_FACTS, vals![task]).await?;
    let Some(mut row) = row else {
        return Ok(ClaimFacts { attempt: 1, unreaped: false, open_parents: 0 });
    };
    Ok(ClaimFacts { attempt: row.count()?, unreaped: row.count()? > 0, open_parents: row.count()? })
}

/// Asks ahead for [`claim_facts`].
///
/// # Errors
/// Of the database.
pub(crate) async fn claim_facts_soon<T: Tx>(tx: &mut T, task: &TaskId) -> Result<(), DbError> {
    tx.soon(CLAIM_FACTS, vals![task]).await
}

const CLAIM_FACTS: &str = "select (select coalesce(max(attempt), 0) + 1 from runs where task_id = $1), \
         (select count(*) from runs where task_id = $1 and reaped_at is null), \
         (select count(*) from links join tasks on tasks.id = links.parent_id \
          where links.child_id = $1 and tasks.satisfied = 0)";

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

/// Fences a run; `reaped`: no process of it can live, so that it is reaped with the same word.
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
    reaped: bool,
) -> Result<(), DbError> {
    let now = tx.now();
    tx.write(
        "update runs set ended_at = case when $2 < started_at then started_at else $2 end, outcome = $3, \
         ended_by_self = $4, error = $5, summary = $6, metadata = $7, fingerprint = $8, \
         exit_code = coalesce($9, exit_code), signal = coalesce($10, signal), reaped_at = coalesce($11, reaped_at) \
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
            words.signal,
            reaped.then_some(now)
        ],
    ).await
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
    tx.write("update runs set spawned_at = $2, workspace_path = $3 where id = $1", vals![run, now, workspace])
        .await
}

/// How many runs are not reaped: by profile, and by host. What caps count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Of each profile.
    pub profiles: BTreeMap<Option<ProfileName>, u32>,
    /// On each host.
    pub hosts: BTreeMap<Option<String>, u32>,
}

impl Live {
    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.profiles.values().sum()
    }

    /// How many there are of a profile.
    #[must_use]
    pub fn of(&self, profile: &ProfileName) -> u32 {
        self.profiles.get(&Some(profile.clone())).copied().unwrap_or(0)
    }

    /// How many there are on a host.
    #[must_use]
    pub fn on(&self, host: &str) -> u32 {
        self.hosts.get(&Some(host.to_owned())).copied().unwrap_or(0)
    }
}

/// Counts the runs that are not reaped.
///
/// # Errors
/// Of the database.
pub async fn live<T: Tx>(tx: &mut T) -> Result<Live, DbError> {
    let rows = tx
        .query("select profile, host from runs indexed by runs_unreaped where reaped_at is null", &[])
        .await?;
    // Counted here: the index is not in the order of profiles, and a sort costs more than all the rest of a claim.
    let mut live = Live::default();
    for mut row in rows {
        *live.profiles.entry(row.opt_parse()?).or_insert(0) += 1;
        *live.hosts.entry(row.opt_text()?).or_insert(0) += 1;
    }
    Ok(live)
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
