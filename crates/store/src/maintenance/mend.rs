//! The repairs that are safe: each follows from the rest of the board, and changes no word of a person or a worker.

use andon_core::run::{Failure, Outcome};
use andon_core::task::{End, Event, Status};
use andon_core::{Policy, RunId, TaskId};
use serde_json::json;

use super::defect::Defect;
use super::examine::Examine;
use crate::caller::Caller;
use crate::error::OpError;
use crate::lifecycle::{Extra, advance, settle, tell_children};
use crate::sql::runs::{self, Words};
use crate::sql::{leases, links, tasks};
use crate::tx::{Lock, Operation, Ring, Tx};
use crate::vals;

/// Repairs what is safe, in one transaction with the event that says what was done.
#[derive(Clone, Debug)]
pub(crate) struct Repair {
    /// Who asked for it.
    pub(crate) caller: Caller,
    /// Limits.
    pub(crate) policy: Policy,
}

impl Operation for Repair {
    type Reply = Vec<Defect>;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Defect>, OpError> {
        tx.lock(Lock::Graph).await?;
        let found = Examine.apply(tx).await?;
        let mut repaired = Vec::new();
        for defect in found {
            if self.one(tx, &defect).await? {
                repaired.push(defect);
            }
        }
        if !repaired.is_empty() {
            let done: Vec<_> = repaired
                .iter()
                .map(|defect| json!({ "code": defect.code(), "what": defect.what() }))
                .collect();
            let (now, data) = (tx.now(), json!({ "repaired": done }));
            let nothing = Option::<&str>::None;
            tx.event(
                "insert into events (task_id, run_id, kind, actor, data, at) values ($1, $2, $3, $4, $5, $6)",
                vals![nothing, nothing, "repaired", self.caller.actor.to_string(), &data, now],
            )
            .await?;
            tx.ring(Ring::Board);
        }
        Ok(repaired)
    }
}

impl Repair {
    async fn one<T: Tx>(&self, tx: &mut T, defect: &Defect) -> Result<bool, OpError> {
        match defect {
            Defect::RunningWithoutRun { task, run } | Defect::OpenRunWithoutLease { task, run } => {
                self.lose(tx, task, run).await?;
            }
            Defect::RunWithoutTask { run, .. } => {
                let error = "interrupted: its task did not name it";
                runs::end(tx, run, Outcome::Interrupted, false, Some(error), &Words::default(), false)
                    .await?;
                if leases::find(tx, run).await?.is_none_or(|lease| lease.holder.is_none()) {
                    runs::reaped(tx, run, None, None).await?;
                    leases::delete(tx, run).await?;
                }
            }
            Defect::Satisfied { task, should } => self.satisfy(tx, task, *should).await?,
            Defect::Unsettled { parent, mode, after } => {
                let (mode, mut after) = (mode_of(mode), after.clone());
                tell_children(tx, parent, mode, &after, &self.policy).await?;
                while let Some(next) = queued(tx, parent, mode).await? {
                    after = next;
                    tell_children(tx, parent, mode, &after, &self.policy).await?;
                }
            }
            Defect::Forgotten { task } => {
                let event = Event::ParentsSettled { completion: false };
                return settle(tx, task, &event, &self.policy).await;
            }
            Defect::LeaseOfReapedRun { run } => leases::delete(tx, run).await?,
            Defect::NegativeCounter { task } => {
                tx.execute(
                    "update tasks set \
                     consecutive_failures = case when consecutive_failures < 0 then 0 else consecutive_failures end, \
                     reclaims = case when reclaims < 0 then 0 else reclaims end, \
                     rate_limits = case when rate_limits < 0 then 0 else rate_limits end, \
                     interruptions = case when interruptions < 0 then 0 else interruptions end, \
                     blocks = case when blocks < 0 then 0 else blocks end, \
                     review_rounds = case when review_rounds < 0 then 0 else review_rounds end where id = $1",
                    vals![task],
                )
                .await?;
            }
            Defect::StuckProbe { profile, .. } => {
                tx.execute("update cooldowns set probe_run = null where profile = $1", vals![profile])
                    .await?;
            }
            Defect::TaskState { .. }
            | Defect::UnreadableRow { .. }
            | Defect::SeveralRuns { .. }
            | Defect::Cycle { .. }
            | Defect::UnreapedWithoutLease { .. } => return Ok(false),
        }
        Ok(true)
    }

    /// Ends what a running task believes to be its run.
    async fn lose<T: Tx>(&self, tx: &mut T, task: &TaskId, run: &RunId) -> Result<(), OpError> {
        let task = tasks::get(tx, task).await?;
        if task.state.status != Status::Running {
            return Ok(());
        }
        let error = "its run was not on the board any more".to_owned();
        let end = End { run: run.clone(), failure: Failure::Lost, error, systemic: false };
        let event = Event::RunEnded(end);
        advance(tx, task, &event, &Caller::system(), &self.policy, &Extra::default()).await.map(drop)
    }

    /// Children that were told the wrong thing look at their parents again.
    async fn satisfy<T: Tx>(&self, tx: &mut T, task: &TaskId, should: bool) -> Result<(), OpError> {
        tx.execute("update tasks set satisfied = $2 where id = $1", vals![task, should]).await?;
        let event = if should { Event::ParentsSettled { completion: false } } else { Event::ParentReopened };
        for child in links::children(tx, task, "", u32::MAX >> 1).await? {
            settle(tx, &child, &event, &self.policy).await?;
        }
        Ok(())
    }
}

fn mode_of(mode: &str) -> &'static str {
    match mode {
        "completion" => "completion",
        "release" => "release",
        _ => "demote",
    }
}

async fn queued<T: Tx>(tx: &mut T, parent: &TaskId, mode: &str) -> Result<Option<String>, OpError> {
    let row = crate::tx::first(
        tx,
        "select after_child from settlements where parent_id = $1 and mode = $2",
        vals![parent, mode],
    )
    .await?;
    Ok(row.map(|mut row| row.text()).transpose()?)
}
