//! Everything that can happen next, and what happens then.

use andon_core::run::ExitFacts;
use andon_core::run::{Ending, EndsBy, Expiry, Failure, Guard, Renewal, classify, expiry, guard, renewal};
use andon_core::task::{Actor, End, Event, Status, step};

use super::line::Line;
use super::rules::Rules;
use super::world::{Breach, FORGOTTEN, Mind, NOW, Phase, Process, Supervisor, World};

/// What a worker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Complete,
    Block,
    BlockOnParent,
    RequestReview,
    RequestChanges,
    Approve,
}

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Block,
    Unblock,
    Stop,
    Reclaim,
    Complete,
    Archive,
    ForcePromote,
    Reopen,
    Schedule,
}

impl Act {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Block,
        Self::Unblock,
        Self::Stop,
        Self::Reclaim,
        Self::Complete,
        Self::Archive,
        Self::ForcePromote,
        Self::Reopen,
        Self::Schedule,
    ];
}

/// One step of somebody. Numbers are places in the lists of [`World`], except `run`, which is a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Time passes.
    Tick,
    /// A person acts.
    Operate { card: usize, act: Act },
    /// The slow sweep looks at a task.
    Sweep { card: usize },
    /// The timer of a scheduled task.
    Fire { card: usize },
    /// Transaction: a dispatcher claims.
    Claim { dispatcher: usize, card: usize },
    /// A dispatcher starts a supervisor.
    Launch { dispatcher: usize, run: u8 },
    /// Transaction: a dispatcher judges a lease, extends it or ends the run.
    Expire { dispatcher: usize, run: u8 },
    /// A dispatcher kills the supervisor of a fenced run, which does not stop by itself.
    KillSupervisor { dispatcher: usize, run: u8 },
    /// A dispatcher kills what a dead supervisor left behind.
    KillTree { dispatcher: usize, run: u8 },
    /// A dispatcher finds no process of a fenced run.
    Scan { dispatcher: usize, run: u8 },
    /// Transaction: a dispatcher writes that a run's tree is gone.
    Reap { dispatcher: usize },
    /// A dispatcher dies and comes back with nothing in mind.
    CrashDispatcher { dispatcher: usize },
    /// Transaction: a supervisor takes its run.
    Take { supervisor: usize },
    /// Transaction: the guard right before the exec.
    Check { supervisor: usize },
    /// The worker starts.
    Exec { supervisor: usize },
    /// Transaction: a supervisor renews the lease.
    Renew { supervisor: usize },
    /// A supervisor kills the worker.
    Kill { supervisor: usize },
    /// Transaction: a supervisor writes how the run ended.
    End { supervisor: usize },
    /// Transaction of a broken rule: the counters, later.
    Count { supervisor: usize },
    /// Transaction: a supervisor writes that the tree is gone, and exits.
    Leave { supervisor: usize },
    /// A supervisor is killed.
    CrashSupervisor { supervisor: usize },
    /// SIGSTOP.
    Freeze { supervisor: usize },
    /// SIGCONT.
    Thaw { supervisor: usize },
    /// Transaction: the worker of a run writes, in time or late.
    Write { run: u8, card: usize, verb: Verb },
    /// The worker exits by itself.
    Exit { run: u8, well: bool },
    /// The host goes down, with all that runs on it, and comes back.
    CrashHost { host: u8 },
}

impl<R: Rules> Line<R> {
    /// What can happen next.
    pub(crate) fn possible(&self, world: &World, actions: &mut Vec<Action>) {
        actions.push(Action::Tick);
        for (card, row) in world.cards.iter().enumerate() {
            actions.push(Action::Sweep { card });
            if row.task.status == Status::Scheduled {
                actions.push(Action::Fire { card });
            }
            if world.acts_left > 0 {
                actions.extend(self.operator.iter().map(|act| Action::Operate { card, act: *act }));
            }
            actions.extend(self.verbs.iter().map(|verb| Action::Write { run: FORGOTTEN, card, verb: *verb }));
        }
        self.dispatchers_may(world, actions);
        self.supervisors_may(world, actions);
        for run in &world.runs {
            if run.process == Process::Alive {
                actions.extend([true, false].map(|well| Action::Exit { run: run.slot, well }));
            }
            if run.process == Process::Alive || run.facts.ended_at.is_some() {
                let write = |verb: &Verb| Action::Write { run: run.slot, card: run.card, verb: *verb };
                actions.extend(self.verbs.iter().map(write));
            }
        }
        let mut hosts = self.dispatchers.clone();
        hosts.dedup();
        actions.extend(hosts.into_iter().map(|host| Action::CrashHost { host }));
    }

