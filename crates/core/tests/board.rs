//! Random histories of a small board: whatever happens, in whatever order, the invariants hold after every step.
//!
//! The board here does what a store does with a transition: it looks up the facts, writes the row, the run and the events,
//! and settles or demotes children in the same transaction. It decides nothing.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use andon_core::graph::check_link;
use andon_core::run::Failure;
use andon_core::task::{
    Actor, BlockKind, Effect, End, Event, EventKind, Fact, Facts, Initial, Refusal, Status, Step, TaskState,
    place_new, step,
};
use andon_core::{Millis, Policy, RunId, TaskId};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A run as the board stores it.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    id: RunId,
    task: usize,
    started_at: Millis,
    ended_at: Option<Millis>,
    has_outcome: bool,
    reaped_at: Option<Millis>,
}

/// A row of the event log.
#[derive(Clone, Debug, PartialEq)]
struct Logged {
    number: u64,
    task: usize,
    kind: EventKind,
    run: Option<RunId>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Board {
    tasks: Vec<TaskState>,
    /// Parent and child.
    links: Vec<(usize, usize)>,
    runs: Vec<Run>,
    log: Vec<Logged>,
    now: i64,
    paused: bool,
}

/// Who acts, as far as chance decides it.
#[derive(Clone, Copy, Debug)]
enum Who {
    Person,
    /// The worker of the task's current run, if it has one.
    OwnWorker,
    /// The worker of some run that there ever was.
    SomeWorker(usize),
    System,
}

#[derive(Clone, Debug)]
enum Move {
    /// A time is relative to now.
    Create {
        initial: Initial,
        parent: Option<usize>,
    },
    Link {
        parent: usize,
        child: usize,
    },
    Unlink(usize),
    Happen {
        task: usize,
        who: Who,
        event: Event,
    },
    /// A claim under a run id that was never used.
    Claim {
        task: usize,
        review: bool,
    },
    /// The supervisor of the current run, or of some old one, says how it ended.
    End {
        task: usize,
        old: Option<usize>,
        failure: Failure,
        systemic: bool,
    },
    Reap(usize),
    Pause(bool),
    Wait(i64),
    Sweep,
}

fn run_id(number: usize) -> RunId {
    format!("{number:026}").parse().expect("26 digits make a run id")
}

fn task_id(task: usize) -> TaskId {
    TaskId::from_bits(task as u64)
}

impl Board {
    fn facts(&self, task: usize) -> Facts {
        let open = |(parent, child): &&(usize, usize)| *child == task && !self.tasks[*parent].satisfied();
        let waits =
            |(parent, child): &&(usize, usize)| *parent == task && !self.tasks[*child].status.is_terminal();
        let count = |number: usize| u32::try_from(number).expect("few links");
        Facts {
            open_parents: count(self.links.iter().filter(open).count()),
            waiting_children: count(self.links.iter().filter(waits).count()),
            unreaped_run: self.runs.iter().any(|run| run.task == task && run.reaped_at.is_none()),
            paused: self.paused.then(|| "the board".to_owned()),
            cooling: None,
            max_retries: (task % 2 == 1).then_some(3),
            jitter: 500,
            has_reviewer: true,
        }
    }

    /// One operation: all of it, or nothing.
    fn happen(&mut self, task: usize, event: &Event, actor: &Actor) -> Result<(), Refusal> {
        let before = self.tasks[task].clone();
        let facts = self.facts(task);
        let step = step(&before, event, actor, &facts, &Policy::default(), Millis(self.now))?;
        check_step(&before, &step, event, actor, &facts);
        self.write(task, step);
        Ok(())
    }

    fn write(&mut self, task: usize, step: Step) {
        if step.next.status == Status::Running && self.tasks[task].status != Status::Running {
            let id = step.next.current_run.clone().expect("a running task has a run");
            let started_at = Millis(self.now);
            self.runs.push(Run { id, task, started_at, ended_at: None, has_outcome: false, reaped_at: None });
        }
        self.tasks[task] = step.next;
        if let Some(end) = step.run_end {
            let run = self.runs.iter_mut().find(|run| run.id == end.run).expect("the run that ends exists");
            run.ended_at = Some(Millis(self.now));
            run.has_outcome = true;
        }
        for Fact { kind, run, .. } in step.facts {
            self.log.push(Logged { number: self.log.len() as u64 + 1, task, kind, run });
        }
        for effect in step.effects {
            let event = match effect {
                Effect::WakeRun(_) => continue,
                Effect::SettleChildren { completion } => Event::ParentsSettled { completion },
                Effect::DemoteChildren => Event::ParentReopened,
            };
            for child in self.children(task) {
                self.happen(child, &event, &Actor::System).expect("a child follows its parent");
            }
        }
    }

