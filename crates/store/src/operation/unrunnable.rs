//! Block, before any start, ready tasks whose profile exists nowhere (SD1-04).

use andon_core::task::Event;
use andon_core::{Policy, TaskId};

use crate::caller::Caller;
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::boards::{self, Host};
use crate::sql::tasks;
use crate::tx::{Operation, Tx};

/// Blocks tasks that nobody can run, as `capability`, with what is missing.
#[derive(Clone, Debug)]
pub struct BlockUnrunnable {
    /// Which; those that have moved on meanwhile are left alone.
    pub tasks: Vec<TaskId>,
    /// The profile that this host does not have; while another live host has it the tasks are left to that one.
    pub profile: String,
    /// What is missing.
    pub reason: String,
    /// Limits.
    pub policy: Policy,
}

impl Operation for BlockUnrunnable {
    type Reply = Vec<TaskId>;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<TaskId>, OpError> {
        let now = tx.now();
        let elsewhere = |host: &Host| host.is_live(now) && host.facts.profiles.contains(&self.profile);
        if boards::hosts(tx).await?.iter().any(elsewhere) {
            return Ok(Vec::new());
        }
        let mut blocked = Vec::new();
        for id in &self.tasks {
            let Some(task) = tasks::find(tx, id).await? else { continue };
            let event = Event::Unrunnable { reason: self.reason.clone() };
            let before = task.state.status;
            let (task, _) =
                advance(tx, task, &event, &Caller::system(), &self.policy, &Extra::default()).await?;
            if task.state.status != before {
                blocked.push(id.clone());
            }
        }
        Ok(blocked)
    }
}
