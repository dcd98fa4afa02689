//! Tasks: the row and its statements.

use andon_core::task::{Block, BlockKind, Counters, Eligible, Phase, Status, TaskState, WorkspaceKind};
use andon_core::{Millis, ProfileName, TaskId};

use crate::error::{DbError, OpError};
use crate::sql::boards;
use crate::tx::{Floor, Tx, first};
use crate::vals;
use crate::value::Row;

/// A task as the board holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// The specification.
    pub body: Option<String>,
    /// Who works on it.
    pub assignee: Option<ProfileName>,
    /// Who reviews it.
    pub reviewer: Option<ProfileName>,
    /// Its lifecycle.
    pub state: TaskState,
    /// Higher goes first.
    pub priority: i64,
    /// A name space inside the board (BD-10).
    pub tenant: Option<String>,
    /// Who created it.
    pub created_by: String,
    /// When.
    pub created_at: Millis,
    /// When its row last changed.
    pub updated_at: Millis,
    /// What kind of directory its runs work in.
    pub workspace_kind: WorkspaceKind,
    /// The directory: named, or as first resolved.
    pub workspace_path: Option<String>,
    /// The branch of a worktree.
    pub branch: Option<String>,
    /// The model that its runs use.
    pub model: Option<String>,
    /// Skills that its runs get besides the profile's.
    pub skills: Vec<String>,
    /// Labels that a host must have to run it.
    pub requires: Vec<String>,
    /// Its next run starts a new session although its runner could resume the last one.
    pub fresh: bool,
    /// Longest run, milliseconds; 0 times out at once.
    pub max_runtime: Option<i64>,
    /// Failures at which it is given up.
    pub max_retries: Option<u32>,
    /// Creations with the same key are one task.
    pub idempotency_key: Option<String>,
    /// The session that it came from.
    pub session_id: Option<String>,
    /// Whether its runs are judged turn by turn.
    pub goal_mode: bool,
    /// Turns of the goal mode.
    pub goal_max_turns: Option<i64>,
    /// How many workers' generations lie above it.
    pub generation: u32,
    /// The run that created it.
    pub created_by_run: Option<String>,
    /// A step of a workflow.
    pub step_key: Option<String>,
    /// The workflow.
    pub workflow_template_id: Option<String>,
    /// Its short result.
    pub result: Option<String>,
}

impl Task {
    /// Who would run it next: the reviewer in phase review, else the assignee.
    #[must_use]
    pub fn executor(&self) -> Option<&ProfileName> {
        match self.state.phase {
            Phase::Work => self.assignee.as_ref(),
            Phase::Review => self.reviewer.as_ref(),
        }
    }
}

macro_rules! task_columns {
    () => {
        "id, title, body, assignee, reviewer, status, phase, priority, tenant, created_by, created_at, updated_at, \
         started_at, completed_at, scheduled_at, workspace_kind, workspace_path, branch, model, skills, max_runtime, \
         max_retries, idempotency_key, session_id, goal_mode, goal_max_turns, generation, created_by_run, step_key, \
         workflow_template_id, result, block_kind, block_reason, blocked_at, eligible_at, eligible_reason, held, \
         parents_waived, released, revived, current_run_id, consecutive_failures, reclaims, rate_limits, \
         interruptions, blocks, review_rounds, last_failure_error, requires, fresh"
    };
}
pub(crate) use task_columns;

/// Reads a row of `task_columns!()`.
///
/// # Errors
/// `bad_row`.
pub fn decode(row: Row) -> Result<Task, DbError> {
    let mut row = row.of("task");
    let id = row.parse()?;
    let title = row.text()?;
    let body = row.opt_text()?;
    let assignee = row.opt_parse()?;
    let reviewer = row.opt_parse()?;
    let mut state = TaskState::new(row.parse::<Status>()?);
    state.phase = row.parse()?;
    let mut task = Task {
        id,
        title,
        body,
        assignee,
        reviewer,
        priority: row.int()?,
        tenant: row.opt_text()?,
        created_by: row.text()?,
        created_at: row.at()?,
        updated_at: row.at()?,
        state: TaskState {
            started_at: row.opt_at()?,
            completed_at: row.opt_at()?,
            scheduled_at: row.opt_at()?,
            ..state
        },
        workspace_kind: row.parse()?,
        workspace_path: row.opt_text()?,
        branch: row.opt_text()?,
        model: row.opt_text()?,
        skills: row.texts()?,
        requires: Vec::new(),
        fresh: false,
        max_runtime: row.opt_int()?,
        max_retries: row.opt_int()?.map(|limit| u32::try_from(limit.max(0)).unwrap_or(u32::MAX)),
        idempotency_key: row.opt_text()?,
        session_id: row.opt_text()?,
        goal_mode: row.flag()?,
        goal_max_turns: row.opt_int()?,
        generation: row.count()?,
        created_by_run: row.opt_text()?,
        step_key: row.opt_text()?,
        workflow_template_id: row.opt_text()?,
        result: row.opt_text()?,
    };
    decode_state(&mut row, &mut task.state)?;
    task.requires = row.texts()?;
    task.fresh = row.flag()?;
    Ok(task)
}

