//! What the model knows: the rows of the board, and what is true of the host that runs it.
//!
//! Time is relative: now is always zero, and a tick moves every stored time one step into the past, down to where no rule
//! can tell the difference any more. That keeps the states finite without a last moment.

use std::sync::OnceLock;

use andon_core::run::{LeaseFacts, RunFacts};
use andon_core::task::{Counters, Status, TaskState};
use andon_core::{Millis, RunId};

pub(crate) const NOW: Millis = Millis(0);
/// The run of a worker so old that the board has forgotten it.
pub(crate) const FORGOTTEN: u8 = 9;

/// The id of the run in `slot`. Slots are used again when nothing remembers the run that was there.
pub(crate) fn run_id(slot: u8) -> RunId {
    static IDS: OnceLock<Vec<RunId>> = OnceLock::new();
    let ids = IDS.get_or_init(|| {
        (0..=9).map(|slot| format!("0000000000000000000000000{slot}").parse().expect("a run id")).collect()
    });
    ids[usize::from(slot)].clone()
}

/// What went wrong on the way here: properties of transitions, which no single state shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Breach {
    /// A sticky block ended without a person.
    StickyBlockEnded,
    /// A run that is not the current one changed something.
    StaleRunWrote,
    /// A run started over open parents that nobody waived.
    StartedOverOpenParents,
    /// A change of status without its one fact.
    FactsMissing,
    /// A counter fell without a person or a completion.
    CountersFell,
    /// The slow sweep found something to do.
    SweepFoundWork,
}

/// A task and what the properties need to remember of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Card {
    /// The task's row.
    pub(crate) task: TaskState,
    /// Runs started since the last act of a person or completion.
    pub(crate) starts: u8,
    /// Whether the newest of the `blocked` and `unblocked` events is `blocked`; only a broken rule reads it.
    pub(crate) log_says_blocked: bool,
}

/// The truth about the worker's process of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Process {
    /// Not started, or killed.
    None,
    /// Alive, with or without a supervisor.
    Alive,
    /// It has exited by itself; only its supervisor knows how.
    Exited {
        /// With 0.
        well: bool,
    },
    /// Its host went down.
    Rebooted,
}

/// A run: its rows, and its process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    pub(crate) slot: u8,
    pub(crate) card: usize,
    pub(crate) facts: RunFacts,
    pub(crate) lease: LeaseFacts,
    /// The host of the supervisor that took it.
    pub(crate) holder: Option<u8>,
    pub(crate) process: Process,
}

/// Where a supervisor is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Started; has not seen the board yet.
    Starting,
    /// Has taken the run, prepares the workspace.
    Taken,
    /// Has passed the guard; the next thing is the exec.
    Cleared,
    /// The worker has been started.
    Watching,
    /// Must kill the worker.
    Stopping,
    /// Has still to write counters: only under a broken rule.
    Owing(Counters),
    /// The tree is gone; the reap has to be written.
    Leaving,
}

/// A supervisor process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Supervisor {
    pub(crate) slot: u8,
    pub(crate) host: u8,
    pub(crate) phase: Phase,
    /// Stopped by SIGSTOP.
    pub(crate) frozen: bool,
}

impl Supervisor {
    /// Whether the run's row names this supervisor.
    pub(crate) fn holds(&self) -> bool {
        self.phase != Phase::Starting
    }
}

/// What a dispatcher keeps in memory between two steps, and loses when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Mind {
    /// Nothing.
    Idle,
    /// It has claimed this run and will start a supervisor.
    Claimed(u8),
    /// It has found no process of this run and will write the reap.
    Scanned(u8),
}

/// A dispatcher process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Dispatcher {
    pub(crate) host: u8,
    pub(crate) mind: Mind,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) cards: Vec<Card>,
    pub(crate) runs: Vec<Run>,
    pub(crate) dispatchers: Vec<Dispatcher>,
    pub(crate) supervisors: Vec<Supervisor>,
    /// How often persons may still act.
    pub(crate) acts_left: u8,
    pub(crate) breaches: Vec<Breach>,
}

impl World {
    pub(crate) fn run(&self, slot: u8) -> Option<&Run> {
        self.runs.iter().find(|run| run.slot == slot)
    }

