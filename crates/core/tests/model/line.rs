//! The production line: dispatchers, supervisors, workers, an operator, and everything that can die, over one small board.
//!
//! A transaction is one step, because the store makes it one. What a process does outside a transaction is a step of its
//! own, so that a crash can come between any two. Every decision is the core's: this file only asks and writes down.

use andon_core::run::{LeaseFacts, RunFacts};
use andon_core::task::{
    Actor, BlockKind, Effect, Event, EventKind, Fact, Facts, Initial, Refusal, Status, Step, TaskState,
    place_new, step,
};
use andon_core::{Millis, Policy};
use stateright::{Model, Property};

use super::action::{Act, Action, Verb};
use super::rules::Rules;
use super::world::{Breach, Card, Dispatcher, Mind, NOW, Process, Run, World, run_id};

/// What is on the board, and what may happen to it.
pub(crate) struct Line<R> {
    pub(crate) rules: R,
    pub(crate) policy: Policy,
    /// How the tasks start; each is the parent of the next.
    pub(crate) tasks: Vec<Initial>,
    /// The host of each dispatcher.
    pub(crate) dispatchers: Vec<u8>,
    /// Supervisors that may live at once.
    pub(crate) supervisors: usize,
    /// How often persons act, all in all.
    pub(crate) acts: u8,
    /// What persons do.
    pub(crate) operator: &'static [Act],
    /// What workers say.
    pub(crate) verbs: &'static [Verb],
    /// Whether supervisors are stopped by SIGSTOP and go on later.
    pub(crate) freezes: bool,
}

impl<R: Rules> Line<R> {
    /// One task, ready; two dispatchers and two supervisors on one host.
    pub(crate) fn one_task(rules: R) -> Self {
        Self {
            rules,
            policy: Policy {
                failure_limit: 2,
                protocol_violation_limit: 1,
                rate_limit_limit: 1,
                reclaim_limit: 2,
                interruption_limit: 1,
                block_recurrence_limit: 1,
                review_round_limit: 2,
                backoff_base: 1,
                backoff_factor: 1,
                backoff_cap: 1,
                lease_ttl: 0,
                finish_grace: 0,
                ..Policy::default()
            },
            tasks: vec![Initial::default()],
            dispatchers: vec![0, 0],
            supervisors: 2,
            acts: 1,
            operator: Act::ALL,
            verbs: &[Verb::Complete, Verb::Block],
            freezes: false,
        }
    }

    /// Runs that may start between two acts of persons or completions.
    pub(crate) fn bound(&self) -> u32 {
        let policy = &self.policy;
        let retries = [policy.failure_limit, policy.reclaim_limit, policy.interruption_limit];
        let rounds =
            if self.verbs.contains(&Verb::RequestChanges) { 2 * policy.review_round_limit } else { 0 };
        let waits = if self.verbs.contains(&Verb::BlockOnParent) { policy.block_recurrence_limit } else { 0 };
        1 + retries.iter().map(|limit| limit - 1).sum::<u32>() + rounds + waits
    }

    /// What the store would look up for a task.
    pub(crate) fn facts(&self, world: &World, card: usize) -> Facts {
        let parent_open = card > 0 && !world.cards[card - 1].task.satisfied();
        let child = world.cards.get(card + 1);
        let in_the_way = |run: &Run| run.card == card && self.rules.in_the_way(&run.facts);
        Facts {
            open_parents: u32::from(parent_open),
            waiting_children: u32::from(child.is_some_and(|child| !child.task.status.is_terminal())),
            unreaped_run: world.runs.iter().any(in_the_way),
            ..Facts::default()
        }
    }

    /// One transition, committed with its effects, or the refusal.
    pub(crate) fn apply(
        &self,
        world: &mut World,
        card: usize,
        event: &Event,
        actor: &Actor,
    ) -> Result<(), Refusal> {
        let facts = self.facts(world, card);
        let next = step(&world.cards[card].task, event, actor, &facts, &self.policy, NOW)?;
        self.commit(world, card, next, actor, &facts);
        Ok(())
    }

    /// Writes what a transition says, and looks at it as the properties do.
    pub(crate) fn commit(&self, world: &mut World, card: usize, step: Step, actor: &Actor, facts: &Facts) {
        let before = world.cards[card].task.clone();
        for breach in breaches(&before, &step, actor, facts) {
            world.breach(breach);
        }
        let row = &mut world.cards[card];
        if actor.is_person() {
            row.starts = 0;
        }
        for Fact { kind, .. } in &step.facts {
            if matches!(kind, EventKind::Completed | EventKind::Approved | EventKind::Revived) {
                row.starts = 0;
            }
            row.starts += u8::from(*kind == EventKind::Claimed);
            if matches!(kind, EventKind::Blocked | EventKind::Unblocked) {
                row.log_says_blocked = *kind == EventKind::Blocked;
            }
        }
        row.task = step.next;
        if let Some(end) = step.run_end
            && let Some(run) = world.runs.iter_mut().find(|run| run.facts.run == end.run)
        {
            run.facts.ended_at = Some(NOW);
            run.facts.ended_by_self = end.by_self;
        }
        for effect in step.effects {
            match effect {
                Effect::WakeRun(_) => {}
                Effect::SettleChildren { completion } => {
                    self.follow(world, card + 1, &Event::ParentsSettled { completion });
                }
                Effect::DemoteChildren => self.follow(world, card + 1, &Event::ParentReopened),
            }
        }
    }