    fn dispatchers_may(&self, world: &World, actions: &mut Vec<Action>) {
        for (dispatcher, one) in world.dispatchers.iter().enumerate() {
            match one.mind {
                Mind::Idle => {
                    let ready = |card: &usize| {
                        matches!(world.cards[*card].task.status, Status::Ready | Status::Review)
                    };
                    let cards = (0..world.cards.len()).filter(ready);
                    actions.extend(cards.map(|card| Action::Claim { dispatcher, card }));
                    for run in &world.runs {
                        let run = run.slot;
                        actions.extend([
                            Action::Launch { dispatcher, run },
                            Action::Expire { dispatcher, run },
                            Action::KillSupervisor { dispatcher, run },
                            Action::KillTree { dispatcher, run },
                            Action::Scan { dispatcher, run },
                        ]);
                    }
                }
                Mind::Claimed(run) => {
                    actions.push(Action::Launch { dispatcher, run });
                    actions.push(Action::CrashDispatcher { dispatcher });
                }
                Mind::Scanned(_) => {
                    actions.push(Action::Reap { dispatcher });
                    actions.push(Action::CrashDispatcher { dispatcher });
                }
            }
        }
    }

    fn supervisors_may(&self, world: &World, actions: &mut Vec<Action>) {
        for (supervisor, one) in world.supervisors.iter().enumerate() {
            actions.push(Action::CrashSupervisor { supervisor });
            if one.frozen {
                actions.push(Action::Thaw { supervisor });
                continue;
            }
            if self.freezes {
                actions.push(Action::Freeze { supervisor });
            }
            match one.phase {
                Phase::Starting => actions.push(Action::Take { supervisor }),
                Phase::Taken => {
                    actions.extend([Action::Check { supervisor }, Action::Renew { supervisor }]);
                }
                Phase::Cleared => actions.push(Action::Exec { supervisor }),
                Phase::Watching => actions.extend([Action::Renew { supervisor }, Action::End { supervisor }]),
                Phase::Stopping => actions.push(Action::Kill { supervisor }),
                Phase::Owing(_) => actions.push(Action::Count { supervisor }),
                Phase::Leaving => actions.push(Action::Leave { supervisor }),
            }
        }
    }

    /// Does it; none when it changes nothing.
    pub(crate) fn perform(&self, world: &mut World, action: Action) -> Option<()> {
        match action {
            Action::Tick => world.tick(),
            Action::Operate { card, act } => {
                self.apply(world, card, &act.event(), &Actor::Person("operator".to_owned())).ok()?;
                world.acts_left -= 1;
            }
            Action::Sweep { card } => self.sweep(world, card)?,
            Action::Fire { card } => self.apply(world, card, &Event::ScheduleDue, &Actor::System).ok()?,
            Action::Claim { dispatcher, card } => self.claim(world, dispatcher, card)?,
            Action::Launch { dispatcher, run } => self.launch(world, dispatcher, run)?,
            Action::Expire { dispatcher, run } => self.expire(world, dispatcher, run)?,
            Action::KillSupervisor { dispatcher, run } => self.kill_supervisor(world, dispatcher, run)?,
            Action::KillTree { dispatcher, run } => {
                orphaned(world, dispatcher, run).then_some(())?;
                world.run_mut(run)?.process = Process::None;
            }
            Action::Scan { dispatcher, run } => {
                orphaned(world, dispatcher, run).then_some(())?;
                (world.run(run)?.process != Process::Alive).then_some(())?;
                world.dispatchers[dispatcher].mind = Mind::Scanned(run);
            }
            Action::Reap { dispatcher } => {
                let Mind::Scanned(run) = world.dispatchers[dispatcher].mind else { return None };
                world.dispatchers[dispatcher].mind = Mind::Idle;
                world.run_mut(run)?.facts.reaped_at = Some(NOW);
            }
            Action::CrashDispatcher { dispatcher } => world.dispatchers[dispatcher].mind = Mind::Idle,
            Action::Take { supervisor } => self.take(world, supervisor)?,
            Action::Check { supervisor } => check(world, supervisor)?,
            Action::Exec { supervisor } => exec(world, supervisor)?,
            Action::Renew { supervisor } => self.renew(world, supervisor)?,
            Action::Kill { supervisor } => kill(world, supervisor)?,
            Action::End { supervisor } => self.end(world, supervisor)?,
            Action::Count { supervisor } => count(world, supervisor)?,
            Action::Leave { supervisor } => leave(world, supervisor)?,
            Action::CrashSupervisor { supervisor } => drop(world.supervisors.remove(supervisor)),
            Action::Freeze { supervisor } => world.supervisors[supervisor].frozen = true,
            Action::Thaw { supervisor } => world.supervisors[supervisor].frozen = false,
            Action::Write { run, card, verb } => self.write(world, run, card, verb)?,
            Action::Exit { run, well } => world.run_mut(run)?.process = Process::Exited { well },
            Action::CrashHost { host } => crash_host(world, host),
        }
        Some(())
    }