    fn children(&self, task: usize) -> Vec<usize> {
        self.links.iter().filter(|(parent, _)| *parent == task).map(|(_, child)| *child).collect()
    }

    fn link(&mut self, parent: usize, child: usize) -> Result<(), Refusal> {
        let mut edges: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
        for (parent, child) in &self.links {
            edges.entry(task_id(*parent)).or_default().push(task_id(*child));
        }
        check_link(&task_id(parent), &task_id(child), &edges)?;
        if !self.links.contains(&(parent, child)) {
            self.links.push((parent, child));
            if let Err(refusal) = self.happen(child, &Event::Linked, &Actor::Person("ada".to_owned())) {
                self.links.pop();
                return Err(refusal);
            }
        }
        Ok(())
    }

    fn actor(&self, task: usize, who: Who) -> Actor {
        let worker = |run: RunId| Actor::Worker { profile: None, run };
        match who {
            Who::Person => Actor::Person("ada".to_owned()),
            Who::System => Actor::System,
            Who::OwnWorker => worker(self.tasks[task].current_run.clone().unwrap_or_else(|| run_id(0))),
            Who::SomeWorker(pick) => match self.runs.len() {
                0 => worker(run_id(0)),
                many => worker(self.runs[pick % many].id.clone()),
            },
        }
    }

    fn create(&mut self, initial: &Initial, parent: Option<usize>) {
        let new = self.tasks.len();
        let parent = parent.filter(|_| new > 0).map(|pick| pick % new);
        let open = u32::from(parent.is_some_and(|parent| !self.tasks[parent].satisfied()));
        let at = initial.at.map(|wait| wait.plus(self.now));
        self.tasks.push(place_new(&Initial { at, ..initial.clone() }, open, Millis(self.now)));
        self.links.extend(parent.map(|parent| (parent, new)));
    }

    fn reap(&mut self, pick: usize) {
        let waits = |run: &Run| run.ended_at.is_some() && run.reaped_at.is_none();
        let fenced: Vec<usize> = (0..self.runs.len()).filter(|at| waits(&self.runs[*at])).collect();
        if !fenced.is_empty() {
            self.runs[fenced[pick % fenced.len()]].reaped_at = Some(Millis(self.now));
        }
    }

    /// A task in `status`, if there is one: without it most moves would find nothing to do.
    fn pick(&self, pick: usize, status: Status) -> usize {
        let fitting: Vec<usize> =
            (0..self.tasks.len()).filter(|at| self.tasks[*at].status == status).collect();
        if fitting.is_empty() { pick % self.tasks.len() } else { fitting[pick % fitting.len()] }
    }

    fn play(&mut self, one: &Move) -> Result<(), Refusal> {
        let many = self.tasks.len();
        match one {
            Move::Create { initial, parent } => {
                self.create(initial, *parent);
                Ok(())
            }
            _ if many == 0 => Ok(()),
            Move::Link { parent, child } => self.link(parent % many, child % many),
            Move::Unlink(pick) => {
                if !self.links.is_empty() {
                    let (_, child) = self.links.remove(pick % self.links.len());
                    self.happen(child, &Event::ParentsSettled { completion: false }, &Actor::System)?;
                }
                Ok(())
            }
            Move::Happen { task, who, event } => {
                let task = match who {
                    Who::OwnWorker => self.pick(*task, Status::Running),
                    Who::Person | Who::SomeWorker(_) | Who::System => task % many,
                };
                self.happen(task, event, &self.actor(task, *who))
            }
            Move::Claim { task, review } => {
                let run = run_id(self.runs.len() + 1);
                let task = self.pick(*task, if *review { Status::Review } else { Status::Ready });
                self.happen(task, &Event::Claim { run }, &Actor::System)
            }
            Move::End { task, old, failure, systemic } => {
                let task = if old.is_some() { task % many } else { self.pick(*task, Status::Running) };
                let who = old.map_or(Who::OwnWorker, Who::SomeWorker);
                let run = self.actor(task, who).run().cloned().expect("a worker has a run");
                let end = End { run, failure: *failure, error: "exit 1".to_owned(), systemic: *systemic };
                self.happen(task, &Event::RunEnded(end), &Actor::System)
            }
            Move::Reap(pick) => {
                self.reap(*pick);
                Ok(())
            }
            Move::Pause(paused) => {
                self.paused = *paused;
                Ok(())
            }
            Move::Wait(millis) => {
                self.now += millis;
                for task in 0..many {
                    self.happen(task, &Event::ScheduleDue, &Actor::System)?;
                }
                Ok(())
            }
            Move::Sweep => {
                let before = self.clone();
                for task in 0..many {
                    self.happen(task, &Event::ParentsSettled { completion: false }, &Actor::System)?;
                }
                assert_eq!(before, *self, "the slow sweep found something that an edge had missed");
                Ok(())
            }
        }
    }

