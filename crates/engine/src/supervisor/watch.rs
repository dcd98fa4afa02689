//! The life of a run: one loop over everything that can happen to it.

use std::future::Future;
use std::io;
use std::time::Duration;

use andon_core::Millis;
use andon_core::run::{Failure, Renewal};
use andon_process::{Exit, Shutdown, ShutdownSignals};
use andon_store::operation::{Renew, Renewed, Started};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::consumed;
use super::ending::{self, Verdict};
use super::launch::{Unstartable, Worker};
use super::life::{SupervisorError, Taken, stand_down};
use super::record::ExitRecord;
use super::turns::{After, Turns};
use crate::paths::write_private;
use crate::renewal::{LONGEST, Note, boot_now};

/// How preparing ended.
pub(super) enum Prepared<T> {
    /// The worker can start.
    Ready(Box<T>),
    /// It cannot.
    Failed(Unstartable),
    /// The run was fenced meanwhile.
    Fenced,
    /// Its lease could not be renewed, and others may run the task soon.
    CutOff,
    /// The host shuts down.
    Shutdown,
}

/// What wakes the loop.
enum Event {
    /// The worker's leader exited.
    Exited(Exit),
    /// Time to renew, or the bell rang.
    Look,
    /// The dispatcher of this host has renewed the lease.
    Renewed(Note),
    /// Over its time.
    TimedOut,
    /// Nothing was heard of it for long, perhaps.
    Silence,
    /// Its lease could not be renewed, and others may run the task soon.
    CutOff,
    /// It ended its run itself and had time enough to leave.
    Overstayed,
    /// The host shuts down.
    Shutdown,
}

/// Prepares while it renews: preparing a workspace, or a judge's word, may take longer than a lease.
pub(super) async fn renewing<T, F>(taken: &Taken, preparing: F) -> Prepared<T>
where
    F: Future<Output = Result<T, Unstartable>>,
{
    let mut preparing = std::pin::pin!(preparing);
    let mut ticks = ticks(taken);
    let bell = Bell::of(taken);
    let Ok(mut shutdown) = ShutdownSignals::listen() else {
        return match preparing.await {
            Ok(ready) => Prepared::Ready(Box::new(ready)),
            Err(failure) => Prepared::Failed(failure),
        };
    };
    loop {
        tokio::select! {
            done = &mut preparing => return match done {
                Ok(ready) => Prepared::Ready(Box::new(ready)),
                Err(failure) => Prepared::Failed(failure),
            },
            _ = ticks.tick() => {}
            rung = bell.rung() => if let Some(note) = rung {
                heed(taken, &mut ticks, note);
                continue;
            },
            () = taken.lifeline.cut_off() => return Prepared::CutOff,
            _ = shutdown.recv() => return Prepared::Shutdown,
        }
        let renewed = tokio::select! {
            renewed = renew(taken, false) => renewed,
            () = taken.lifeline.cut_off() => return Prepared::CutOff,
        };
        match renewed {
            Some(Renewed { renewal: Renewal::Fenced | Renewal::EndedBySelf, .. }) => return Prepared::Fenced,
            Some(Renewed { renewal: Renewal::Ok, .. }) | None => {}
        }
    }
}

/// Counts a renewal that the dispatcher made as if it had been made here. One for less time than this run reckons with
/// is none.
fn heed(taken: &Taken, ticks: &mut tokio::time::Interval, note: Note) {
    if note.ttl >= taken.settings.policy.lease_ttl {
        taken.lifeline.renewed(note.sent);
        ticks.reset();
        // Without this word no more renewals are made for it: it may be frozen.
        if let Err(error) = write_private(&taken.paths.heard(), note.sent.to_string().as_bytes()) {
            tracing::warn!(%error, "the dispatcher cannot be told that this supervisor lives; it renews by itself");
        }
    }
}

fn ticks(taken: &Taken) -> tokio::time::Interval {
    let ttl = u64::try_from(taken.settings.policy.lease_ttl).unwrap_or(60_000).max(30);
    let period = Duration::from_millis(ttl / 3);
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}

/// Renews the lease. None: the board is out of reach for now. On SQLite that stops nobody: only a refused renewal does; on a
/// board that other hosts use the lifeline runs out some time.
pub(super) async fn renew(taken: &Taken, progress: bool) -> Option<Renewed> {
    let renew = Renew {
        run: taken.run.id.clone(),
        holder: taken.holder.clone(),
        progress,
        policy: taken.settings.policy.clone(),
    };
    let sent = boot_now();
    let renewed = taken.board.run(renew).await;
    // Hundreds of supervisors sleep most of the time: none keeps a connection meanwhile.
    taken.board.close_idle();
    match renewed {
        Ok(renewed) => {
            if renewed.renewal == Renewal::Ok {
                taken.lifeline.renewed(sent);
            }
            Some(renewed)
        }
        Err(error) => {
            tracing::warn!(run = %taken.run.id, %error, "the lease could not be renewed; the worker goes on");
            None
        }
    }
}

