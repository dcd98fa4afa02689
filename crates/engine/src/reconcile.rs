//! What is done about a run whose supervisor is gone, or does not do its work: found by identity on its own host, or by an
//! expired lease. Its tree is stopped before its task may run again; only then is it reaped.
//!
//! Whoever finds it may do it (a dispatcher, `andon stop`): every step is safe to repeat.

use std::path::Path;

use andon_core::Policy;
use andon_core::run::Expiry;
use andon_process::{Identity, StopReport, sweep};
use andon_store::operation::{EndRun, JudgeLease, Judged, Reap};
use andon_store::query::{HostContact, HostSeen};
use andon_store::sql::leases::Lease;
use andon_store::sql::runs::Run;
use andon_store::{Board, OpError};

use crate::host;
use crate::paths::RunPaths;
use crate::supervisor::{ExitRecord, hand_in_usage};
use crate::tidy::tidy;

/// What became of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Its supervisor is at work, or has just ended it, or is another host's to judge.
    Left,
    /// Its lease was extended, its supervisor being alive.
    Extended,
    /// It ended, or had ended, and nothing of it lives any more.
    Reaped,
    /// It ended, and something of it still lives.
    Waiting,
}

/// How long a supervisor may take to stop a fenced run before it is stopped itself, milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The grace that workers get, plus what a supervisor needs besides.
    pub stop: i64,
}

/// Looks at one unreaped run and does what is due.
///
/// # Errors
/// Of the database.
pub async fn reconcile(
    board: &Board,
    run: &Run,
    lease: Option<&Lease>,
    patience: Patience,
    policy: &Policy,
) -> Result<Reconciled, OpError> {
    let here = host::name();
    let boot = andon_process::boot_id().unwrap_or_default();
    let now = board.world().now();
    let holder = lease.and_then(|lease| lease.holder.as_ref());
    let Some(holder) = holder else {
        return untaken(board, run, lease, policy).await;
    };
    if board.on_hosts() && holder.host != here {
        return elsewhere(board, run, lease, policy).await;
    }
    // A renamed host, or a container with a new name on the same kernel, is this host all the same. A board on SQLite is
    // one host's: whoever held a lease under another name and another boot is gone when that lease has run out.
    let rebooted = !boot.is_empty() && holder.boot_id != boot;
    let expired = lease.is_some_and(|lease| lease.facts.expires_at < now);
    if rebooted && holder.host != here && !expired {
        return Ok(Reconciled::Left);
    }
    let supervisor = host::identity(holder);
    let alive = !rebooted && supervisor.is_alive();
    if !alive {
        hand_in(board, run, policy).await?;
        judge(board, run, lease, Some(false), rebooted, policy).await?;
        return reap(board, run, lease, rebooted).await;
    }
    match run.ended_at {
        None => {
            let judged = judge(board, run, lease, Some(true), false, policy).await?;
            if judged != Reconciled::Waiting {
                return Ok(judged);
            }
            // Its lease is gone although it lives: frozen, so that it cannot stop its worker. It must not wake up again.
            stop_supervisor(&supervisor);
            reap(board, run, lease, false).await
        }
        Some(ended) if overdue(run, now.since(ended), patience, policy) => {
            tracing::warn!(run = %run.id, "its supervisor does not stop it; stopping both");
            stop_supervisor(&supervisor);
            reap(board, run, lease, false).await
        }
        Some(_) => Ok(Reconciled::Left),
    }
}

/// A run that nobody has taken: claimed by hand, by a dispatcher that is about to start its supervisor, or by one that died
/// before it did. Where this host knows the last the run is over at once; else the lease alone decides.
async fn untaken(
    board: &Board,
    run: &Run,
    lease: Option<&Lease>,
    policy: &Policy,
) -> Result<Reconciled, OpError> {
    if run.ended_at.is_none() && lease.is_some_and(|lease| unstarted(run, lease)) {
        let judge = JudgeLease {
            run: run.id.clone(),
            holder_alive: None,
            rebooted: false,
            unstarted: true,
            policy: policy.clone(),
        };
        // Nothing of it ever lived: it is reaped in the same transaction.
        return Ok(match board.run(judge).await? {
            Judged::Ended => Reconciled::Reaped,
            Judged::Live | Judged::Extended => Reconciled::Left,
        });
    }
    judge(board, run, lease, None, false, policy).await
}

/// Whether the claimer of a run was a process of this host that is gone, and no supervisor that it started is on its way.
fn unstarted(run: &Run, lease: &Lease) -> bool {
    let Some(claimer) = lease.claimer.as_ref().filter(|claimer| claimer.host == host::name()) else {
        return false;
    };
    if host::identity(claimer).is_alive() {
        return false;
    }
    match andon_process::find_marked(&host::supervisor_marker(&run.id)) {
        Ok(found) => found.is_empty(),
        Err(error) => {
            tracing::warn!(run = %run.id, %error, "whether its supervisor is on its way cannot be seen");
            false
        }
    }
}

