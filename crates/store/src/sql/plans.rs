//! How the planning of ideas by a model stands.

use andon_core::TaskId;
use andon_core::planning::Planning;

use crate::error::DbError;
use crate::tx::{Tx, first};
use crate::vals;
use crate::value::Row;

/// The row of one idea.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What the core decides by.
    pub planning: Planning,
    /// Whose call has it: by this word its end is known.
    pub holder: Option<String>,
}

macro_rules! plan_columns {
    () => {
        "plans.attempts, plans.held_until, plans.due_at, plans.reason, plans.error, plans.at, plans.holder"
    };
}

fn decode(row: &mut Row) -> Result<Plan, DbError> {
    let planning = Planning {
        attempts: row.count()?,
        held_until: row.opt_at()?,
        due_at: row.opt_at()?,
        reason: row.opt_text()?,
        error: row.opt_text()?,
        at: row.at()?,
    };
    Ok(Plan { planning, holder: row.opt_text()? })
}

/// Looks for the row of an idea. Whoever means to change it has locked the task.
///
/// # Errors
/// Of the database.
pub async fn find<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Option<Plan>, DbError> {
    let sql = concat!("select ", plan_columns!(), " from plans where task_id = $1");
    first(tx, sql, vals![task]).await?.map(|row| decode(&mut row.of("plan"))).transpose()
}

/// All rows, by task.
///
/// # Errors
/// Of the database.
pub async fn all<T: Tx>(tx: &mut T) -> Result<Vec<(TaskId, Plan)>, DbError> {
    let rows = tx.query(concat!("select plans.task_id, ", plan_columns!(), " from plans"), &[]).await?;
    rows.into_iter()
        .map(|row| {
            let mut row = row.of("plan");
            Ok((row.parse()?, decode(&mut row)?))
        })
        .collect()
}

/// Writes the row of an idea.
///
/// # Errors
/// Of the database.
pub async fn save<T: Tx>(tx: &mut T, task: &TaskId, plan: &Plan) -> Result<(), DbError> {
    let planning = &plan.planning;
    tx.write(
        "insert into plans (task_id, attempts, holder, held_until, due_at, reason, error, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (task_id) do update set attempts = excluded.attempts, \
         holder = excluded.holder, held_until = excluded.held_until, due_at = excluded.due_at, \
         reason = excluded.reason, error = excluded.error, at = excluded.at",
        vals![
            task,
            planning.attempts,
            plan.holder.as_ref(),
            planning.held_until,
            planning.due_at,
            planning.reason.as_ref(),
            planning.error.as_ref(),
            planning.at
        ],
    )
    .await
}

/// Removes the row of an idea: it is none any more, or somebody has changed it.
///
/// # Errors
/// Of the database.
pub async fn forget<T: Tx>(tx: &mut T, task: &TaskId) -> Result<(), DbError> {
    tx.write("delete from plans where task_id = $1", vals![task]).await
}

/// An idea that waits, as far as it bears on whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idea {
    /// Which.
    pub task: TaskId,
    /// How its planning stands.
    pub plan: Plan,
}

/// Ideas that may wait for a model, the most urgent first: all that nobody holds and that were tried less than `attempts`
/// times, and those whose last call never came back.
///
/// # Errors
/// Of the database.
pub async fn waiting<T: Tx>(tx: &mut T, attempts: u32, limit: u32) -> Result<Vec<Idea>, DbError> {
    let rows = tx
        .query(
            "select tasks.id, coalesce(plans.attempts, 0), plans.held_until, plans.due_at, plans.reason, plans.error, \
             coalesce(plans.at, 0), plans.holder \
             from tasks left join plans on plans.task_id = tasks.id \
             where tasks.status = 'triage' and tasks.held = 0 \
             and (plans.task_id is null or plans.attempts < $1 or plans.holder is not null) \
             order by coalesce(plans.held_until, plans.due_at, 0), tasks.priority desc, tasks.created_at, tasks.id \
             limit $2",
            vals![attempts, limit],
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let mut row = row.of("plan");
            let task: TaskId = row.parse()?;
            Ok(Idea { task, plan: decode(&mut row)? })
        })
        .collect()
}
