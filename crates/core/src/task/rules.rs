//! The small rules that transitions share.

use super::event::{Actor, Event, Facts};
use super::refusal::Refusal;
use super::state::{Counters, TaskState};
use super::status::{BlockKind, Phase, Status};
use crate::id::RunId;

/// Where a task waits or starts when nothing else stops it.
pub(super) const fn place(task: &TaskState, open_parents: u32) -> Status {
    if task.held || (open_parents > 0 && !task.parents_waived) {
        Status::Todo
    } else {
        match task.phase {
            Phase::Work => Status::Ready,
            Phase::Review => Status::Review,
        }
    }
}

/// What keeps any task from being claimed, wherever it stands: the cord, a cool-down, processes that may still live.
pub(super) fn may_start(facts: &Facts) -> Result<(), Refusal> {
    if let Some(scope) = &facts.paused {
        return Err(Refusal::Paused(scope.clone()));
    }
    if let Some((profile, until)) = &facts.cooling {
        return Err(Refusal::CoolingDown { profile: profile.clone(), until: *until });
    }
    if facts.unreaped_run {
        return Err(Refusal::Unreaped { run: String::new() });
    }
    Ok(())
}

/// What every exit from a blocked, scheduled or waiting state by a person's act clears (mends Q-05).
pub(super) fn fresh_start(task: &mut TaskState) {
    task.block = None;
    task.scheduled_at = None;
    task.eligible = None;
    task.revived = false;
    fresh_budget(task);
}

/// A block is over. Where an orchestrator answered counters stand, so that answering has an end.
pub(super) fn let_go(task: &mut TaskState, actor: &Actor) {
    if actor.is_person() {
        fresh_start(task);
    } else {
        (task.block, task.eligible) = (None, None);
    }
}

/// Failures count from zero again.
pub(super) fn fresh_budget(task: &mut TaskState) {
    task.last_failure_error = None;
    task.counters = task.counters.with_fresh_budget();
}

/// A person said something new: blocks count from zero again.
pub(super) fn news(task: &mut TaskState) {
    task.counters.blocks = 0;
    task.revived = false;
}

/// A completion clears everything that went wrong.
pub(super) fn finished(task: &mut TaskState) {
    fresh_start(task);
    task.counters = Counters::default();
    task.held = false;
}

/// A worker writes only through the task's current run.
pub(super) fn fenced(task: &TaskState, actor: &Actor, event: &Event) -> Result<(), Refusal> {
    match actor {
        Actor::Worker { run, .. } if task.current_run.as_ref() != Some(run) => Err(stale(task, run)),
        // What routes the work of others, and nothing else.
        Actor::Orchestrator { .. } if !matches!(event, Event::Unblock | Event::Assigned | Event::News) => {
            person(actor, event.verb())
        }
        Actor::Worker { .. } | Actor::Orchestrator { .. } | Actor::Person(_) | Actor::System => Ok(()),
    }
}

pub(super) fn stale(task: &TaskState, run: &RunId) -> Refusal {
    Refusal::StaleRun { run: run.clone(), current: task.current_run.clone() }
}

/// `gave_up` and `recurring` are the board's own words: whoever could say them would make a block that is not sticky, or
/// one that nobody had counted. `operator` is a person's: of a worker it would say that somebody stopped it whom nobody
/// can ask.
pub(super) fn kind_to_choose(kind: BlockKind, actor: &Actor) -> Result<(), Refusal> {
    let worker = matches!(actor, Actor::Worker { .. });
    let rule = match kind {
        BlockKind::NeedsInput | BlockKind::Capability | BlockKind::Transient => return Ok(()),
        BlockKind::Operator if !worker => return Ok(()),
        BlockKind::Operator => "only a person says so; choose needs_input, capability or transient",
        BlockKind::GaveUp | BlockKind::Recurring if worker => {
            "only the board itself says so; choose needs_input, capability or transient"
        }
        BlockKind::GaveUp | BlockKind::Recurring => {
            "only the board itself says so; choose needs_input, capability, transient or operator"
        }
    };
    Err(Refusal::invalid("kind", kind.as_str(), rule))
}

/// Only persons.
pub(super) fn person(actor: &Actor, verb: &'static str) -> Result<(), Refusal> {
    match actor {
        Actor::Person(_) => Ok(()),
        Actor::Worker { .. } | Actor::Orchestrator { .. } | Actor::System => Err(Refusal::Forbidden {
            actor: actor.to_string(),
            verb,
            why: "only a person may let a task go on, stop it or put it away",
        }),
    }
}

/// Persons; and an orchestrator where a worker has asked something. What a person has stopped, and what the board has found to
/// go in a circle, is a person's to let go.
pub(super) fn lets_go(actor: &Actor, task: &TaskState) -> Result<(), Refusal> {
    let kind = task.block.as_ref().map(|block| block.kind);
    let asked = matches!(kind, Some(BlockKind::NeedsInput | BlockKind::Capability | BlockKind::Transient));
    match actor {
        Actor::Orchestrator { .. } if asked => Ok(()),
        Actor::Orchestrator { .. } | Actor::Person(_) | Actor::Worker { .. } | Actor::System => {
            person(actor, "unblock")
        }
    }
}

/// The run that executes the task, or a person over its head; never Andon by itself.
pub(super) fn own_run_or_person(actor: &Actor, verb: &'static str) -> Result<(), Refusal> {
    match actor {
        Actor::Person(_) | Actor::Worker { .. } => Ok(()),
        Actor::Orchestrator { .. } | Actor::System => Err(Refusal::Forbidden {
            actor: actor.to_string(),
            verb,
            why: "only the run that executes it or a person does that",
        }),
    }
}

/// Only Andon itself.
pub(super) fn system(actor: &Actor, verb: &'static str) -> Result<(), Refusal> {
    match actor {
        Actor::System => Ok(()),
        Actor::Person(_) | Actor::Worker { .. } | Actor::Orchestrator { .. } => {
            Err(Refusal::Forbidden { actor: actor.to_string(), verb, why: "only Andon itself does that" })
        }
    }
}
