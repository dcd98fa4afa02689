//! Tasks as a board shows them: narrow rows, filtered and sorted, a page at a time after a key, so that a page costs the
//! same wherever it lies and a change in between neither repeats nor skips a task.

use andon_core::task::{BlockKind, Phase, Status, WorkspaceKind};
use andon_core::{Cursor, Millis, ProfileName, RunId, TaskId};

use super::pages::{Key, Order, Wanted};
use crate::error::{DbError, OpError};
use crate::sql::boards::{self, Pause};
use crate::sql::tasks::{self, Task};
use crate::sql::{events, links};
use crate::tx::{Operation, Tx};
use crate::vals;
use crate::value::Row;

/// What a card shows of a task.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of Task, and counts of what belongs to it")]
pub struct Card {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    pub phase: Phase,
    pub assignee: Option<ProfileName>,
    pub reviewer: Option<ProfileName>,
    pub priority: i64,
    pub tenant: Option<String>,
    pub block_kind: Option<BlockKind>,
    pub block_reason: Option<String>,
    pub blocked_at: Option<Millis>,
    pub eligible_at: Option<Millis>,
    pub eligible_reason: Option<String>,
    pub scheduled_at: Option<Millis>,
    pub held: bool,
    pub consecutive_failures: u32,
    pub current_run: Option<RunId>,
    pub workspace_kind: WorkspaceKind,
    pub created_by: String,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub started_at: Option<Millis>,
    pub completed_at: Option<Millis>,
    pub last_failure_error: Option<String>,
    pub run_started_at: Option<Millis>,
    pub progress_at: Option<Millis>,
    pub progress_note: Option<String>,
    pub parents: u32,
    pub open_parents: u32,
    pub children: u32,
    pub children_done: u32,
    pub comments: u32,
    pub attachments: u32,
    pub runs: u32,
    pub cost_micros: Option<i64>,
    pub latest_summary: Option<String>,
}

impl Card {
    /// Its place in an order, after which the next page starts.
    #[must_use]
    pub fn key(&self, order: Order) -> Key {
        Key::of(order, &self.id, &self.title, self.priority, self.created_at, self.updated_at)
    }
}

/// The columns of a card; `$1` is not used, so that conditions may follow.
macro_rules! card_columns {
    () => {
        "select tasks.id, tasks.title, tasks.status, tasks.phase, tasks.assignee, tasks.reviewer, tasks.priority, \
         tasks.tenant, tasks.block_kind, substr(tasks.block_reason, 1, 300), tasks.blocked_at, tasks.eligible_at, \
         tasks.eligible_reason, tasks.scheduled_at, tasks.held, tasks.consecutive_failures, tasks.current_run_id, \
         tasks.workspace_kind, tasks.created_by, tasks.created_at, tasks.updated_at, tasks.started_at, \
         tasks.completed_at, substr(tasks.last_failure_error, 1, 200), \
         (select started_at from runs where runs.id = tasks.current_run_id), \
         (select progress_at from leases where leases.run_id = tasks.current_run_id), \
         (select substr(progress_note, 1, 200) from leases where leases.run_id = tasks.current_run_id), \
         (select count(*) from links where links.child_id = tasks.id), \
         (select count(*) from links join tasks parent on parent.id = links.parent_id \
          where links.child_id = tasks.id and parent.satisfied = 0), \
         (select count(*) from links where links.parent_id = tasks.id), \
         (select count(*) from links join tasks child on child.id = links.child_id \
          where links.parent_id = tasks.id and child.status in ('done', 'archived')), \
         (select count(*) from comments where comments.task_id = tasks.id), \
         (select count(*) from attachments where attachments.task_id = tasks.id), \
         (select count(*) from runs where runs.task_id = tasks.id), \
         (select cast(sum(cost_micros) as bigint) from runs where runs.task_id = tasks.id), \
         (select substr(summary, 1, 200) from runs where runs.task_id = tasks.id and summary is not null \
          order by attempt desc limit 1) from tasks "
    };
}

fn decode(row: Row) -> Result<Card, DbError> {
    let mut row = row.of("task");
    Ok(Card {
        id: row.parse()?,
        title: row.text()?,
        status: row.parse()?,
        phase: row.parse()?,
        assignee: row.opt_parse()?,
        reviewer: row.opt_parse()?,
        priority: row.int()?,
        tenant: row.opt_text()?,
        block_kind: row.opt_parse()?,
        block_reason: row.opt_text()?,
        blocked_at: row.opt_at()?,
        eligible_at: row.opt_at()?,
        eligible_reason: row.opt_text()?,
        scheduled_at: row.opt_at()?,
        held: row.flag()?,
        consecutive_failures: row.count()?,
        current_run: row.opt_parse()?,
        workspace_kind: row.parse()?,
        created_by: row.text()?,
        created_at: row.at()?,
        updated_at: row.at()?,
        started_at: row.opt_at()?,
        completed_at: row.opt_at()?,
        last_failure_error: row.opt_text()?,
        run_started_at: row.opt_at()?,
        progress_at: row.opt_at()?,
        progress_note: row.opt_text()?,
        parents: row.count()?,
        open_parents: row.count()?,
        children: row.count()?,
        children_done: row.count()?,
        comments: row.count()?,
        attachments: row.count()?,
        runs: row.count()?,
        cost_micros: row.opt_int()?,
        latest_summary: row.opt_text()?,
    })
}

