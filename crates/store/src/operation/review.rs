//! Reviews: asked for, approved, or with changes requested.

use andon_core::roster::Roster;
use andon_core::task::Event;
use andon_core::{Policy, TaskId, text};
use serde_json::{Value, json};

use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::runs::Words;
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Tx};

/// Asks for a review.
#[derive(Clone, Debug)]
pub struct RequestReview {
    /// Of which task.
    pub task: TaskId,
    /// Who asks.
    pub caller: Caller,
    /// The handoff.
    pub summary: Option<String>,
    /// The handoff as data.
    pub metadata: Value,
    /// Who can review.
    pub roster: Roster,
    /// Limits.
    pub policy: Policy,
}

impl Operation for RequestReview {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "request a review of").await?;
        let mut task = tasks::get(tx, &self.task).await?;
        let reviewer = self.roster.reviewer_for(task.reviewer.as_ref(), task.assignee.as_ref());
        if reviewer != task.reviewer {
            task.reviewer = reviewer;
            tasks::save_fields(tx, &task).await?;
        }
        let words =
            Words { summary: self.summary.clone(), metadata: self.metadata.clone(), ..Words::default() };
        let data = json!({
            "reviewer": task.reviewer,
            "summary": self.summary.as_deref().map(|summary| text::first_line(summary, 400)),
        });
        let extra = Extra { words, data, ..Extra::default() };
        Ok(advance(tx, task, &Event::RequestReview, &self.caller, &self.policy, &extra).await?.0)
    }
}

/// Approves.
#[derive(Clone, Debug)]
pub struct Approve {
    /// Which task.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
    /// In words.
    pub summary: Option<String>,
    /// Limits.
    pub policy: Policy,
}

impl Operation for Approve {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "approve").await?;
        let task = tasks::get(tx, &self.task).await?;
        let words = Words { summary: self.summary.clone(), ..Words::default() };
        let extra = Extra { words, data: json!({ "summary": self.summary }), ..Extra::default() };
        Ok(advance(tx, task, &Event::Approve, &self.caller, &self.policy, &extra).await?.0)
    }
}

/// Requests changes.
#[derive(Clone, Debug)]
pub struct RequestChanges {
    /// Of which task.
    pub task: TaskId,
    /// Who.
    pub caller: Caller,
    /// What to change; also a comment, so that the implementer reads it.
    pub reason: String,
    /// Limits.
    pub policy: Policy,
}

impl Operation for RequestChanges {
    type Reply = Task;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Task, OpError> {
        authorise(tx, &self.caller, Some(&self.task), "request changes to").await?;
        let reason = text::required("reason", &self.reason)?;
        let task = tasks::get(tx, &self.task).await?;
        let extra =
            Extra { words: Words { summary: Some(reason.clone()), ..Words::default() }, ..Extra::default() };
        let event = Event::RequestChanges { reason: reason.clone() };
        let (task, _) = advance(tx, task, &event, &self.caller, &self.policy, &extra).await?;
        crate::sql::comments::insert(
            tx,
            &task.id,
            &self.caller.actor,
            &format!("Changes requested: {reason}"),
        )
        .await?;
        Ok(task)
    }
}
