//! Small questions: is a task there, which files do rows name, and whose tasks are judged.

use std::collections::{BTreeMap, BTreeSet};

use andon_core::TaskId;

use crate::error::OpError;
use crate::sql::tasks;
use crate::tx::{Operation, Tx};

/// Asks whether a task is there.
#[derive(Clone, Debug)]
pub struct Known {
    /// Which.
    pub task: TaskId,
}

impl Operation for Known {
    type Reply = ();
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        if tasks::exists(tx, self.task.as_str()).await? {
            return Ok(());
        }
        Err(andon_core::task::Refusal::UnknownTask(self.task.to_string()).into())
    }
}

/// Asks for what the files of a board are compared with.
#[derive(Clone, Debug)]
pub struct FileIndex;

/// The names that rows give to files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The attachments' paths, relative to the board's attachments.
    pub attachments: BTreeSet<String>,
    /// The ids of all tasks.
    pub tasks: BTreeSet<String>,
}

impl Operation for FileIndex {
    type Reply = Files;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Files, OpError> {
        let mut files = Files::default();
        for mut row in tx.query("select path from attachments", &[]).await? {
            files.attachments.insert(row.text()?);
        }
        for mut row in tx.query("select id from tasks", &[]).await? {
            files.tasks.insert(row.text()?);
        }
        Ok(files)
    }
}

/// Asks for the profiles whose tasks run until a judge finds their goal reached (GM-01).
#[derive(Clone, Debug)]
pub struct OpenGoals;

impl Operation for OpenGoals {
    /// How many tasks of each profile have a goal and are not finished.
    type Reply = BTreeMap<String, u32>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<BTreeMap<String, u32>, OpError> {
        const SQL: &str = "select assignee, count(*) from tasks where goal_mode = 1 and assignee is not null \
                           and status not in ('done', 'archived') group by assignee";
        let mut goals = BTreeMap::new();
        for mut row in tx.query(SQL, &[]).await? {
            goals.insert(row.text()?, row.count()?);
        }
        Ok(goals)
    }
}