    /// What a parent's transition does to its child, in the same transaction.
    fn follow(&self, world: &mut World, child: usize, event: &Event) {
        if child < world.cards.len() {
            // No refusal is possible here that a store could answer: the parent's own transition stands either way.
            let _refused = self.apply(world, child, event, &Actor::System);
        }
    }

    /// A claim of a task by a dispatcher: the transition, the run's row and its lease.
    pub(crate) fn claim(&self, world: &mut World, dispatcher: usize, card: usize) -> Option<()> {
        let slot = (0..FREE_SLOTS).find(|slot| world.run(*slot).is_none())?;
        let run = run_id(slot);
        self.apply(world, card, &Event::Claim { run: run.clone() }, &Actor::System).ok()?;
        if world.cards[card].task.status == Status::Running {
            world.runs.push(Run {
                slot,
                card,
                facts: RunFacts { run, ended_at: None, ended_by_self: false, reaped_at: None },
                lease: LeaseFacts {
                    expires_at: NOW.plus(self.policy.lease_ttl),
                    ttl: self.policy.lease_ttl,
                    extended: false,
                },
                holder: None,
                process: Process::None,
            });
            world.dispatchers[dispatcher].mind = Mind::Claimed(slot);
        }
        Some(())
    }

    /// A write by the worker of a run, whether the board still knows the run or not.
    pub(crate) fn write(&self, world: &mut World, slot: u8, card: usize, verb: Verb) -> Option<()> {
        let run = run_id(slot);
        let stale = world.cards[card].task.current_run.as_ref() != Some(&run);
        let worker = Actor::Worker { profile: None, run };
        let facts = self.facts(world, card);
        let before = &world.cards[card].task;
        let next = self.rules.write(before, &verb.event(), &worker, &facts, &self.policy).ok()?;
        if stale && (next.next != *before || !next.facts.is_empty() || next.run_end.is_some()) {
            world.breach(Breach::StaleRunWrote);
        }
        self.commit(world, card, next, &worker, &facts);
        Some(())
    }

    /// The slow sweep looks at a task. It must never find anything.
    pub(crate) fn sweep(&self, world: &mut World, card: usize) -> Option<()> {
        let facts = self.facts(world, card);
        let next = self.rules.sweep(&world.cards[card], &facts, &self.policy).ok()?;
        if next.next == world.cards[card].task {
            return None;
        }
        world.breach(Breach::SweepFoundWork);
        self.commit(world, card, next, &Actor::System, &facts);
        Some(())
    }
}

/// Runs that the board can remember at once.
const FREE_SLOTS: u8 = 5;

/// Which properties a transition breaks.
fn breaches(before: &TaskState, step: &Step, actor: &Actor, facts: &Facts) -> Vec<Breach> {
    let mut found = Vec::new();
    let next = &step.next;
    let person = actor.is_person();
    let sticky = before.block.as_ref().is_some_and(|block| block.kind.is_sticky());
    if sticky && next.block != before.block && !person {
        found.push(Breach::StickyBlockEnded);
    }
    let changed = next.status != before.status;
    if (changed && step.facts.len() != 1) || step.facts.len() > 1 {
        found.push(Breach::FactsMissing);
    }
    if changed && next.status == Status::Running && facts.open_parents > 0 && !before.parents_waived {
        found.push(Breach::StartedOverOpenParents);
    }
    let (old, new) = (&before.counters, &next.counters);
    let fell = new.failures < old.failures
        || new.reclaims < old.reclaims
        || new.rate_limits < old.rate_limits
        || new.interruptions < old.interruptions
        || new.blocks < old.blocks
        || new.review_rounds < old.review_rounds;
    let completion = step
        .facts
        .iter()
        .any(|fact| matches!(fact.kind, EventKind::Completed | EventKind::Approved | EventKind::Revived));
    if fell && !person && !completion {
        found.push(Breach::CountersFell);
    }
    found
}