    /// IV-01 to IV-05 and the invariants of the lifecycle, over the whole board.
    fn check(&self) {
        for (at, task) in self.tasks.iter().enumerate() {
            assert_eq!(task.check(), Ok(()), "task {at}: {task:?}");
            let of_task = || self.runs.iter().filter(move |run| run.task == at);
            let open: Vec<&RunId> =
                of_task().filter(|run| run.ended_at.is_none()).map(|run| &run.id).collect();
            assert_eq!(
                open,
                task.current_run.iter().collect::<Vec<_>>(),
                "the current run is the only open one"
            );
            assert!(of_task().filter(|run| run.reaped_at.is_none()).count() <= 1, "at most one unreaped run");
            let waits = task.held || (self.facts(at).open_parents > 0 && !task.parents_waived);
            assert!(task.status != Status::Todo || waits, "task {at} waits for nothing: {task:?}");
            assert!(
                !matches!(task.status, Status::Ready | Status::Review) || !waits,
                "task {at} should wait: {task:?}"
            );
        }
        for run in &self.runs {
            assert!(run.ended_at.is_none_or(|ended| run.started_at <= ended));
            assert!(!run.has_outcome || run.ended_at.is_some());
            assert!(run.reaped_at.is_none() || run.ended_at.is_some());
        }
        assert!(self.log.windows(2).all(|pair| pair[0].number < pair[1].number));
        for Logged { run, task, kind, .. } in &self.log {
            let known = |id: &RunId| self.runs.iter().any(|run| run.id == *id && run.task == *task);
            assert!(run.as_ref().is_none_or(known), "{kind} names a run that is not there");
        }
    }
}

/// What must hold of a single accepted transition.
fn check_step(before: &TaskState, step: &Step, event: &Event, actor: &Actor, facts: &Facts) {
    let next = &step.next;
    let person = actor.is_person();
    let changed = before.status != next.status;
    assert!(
        step.facts.len() == usize::from(changed) || (!changed && step.facts.len() <= 1),
        "{event:?}: {step:?}"
    );
    if changed && next.status == Status::Blocked && !person {
        assert!(step.facts[0].kind.needs_attention(), "{event:?} blocked the task, and nobody is told");
    }
    if step.facts.is_empty() {
        assert!(step.run_end.is_none() && step.effects.is_empty(), "{event:?} had silent effects: {step:?}");
    }
    if before.block.as_ref().is_some_and(|block| block.kind.is_sticky()) && next.block != before.block {
        assert!(person, "{event:?} by {actor} ended a sticky block");
    }
    if changed && next.status == Status::Running {
        assert!(facts.open_parents == 0 || before.parents_waived, "started over open parents");
        assert!(!facts.unreaped_run && facts.paused.is_none() && !before.held);
    }
    let count = |task: &TaskState| {
        let c = &task.counters;
        [c.failures, c.reclaims, c.rate_limits, c.interruptions, c.blocks, c.review_rounds]
    };
    let fell = count(before).iter().zip(count(next)).any(|(old, new)| new < *old);
    let completion = step
        .facts
        .iter()
        .any(|fact| matches!(fact.kind, EventKind::Completed | EventKind::Approved | EventKind::Revived));
    assert!(!fell || person || completion, "{event:?} by {actor} reset counters");
    if let Some(run) = actor.run() {
        assert_eq!(before.current_run.as_ref(), Some(run), "a stale run was let in: {event:?}");
    }
    if before.status.is_terminal() && changed {
        assert!(matches!(event, Event::Reopen | Event::Archive { .. }), "{event:?} moved a finished task");
    }
    let ended = before.current_run.is_some() && next.current_run.is_none();
    assert_eq!(step.run_end.is_some(), ended, "a run ends exactly when the task leaves it");
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        3 => Just(Who::Person),
        4 => Just(Who::OwnWorker),
        1 => any::<usize>().prop_map(Who::SomeWorker),
        1 => Just(Who::System),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let reason = || "because".to_owned();
    prop_oneof![
        1 => Just(Event::Specify),
        1 => Just(Event::ToTriage),
        1 => any::<bool>().prop_map(|force| Event::Promote { force }),
        1 => Just(Event::Hold),
        4 => Just(Event::Complete),
        1 => Just(Event::RequestReview),
        1 => Just(Event::Approve),
        1 => Just(Event::RequestChanges { reason: reason() }),
        1 => proptest::sample::select(BlockKind::ALL)
            .prop_map(move |kind| Event::Block { kind, reason: reason() }),
        1 => Just(Event::BlockOnParent { reason: reason() }),
        3 => Just(Event::Unblock),
        1 => proptest::option::of(0..5_000_i64)
            .prop_map(move |at| Event::Schedule { at: at.map(Millis), reason: reason() }),
        1 => Just(Event::ScheduleDue),
        1 => Just(Event::Stop { reason: reason() }),
        1 => Just(Event::Reclaim { reason: reason() }),
        1 => Just(Event::Assigned),
        1 => Just(Event::News),
        1 => Just(Event::ResetFailures),
        1 => proptest::option::of(any::<bool>()).prop_map(|release| Event::Archive { release }),
        3 => Just(Event::Reopen),
    ]
}

fn one_move() -> impl Strategy<Value = Move> {
    let create =
        (any::<[bool; 3]>(), proptest::option::of(-5..2_000_i64), proptest::option::of(any::<usize>()));
    prop_oneof![
        1 => create.prop_map(|([triage, blocked, held], at, parent)| {
            let blocked = blocked.then(|| "not yet".to_owned());
            Move::Create { initial: Initial { triage, blocked, at: at.map(Millis), held }, parent }
        }),
        1 => any::<[usize; 2]>().prop_map(|[parent, child]| Move::Link { parent, child }),
        1 => any::<usize>().prop_map(Move::Unlink),
        10 => (any::<usize>(), who(), event()).prop_map(|(task, who, event)| Move::Happen { task, who, event }),
        8 => (any::<usize>(), any::<bool>()).prop_map(|(task, review)| Move::Claim { task, review }),
        4 => (any::<usize>(), proptest::option::weighted(0.2, any::<usize>()), any::<proptest::sample::Index>(), proptest::bool::weighted(0.3))
            .prop_map(|(task, old, failure, systemic)| {
                Move::End { task, old, failure: *failure.get(Failure::ALL), systemic }
            }),
        6 => any::<usize>().prop_map(Move::Reap),
        1 => proptest::bool::weighted(0.2).prop_map(Move::Pause),
        2 => (0..20_000_i64).prop_map(Move::Wait),
        1 => Just(Move::Sweep),
    ]
}

fn small_board() -> Board {
    let mut board = Board::default();
    for parent in [None, Some(0), Some(0), None] {
        board.create(&Initial::default(), parent);
    }
    board.links.push((2, 3));
    board.happen(3, &Event::Linked, &Actor::System).expect("a ready task takes a parent");
    board
}

proptest! {
    // 400 histories of 60 to 120 steps are more than 24,000 steps.
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_invariants_survive_every_history(moves in proptest::collection::vec(one_move(), 60..120)) {
        let mut board = small_board();
        for one in &moves {
            let before = board.clone();
            match board.play(one) {
                Ok(()) => board.check(),
                Err(refusal) => prop_assert_eq!(&before, &board, "{} changed something", refusal.code()),
            }
        }
    }

    #[test]
    fn no_task_runs_for_ever_without_a_person(
        failures in proptest::collection::vec(any::<proptest::sample::Index>(), 200),
        own in proptest::option::of(0..5_u32),
    ) {
        let policy = Policy::default();
        let bound = policy.failure_limit.max(own.unwrap_or(0))
            + policy.reclaim_limit + policy.rate_limit_limit + policy.interruption_limit;
        let facts = Facts { max_retries: own, ..Facts::default() };
        let mut task = TaskState::new(Status::Ready);
        let mut starts = 0;
        let mut now = Millis(0);
        for (number, failure) in failures.iter().enumerate() {
            now = task.eligible.as_ref().map_or(now, |eligible| eligible.at);
            let run = run_id(number + 1);
            let claim = Event::Claim { run: run.clone() };
            let Ok(claimed) = step(&task, &claim, &Actor::System, &facts, &policy, now) else { break };
            starts += 1;
            let failure = *failure.get(Failure::ALL);
            let end = Event::RunEnded(End { run, failure, error: String::new(), systemic: false });
            task = step(&claimed.next, &end, &Actor::System, &facts, &policy, now).expect("its own end").next;
            let waits = task.eligible.as_ref().is_some_and(|eligible| eligible.at > now);
            prop_assert!(task.status == Status::Blocked || waits, "a retry without a back-off");
        }
        prop_assert!(starts <= bound, "{} starts", starts);
        prop_assert_eq!(task.status, Status::Blocked);
    }
}
