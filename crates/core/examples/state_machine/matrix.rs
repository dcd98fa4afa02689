//! The whole lifecycle, asked of the core cell by cell: each status, each event, each kind of actor.

use andon_core::run::Failure;
use andon_core::task::{Actor, Block, BlockKind, End, Event, Facts, Phase, Status, TaskState, step};
use andon_core::{Millis, Policy, RunId};

const NOW: Millis = Millis(1_000);

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// A person.
    Person,
    /// The worker of the current run; of some run where there is none.
    Worker,
    /// The worker of another run, whose profile routes the work of others.
    Orchestrator,
    /// Andon itself.
    System,
}

impl Who {
    pub(crate) const ALL: [Self; 4] = [Self::Person, Self::Worker, Self::Orchestrator, Self::System];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Worker => "worker",
            Self::Orchestrator => "orchestrator",
            Self::System => "andon",
        }
    }

    fn actor(self) -> Actor {
        match self {
            Self::Person => Actor::Person("ada".to_owned()),
            Self::Worker => Actor::Worker { profile: None, run: run('1') },
            Self::Orchestrator => Actor::Orchestrator { profile: None, run: run('9') },
            Self::System => Actor::System,
        }
    }
}

/// A way in which a task can stand in a status.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) task: TaskState,
}

/// One answer of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// The task goes there, or stays there with a fact.
    Goes(Status),
    /// Accepted, and nothing is recorded.
    Nothing,
    /// Refused, with this code.
    Refused(&'static str),
}

fn run(last: char) -> RunId {
    format!("0000000000000000000000000{last}").parse().expect("26 digits make a run id")
}

/// A task in every status, and in every way that matters there. A scheduled one is due.
pub(crate) fn places() -> Vec<Place> {
    let plain = TaskState::new;
    let running = |phase| TaskState { phase, current_run: Some(run('1')), ..plain(Status::Running) };
    let blocked = |kind| {
        let block = Block { kind, reason: "why".to_owned(), at: Millis(0) };
        TaskState { block: Some(block), ..plain(Status::Blocked) }
    };
    let scheduled = TaskState { scheduled_at: Some(NOW), ..plain(Status::Scheduled) };
    let in_review = TaskState { phase: Phase::Review, ..blocked(BlockKind::NeedsInput) };
    vec![
        Place { name: "triage", task: plain(Status::Triage) },
        Place { name: "todo", task: plain(Status::Todo) },
        Place { name: "todo, held", task: TaskState { held: true, ..plain(Status::Todo) } },
        Place { name: "todo, for review", task: TaskState { phase: Phase::Review, ..plain(Status::Todo) } },
        Place { name: "scheduled", task: scheduled.clone() },
        Place { name: "scheduled, for review", task: TaskState { phase: Phase::Review, ..scheduled } },
        Place { name: "ready", task: plain(Status::Ready) },
        Place { name: "running, work", task: running(Phase::Work) },
        Place { name: "running, review", task: running(Phase::Review) },
        Place { name: "review", task: TaskState { phase: Phase::Review, ..plain(Status::Review) } },
        Place { name: "blocked, sticky", task: blocked(BlockKind::NeedsInput) },
        Place { name: "blocked, for review", task: in_review },
        Place { name: "blocked, gave up", task: blocked(BlockKind::GaveUp) },
        Place { name: "done", task: TaskState { completed_at: Some(NOW), ..plain(Status::Done) } },
        Place { name: "archived", task: plain(Status::Archived) },
    ]
}

/// Every event, with a name for readers.
pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let why = || "why".to_owned();
    let ended = |failure| Event::RunEnded(End { run: run('1'), failure, error: why(), systemic: false });
    vec![
        ("specify", Event::Specify),
        ("move to triage", Event::ToTriage),
        ("a parent is linked", Event::Linked),
        ("a parent is settled", Event::ParentsSettled { completion: false }),
        ("a parent is completed", Event::ParentsSettled { completion: true }),
        ("a parent is reopened", Event::ParentReopened),
        ("promote", Event::Promote { force: false }),
        ("promote by force", Event::Promote { force: true }),
        ("hold", Event::Hold),
        ("claim", Event::Claim { run: run('2') }),
        ("complete", Event::Complete),
        ("request a review", Event::RequestReview),
        ("approve", Event::Approve),
        ("request changes", Event::RequestChanges { reason: why() }),
        ("block", Event::Block { kind: BlockKind::NeedsInput, reason: why() }),
        ("block on a parent", Event::BlockOnParent { reason: why() }),
        ("unblock", Event::Unblock),
        ("schedule", Event::Schedule { at: Some(NOW), reason: why() }),
        ("the time comes", Event::ScheduleDue),
        ("the run fails", ended(Failure::Crashed)),
        ("the run fails for good", ended(Failure::AuthenticationFailed)),
        ("stop", Event::Stop { reason: why() }),
        ("reclaim", Event::Reclaim { reason: why() }),
        ("assign", Event::Assigned),
        ("comment or edit", Event::News),
        ("reset failures", Event::ResetFailures),
        ("archive", Event::Archive { release: None }),
        ("reopen", Event::Reopen),
    ]
}

/// What the core says to one event, in one place, by one actor, with so many open parents.
pub(crate) fn answer(place: &Place, event: &Event, who: Who, open_parents: u32) -> Answer {
    let facts = Facts { open_parents, ..Facts::default() };
    match step(&place.task, event, &who.actor(), &facts, &Policy::default(), NOW) {
        Err(refusal) => Answer::Refused(refusal.code()),
        Ok(step) if step.next.status == place.task.status && step.facts.is_empty() => Answer::Nothing,
        Ok(step) => Answer::Goes(step.next.status),
    }
}
