//! Which ideas wait for a model that plans by itself.

use andon_core::planning::Turn;
use andon_core::{Millis, Policy, TaskId};

use crate::error::OpError;
use crate::sql::{boards, plans};
use crate::tx::{Operation, Tx};

/// Ideas that are looked at: those that come first are due first.
const LOOK: u32 = 64;

/// Asks which ideas are due.
#[derive(Clone, Debug)]
pub struct PlansDue {
    /// Limits.
    pub policy: Policy,
}

/// What there is to plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlansFound {
    /// Ideas whose turn it is, the most urgent first. None while the cord is pulled.
    pub due: Vec<TaskId>,
    /// The last attempts of processes that are gone, each with the word by which it was taken.
    pub lost: Vec<(TaskId, String)>,
    /// When something else is due, at the earliest.
    pub next: Option<Millis>,
}

impl Operation for PlansDue {
    type Reply = PlansFound;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<PlansFound, OpError> {
        let ideas = plans::waiting(tx, self.policy.plan_attempts.max(1), LOOK).await?;
        let mut found = PlansFound::default();
        if ideas.is_empty() {
            return Ok(found);
        }
        let now = tx.now();
        for idea in ideas {
            match idea.plan.planning.turn(true, &self.policy, now) {
                Turn::Now => found.due.push(idea.task),
                Turn::Held(at) | Turn::Later(at) => {
                    found.next = Some(found.next.map_or(at, |next| next.min(at)));
                }
                Turn::Spent => found.lost.extend(idea.plan.holder.map(|holder| (idea.task, holder))),
            }
        }
        let over = |pause: &boards::Pause| matches!(pause.scope.as_str(), "everything" | "board");
        if !found.due.is_empty() && boards::pauses(tx).await?.iter().any(over) {
            found.due.clear();
        }
        Ok(found)
    }
}
