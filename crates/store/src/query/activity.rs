//! What a board's runs did: the newest of them, what they consumed by day, and the graph of its tasks.

use std::collections::{BTreeMap, BTreeSet};

use andon_core::task::Status;
use andon_core::{Millis, ProfileName, RunId, TaskId};

use crate::error::OpError;
use crate::sql::links;
use crate::sql::runs::{self, Run, Usage};
use crate::tx::{Operation, Tx, first};
use crate::vals;

/// The newest runs of a board.
#[derive(Clone, Debug, Default)]
pub struct RecentRuns {
    /// Of one task.
    pub task: Option<TaskId>,
    /// Of one profile.
    pub profile: Option<ProfileName>,
    /// Only those that have, or have not, ended.
    pub open: Option<bool>,
    /// Only those before this one.
    pub before: Option<RunId>,
    /// At most so many.
    pub limit: u32,
}

impl Operation for RecentRuns {
    type Reply = Vec<Run>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Run>, OpError> {
        let params = vals![
            self.task.as_ref(),
            self.profile.as_ref(),
            self.open.map(i64::from),
            self.before.as_ref(),
            self.limit
        ];
        let rows = tx
            .query(
                "select id from runs where (cast($1 as text) is null or task_id = $1) and (cast($2 as text) is null or profile = $2) \
                 and (cast($3 as bigint) is null or ($3 = 1 and ended_at is null) or ($3 = 0 and ended_at is not null)) \
                 and (cast($4 as text) is null or id < $4) order by id desc limit $5",
                params,
            )
            .await?;
        let mut found = Vec::new();
        for mut row in rows {
            found.extend(runs::find(tx, &row.parse()?).await?);
        }
        Ok(found)
    }
}

/// What runs of a profile consumed on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct DayOfUse {
    /// The day's start, UTC.
    pub day: Millis,
    /// Which profile.
    pub profile: Option<ProfileName>,
    /// Runs that started on it.
    pub runs: u32,
    /// The sum of what is known.
    pub usage: Usage,
}

/// Asks what runs consumed, by day and profile, the newest day first.
#[derive(Clone, Debug)]
pub struct UsageByDay {
    /// Runs that started since then.
    pub since: Millis,
}

impl Operation for UsageByDay {
    type Reply = Vec<DayOfUse>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<DayOfUse>, OpError> {
        let rows = tx
            .query(
                "select started_at / 86400000, profile, count(*), cast(sum(input_tokens) as bigint), \
                 cast(sum(output_tokens) as bigint), cast(sum(cached_tokens) as bigint), \
                 cast(sum(cost_micros) as bigint) from runs where started_at >= $1 \
                 group by started_at / 86400000, profile order by 1 desc, 2",
                vals![self.since],
            )
            .await?;
        rows.into_iter()
            .map(|mut row| {
                Ok(DayOfUse {
                    day: Millis(row.int()?.saturating_mul(86_400_000)),
                    profile: row.opt_parse()?,
                    runs: row.count()?,
                    usage: Usage {
                        input_tokens: row.opt_int()?,
                        output_tokens: row.opt_int()?,
                        cached_tokens: row.opt_int()?,
                        cost_micros: row.opt_int()?,
                        ..Usage::default()
                    },
                })
            })
            .collect()
    }
}

/// A task in few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Its id.
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Who works on it.
    pub assignee: Option<ProfileName>,
    /// Higher goes first.
    pub priority: i64,
}

/// These tasks in few words; those that are not there are left out.
#[derive(Clone, Debug)]
pub struct BriefOf {
    /// Which.
    pub tasks: Vec<TaskId>,
}

impl Operation for BriefOf {
    type Reply = BTreeMap<TaskId, Brief>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<BTreeMap<TaskId, Brief>, OpError> {
        let mut found = BTreeMap::new();
        for id in &self.tasks {
            if let Some(brief) = brief(tx, id).await? {
                found.insert(id.clone(), brief);
            }
        }
        Ok(found)
    }
}

async fn brief<T: Tx>(tx: &mut T, id: &TaskId) -> Result<Option<Brief>, OpError> {
    let sql = "select id, title, status, assignee, priority from tasks where id = $1";
    let Some(mut row) = first(tx, sql, vals![id]).await? else { return Ok(None) };
    Ok(Some(Brief {
        id: row.parse()?,
        title: row.text()?,
        status: row.parse()?,
        assignee: row.opt_parse()?,
        priority: row.int()?,
    }))
}

/// Tasks with their dependencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The tasks.
    pub nodes: Vec<Brief>,
    /// Parent and child.
    pub edges: Vec<(TaskId, TaskId)>,
    /// Whether there are more tasks.
    pub truncated: bool,
}

/// Asks for everything that hangs together with a task, or for all tasks of the board that have dependencies.
#[derive(Clone, Debug)]
pub struct GraphOf {
    /// Around which task.
    pub task: Option<TaskId>,
    /// Whether finished tasks are wanted; around a task they always are.
    pub done: bool,
    /// At most so many tasks.
    pub limit: usize,
}

impl Operation for GraphOf {
    type Reply = Graph;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Graph, OpError> {
        let ids = match &self.task {
            Some(task) => self.around(tx, task).await?,
            None => self.whole(tx).await?,
        };
        let truncated = ids.len() > self.limit;
        let ids: BTreeSet<TaskId> = ids.into_iter().take(self.limit).collect();
        let mut graph = Graph { truncated, ..Graph::default() };
        for id in &ids {
            let Some(brief) = brief(tx, id).await? else { continue };
            graph.nodes.push(brief);
            for parent in links::parents(tx, id).await? {
                if ids.contains(&parent) {
                    graph.edges.push((parent, id.clone()));
                }
            }
        }
        Ok(graph)
    }
}

impl GraphOf {
    /// The tasks that hang together with one, the nearest first.
    async fn around<T: Tx>(&self, tx: &mut T, task: &TaskId) -> Result<Vec<TaskId>, OpError> {
        if brief(tx, task).await?.is_none() {
            return Err(andon_core::task::Refusal::UnknownTask(task.to_string()).into());
        }
        let mut found = vec![task.clone()];
        let mut known = BTreeSet::from([task.clone()]);
        let mut next = 0;
        while next < found.len() && found.len() <= self.limit {
            let id = found[next].clone();
            next += 1;
            let mut beside = links::parents(tx, &id).await?;
            beside.extend(
                links::children(tx, &id, "", u32::try_from(self.limit).unwrap_or(u32::MAX >> 1)).await?,
            );
            found.extend(beside.into_iter().filter(|id| known.insert(id.clone())));
        }
        Ok(found)
    }

    async fn whole<T: Tx>(&self, tx: &mut T) -> Result<Vec<TaskId>, OpError> {
        let rows = tx
            .query(
                "select id from tasks where status <> 'archived' and ($1 = 1 or status <> 'done') and \
                 (exists (select 1 from links where links.parent_id = tasks.id) or \
                 exists (select 1 from links where links.child_id = tasks.id)) order by created_at, id limit $2",
                vals![self.done, u32::try_from(self.limit).unwrap_or(u32::MAX >> 1).saturating_add(1)],
            )
            .await?;
        rows.into_iter().map(|mut row| Ok(row.parse()?)).collect()
    }
}
