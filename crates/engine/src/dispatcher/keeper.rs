//! Renewals for a whole host: where other hosts use a board as well, its dispatcher renews the leases of all its runs and
//! says that the host is there, all in one transaction, and tells each supervisor. A supervisor that hears nothing renews
//! by itself, so that a host without a dispatcher loses nothing. For one that does not say that it heard, nothing more is
//! renewed: it may be frozen, and then its lease has to run out.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use andon_core::run::Renewal;
use andon_core::{Policy, RunId};
use andon_store::operation::{Renew, Renewed, Seen};
use andon_store::sql::boards::HostFacts;
use andon_store::sql::leases::{Holder, Lease};
use andon_store::sql::runs::Run;
use andon_store::{Board, OpError};
use futures::future::{join, join_all};
use tokio::task::JoinHandle;

use crate::paths::RunPaths;
use crate::renewal::{Note, RING, boot_now};

/// Renewals in a lease: a supervisor renews by itself after a third of it.
const PARTS: i64 = 4;

/// A lease that is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    run: RunId,
    holder: Holder,
    ttl: i64,
    /// Fenced already: nothing is renewed, but this host still has to bring the run to its end.
    ended: bool,
    log: PathBuf,
    heard: PathBuf,
}

impl Kept {
    /// The lease of a run, where a supervisor holds it.
    pub(super) fn of(board: &Board, run: &Run, lease: Lease) -> Option<Self> {
        let paths = RunPaths::new(board.folder(), &run.task, &run.id);
        let (heard, log) = (paths.heard(), paths.log);
        let (ttl, ended) = (lease.facts.ttl, run.ended_at.is_some());
        lease.holder.map(|holder| Self { run: run.id.clone(), holder, ttl, ended, log, heard })
    }
}

/// What is to be kept.
#[derive(Clone, Debug)]
struct Work {
    host: HostFacts,
    policy: Policy,
    leases: Vec<Kept>,
}

/// What is remembered of a run between two rounds.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The last renewal that its supervisor was told of.
    told: Option<i64>,
    /// When its log was written to.
    written: Option<SystemTime>,
}

impl Known {
    /// Whether its supervisor has heard what it was told.
    fn heeded(self, kept: &Kept) -> bool {
        self.told.is_none_or(|told| {
            let heard = std::fs::read_to_string(&kept.heard).ok().and_then(|text| text.parse().ok());
            heard.is_some_and(|heard: i64| heard >= told)
        })
    }

    /// Whether the worker has written to its log since the last look: progress without a heartbeat.
    fn grown(&mut self, kept: &Kept) -> bool {
        let Ok(at) = std::fs::metadata(&kept.log).and_then(|meta| meta.modified()) else { return false };
        match self.written.replace(at) {
            Some(before) => before != at,
            None => at.elapsed().is_ok_and(|age| age.as_millis() < u128::from(kept.ttl.unsigned_abs())),
        }
    }
}

/// Renews until it is dropped.
pub(super) struct Keeper {
    work: Arc<Mutex<Option<Work>>>,
    task: JoinHandle<()>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Keeper {
    /// Begins for a board.
    pub(super) fn of(board: &Board) -> Self {
        let work = Arc::<Mutex<Option<Work>>>::default();
        let task = tokio::spawn(renew(board.clone(), Arc::clone(&work)));
        Self { work, task }
    }

    /// What is to be kept from now on.
    pub(super) fn keep(&self, host: HostFacts, policy: Policy, leases: Vec<Kept>) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(Work { host, policy, leases });
    }
}

async fn renew(board: Board, work: Arc<Mutex<Option<Work>>>) {
    let now = || work.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut known: HashMap<RunId, Known> = HashMap::new();
    loop {
        let ttl = now().map_or(1_000, |work| {
            work.leases.iter().map(|kept| kept.ttl).fold(work.policy.lease_ttl, i64::min)
        });
        tokio::time::sleep(Duration::from_millis(u64::try_from(ttl / PARTS).unwrap_or(0).max(10))).await;
        if let Some(work) = now().filter(|work| !work.leases.is_empty()) {
            known.retain(|run, _| work.leases.iter().any(|kept| kept.run == *run));
            all(&board, work, &mut known).await;
        }
    }
}

/// Renews all of them, side by side: they share a transaction.
async fn all(board: &Board, work: Work, known: &mut HashMap<RunId, Known>) {
    let of = |kept: &Kept, known: &HashMap<RunId, Known>| known.get(&kept.run).copied().unwrap_or_default();
    let due = |kept: &Kept| !kept.ended && of(kept, known).heeded(kept);
    let leases: Vec<Kept> = work.leases.into_iter().filter(due).collect();
    let sent = boot_now();
    let seen = board.run(Seen { host: work.host });
    let renewals = leases.iter().map(|kept| {
        // As long as the lease was made for: its supervisor counts on no less.
        let policy = Policy { lease_ttl: kept.ttl, ..work.policy.clone() };
        let progress = known.entry(kept.run.clone()).or_default().grown(kept);
        board.run(Renew { run: kept.run.clone(), holder: kept.holder.clone(), progress, policy })
    });
    let (seen, renewed) = join(seen, join_all(renewals)).await;
    if let Err(error) = seen {
        tracing::warn!(%error, "this host could not say that it is there");
    }
    for (kept, renewed) in leases.iter().zip(renewed) {
        if tell(board, kept, sent, renewed)
            && let Some(known) = known.get_mut(&kept.run)
        {
            known.told = Some(sent);
        }
    }
}

/// Tells the supervisor; whether it was told of a renewal. What is no plain renewal it asks for itself.
fn tell(board: &Board, kept: &Kept, sent: i64, renewed: Result<Renewed, OpError>) -> bool {
    match renewed {
        Ok(Renewed { renewal: Renewal::Ok, progress_at, .. }) => {
            let note = Note { sent, ttl: kept.ttl, progress_at };
            board.doorbell().tell(&kept.run, note.to_string().as_bytes());
            return true;
        }
        Ok(Renewed { renewal: Renewal::EndedBySelf | Renewal::Fenced, .. }) => {
            board.doorbell().tell(&kept.run, RING);
        }
        Err(error) => {
            tracing::warn!(run = %kept.run, %error, "its lease could not be renewed from here");
        }
    }
    false
}