fn decode_state(row: &mut Row, state: &mut TaskState) -> Result<(), DbError> {
    let kind: Option<BlockKind> = row.opt_parse()?;
    let reason = row.opt_text()?;
    let at = row.opt_at()?;
    state.block =
        kind.map(|kind| Block { kind, reason: reason.unwrap_or_default(), at: at.unwrap_or_default() });
    let eligible_at = row.opt_at()?;
    let reason = row.opt_text()?;
    state.eligible = eligible_at.map(|at| Eligible { at, reason: reason.unwrap_or_default() });
    state.held = row.flag()?;
    state.parents_waived = row.flag()?;
    state.released = row.flag()?;
    state.revived = row.flag()?;
    state.current_run = row.opt_parse()?;
    state.counters = Counters {
        failures: row.count()?,
        reclaims: row.count()?,
        rate_limits: row.count()?,
        interruptions: row.count()?,
        blocks: row.count()?,
        review_rounds: row.count()?,
    };
    state.last_failure_error = row.opt_text()?;
    Ok(())
}

/// One task, which an operation may change from here on: others wait for it.
///
/// # Errors
/// Of the database.
pub async fn find<T: Tx>(tx: &mut T, id: &TaskId) -> Result<Option<Task>, DbError> {
    first(tx, FIND, vals![id]).await?.map(decode).transpose()
}

/// Asks ahead for [`find`].
///
/// # Errors
/// Of the database.
pub(crate) async fn find_soon<T: Tx>(tx: &mut T, id: &TaskId) -> Result<(), DbError> {
    tx.soon(FIND, vals![id]).await
}

const FIND: &str = concat!("select ", task_columns!(), " from tasks where id = $1 /*for update*/");

/// One task, unless another transaction is changing it right now.
///
/// # Errors
/// Of the database.
pub async fn find_free<T: Tx>(tx: &mut T, id: &TaskId) -> Result<Option<Task>, DbError> {
    first(tx, FREE, vals![id]).await?.map(decode).transpose()
}

/// Asks ahead for [`find_free`].
///
/// # Errors
/// Of the database.
pub(crate) async fn find_free_soon<T: Tx>(tx: &mut T, id: &TaskId) -> Result<(), DbError> {
    tx.soon(FREE, vals![id]).await
}

const FREE: &str =
    concat!("select ", task_columns!(), " from tasks where id = $1 /*for update skip locked*/");

/// One task that this transaction does not change.
///
/// # Errors
/// Of the database.
pub async fn peek<T: Tx>(tx: &mut T, id: &TaskId) -> Result<Option<Task>, DbError> {
    const SQL: &str = concat!("select ", task_columns!(), " from tasks where id = $1");
    first(tx, SQL, vals![id]).await?.map(decode).transpose()
}

/// One task that must be there.
///
/// # Errors
/// `unknown_task`.
pub async fn get<T: Tx>(tx: &mut T, id: &TaskId) -> Result<Task, OpError> {
    find(tx, id).await?.ok_or_else(|| andon_core::task::Refusal::UnknownTask(id.to_string()).into())
}

/// Whether a task is there.
///
/// # Errors
/// Of the database.
pub async fn exists<T: Tx>(tx: &mut T, id: &str) -> Result<bool, DbError> {
    Ok(first(tx, "select 1 from tasks where id = $1", vals![id]).await?.is_some())
}

