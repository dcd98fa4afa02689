//! What a transition gives back: the next state, facts for the event log, effects for the shell.

use serde_json::{Value, json};

use super::event::EventKind;
use super::refusal::Refusal;
use super::rules::stale;
use super::state::TaskState;
use crate::id::RunId;
use crate::run::Outcome;

/// A row for the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What happened.
    pub kind: EventKind,
    /// Its details; null when there are none.
    pub data: Value,
    /// The run that it belongs to.
    pub run: Option<RunId>,
}

/// How the task's open run ends with this transition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunEnd {
    /// Which run.
    pub run: RunId,
    /// As what.
    pub outcome: Outcome,
    /// The words of a failure.
    pub error: Option<String>,
    /// Whether the run itself asked for it: it may then finish up for a while; otherwise its tree is stopped.
    pub by_self: bool,
}

/// What the shell does after commit. Safe to repeat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Tell the run's supervisor to look: it has been fenced or may finish.
    WakeRun(RunId),
    /// Its children's parents have changed for the better: settle them in this same transaction.
    SettleChildren {
        /// Whether a completion caused it.
        completion: bool,
    },
    /// Its children's parents have changed for the worse.
    DemoteChildren,
}

/// A transition: the next state, how the open run ends, what to record, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The task afterwards.
    pub next: TaskState,
    /// The end of the open run.
    pub run_end: Option<RunEnd>,
    /// For the event log, in order. Each change of status has exactly one.
    pub facts: Vec<Fact>,
    /// For the shell.
    pub effects: Vec<Effect>,
}

/// What a late write of a fenced run leaves behind: an event, and nothing else.
#[must_use]
pub fn stale_write(task: &TaskState, run: &RunId, verb: &str) -> (Fact, Refusal) {
    let fact = Fact { kind: EventKind::StaleWrite, data: json!({ "verb": verb }), run: Some(run.clone()) };
    (fact, stale(task, run))
}