impl<R: Rules> Model for Line<R> {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut cards: Vec<Card> = Vec::new();
        for initial in &self.tasks {
            let open = u32::from(cards.last().is_some_and(|parent| !parent.task.satisfied()));
            let task = place_new(initial, open, NOW);
            cards.push(Card { task, starts: 0, log_says_blocked: false });
        }
        let world = World {
            cards,
            runs: Vec::new(),
            dispatchers: self
                .dispatchers
                .iter()
                .map(|host| Dispatcher { host: *host, mind: Mind::Idle })
                .collect(),
            supervisors: Vec::new(),
            acts_left: self.acts,
            breaches: Vec::new(),
        };
        vec![world.canonical()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.possible(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        self.perform(&mut next, action)?;
        let next = next.canonical();
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = promises();
        all.extend(sights());
        all
    }
}

pub(crate) const ONE_PROCESS: &str = "a task never has two living worker processes";
pub(crate) const STICKY: &str = "a sticky block ends only by a person";
pub(crate) const BOUNDED: &str = "retries are bounded";
pub(crate) const FENCED: &str = "a stale run changes nothing";

/// What always holds.
fn promises<R: Rules>() -> Vec<Property<Line<R>>> {
    fn no<R>(world: &World, breach: Breach, _: &Line<R>) -> bool {
        !world.breaches.contains(&breach)
    }
    vec![
        Property::always(ONE_PROCESS, |_, world: &World| {
            (0..world.cards.len()).all(|card| world.living(card) <= 1)
        }),
        Property::always("a task has at most one unreaped run", |_, world: &World| {
            (0..world.cards.len()).all(|card| world.unreaped(card) <= 1)
        }),
        Property::always(STICKY, |line, world| no(world, Breach::StickyBlockEnded, line)),
        Property::always(FENCED, |line, world| no(world, Breach::StaleRunWrote, line)),
        Property::always("nothing starts over an open parent that nobody waived", |line, world| {
            no(world, Breach::StartedOverOpenParents, line)
        }),
        Property::always("each change of status has its one fact", |line, world| {
            no(world, Breach::FactsMissing, line)
        }),
        Property::always("counters fall only by persons and completions", |line, world| {
            no(world, Breach::CountersFell, line)
        }),
        Property::always("the slow sweep finds nothing to do", |line, world| {
            no(world, Breach::SweepFoundWork, line)
        }),
        Property::always(BOUNDED, |line: &Line<R>, world: &World| {
            world.cards.iter().all(|card| u32::from(card.starts) <= line.bound())
        }),
        Property::always("every row is sound", |_, world: &World| {
            world.cards.iter().all(|card| card.task.check().is_ok())
        }),
        Property::always("the current run is the task's only open run", |_, world: &World| {
            let open =
                |card| world.runs.iter().filter(move |run| run.card == card && run.facts.ended_at.is_none());
            world
                .cards
                .iter()
                .enumerate()
                .all(|(at, card)| open(at).map(|run| &run.facts.run).eq(card.task.current_run.iter()))
        }),
    ]
}

/// What has to be possible, or else the promises above would be empty.
fn sights<R: Rules>() -> Vec<Property<Line<R>>> {
    fn blocked(world: &World, sticky: bool) -> bool {
        world
            .cards
            .iter()
            .any(|card| card.task.block.as_ref().is_some_and(|block| block.kind.is_sticky() == sticky))
    }
    vec![
        Property::sometimes("everything is done", |_, world: &World| {
            world.cards.iter().all(|card| card.task.status == Status::Done)
        }),
        Property::sometimes("a task is given up", |_, world: &World| blocked(world, false)),
        Property::sometimes("a task is blocked by somebody", |_, world: &World| blocked(world, true)),
        Property::sometimes("a worker outlives its supervisor and its run", |_, world: &World| {
            world.runs.iter().any(|run| {
                run.process == Process::Alive
                    && run.facts.ended_at.is_some()
                    && world.holder(run.slot).is_none()
            })
        }),
        Property::sometimes("two supervisors are started for one run", |_, world: &World| {
            world.supervisors.windows(2).any(|pair| pair[0].slot == pair[1].slot)
        }),
        Property::sometimes("a task is retried after a failure", |_, world: &World| {
            world.cards.iter().any(|card| card.task.current_run.is_some() && card.task.counters.failures > 0)
        }),
        Property::sometimes(
            "a ready task waits for an old run's processes",
            |line: &Line<R>, world: &World| {
                let ready = |card: &usize| world.cards[*card].task.status == Status::Ready;
                (0..world.cards.len()).filter(ready).any(|card| line.facts(world, card).unreaped_run)
            },
        ),
    ]
}

impl Verb {
    /// The event of it.
    pub(crate) fn event(self) -> Event {
        match self {
            Self::Complete => Event::Complete,
            Self::Block => Event::Block { kind: BlockKind::NeedsInput, reason: String::new() },
            Self::BlockOnParent => Event::BlockOnParent { reason: String::new() },
            Self::RequestReview => Event::RequestReview,
            Self::RequestChanges => Event::RequestChanges { reason: String::new() },
            Self::Approve => Event::Approve,
        }
    }
}

impl Act {
    /// The event of it.
    pub(crate) fn event(self) -> Event {
        match self {
            Self::Block => Event::Block { kind: BlockKind::Operator, reason: String::new() },
            Self::Unblock => Event::Unblock,
            Self::Stop => Event::Stop { reason: String::new() },
            Self::Reclaim => Event::Reclaim { reason: String::new() },
            Self::Complete => Event::Complete,
            Self::Archive => Event::Archive { release: Some(true) },
            Self::ForcePromote => Event::Promote { force: true },
            Self::Reopen => Event::Reopen,
            Self::Schedule => Event::Schedule { at: Some(Millis(0)), reason: String::new() },
        }
    }
}