/// The unarchived task with this idempotency key.
///
/// # Errors
/// Of the database.
pub async fn by_idempotency_key<T: Tx>(tx: &mut T, key: &str) -> Result<Option<Task>, DbError> {
    const SQL: &str = concat!(
        "select ",
        task_columns!(),
        " from tasks where idempotency_key = $1 and status <> 'archived'"
    );
    first(tx, SQL, vals![key]).await?.map(decode).transpose()
}

/// Writes a new task.
///
/// # Errors
/// `conflict` when the id or the idempotency key is taken.
pub async fn insert<T: Tx>(tx: &mut T, task: &Task) -> Result<(), DbError> {
    const SQL: &str = "insert into tasks (id, title, body, assignee, reviewer, status, phase, satisfied, priority, \
        tenant, created_by, created_at, updated_at, started_at, completed_at, scheduled_at, workspace_kind, \
        workspace_path, branch, model, skills, max_runtime, max_retries, idempotency_key, session_id, goal_mode, \
        goal_max_turns, generation, created_by_run, step_key, workflow_template_id, result, block_kind, \
        block_reason, blocked_at, eligible_at, eligible_reason, held, parents_waived, released, revived, \
        current_run_id, consecutive_failures, reclaims, rate_limits, interruptions, blocks, review_rounds, \
        last_failure_error, requires, fresh) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
        $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, \
        $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51)";
    let state = &task.state;
    let params = vals![
        &task.id,
        &task.title,
        task.body.as_ref(),
        task.assignee.as_ref(),
        task.reviewer.as_ref(),
        state.status,
        state.phase,
        state.satisfied(),
        task.priority,
        task.tenant.as_ref(),
        &task.created_by,
        task.created_at,
        task.updated_at,
        state.started_at,
        state.completed_at,
        state.scheduled_at,
        task.workspace_kind,
        task.workspace_path.as_ref(),
        task.branch.as_ref(),
        task.model.as_ref(),
        serde_json::json!(task.skills).to_string(),
        task.max_runtime,
        task.max_retries,
        task.idempotency_key.as_ref(),
        task.session_id.as_ref(),
        task.goal_mode,
        task.goal_max_turns,
        task.generation,
        task.created_by_run.as_ref(),
        task.step_key.as_ref(),
        task.workflow_template_id.as_ref(),
        task.result.as_ref(),
        state.block.as_ref().map(|block| block.kind),
        state.block.as_ref().map(|block| block.reason.as_str()),
        state.block.as_ref().map(|block| block.at),
        state.eligible.as_ref().map(|eligible| eligible.at),
        state.eligible.as_ref().map(|eligible| eligible.reason.as_str()),
        state.held,
        state.parents_waived,
        state.released,
        state.revived,
        state.current_run.as_ref(),
        state.counters.failures,
        state.counters.reclaims,
        state.counters.rate_limits,
        state.counters.interruptions,
        state.counters.blocks,
        state.counters.review_rounds,
        state.last_failure_error.as_ref(),
        required(&task.requires),
        task.fresh,
    ];
    tx.write(SQL, params).await?;
    note_requirement(tx, task).await
}

/// How a set of labels is written: in order, so that a set has one text.
pub(crate) fn required(labels: &[String]) -> String {
    let mut labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    labels.sort_unstable();
    serde_json::json!(labels).to_string()
}

async fn note_requirement<T: Tx>(tx: &mut T, task: &Task) -> Result<(), DbError> {
    if task.requires.is_empty() {
        return Ok(());
    }
    boards::note_requirement(tx, &required(&task.requires)).await
}