async fn card<T: Tx>(tx: &mut T, id: &TaskId) -> Result<Option<Card>, DbError> {
    const SQL: &str = concat!(card_columns!(), "where tasks.id = $1");
    tx.query(SQL, vals![id]).await?.into_iter().next().map(decode).transpose()
}

/// Cards of these tasks, in this order; those that are not there are left out.
#[derive(Clone, Debug)]
pub struct CardsOf {
    /// Which.
    pub tasks: Vec<TaskId>,
}

impl Operation for CardsOf {
    type Reply = Vec<Card>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Card>, OpError> {
        cards(tx, &self.tasks).await
    }
}

async fn cards<T: Tx>(tx: &mut T, ids: &[TaskId]) -> Result<Vec<Card>, OpError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(card(tx, id).await?);
    }
    Ok(found)
}

/// A page of cards.
#[derive(Clone, Debug, Default)]
pub struct CardPage {
    /// Which.
    pub wanted: Wanted,
    /// In which order.
    pub order: Order,
    /// After which place.
    pub after: Option<Key>,
    /// At most so many.
    pub limit: u32,
}

impl Operation for CardPage {
    /// The cards, and whether there are more.
    type Reply = (Vec<Card>, bool);
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(Vec<Card>, bool), OpError> {
        let (ids, more) = self.wanted.page(tx, self.order, self.after.as_ref(), self.limit).await?;
        Ok((cards(tx, &ids).await?, more))
    }
}

/// A task with its parents and children.
pub type Linked = (Task, Vec<TaskId>, Vec<TaskId>);

/// A page of whole tasks, with parents and children.
#[derive(Clone, Debug, Default)]
pub struct TaskPage {
    /// Which.
    pub wanted: Wanted,
    /// In which order.
    pub order: Order,
    /// After which place.
    pub after: Option<Key>,
    /// At most so many.
    pub limit: u32,
}

impl Operation for TaskPage {
    /// The tasks, and whether there are more.
    type Reply = (Vec<Linked>, bool);
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(Vec<Linked>, bool), OpError> {
        let (ids, more) = self.wanted.page(tx, self.order, self.after.as_ref(), self.limit).await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(task) = tasks::peek(tx, &id).await? {
                let parents = links::parents(tx, &id).await?;
                let children = links::children(tx, &id, "", 1_000).await?;
                found.push((task, parents, children));
            }
        }
        Ok((found, more))
    }
}

/// A task with its parents and children: what verbs answer with.
#[derive(Clone, Debug)]
pub struct LinkedTask {
    /// Which.
    pub task: TaskId,
}

impl Operation for LinkedTask {
    type Reply = Linked;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Linked, OpError> {
        let task = tasks::get(tx, &self.task).await?;
        let parents = links::parents(tx, &task.id).await?;
        let children = links::children(tx, &task.id, "", u32::MAX >> 1).await?;
        Ok((task, parents, children))
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Of which status.
    pub status: Status,
    /// Tasks in all.
    pub count: u32,
    /// The first of them.
    pub cards: Vec<Card>,
    /// Whether there are more.
    pub more: bool,
}

/// A board at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// The columns, in the order in which work moves.
    pub columns: Vec<Column>,
    /// The tenants that tasks have.
    pub tenants: Vec<String>,
    /// Who has tasks, and how many.
    pub assignees: Vec<(String, u32)>,
    /// The cords that are pulled.
    pub pauses: Vec<Pause>,
    /// The place of this moment in the event log.
    pub cursor: Cursor,
    /// The board's time.
    pub now: Millis,
}

/// Asks for a board, the first of each column.
#[derive(Clone, Debug, Default)]
pub struct ColumnsOf {
    /// Which tasks; its statuses are those of the columns.
    pub wanted: Wanted,
    /// At most so many of each column.
    pub limit: u32,
}

impl Operation for ColumnsOf {
    type Reply = Columns;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Columns, OpError> {
        let counts = self.wanted.counts(tx).await?;
        let mut columns = Vec::new();
        for status in Status::ALL.iter().filter(|status| self.wanted.has(**status)) {
            let one = Wanted { statuses: vec![*status], ..self.wanted.clone() };
            let count = counts.iter().find(|(known, _)| known == status).map_or(0, |(_, count)| *count);
            let (ids, more) = if count == 0 {
                (Vec::new(), false)
            } else {
                one.page(tx, Order::Priority, None, self.limit).await?
            };
            columns.push(Column { status: *status, count, cards: cards(tx, &ids).await?, more });
        }
        let tenants = tx
            .query(
                "select distinct tenant from tasks where tenant is not null order by tenant limit 500",
                &[],
            )
            .await?;
        let assignees = tx
            .query(
                "select assignee, count(*) from tasks where assignee is not null and status <> 'archived' \
                 group by assignee order by assignee",
                &[],
            )
            .await?;
        Ok(Columns {
            columns,
            tenants: tenants.into_iter().map(|mut row| row.text()).collect::<Result<_, _>>()?,
            assignees: assignees
                .into_iter()
                .map(|mut row| Ok((row.text()?, row.count()?)))
                .collect::<Result<_, OpError>>()?,
            pauses: boards::pauses(tx).await?,
            cursor: events::head(tx).await?,
            now: tx.now(),
        })
    }
}
