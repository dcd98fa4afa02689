//! What a supervisor asks before and at the start: take the run, pass the guard, say that the worker started.

use andon_core::run::{Guard, StandDown, guard};
use andon_core::task::EventKind;
use andon_core::{Millis, Policy, RunId, TaskId};
use serde_json::json;

use crate::caller::token_hash;
use crate::error::OpError;
use crate::lifecycle::pause_over;
use crate::sql::boards;
use crate::sql::events::{self, NewEvent};
use crate::sql::leases::{self, Holder};
use crate::sql::runs::{self, Run};
use crate::sql::tasks::{self, Task};
use crate::tx::{Lock, Operation, Tx};

/// Takes a run for a supervisor, by compare-and-set of its identity: two supervisors can never pass together.
#[derive(Clone, Debug)]
pub struct Take {
    /// Which run.
    pub run: RunId,
    /// Its secret.
    pub token: String,
    /// Who takes it.
    pub holder: Holder,
    /// Times.
    pub policy: Policy,
}

/// The answer to [`Take`].
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Go, or stand down.
    pub guard: Guard,
    /// The task and the run, where the guard says go.
    pub work: Option<(Task, Run)>,
    /// When the lease runs out.
    pub expires_at: Millis,
}

async fn ask<T: Tx>(
    tx: &mut T,
    id: &RunId,
    token: &str,
    holder: &Holder,
) -> Result<(Guard, Option<(Task, Run)>), OpError> {
    let run = runs::find(tx, id).await?;
    let task = match &run {
        Some(run) => tasks::find(tx, &run.task).await?,
        None => None,
    };
    let held = leases::find(tx, id).await?.and_then(|lease| lease.holder);
    let matches = run.as_ref().is_some_and(|run| run.token_hash == token_hash(token));
    let other = held.as_ref().is_some_and(|held| held != holder);
    let current = task.as_ref().and_then(|task| task.state.current_run.as_ref());
    let answer = guard(run.as_ref().map(Run::facts).as_ref(), current, matches, other);
    Ok((answer, task.zip(run)))
}

impl Operation for Take {
    type Reply = Taken;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Taken, OpError> {
        let (mut answer, work) = ask(tx, &self.run, &self.token, &self.holder).await?;
        let expires_at = tx.now().plus(self.policy.lease_ttl);
        if answer == Guard::Go && !leases::take(tx, &self.run, &self.holder, expires_at).await? {
            answer = Guard::StandDown(StandDown::Taken);
        }
        let work = if answer == Guard::Go { work } else { None };
        Ok(Taken { guard: answer, work, expires_at })
    }
}

/// The startup guard again, right before the exec.
#[derive(Clone, Debug)]
pub struct CheckGuard {
    /// Which run.
    pub run: RunId,
    /// Its secret.
    pub token: String,
    /// Who asks.
    pub holder: Holder,
}

impl Operation for CheckGuard {
    type Reply = Guard;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Guard, OpError> {
        let (answer, work) = ask(tx, &self.run, &self.token, &self.holder).await?;
        match (answer, work) {
            // A claim that was made before the cord was pulled does not start after it.
            (Guard::Go, Some((task, _))) => {
                let pauses = boards::pauses(tx).await?;
                let over = pause_over(pauses.iter().map(|pause| pause.scope.as_str()), &task);
                Ok(if over.is_some() { Guard::StandDown(StandDown::Paused) } else { answer })
            }
            (answer, _) => Ok(answer),
        }
    }
}

/// The worker's process has started.
#[derive(Clone, Debug)]
pub struct Started {
    /// Which run.
    pub run: RunId,
    /// Of which task.
    pub task: TaskId,
    /// The worker's pid.
    pub pid: i64,
    /// Where it works.
    pub workspace: Option<String>,
    /// On which branch.
    pub branch: Option<String>,
    /// Its control group.
    pub cgroup: Option<String>,
    /// What the host could not give: limits, a group.
    pub notes: Vec<String>,
}

impl Operation for Started {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        tx.lock(Lock::Tasks(vec![self.task.clone()])).await?;
        tx.lock(Lock::Tasks(vec![self.task.clone()])).await?;
        runs::spawned(tx, &self.run, self.workspace.as_deref()).await?;
        leases::set_cgroup(tx, &self.run, self.cgroup.as_deref()).await?;
        tasks::set_fresh(tx, &self.task, false).await?;
        if let Some(mut task) = tasks::find(tx, &self.task).await?
            && (task.workspace_path.is_none() || task.branch != self.branch)
        {
            task.workspace_path = task.workspace_path.or_else(|| self.workspace.clone());
            task.fresh = false;
            task.branch = self.branch.clone().or(task.branch);
            tasks::save_fields(tx, &task).await?;
        }
        let data = json!({ "pid": self.pid, "workspace": self.workspace, "branch": self.branch, "notes": self.notes });
        let event = NewEvent {
            task: Some(self.task.clone()),
            run: Some(self.run.clone()),
            kind: EventKind::Spawned,
            actor: "andon".to_owned(),
            data,
        };
        Ok(events::append(tx, &event).await?)
    }
}
