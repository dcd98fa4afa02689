//! What must hold of a board as a whole, checked on the rows of one moment.

use std::collections::{BTreeMap, BTreeSet};

use andon_core::task::satisfied;
use andon_core::{RunId, TaskId};

use super::defect::Defect;
use crate::error::OpError;
use crate::sql::tasks::{self, task_columns};
use crate::tx::{Operation, Tx};
use crate::vals;

/// Rows that are looked at together.
const PAGE: u32 = 1_000;

/// Asks what must not be.
#[derive(Clone, Debug)]
pub(crate) struct Examine;

impl Operation for Examine {
    type Reply = Vec<Defect>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Defect>, OpError> {
        let mut found = Vec::new();
        task_rows(tx, &mut found).await?;
        run_rows(tx, &mut found).await?;
        lease_rows(tx, &mut found).await?;
        graph(tx, &mut found).await?;
        for mut row in
            tx.query("select parent_id, mode, after_child from settlements order by parent_id", &[]).await?
        {
            found.push(Defect::Unsettled { parent: row.parse()?, mode: row.text()?, after: row.text()? });
        }
        if !found.iter().any(|defect| matches!(defect, Defect::Unsettled { .. })) {
            let mut next = Some(String::new());
            while let Some(after) = next {
                let (forgotten, last) = tasks::forgotten(tx, &after, PAGE).await?;
                found.extend(forgotten.into_iter().map(|task| Defect::Forgotten { task }));
                next = last;
            }
        }
        Ok(found)
    }
}

async fn task_rows<T: Tx>(tx: &mut T, found: &mut Vec<Defect>) -> Result<(), OpError> {
    const SQL: &str = concat!(
        "select id, satisfied, case when consecutive_failures < 0 or reclaims < 0 or rate_limits < 0 or interruptions < 0 \
         or blocks < 0 or review_rounds < 0 then 1 else 0 end, ",
        task_columns!(),
        " from tasks where id > $1 order by id limit $2"
    );
    let mut after = String::new();
    loop {
        let rows = tx.query(SQL, vals![&after, PAGE]).await?;
        let full = rows.len() == PAGE as usize;
        for mut row in rows {
            after = row.text()?;
            let (column, negative) = (row.flag()?, row.flag()?);
            let task = match tasks::decode(row) {
                Ok(task) => task,
                Err(error) => {
                    let detail = error.to_string();
                    found.push(Defect::UnreadableRow { table: "task", id: after.clone(), detail });
                    continue;
                }
            };
            if let Err(rule) = task.state.check() {
                found.push(Defect::TaskState { task: after.clone(), rule: rule.to_owned() });
            }
            if negative {
                found.push(Defect::NegativeCounter { task: task.id.clone() });
            }
            let should = satisfied(task.state.status, task.state.released);
            if should != column {
                found.push(Defect::Satisfied { task: task.id, should });
            }
        }
        if !full {
            return Ok(());
        }
    }
}

async fn run_rows<T: Tx>(tx: &mut T, found: &mut Vec<Defect>) -> Result<(), OpError> {
    let lost = tx
        .query(
            "select tasks.id, tasks.current_run_id from tasks where status = 'running' and not exists \
             (select 1 from runs where runs.id = tasks.current_run_id and runs.task_id = tasks.id \
              and runs.ended_at is null) order by tasks.id",
            &[],
        )
        .await?;
    for mut row in lost {
        found.push(Defect::RunningWithoutRun { task: row.parse()?, run: row.parse()? });
    }
    let loose = tx
        .query(
            "select runs.id, runs.task_id from runs join tasks on tasks.id = runs.task_id where runs.ended_at is null \
             and (tasks.current_run_id is null or tasks.current_run_id <> runs.id) order by runs.id",
            &[],
        )
        .await?;
    for mut row in loose {
        found.push(Defect::RunWithoutTask { run: row.parse()?, task: row.parse()? });
    }
    let several = tx
        .query(
            "select task_id, count(*) from runs where reaped_at is null group by task_id having count(*) > 1",
            &[],
        )
        .await?;
    for mut row in several {
        found.push(Defect::SeveralRuns { task: row.parse()?, count: row.count()? });
    }
    let probes = tx
        .query(
            "select profile, probe_run from cooldowns where probe_run is not null and not exists \
             (select 1 from runs where runs.id = cooldowns.probe_run and runs.reaped_at is null) order by profile",
            &[],
        )
        .await?;
    for mut row in probes {
        found.push(Defect::StuckProbe { profile: row.text()?, run: row.text()? });
    }
    Ok(())
}

async fn lease_rows<T: Tx>(tx: &mut T, found: &mut Vec<Defect>) -> Result<(), OpError> {
    let gone = tx
        .query(
            "select leases.run_id from leases join runs on runs.id = leases.run_id \
             where runs.reaped_at is not null order by runs.id",
            &[],
        )
        .await?;
    for mut row in gone {
        found.push(Defect::LeaseOfReapedRun { run: row.parse()? });
    }
    let bare = tx
        .query(
            "select runs.id, runs.task_id, runs.ended_at is null, case when tasks.current_run_id = runs.id then 1 else 0 end \
             from runs join tasks on tasks.id = runs.task_id where runs.reaped_at is null \
             and not exists (select 1 from leases where leases.run_id = runs.id) order by runs.id",
            &[],
        )
        .await?;
    for mut row in bare {
        let (run, task): (RunId, TaskId) = (row.parse()?, row.parse()?);
        match (row.flag()?, row.flag()?) {
            (true, true) => found.push(Defect::OpenRunWithoutLease { run, task }),
            // Told by the run that its task does not name.
            (true, false) => {}
            (false, _) => found.push(Defect::UnreapedWithoutLease { run, task }),
        }
    }
    Ok(())
}

/// One cycle, if there is any: what is left after every task without open parents has been taken away, again and again.
async fn graph<T: Tx>(tx: &mut T, found: &mut Vec<Defect>) -> Result<(), OpError> {
    let mut parents: BTreeMap<TaskId, BTreeSet<TaskId>> = BTreeMap::new();
    let mut children: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    for mut row in tx.query("select parent_id, child_id from links", &[]).await? {
        let (parent, child): (TaskId, TaskId) = (row.parse()?, row.parse()?);
        parents.entry(child.clone()).or_default().insert(parent.clone());
        children.entry(parent).or_default().push(child);
    }
    let mut free: Vec<TaskId> =
        children.keys().filter(|task| !parents.contains_key(*task)).cloned().collect();
    while let Some(task) = free.pop() {
        for child in children.remove(&task).unwrap_or_default() {
            if let Some(waits) = parents.get_mut(&child) {
                waits.remove(&task);
                if waits.is_empty() {
                    parents.remove(&child);
                    free.push(child);
                }
            }
        }
    }
    let Some(mut at) = parents.keys().next().cloned() else { return Ok(()) };
    let mut way: Vec<TaskId> = Vec::new();
    loop {
        if let Some(start) = way.iter().position(|task| *task == at) {
            let mut path = way.split_off(start);
            path.push(at);
            path.reverse();
            found.push(Defect::Cycle { path });
            return Ok(());
        }
        let Some(above) = parents.get(&at).and_then(|above| above.iter().next()).cloned() else {
            return Ok(());
        };
        way.push(std::mem::replace(&mut at, above));
    }
}
