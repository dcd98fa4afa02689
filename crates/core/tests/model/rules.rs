//! The rules under test, and five ways to break them.
//!
//! [`Andon`] asks the core for everything. Each broken variant replaces one rule by what a plausible implementation
//! would do, and the model has to find what goes wrong with it.

use andon_core::Policy;
use andon_core::run::RunFacts;
use andon_core::task::{
    Actor, Counters, Event, EventKind, Fact, Facts, Refusal, Status, Step, TaskState, step,
};

use super::world::{Card, NOW};

/// The rules that a board lives by.
pub(crate) trait Rules: Send + Sync + 'static {
    /// A write by a worker.
    fn write(
        &self,
        task: &TaskState,
        event: &Event,
        worker: &Actor,
        facts: &Facts,
        policy: &Policy,
    ) -> Result<Step, Refusal> {
        step(task, event, worker, facts, policy, NOW)
    }

    /// Whether a run of a task keeps it from being claimed.
    fn in_the_way(&self, run: &RunFacts) -> bool {
        run.reaped_at.is_none()
    }

    /// What the slow sweep does with a task.
    fn sweep(&self, card: &Card, facts: &Facts, policy: &Policy) -> Result<Step, Refusal> {
        step(&card.task, &Event::ParentsSettled { completion: false }, &Actor::System, facts, policy, NOW)
    }

    /// The end of a run: what is committed with it, and the counters that are left for another transaction.
    fn end(&self, _before: &TaskState, step: Step) -> (Step, Option<Counters>) {
        (step, None)
    }
}

/// The rules as they are.
pub(crate) struct Andon;

impl Rules for Andon {}

/// Writes of workers are accepted whatever run they carry.
pub(crate) struct NoFence;

impl Rules for NoFence {
    fn write(
        &self,
        task: &TaskState,
        event: &Event,
        _worker: &Actor,
        facts: &Facts,
        policy: &Policy,
    ) -> Result<Step, Refusal> {
        let believed = match &task.current_run {
            Some(run) => Actor::Worker { profile: None, run: run.clone() },
            None => Actor::Person("whoever writes".to_owned()),
        };
        step(task, event, &believed, facts, policy, NOW)
    }
}

/// Whether a block is sticky is read from the event log, not from the task's row.
pub(crate) struct BlockFromLog;

impl Rules for BlockFromLog {
    fn sweep(&self, card: &Card, facts: &Facts, policy: &Policy) -> Result<Step, Refusal> {
        if card.task.status == Status::Blocked && !card.log_says_blocked && facts.open_parents == 0 {
            return Ok(let_go(&card.task));
        }
        Andon.sweep(card, facts, policy)
    }
}

/// The failure counter is written in a transaction of its own.
pub(crate) struct CounterLater;

impl Rules for CounterLater {
    fn end(&self, before: &TaskState, mut step: Step) -> (Step, Option<Counters>) {
        let counters = std::mem::replace(&mut step.next.counters, before.counters.clone());
        (step, Some(counters))
    }
}

/// The sweep promotes whatever is blocked and has no open parents.
pub(crate) struct PromoteByLevel;

impl Rules for PromoteByLevel {
    fn sweep(&self, card: &Card, facts: &Facts, policy: &Policy) -> Result<Step, Refusal> {
        if card.task.status == Status::Blocked && facts.open_parents == 0 {
            return Ok(let_go(&card.task));
        }
        Andon.sweep(card, facts, policy)
    }
}

/// A run that has been fenced is taken for gone.
pub(crate) struct FencedIsGone;

impl Rules for FencedIsGone {
    fn in_the_way(&self, run: &RunFacts) -> bool {
        run.ended_at.is_none()
    }
}

fn let_go(task: &TaskState) -> Step {
    let next = TaskState { status: Status::Ready, block: None, ..task.clone() };
    let fact = Fact { kind: EventKind::Promoted, data: serde_json::Value::Null, run: None };
    Step { next, run_end: None, facts: vec![fact], effects: Vec::new() }
}