/// Writes a task's lifecycle, and its result where one is given: the only statement that writes a status.
///
/// # Errors
/// `conflict` when a check does not hold.
pub async fn save_state<T: Tx>(
    tx: &mut T,
    id: &TaskId,
    state: &TaskState,
    result: Option<&str>,
) -> Result<(), DbError> {
    const SQL: &str = "update tasks set status = $2, phase = $3, satisfied = $4, updated_at = $5, started_at = $6, \
        completed_at = $7, scheduled_at = $8, block_kind = $9, block_reason = $10, blocked_at = $11, \
        eligible_at = $12, eligible_reason = $13, held = $14, parents_waived = $15, released = $16, revived = $17, \
        current_run_id = $18, consecutive_failures = $19, reclaims = $20, rate_limits = $21, interruptions = $22, \
        blocks = $23, review_rounds = $24, last_failure_error = $25, result = coalesce($26, result) where id = $1";
    let now = tx.now();
    let params = vals![
        id,
        state.status,
        state.phase,
        state.satisfied(),
        now,
        state.started_at,
        state.completed_at,
        state.scheduled_at,
        state.block.as_ref().map(|block| block.kind),
        state.block.as_ref().map(|block| block.reason.as_str()),
        state.block.as_ref().map(|block| block.at),
        state.eligible.as_ref().map(|eligible| eligible.at),
        state.eligible.as_ref().map(|eligible| eligible.reason.as_str()),
        state.held,
        state.parents_waived,
        state.released,
        state.revived,
        state.current_run.as_ref(),
        state.counters.failures,
        state.counters.reclaims,
        state.counters.rate_limits,
        state.counters.interruptions,
        state.counters.blocks,
        state.counters.review_rounds,
        state.last_failure_error.as_ref(),
        result,
    ];
    tx.write(SQL, params).await
}

/// Writes what a person edits: everything but the lifecycle.
///
/// # Errors
/// Of the database.
pub async fn save_fields<T: Tx>(tx: &mut T, task: &Task) -> Result<(), DbError> {
    const SQL: &str = "update tasks set title = $2, body = $3, assignee = $4, reviewer = $5, priority = $6, \
        tenant = $7, workspace_kind = $8, workspace_path = $9, branch = $10, model = $11, skills = $12, \
        max_runtime = $13, max_retries = $14, goal_mode = $15, goal_max_turns = $16, result = $17, \
        idempotency_key = $18, updated_at = $19, requires = $20, fresh = $21 where id = $1";
    let now = tx.now();
    let params = vals![
        &task.id,
        &task.title,
        task.body.as_ref(),
        task.assignee.as_ref(),
        task.reviewer.as_ref(),
        task.priority,
        task.tenant.as_ref(),
        task.workspace_kind,
        task.workspace_path.as_ref(),
        task.branch.as_ref(),
        task.model.as_ref(),
        serde_json::json!(task.skills).to_string(),
        task.max_runtime,
        task.max_retries,
        task.goal_mode,
        task.goal_max_turns,
        task.result.as_ref(),
        task.idempotency_key.as_ref(),
        now,
        required(&task.requires),
        task.fresh,
    ];
    tx.write(SQL, params).await?;
    note_requirement(tx, task).await
}

/// Says how many generations of workers stand above a task.
///
/// # Errors
/// Of the database.
pub async fn set_generation<T: Tx>(tx: &mut T, id: &TaskId, generation: u32) -> Result<(), DbError> {
    tx.write("update tasks set generation = $2 where id = $1", vals![id, generation]).await
}

/// Has the next run start a new session, or no longer.
///
/// # Errors
/// Of the database.
pub async fn set_fresh<T: Tx>(tx: &mut T, id: &TaskId, fresh: bool) -> Result<(), DbError> {
    tx.write("update tasks set fresh = $2 where id = $1 and fresh <> $2", vals![id, fresh]).await
}

/// Removes a task; what belongs to it goes with it.
///
/// # Errors
/// Of the database.
pub async fn delete<T: Tx>(tx: &mut T, id: &TaskId) -> Result<(), DbError> {
    tx.write("delete from tasks where id = $1", vals![id]).await
}

/// Makes tasks whose back-off has passed claimable by index.
///
/// # Errors
/// Of the database.
pub async fn ripen<T: Tx>(tx: &mut T) -> Result<u64, DbError> {
    let now = tx.now();
    tx.execute(
        "update tasks set eligible_at = null, eligible_reason = null \
         where eligible_at is not null and eligible_at <= $1",
        vals![now],
    )
    .await
}

