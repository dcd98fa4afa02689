//! Comment on a task (ST-30). A person's comment is news: blocks count from zero again.

use andon_core::task::{Event, EventKind};
use andon_core::{Policy, TaskId, text};
use serde_json::json;

use super::create::append;
use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::{comments, tasks};
use crate::tx::{Operation, Tx};

/// Adds a comment; gives its number.
#[derive(Clone, Debug)]
pub struct AddComment {
    /// To which task.
    pub task: TaskId,
    /// What.
    pub body: String,
    /// Who: the author comes from here, never from the text of a request (SEC-04).
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

impl Operation for AddComment {
    type Reply = i64;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<i64, OpError> {
        authorise(tx, &self.caller, None, "comment on").await?;
        let body = text::required("comment", &self.body)?;
        let task = tasks::get(tx, &self.task).await?;
        let id = comments::insert(tx, &task.id, &self.caller.actor, &body).await?;
        let data = json!({ "id": id, "author": self.caller.actor.to_string(), "len": body.chars().count() });
        append(tx, &task, EventKind::Commented, &self.caller.actor, data).await?;
        if self.caller.actor.is_person() {
            advance(tx, task, &Event::News, &self.caller, &self.policy, &Extra::default()).await?;
        }
        Ok(id)
    }
}