/// The doorbell of this run in the event loop.
struct Bell {
    socket: Option<tokio::net::UnixDatagram>,
}

impl Bell {
    fn of(taken: &Taken) -> Self {
        let socket = taken.bell.as_ref().and_then(|waiter| waiter.socket().ok());
        Self { socket: socket.and_then(|socket| tokio::net::UnixDatagram::from_std(socket).ok()) }
    }

    /// Waits for a ring; with a note where the dispatcher tells of a renewal.
    async fn rung(&self) -> Option<Note> {
        let Some(socket) = &self.socket else { return std::future::pending().await };
        loop {
            if socket.readable().await.is_err() {
                return std::future::pending().await;
            }
            let mut bytes = [0; LONGEST];
            match socket.try_recv(&mut bytes) {
                Ok(read) => return Note::read(&bytes[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return std::future::pending().await,
            }
        }
    }
}

/// Deadlines of a running worker.
struct Clock {
    timeout: Option<Instant>,
    overstay: Option<Instant>,
    started: Instant,
    last_output: Instant,
    output: u64,
    reported: u64,
    /// How long it may say nothing.
    idle: Option<Duration>,
    /// The board knows the session.
    session_recorded: bool,
}

impl Clock {
    /// When silence has lasted too long, as far as is known.
    fn idle_at(&self) -> Option<Instant> {
        self.idle.map(|idle| self.last_output + idle)
    }

    /// Looks whether it has said something.
    fn hear(&mut self, worker: &Worker) {
        let output = worker.tree.captured().log_bytes;
        if output != self.output {
            self.output = output;
            self.last_output = Instant::now();
        }
    }
}

/// Watches a worker to its end, and ends the run.
pub(super) async fn worker(
    taken: &Taken,
    mut worker: Worker,
    record: Option<ExitRecord>,
) -> Result<(), SupervisorError> {
    let now = Instant::now();
    let limit = taken.task.max_runtime.or(worker.profile.settings.max_runtime.map(|limit| limit.as_millis()));
    let mut clock = Clock {
        timeout: limit.map(|limit| now + Duration::from_millis(u64::try_from(limit).unwrap_or(0))),
        overstay: None,
        started: now,
        last_output: now,
        output: 0,
        reported: 0,
        idle: worker.profile.settings.idle_limit.map(|limit| limit.as_std()),
        session_recorded: false,
    };
    tokio::select! {
        () = announce(taken, &worker) => {}
        () = taken.lifeline.cut_off() => {}
    }
    taken.board.close_idle();
    let mut turns = Turns::new();
    loop {
        let verdict = attend(taken, &mut worker, &mut clock).await;
        let Verdict::Exited(exit) = verdict else {
            return ending::end(taken, worker, verdict, turns.tally, record).await;
        };
        match Box::pin(turns.after(taken, worker, exit)).await {
            After::Again(next) => {
                worker = *next;
                clock.output = 0;
                clock.last_output = Instant::now();
                clock.session_recorded = false;
            }
            After::End(worker, verdict) => {
                return ending::end(taken, *worker, verdict, turns.tally, record).await;
            }
            After::Unstartable(failure) => {
                turns.tally.record(taken).await;
                return ending::failed(taken, failure, record).await;
            }
            After::StandDown => {
                turns.tally.record(taken).await;
                return stand_down(taken, record).await;
            }
        }
    }
}

/// Watches one process to its end.
async fn attend(taken: &Taken, worker: &mut Worker, clock: &mut Clock) -> Verdict {
    let bell = Bell::of(taken);
    let mut ticks = ticks(taken);
    let mut shutdown = ShutdownSignals::listen().ok();
    // A ring may have come while the worker was prepared: look once before sleeping.
    let mut next = Some(Event::Look);
    loop {
        let event = match next.take() {
            Some(event) => event,
            None => wait(taken, worker, clock, &bell, &mut ticks, shutdown.as_mut()).await,
        };
        match event {
            Event::Exited(exit) => return Verdict::Exited(exit),
            Event::TimedOut => return Verdict::Stop(Some(Failure::TimedOut)),
            Event::Overstayed => return Verdict::Stop(None),
            Event::Shutdown => return Verdict::Stop(Some(Failure::Interrupted)),
            Event::CutOff => return Verdict::CutOff,
            Event::Silence => {
                clock.hear(worker);
                if clock.idle_at().is_some_and(|at| at <= Instant::now()) {
                    worker.idle = true;
                    return Verdict::Stop(Some(Failure::TimedOut));
                }
            }
            Event::Renewed(note) => {
                heed(taken, &mut ticks, note);
                clock.hear(worker);
                // Its log told the dispatcher of it.
                clock.reported = clock.output;
                if stale(taken, worker, clock, note.progress_at) {
                    return Verdict::Stop(Some(Failure::Stale));
                }
                consumed::record_session(taken, worker, &mut clock.session_recorded).await;
            }
            Event::Look => {
                // Whatever waits for the board does not wait longer than the lease allows.
                tokio::select! {
                    biased;
                    verdict = look_at_board(taken, worker, clock) => {
                        if let Some(verdict) = verdict {
                            return verdict;
                        }
                    }
                    () = taken.lifeline.cut_off() => return Verdict::CutOff,
                }
            }
        }
    }
}

async fn look_at_board(taken: &Taken, worker: &Worker, clock: &mut Clock) -> Option<Verdict> {
    let verdict = look(taken, worker, clock).await;
    if verdict.is_none() {
        consumed::record_session(taken, worker, &mut clock.session_recorded).await;
    }
    verdict
}

async fn wait(
    taken: &Taken,
    worker: &mut Worker,
    clock: &Clock,
    bell: &Bell,
    ticks: &mut tokio::time::Interval,
    shutdown: Option<&mut ShutdownSignals>,
) -> Event {
    let signal = async {
        match shutdown {
            Some(signals) => loop {
                match signals.recv().await {
                    // A terminal that closes is not a shutdown: runs go on without it.
                    Shutdown::Hangup => {}
                    Shutdown::Terminate | Shutdown::Interrupt => return,
                }
            },
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        exit = worker.tree.wait() => Event::Exited(exit),
        () = at(clock.timeout) => Event::TimedOut,
        () = at(clock.overstay) => Event::Overstayed,
        () = at(clock.idle_at()) => Event::Silence,
        () = signal => Event::Shutdown,
        () = taken.lifeline.cut_off() => Event::CutOff,
        rung = bell.rung() => rung.map_or(Event::Look, Event::Renewed),
        _ = ticks.tick() => Event::Look,
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Renews, and sees what that says: go on, finish, or stop.
async fn look(taken: &Taken, worker: &Worker, clock: &mut Clock) -> Option<Verdict> {
    clock.hear(worker);
    let progress = clock.output != clock.reported;
    let renewed = renew(taken, progress).await?;
    clock.reported = clock.output;
    match renewed.renewal {
        Renewal::Ok => {
            stale(taken, worker, clock, renewed.progress_at).then_some(Verdict::Stop(Some(Failure::Stale)))
        }
        Renewal::EndedBySelf => {
            let grace = Duration::from_millis(u64::try_from(taken.settings.policy.finish_grace).unwrap_or(0));
            clock.overstay.get_or_insert(Instant::now() + grace);
            None
        }
        Renewal::Fenced => Some(Verdict::Stop(None)),
    }
}

/// No output and no heartbeat for long, of a run that is old. Only where the worker ends by protocol: a script that works
/// silently for hours is slow, not dead.
fn stale(taken: &Taken, worker: &Worker, clock: &Clock, progress_at: Option<Millis>) -> bool {
    let policy = &taken.settings.policy;
    if policy.stale_after == 0 || worker.ends_by == andon_core::run::EndsBy::Exit {
        return false;
    }
    let silence =
        worker.profile.settings.heartbeat_stale_after.map_or(policy.heartbeat_stale_after, |d| d.as_millis());
    let age = i64::try_from(clock.started.elapsed().as_millis()).unwrap_or(i64::MAX);
    let quiet = i64::try_from(clock.last_output.elapsed().as_millis()).unwrap_or(i64::MAX);
    let now = taken.board.world().now();
    let silent = progress_at.is_none_or(|at| now.since(at) >= silence);
    age >= policy.stale_after && quiet >= silence && silent
}

/// Tells the board that the worker started. Not told is no harm: the run is the board's already.
async fn announce(taken: &Taken, worker: &Worker) {
    let mut notes: Vec<String> = worker
        .tree
        .limits_unavailable()
        .iter()
        .map(|limit| format!("{limit} is not available here"))
        .collect();
    notes.extend(worker.workspace.note.clone());
    let started = Started {
        run: taken.run.id.clone(),
        task: taken.task.id.clone(),
        pid: i64::from(worker.tree.leader().pid),
        workspace: worker.workspace.path.to_str().map(str::to_owned),
        branch: worker.workspace.branch.clone(),
        cgroup: worker.tree.cgroup_path().and_then(|path| path.to_str()).map(str::to_owned),
        notes,
    };
    if let Err(error) = taken.board.run(started).await {
        tracing::warn!(run = %taken.run.id, %error, "the start could not be recorded");
    }
}