    /// Starting a supervisor is safe to repeat, so any dispatcher that sees an untaken run may do it.
    fn launch(&self, world: &mut World, dispatcher: usize, slot: u8) -> Option<()> {
        let claimed = world.dispatchers[dispatcher].mind == Mind::Claimed(slot);
        let run = world.run(slot)?;
        let open = run.holder.is_none() && run.facts.ended_at.is_none();
        let room = world.supervisors.len() < self.supervisors;
        (room && (claimed || open)).then_some(())?;
        let host = world.dispatchers[dispatcher].host;
        world.dispatchers[dispatcher].mind = Mind::Idle;
        world.supervisors.push(Supervisor { slot, host, phase: Phase::Starting, frozen: false });
        Some(())
    }

    fn expire(&self, world: &mut World, dispatcher: usize, slot: u8) -> Option<()> {
        let here = world.dispatchers[dispatcher].host;
        let run = world.run(slot).filter(|run| run.facts.ended_at.is_none())?;
        let on_this_host = run.holder == Some(here);
        let alive = on_this_host.then(|| world.holder(slot).is_some());
        match expiry(&run.lease, alive, NOW) {
            Expiry::Live => None,
            Expiry::Extend => {
                let lease = &mut world.run_mut(slot)?.lease;
                lease.expires_at = NOW.plus(self.policy.lease_ttl);
                lease.extended = true;
                Some(())
            }
            Expiry::Lost => {
                let rebooted = on_this_host && run.process == Process::Rebooted;
                let failure = if rebooted { Failure::Interrupted } else { Failure::Lost };
                let end = End { run: run.facts.run.clone(), failure, error: String::new(), systemic: false };
                let card = run.card;
                self.apply(world, card, &Event::RunEnded(end), &Actor::System).ok()
            }
        }
    }

    fn kill_supervisor(&self, world: &mut World, dispatcher: usize, slot: u8) -> Option<()> {
        let here = world.dispatchers[dispatcher].host;
        let run = world.run(slot)?;
        (renewal(Some(&run.facts), &self.policy, NOW) == Renewal::Fenced).then_some(())?;
        let victim = |one: &Supervisor| one.slot == slot && one.holds() && one.host == here;
        let at = world.supervisors.iter().position(victim)?;
        let _killed = world.supervisors.remove(at);
        Some(())
    }

    fn take(&self, world: &mut World, supervisor: usize) -> Option<()> {
        let slot = world.supervisors[supervisor].slot;
        let run = world.run(slot);
        let current = run.and_then(|run| world.cards[run.card].task.current_run.clone());
        let taken = run.is_some_and(|run| run.holder.is_some());
        match guard(run.map(|run| &run.facts), current.as_ref(), true, taken) {
            Guard::Go => {
                let host = world.supervisors[supervisor].host;
                world.supervisors[supervisor].phase = Phase::Taken;
                let ttl = self.policy.lease_ttl;
                let run = world.run_mut(slot)?;
                run.holder = Some(host);
                run.lease.expires_at = NOW.plus(ttl);
            }
            Guard::StandDown(_) => drop(world.supervisors.remove(supervisor)),
        }
        Some(())
    }

    fn renew(&self, world: &mut World, supervisor: usize) -> Option<()> {
        let one = &world.supervisors[supervisor];
        let (slot, watching) = (one.slot, one.phase == Phase::Watching);
        match renewal(world.run(slot).map(|run| &run.facts), &self.policy, NOW) {
            Renewal::Ok => {
                let ttl = self.policy.lease_ttl;
                let lease = &mut world.run_mut(slot)?.lease;
                lease.expires_at = NOW.plus(ttl);
                lease.extended = false;
            }
            Renewal::EndedBySelf => return None,
            Renewal::Fenced => {
                world.supervisors[supervisor].phase = if watching { Phase::Stopping } else { Phase::Leaving };
            }
        }
        Some(())
    }

