//! Attachments (ST-31, BD-40): the row is written after the file is in place, and goes before the file does.

use andon_core::TaskId;
use andon_core::task::{EventKind, Refusal};
use serde_json::json;

use super::create::append;
use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::sql::attachments::{self, Attachment};
use crate::sql::tasks;
use crate::tx::{Operation, Tx};

/// Adds an attachment whose file lies in place. A name that is taken gets a number: `report (2).pdf`. A worker adds to its own
/// task and to those that its run created.
#[derive(Clone, Debug)]
pub struct Attach {
    /// To which task.
    pub task: TaskId,
    /// The file, as people see it.
    pub name: String,
    /// Where it lies, relative to the board's attachments.
    pub path: String,
    /// Its media type.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: i64,
    /// Its checksum.
    pub sha256: String,
    /// The run that declared it.
    pub run: Option<String>,
    /// Who.
    pub caller: Caller,
}

/// As refusals say it.
const VERB: &str = "attach to";

impl Operation for Attach {
    type Reply = Attachment;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Attachment, OpError> {
        let run = authorise(tx, &self.caller, None, VERB).await?;
        let task = tasks::get(tx, &self.task).await?;
        if run
            .is_some_and(|run| run.task != task.id && task.created_by_run.as_deref() != Some(run.id.as_str()))
        {
            let why = "a worker adds files only to its own task and to those that its run created";
            return Err(Refusal::Forbidden { actor: self.caller.actor.to_string(), verb: VERB, why }.into());
        }
        let taken: Vec<Attachment> = attachments::of_task(tx, &task.id).await?;
        if let Some(same) = taken.iter().find(|known| known.path == self.path) {
            return Ok(same.clone());
        }
        let (stem, ending) = match self.name.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
            Some(_) | None => (self.name.as_str(), String::new()),
        };
        let mut name = self.name.clone();
        let mut count = 1;
        while taken.iter().any(|known| known.name == name) {
            count += 1;
            name = format!("{stem} ({count}){ending}");
        }
        let mut attachment = Attachment {
            id: 0,
            task: task.id.clone(),
            name,
            path: self.path.clone(),
            content_type: self.content_type.clone(),
            size: self.size,
            sha256: self.sha256.clone(),
            run: self.run.clone(),
            added_by: self.caller.actor.to_string(),
            created_at: tx.now(),
        };
        attachment.id = attachments::insert(tx, &attachment).await?;
        let data = json!({ "filename": attachment.name, "size": attachment.size, "by": attachment.added_by });
        append(tx, &task, EventKind::Attached, &self.caller.actor, data).await?;
        Ok(attachment)
    }
}

/// Removes an attachment by number or name; gives it, so that its file can go.
#[derive(Clone, Debug)]
pub struct Detach {
    /// Of which task.
    pub task: TaskId,
    /// Its number or name.
    pub which: String,
    /// Who.
    pub caller: Caller,
}

impl Operation for Detach {
    type Reply = Attachment;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Attachment, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "remove an attachment of").await?;
        let task = tasks::get(tx, &self.task).await?;
        let known = attachments::of_task(tx, &task.id).await?;
        let found = known
            .into_iter()
            .find(|attachment| attachment.name == self.which || attachment.id.to_string() == self.which)
            .ok_or_else(|| Refusal::UnknownAttachment(self.which.clone()))?;
        attachments::delete(tx, found.id).await?;
        let data = json!({ "filename": found.name });
        append(tx, &task, EventKind::AttachmentRemoved, &self.caller.actor, data).await?;
        Ok(found)
    }
}
