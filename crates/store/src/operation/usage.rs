//! What runs consumed, and whether the next one resumes the last one's session (NEEDS 13).

use andon_core::{ProfileName, RunId, TaskId};

use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::sql::runs::{self, Run, Usage};
use crate::sql::tasks;
use crate::tx::{Class, Operation, Tx};

/// Records what a run consumed. A run that has ended may still be told of: nothing of its outcome changes.
#[derive(Clone, Debug)]
pub struct RecordUsage {
    /// Which run.
    pub run: RunId,
    /// What is known; the rest stays as it was.
    pub usage: Usage,
}

impl Operation for RecordUsage {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        Ok(runs::record_usage(tx, &self.run, &self.usage).await?)
    }
}

/// Has the next run of a task start a new session. Forgotten once a worker has started.
#[derive(Clone, Debug)]
pub struct StartFresh {
    /// Which task.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
}

impl Operation for StartFresh {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        authorise(tx, &self.caller, Some(&self.task), "start a fresh session of").await?;
        let task = tasks::get(tx, &self.task).await?;
        Ok(tasks::set_fresh(tx, &task.id, true).await?)
    }
}

/// An operation that lets a task go on, with a new session for its next run where that is asked for: both are done, or
/// neither.
#[derive(Clone, Debug)]
pub struct Afresh<O> {
    /// The new session; none: the next run may go on with the last one's.
    pub fresh: Option<StartFresh>,
    /// What lets the task go on.
    pub then: O,
}

impl<O: Operation + Sync> Operation for Afresh<O> {
    type Reply = O::Reply;

    fn class(&self) -> Class {
        self.then.class()
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<O::Reply, OpError> {
        if let Some(fresh) = &self.fresh {
            fresh.apply(tx).await?;
        }
        self.then.apply(tx).await
    }
}

/// The newest run of a task for a profile whose session could be resumed; none where a fresh one was asked for.
#[derive(Clone, Debug)]
pub struct SessionToResume {
    /// Of which task.
    pub task: TaskId,
    /// Sessions belong to the profile that had them.
    pub profile: ProfileName,
}

impl Operation for SessionToResume {
    type Reply = Option<Run>;

    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Option<Run>, OpError> {
        if tasks::get(tx, &self.task).await?.fresh {
            return Ok(None);
        }
        Ok(runs::newest_session(tx, &self.task, &self.profile).await?)
    }
}