/// A run of another host, whose processes nobody here can see: names tell hosts apart, not kernels, which containers share.
/// Its lease alone decides: before it has run out, its host stops what it cannot renew. While that host still speaks to the
/// board it also brings its runs to their end, since it alone can see them; a lease after its last word the run is over.
async fn elsewhere(
    board: &Board,
    run: &Run,
    lease: Option<&Lease>,
    policy: &Policy,
) -> Result<Reconciled, OpError> {
    let Some(lease) = lease else { return Ok(Reconciled::Left) };
    let Some(holder) = &lease.holder else { return Ok(Reconciled::Left) };
    let HostContact { now, last_seen } = board.run(HostSeen { name: holder.host.clone() }).await?;
    let speaks = last_seen.is_some_and(|at| now.since(at) < lease.facts.ttl);
    if lease.facts.expires_at >= now || speaks {
        return Ok(Reconciled::Left);
    }
    if run.ended_at.is_none() {
        let judge = JudgeLease {
            run: run.id.clone(),
            holder_alive: None,
            rebooted: false,
            unstarted: false,
            policy: policy.clone(),
        };
        if board.run(judge).await? != Judged::Ended {
            return Ok(Reconciled::Left);
        }
    }
    // What it wrote lies on its own host, and so does what is left to tidy.
    let reaped = board.run(Reap { run: run.id.clone(), exit_code: None, signal: None }).await?;
    Ok(if reaped { Reconciled::Reaped } else { Reconciled::Left })
}

fn overdue(run: &Run, since: i64, patience: Patience, policy: &Policy) -> bool {
    let finishing = if run.ended_by_self { policy.finish_grace } else { 0 };
    since > finishing + patience.stop
}

async fn judge(
    board: &Board,
    run: &Run,
    lease: Option<&Lease>,
    holder_alive: Option<bool>,
    rebooted: bool,
    policy: &Policy,
) -> Result<Reconciled, OpError> {
    let now = board.world().now();
    let due = lease.is_none_or(|lease| {
        rebooted || andon_core::run::expiry(&lease.facts, holder_alive, now) != Expiry::Live
    });
    if !due || run.ended_at.is_some() {
        return Ok(if run.ended_at.is_some() { Reconciled::Waiting } else { Reconciled::Left });
    }
    let judge =
        JudgeLease { run: run.id.clone(), holder_alive, rebooted, unstarted: false, policy: policy.clone() };
    Ok(match board.run(judge).await? {
        Judged::Live => Reconciled::Left,
        Judged::Extended => Reconciled::Extended,
        Judged::Ended => Reconciled::Waiting,
    })
}

/// Hands in what the supervisor wrote before it went.
async fn hand_in(board: &Board, run: &Run, policy: &Policy) -> Result<(), OpError> {
    let paths = RunPaths::new(board.folder(), &run.task, &run.id);
    let record = match ExitRecord::read(&paths.exit) {
        Ok(Some(record)) if record.run == run.id => record,
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            tracing::warn!(run = %run.id, %error, "its exit record cannot be read");
            return Ok(());
        }
    };
    let end = EndRun {
        run: run.id.clone(),
        ending: record.meaning(),
        error: record.error.clone(),
        words: record.words(),
        resets_at: record.resets_at,
        reaped: false,
        policy: policy.clone(),
    };
    board.run(end).await
}

/// Stops what is left of a run's tree; reaps the run when nothing is.
async fn reap(
    board: &Board,
    run: &Run,
    lease: Option<&Lease>,
    rebooted: bool,
) -> Result<Reconciled, OpError> {
    let paths = RunPaths::new(board.folder(), &run.task, &run.id);
    if !rebooted && !gone(run, lease, &paths).await {
        return Ok(Reconciled::Waiting);
    }
    let record = ExitRecord::read(&paths.exit).ok().flatten();
    let (exit_code, signal) = record.map_or((None, None), |record| (record.exit_code, record.signal));
    let reaped = board.run(Reap { run: run.id.clone(), exit_code, signal }).await?;
    let _ = std::fs::remove_file(&paths.exit);
    hand_in_usage(board, &run.id, &paths).await;
    paths.remove_private();
    if let Err(error) = tidy(board, &run.task).await {
        tracing::warn!(task = %run.task, %error, "the workspace stays until `andon gc`");
    }
    Ok(if reaped { Reconciled::Reaped } else { Reconciled::Left })
}

async fn gone(run: &Run, lease: Option<&Lease>, paths: &RunPaths) -> bool {
    let cgroup = lease.and_then(|lease| lease.cgroup.as_deref()).map(Path::new);
    match sweep(&host::marker(&run.id), None, cgroup, &[]).await {
        Ok(StopReport { survivors, .. }) if !survivors.is_empty() => {
            tracing::error!(run = %run.id, ?survivors, "processes could not be killed; the task waits for them");
            false
        }
        Ok(_) => {
            andon_process::remove_session_files(&paths.private.join("tmux"));
            true
        }
        Err(error) => {
            tracing::error!(run = %run.id, %error, "the processes of this run cannot be looked for");
            false
        }
    }
}

/// Kills a supervisor that does not do its work. By pidfd after a second look, so that no other process is hit.
fn stop_supervisor(supervisor: &Identity) {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    let Some(pid) = Pid::from_raw(supervisor.pid) else { return };
    let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    if supervisor.is_alive() {
        let _ = pidfd_send_signal(&descriptor, Signal::KILL);
    }
}