/// Work and reviews of a profile that may be claimed now: of each the first `limit`, by priority and age. `fits` holds the
/// sets of labels that the host meets, as they are written, one after the other: the brackets of a set are found in no
/// other, so that a set that can be cut out of them is one of them. Where the driver knows a floor, older work is left
/// out as long as there is other work.
///
/// # Errors
/// Of the database.
pub async fn claimable_of<T: Tx>(
    tx: &mut T,
    profile: &ProfileName,
    fits: &str,
    limit: u32,
) -> Result<Vec<Row>, DbError> {
    if let Some(Floor { priority, created_at }) = tx.floor(profile) {
        let params = vals![profile, limit, fits, priority, created_at];
        let rows = tx.query(CLAIMABLE_FROM, params).await?;
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
    tx.query(CLAIMABLE, vals![profile, limit, fits]).await
}

/// Asks ahead for [`claimable_of`].
///
/// # Errors
/// Of the database.
pub(crate) async fn claimable_soon<T: Tx>(
    tx: &mut T,
    profile: &ProfileName,
    fits: &str,
    limit: u32,
) -> Result<(), DbError> {
    match tx.floor(profile) {
        Some(Floor { priority, created_at }) => {
            tx.soon(CLAIMABLE_FROM, vals![profile, limit, fits, priority, created_at]).await
        }
        None => tx.soon(CLAIMABLE, vals![profile, limit, fits]).await,
    }
}

/// What is ready for `$1`, further conditions, in its order.
macro_rules! ready {
    ($further:literal) => {
        concat!(
            "select id, priority, created_at from (select id, priority, created_at from tasks indexed by tasks_ready \
             where assignee = $1 and status = 'ready' and eligible_at is null and replace($3, requires, '') <> $3",
            $further,
            // An offset keeps the server from joining all runs where it should look up one.
            " and not exists (select 1 from runs where runs.task_id = tasks.id and runs.reaped_at is null limit 1 offset 0) \
             order by priority desc, created_at, id limit $2) as work"
        )
    };
}

macro_rules! reviews {
    () => {
        "select id, priority, created_at from (select id, priority, created_at from tasks indexed by tasks_review \
         where reviewer = $1 and status = 'review' and eligible_at is null and replace($3, requires, '') <> $3 and not exists \
         (select 1 from runs where runs.task_id = tasks.id and runs.reaped_at is null limit 1 offset 0) \
         order by priority desc, created_at, id limit $2) as reviews"
    };
}

const CLAIMABLE: &str = concat!(ready!(""), " union all ", reviews!());

/// The same from a floor on: two ranges of the index that leave out what lies below.
const CLAIMABLE_FROM: &str = concat!(
    ready!(" and priority > $4"),
    " union all ",
    "select * from (",
    ready!(" and priority = $4 and created_at >= $5"),
    ") as later union all ",
    reviews!()
);

/// Ready tasks without an assignee.
///
/// # Errors
/// Of the database.
pub async fn ready_unassigned<T: Tx>(tx: &mut T, limit: u32) -> Result<Vec<TaskId>, DbError> {
    let rows = tx
        .query(
            "select id from tasks indexed by tasks_ready where assignee is null and status = 'ready' and eligible_at is null \
             order by priority desc, created_at, id limit $1",
            vals![limit],
        )
        .await?;
    rows.into_iter().map(|mut row| row.parse()).collect()
}

/// Scheduled tasks whose time has come.
///
/// # Errors
/// Of the database.
pub async fn due<T: Tx>(tx: &mut T, limit: u32) -> Result<Vec<TaskId>, DbError> {
    let now = tx.now();
    let rows = tx
        .query(
            "select id from tasks where scheduled_at is not null and scheduled_at <= $1 \
             order by scheduled_at limit $2",
            vals![now, limit],
        )
        .await?;
    rows.into_iter().map(|mut row| row.parse()).collect()
}

/// Of the next `limit` waiting tasks after `after`, those that nothing holds, and the last one that was looked at.
///
/// # Errors
/// Of the database.
pub async fn forgotten<T: Tx>(
    tx: &mut T,
    after: &str,
    limit: u32,
) -> Result<(Vec<TaskId>, Option<String>), DbError> {
    let rows = tx
        .query(
            "select id, held = 0 and (parents_waived = 1 or not exists \
             (select 1 from links join tasks parent on parent.id = links.parent_id \
              where links.child_id = waiting.id and parent.satisfied = 0)) \
             from tasks as waiting indexed by tasks_todo where status = 'todo' and id > $1 order by id limit $2",
            vals![after, limit],
        )
        .await?;
    let (mut found, mut last) = (Vec::new(), None);
    for mut row in rows {
        let id: TaskId = row.parse()?;
        last = Some(id.to_string());
        if row.flag()? {
            found.push(id);
        }
    }
    Ok((found, last))
}