    /// The worker's process is gone: what does that mean for the task? One transaction.
    fn end(&self, world: &mut World, supervisor: usize) -> Option<()> {
        let slot = world.supervisors[supervisor].slot;
        let run = world.run(slot)?;
        let (card, id, open) = (run.card, run.facts.run.clone(), run.facts.ended_at.is_none());
        let well = match run.process {
            Process::Exited { well } => well,
            Process::None | Process::Rebooted => false,
            Process::Alive => return None,
        };
        world.supervisors[supervisor].phase = Phase::Leaving;
        let task = world.cards[card].task.clone();
        let exit = ExitFacts {
            code: Some(if well { 0 } else { 2 }),
            signal: None,
            ends_by: EndsBy::Exit,
            phase: task.phase,
            timed_out: false,
            shutting_down: false,
            authentication: false,
        };
        let worker = Actor::Worker { profile: None, run: id.clone() };
        let (event, actor) = match classify(&exit) {
            Ending::Complete => (Event::Complete, worker),
            Ending::Approve => (Event::Approve, worker),
            Ending::RequestChanges => (Event::RequestChanges { reason: String::new() }, worker),
            Ending::Failed(failure) => {
                let end = End { run: id, failure, error: String::new(), systemic: false };
                (Event::RunEnded(end), Actor::System)
            }
        };
        let facts = self.facts(world, card);
        // A run that has been fenced meanwhile is refused, and the supervisor leaves without having changed anything.
        let Ok(next) = step(&task, &event, &actor, &facts, &self.policy, NOW) else { return Some(()) };
        if !open {
            world.breach(Breach::StaleRunWrote);
        }
        let failed = matches!(event, Event::RunEnded(_));
        let (next, owed) = if failed { self.rules.end(&task, next) } else { (next, None) };
        self.commit(world, card, next, &actor, &facts);
        if let Some(counters) = owed {
            world.supervisors[supervisor].phase = Phase::Owing(counters);
        }
        Some(())
    }
}

/// Whether a dispatcher may clean up after a run: it is fenced, and no supervisor of its lives; a run that was taken is
/// looked at on its own host only, where that can be seen.
fn orphaned(world: &World, dispatcher: usize, slot: u8) -> bool {
    let here = world.dispatchers[dispatcher].host;
    world.run(slot).is_some_and(|run| {
        run.facts.ended_at.is_some()
            && run.facts.reaped_at.is_none()
            && run.holder.is_none_or(|host| host == here)
            && world.holder(slot).is_none()
    })
}

fn check(world: &mut World, supervisor: usize) -> Option<()> {
    let slot = world.supervisors[supervisor].slot;
    let run = world.run(slot)?;
    let current = world.cards[run.card].task.current_run.as_ref();
    world.supervisors[supervisor].phase = match guard(Some(&run.facts), current, true, false) {
        Guard::Go => Phase::Cleared,
        Guard::StandDown(_) => Phase::Leaving,
    };
    Some(())
}

fn exec(world: &mut World, supervisor: usize) -> Option<()> {
    world.supervisors[supervisor].phase = Phase::Watching;
    let slot = world.supervisors[supervisor].slot;
    world.run_mut(slot)?.process = Process::Alive;
    Some(())
}

fn kill(world: &mut World, supervisor: usize) -> Option<()> {
    world.supervisors[supervisor].phase = Phase::Leaving;
    let slot = world.supervisors[supervisor].slot;
    world.run_mut(slot)?.process = Process::None;
    Some(())
}

fn count(world: &mut World, supervisor: usize) -> Option<()> {
    let slot = world.supervisors[supervisor].slot;
    let card = world.run(slot)?.card;
    let one = &mut world.supervisors[supervisor];
    if let Phase::Owing(counters) = std::mem::replace(&mut one.phase, Phase::Leaving) {
        world.cards[card].task.counters = counters;
    }
    Some(())
}

fn leave(world: &mut World, supervisor: usize) -> Option<()> {
    let slot = world.supervisors.remove(supervisor).slot;
    let run = world.run_mut(slot)?;
    if run.facts.ended_at.is_some() {
        run.facts.reaped_at = Some(NOW);
    }
    Some(())
}

fn crash_host(world: &mut World, host: u8) {
    world.supervisors.retain(|one| one.host != host);
    for dispatcher in world.dispatchers.iter_mut().filter(|one| one.host == host) {
        dispatcher.mind = Mind::Idle;
    }
    for run in world.runs.iter_mut().filter(|run| run.holder == Some(host)) {
        run.process = if run.facts.ended_at.is_none() { Process::Rebooted } else { Process::None };
    }
}
