//! Lists of tasks: filtered, sorted, a page at a time.

use andon_core::task::Status;
use andon_core::{ProfileName, TaskId};

use crate::error::OpError;
use crate::sql::tasks::{self, Task, task_columns};
use crate::tx::{Operation, Tx};
use crate::value::Val;

/// In which order (EN-04).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Priority, then age: the order in which work starts.
    #[default]
    Priority,
    /// The least urgent first.
    PriorityAscending,
    /// The oldest first.
    Created,
    /// The newest first.
    CreatedDescending,
    /// By status, in the order of the columns' names.
    Status,
    /// By assignee.
    Assignee,
    /// By title.
    Title,
    /// The most recently changed first.
    Updated,
}

impl Sort {
    /// Names as on the command line.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("priority", Self::Priority),
        ("priority-desc", Self::PriorityAscending),
        ("created", Self::Created),
        ("created-desc", Self::CreatedDescending),
        ("status", Self::Status),
        ("assignee", Self::Assignee),
        ("title", Self::Title),
        ("updated", Self::Updated),
    ];

    const fn sql(self) -> &'static str {
        macro_rules! by {
            ($order:literal) => {
                concat!(
                    "select ",
                    task_columns!(),
                    " from tasks where (cast($1 as text) is null or status = $1) and ($1 = 'archived' or $2 = 1 or status <> 'archived') \
                     and (cast($3 as text) is null or assignee = $3) and (cast($4 as text) is null or tenant = $4) \
                     and (cast($5 as text) is null or session_id = $5) and (cast($6 as text) is null or step_key = $6) \
                     and (cast($7 as text) is null or workflow_template_id = $7) order by ",
                    $order,
                    " limit $8 offset $9"
                )
            };
        }
        match self {
            Self::Priority => by!("priority desc, created_at, id"),
            Self::PriorityAscending => by!("priority, created_at, id"),
            Self::Created => by!("created_at, id"),
            Self::CreatedDescending => by!("created_at desc, id desc"),
            Self::Status => by!("status, priority desc, created_at, id"),
            Self::Assignee => by!("assignee, priority desc, created_at, id"),
            Self::Title => by!("title, id"),
            Self::Updated => by!("updated_at desc, id"),
        }
    }
}

/// A list of tasks.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Of one status.
    pub status: Option<Status>,
    /// Archived ones too.
    pub archived: bool,
    /// Of one assignee.
    pub assignee: Option<ProfileName>,
    /// Of one tenant.
    pub tenant: Option<String>,
    /// Of one session.
    pub session: Option<String>,
    /// Of one step.
    pub step_key: Option<String>,
    /// Of one workflow.
    pub workflow_template_id: Option<String>,
    /// In which order.
    pub sort: Sort,
    /// At most so many.
    pub limit: u32,
    /// After so many.
    pub offset: u32,
}

/// A page of tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The tasks, with parents and children.
    pub tasks: Vec<(Task, Vec<TaskId>, Vec<TaskId>)>,
    /// Whether there are more.
    pub more: bool,
}

impl Operation for List {
    type Reply = Listed;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Listed, OpError> {
        let (sql, params) = self.plan();
        let rows = tx.query(sql, &params).await?;
        let more = rows.len() > self.limit as usize;
        let mut listed = Vec::new();
        for row in rows.into_iter().take(self.limit as usize) {
            let task = tasks::decode(row)?;
            let parents = crate::sql::links::parents(tx, &task.id).await?;
            let children = crate::sql::links::children(tx, &task.id, "", 1_000).await?;
            listed.push((task, parents, children));
        }
        Ok(Listed { tasks: listed, more })
    }
}

macro_rules! first_of {
    ($status:literal) => {
        concat!(
            "select id, priority, created_at from (select id, priority, created_at from tasks where status = '",
            $status,
            "' order by priority desc, created_at, id limit cast($1 as bigint) + $2) as first_of_",
            $status
        )
    };
}

impl List {
    /// The commonest lists have statements of their own, which an index answers.
    fn plan(&self) -> (&'static str, Vec<Val>) {
        let unfiltered = self.assignee.is_none()
            && self.tenant.is_none()
            && self.session.is_none()
            && self.step_key.is_none()
            && self.workflow_template_id.is_none()
            && self.sort == Sort::Priority;
        match (unfiltered, self.status, self.archived) {
            // The first of each status by its index, then the first of them all.
            (true, None, false) => (
                concat!(
                    "select ",
                    task_columns!(),
                    " from tasks where id in (select id from (",
                    first_of!("triage"),
                    " union all ",
                    first_of!("todo"),
                    " union all ",
                    first_of!("scheduled"),
                    " union all ",
                    first_of!("ready"),
                    " union all ",
                    first_of!("running"),
                    " union all ",
                    first_of!("review"),
                    " union all ",
                    first_of!("blocked"),
                    " union all ",
                    first_of!("done"),
                    ") as firsts order by priority desc, created_at, id limit $1 offset $2) \
                 order by priority desc, created_at, id"
                ),
                self.page().to_vec(),
            ),
            (true, Some(status), _) => (
                concat!(
                    "select ",
                    task_columns!(),
                    " from tasks where status = $3 order by priority desc, created_at, id limit $1 offset $2"
                ),
                self.page().into_iter().chain([status.into()]).collect(),
            ),
            (true, None, true) | (false, _, _) => (self.sort.sql(), self.params().to_vec()),
        }
    }

    fn page(&self) -> [Val; 2] {
        [self.limit.saturating_add(1).into(), self.offset.into()]
    }

    fn params(&self) -> [Val; 9] {
        [
            self.status.into(),
            self.archived.into(),
            self.assignee.as_ref().into(),
            self.tenant.as_ref().into(),
            self.session.as_ref().into(),
            self.step_key.as_ref().into(),
            self.workflow_template_id.as_ref().into(),
            self.limit.saturating_add(1).into(),
            self.offset.into(),
        ]
    }
}
