//! An idea in the hands of a model: taken before the model is asked, given back when it failed. What it answered is written by
//! [`Decompose`](super::Decompose), for whoever still has the idea.

use andon_core::planning::{Planning, Turn, after_failure};
use andon_core::task::{Actor, EventKind, Refusal, Status};
use andon_core::text::cap_chars;
use andon_core::{Millis, Policy, TaskId};
use serde_json::{Value, json};

use super::create::append;
use crate::caller::{Caller, authorise, new_token};
use crate::error::OpError;
use crate::sql::boards;
use crate::sql::plans::{self, Plan};
use crate::sql::tasks::{self, Task};
use crate::tx::{Lock, Operation, Tx};

/// Characters of a failure that are kept.
const WORDS: usize = 500;

/// Takes an idea for one call of a model; the attempt is counted now, whatever becomes of the call.
#[derive(Clone, Debug)]
pub struct BeginPlan {
    /// Which idea.
    pub task: TaskId,
    /// Nobody has asked for it: the cord and the bound hold.
    pub by_itself: bool,
    /// How long the call may take, milliseconds; afterwards somebody else may have the idea.
    pub ttl: i64,
    /// Who.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

/// An idea that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanBegun {
    /// The idea.
    pub task: Task,
    /// By which word its end is known.
    pub holder: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

impl Operation for BeginPlan {
    type Reply = PlanBegun;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<PlanBegun, OpError> {
        authorise(tx, &self.caller, None, "plan").await?;
        if self.caller.actor.run().is_some() {
            let why = "a model is asked to plan by persons alone";
            return Err(Refusal::Forbidden { actor: self.caller.actor.to_string(), verb: "plan", why }.into());
        }
        if self.by_itself {
            // No call begins once a pause has answered.
            tx.lock(Lock::Caps).await?;
            let over = |pause: &boards::Pause| matches!(pause.scope.as_str(), "everything" | "board");
            if boards::pauses(tx).await?.iter().any(over) {
                return Err(Refusal::Paused("this board".to_owned()).into());
            }
        }
        let task = idea(tx, &self.task).await?;
        let known = plans::find(tx, &task.id).await?.unwrap_or_default();
        let now = tx.now();
        match known.planning.turn(self.by_itself, &self.policy, now) {
            Turn::Now => {}
            Turn::Held(until) => return Err(Refusal::BeingPlanned { until }.into()),
            // Whoever saw that it is due has seen something that is not so any more.
            Turn::Later(_) | Turn::Spent => return Err(Refusal::PlanLapsed.into()),
        }
        let holder = new_token(tx);
        let attempt = known.planning.attempts.saturating_add(1);
        let planning = Planning {
            attempts: attempt,
            held_until: Some(now.plus(self.ttl.max(1))),
            due_at: None,
            at: now,
            ..known.planning
        };
        plans::save(tx, &task.id, &Plan { planning, holder: Some(holder.clone()) }).await?;
        Ok(PlanBegun { task, holder, attempt })
    }
}

async fn idea<T: Tx>(tx: &mut T, id: &TaskId) -> Result<Task, OpError> {
    let task = tasks::get(tx, id).await?;
    if task.state.status == Status::Triage {
        return Ok(task);
    }
    let way_out = "only a task in triage can be specified; `andon edit` changes others";
    Err(Refusal::WrongStatus { verb: "specify", status: task.state.status, way_out }.into())
}

/// How a call ended that brought no plan.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanEnd {
    /// It failed.
    Failed {
        /// The stable reason.
        reason: String,
        /// In words.
        error: String,
        /// When the provider wants to be asked again at the earliest, milliseconds from now.
        retry_after: Option<i64>,
        /// Asking again cannot help.
        hopeless: bool,
        /// What it cost.
        usage: Value,
    },
    /// It was broken off by whoever made it: the attempt is not counted.
    Interrupted,
    /// It never came back: its process is gone.
    Lost,
}

/// Gives an idea back.
#[derive(Clone, Debug)]
pub struct EndPlan {
    /// Which idea.
    pub task: TaskId,
    /// By which word it was taken.
    pub holder: String,
    /// How the call ended.
    pub end: PlanEnd,
    /// Limits.
    pub policy: Policy,
}

impl Operation for EndPlan {
    /// When it is tried again by itself; none: never, or it is somebody else's by now.
    type Reply = Option<Millis>;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Option<Millis>, OpError> {
        let Some(task) = tasks::find(tx, &self.task).await? else { return Ok(None) };
        let Some(plan) = plans::find(tx, &task.id).await? else { return Ok(None) };
        if plan.holder.as_deref() != Some(self.holder.as_str()) {
            return Ok(None);
        }
        let now = tx.now();
        let mut planning = Planning { held_until: None, at: now, ..plan.planning };
        let jitter = u16::try_from(tx.bits() % 1_000).unwrap_or(0);
        let (reason, error, asked, usage) = match &self.end {
            PlanEnd::Interrupted => {
                planning.attempts = planning.attempts.saturating_sub(1);
                planning.due_at = Some(now);
                plans::save(tx, &task.id, &Plan { planning, holder: None }).await?;
                return Ok(Some(now));
            }
            PlanEnd::Lost => {
                ("lost", "the process that asked the model is gone".to_owned(), None, Value::Null)
            }
            PlanEnd::Failed { reason, error, retry_after, hopeless, usage } => {
                if *hopeless {
                    planning.attempts = planning.attempts.max(self.policy.plan_attempts);
                }
                (reason.as_str(), cap_chars(error, WORDS), *retry_after, usage.clone())
            }
        };
        let next = after_failure(planning.attempts, asked, &self.policy, jitter, now);
        planning.due_at = next;
        planning.reason = Some(reason.to_owned());
        planning.error = Some(error.clone());
        let kind = if next.is_some() { EventKind::PlanFailed } else { EventKind::PlanGaveUp };
        let data = json!({
            "reason": reason, "error": error, "attempt": planning.attempts, "limit": self.policy.plan_attempts,
            "retry_at": next.map(|at| at.0), "usage": usage,
        });
        plans::save(tx, &task.id, &Plan { planning, holder: None }).await?;
        append(tx, &task, kind, &Actor::System, data).await?;
        Ok(next)
    }
}
