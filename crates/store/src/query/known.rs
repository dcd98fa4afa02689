//! Small questions: is a task there, and which files do rows name.

use std::collections::BTreeSet;

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