    pub(crate) fn run_mut(&mut self, slot: u8) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.slot == slot)
    }

    /// The supervisor that holds a run, if it lives.
    pub(crate) fn holder(&self, slot: u8) -> Option<&Supervisor> {
        self.supervisors.iter().find(|supervisor| supervisor.slot == slot && supervisor.holds())
    }

    pub(crate) fn breach(&mut self, breach: Breach) {
        if let Err(place) = self.breaches.binary_search(&breach) {
            self.breaches.insert(place, breach);
        }
    }

    /// Living worker processes of a task.
    pub(crate) fn living(&self, card: usize) -> usize {
        self.runs.iter().filter(|run| run.card == card && run.process == Process::Alive).count()
    }

    /// Runs of a task whose tree may still live.
    pub(crate) fn unreaped(&self, card: usize) -> usize {
        self.runs.iter().filter(|run| run.card == card && run.facts.reaped_at.is_none()).count()
    }

    /// One step of time.
    pub(crate) fn tick(&mut self) {
        for card in &mut self.cards {
            if let Some(eligible) = &mut card.task.eligible {
                eligible.at = earlier(eligible.at, 0);
            }
        }
        for run in &mut self.runs {
            run.lease.expires_at = earlier(run.lease.expires_at, -1);
            run.facts.ended_at = run.facts.ended_at.map(|at| earlier(at, -1));
        }
    }

    /// The one form of all states that differ in nothing that a rule reads: times and words that only people look at,
    /// runs that nothing remembers, the order of like processes.
    pub(crate) fn canonical(mut self) -> Self {
        for card in &mut self.cards {
            let sticky = card.task.block.as_ref().is_some_and(|block| block.kind.is_sticky());
            if sticky || card.task.status.is_terminal() {
                // The next start needs an act of a person, which counts from zero.
                card.starts = 0;
            }
            card.log_says_blocked &= card.task.status == Status::Blocked;
            let task = &mut card.task;
            task.started_at = task.started_at.map(|_| NOW);
            task.completed_at = task.completed_at.map(|_| NOW);
            task.last_failure_error = None;
            if let Some(block) = &mut task.block {
                (block.at, block.reason) = (NOW, String::new());
            }
            if let Some(eligible) = &mut task.eligible {
                eligible.reason = String::new();
            }
        }
        self.forget();
        self.runs.sort_by_key(|run| run.slot);
        self.dispatchers.sort();
        self.supervisors.sort_by_key(|one| (one.slot, one.host, order(&one.phase), one.frozen));
        self
    }

    /// Nobody asks for the lease of a fenced run, how long ago it was fenced when it did not fence itself, or how a
    /// process ended whose supervisor is gone.
    fn forget(&mut self) {
        let (supervisors, dispatchers) = (&self.supervisors, &self.dispatchers);
        for run in &mut self.runs {
            let watched = supervisors.iter().any(|one| one.slot == run.slot && one.holds());
            if !watched && matches!(run.process, Process::Exited { .. }) {
                run.process = Process::None;
            }
            if run.facts.ended_at.is_some() {
                run.lease.expires_at = Millis(-1);
                run.lease.extended = false;
                run.facts.ended_by_self &= watched;
                if !run.facts.ended_by_self {
                    run.facts.ended_at = Some(Millis(-1));
                }
            }
            run.facts.reaped_at = run.facts.reaped_at.map(|_| NOW);
        }
        self.runs.retain(|run| {
            run.facts.reaped_at.is_none()
                || run.process == Process::Alive
                || supervisors.iter().any(|supervisor| supervisor.slot == run.slot)
                || dispatchers.iter().any(
                    |one| matches!(one.mind, Mind::Claimed(slot) | Mind::Scanned(slot) if slot == run.slot),
                )
        });
    }
}

fn order(phase: &Phase) -> u8 {
    match phase {
        Phase::Starting => 0,
        Phase::Taken => 1,
        Phase::Cleared => 2,
        Phase::Watching => 3,
        Phase::Stopping => 4,
        Phase::Owing(_) => 5,
        Phase::Leaving => 6,
    }
}

fn earlier(at: Millis, least: i64) -> Millis {
    Millis((at.0 - 1).max(least))
}
