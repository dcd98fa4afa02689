//! The life of a supervisor: take, guard, prepare, guard again, start, watch, end.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use andon_core::run::{Cut, Guard, StandDown};
use andon_core::{BoardSlug, RunId};
use andon_process::{Side, Slot, Wire, split};
use andon_store::operation::{CheckGuard, Take};
use andon_store::sql::leases::Holder;
use andon_store::sql::runs::Run;
use andon_store::sql::tasks::Task;
use andon_store::{Board, Mode, OpError, Waiter, crash};

use super::lifeline::Lifeline;
use super::record::ExitRecord;
use super::{ending, guarding, launch, watch};
use crate::host;
use crate::paths::RunPaths;
use crate::renewal::boot_now;
use crate::settings::{self, BoardSettings};

/// What a supervisor is told by the dispatcher that starts it.
#[derive(Debug)]
pub struct Assignment {
    /// The home.
    pub home: PathBuf,
    /// The board.
    pub board: BoardSlug,
    /// The run.
    pub run: RunId,
    /// The run's secret.
    pub token: String,
    /// The share of the host that the run holds.
    pub slot: Option<Slot>,
}

/// A run that has been taken.
pub(super) struct Taken {
    pub(super) board: Board,
    pub(super) home: PathBuf,
    pub(super) settings: BoardSettings,
    pub(super) holder: Holder,
    pub(super) token: String,
    pub(super) task: Task,
    pub(super) run: Run,
    pub(super) paths: RunPaths,
    pub(super) bell: Option<Waiter>,
    pub(super) lifeline: Lifeline,
}

/// Supervises one run to its end. Exits 0 also where the startup guard says to stand down: that is no failure of anybody.
#[must_use]
pub fn supervise(assignment: Assignment) -> ExitCode {
    match divided() {
        Some(Side::Supervisor(wire)) => live(assignment, wire),
        Some(Side::Guard(guardian)) => {
            // The supervisor holds the run's share of the host.
            drop(assignment.slot);
            guarding::guard(guardian, assignment.home, assignment.board, &assignment.run)
        }
        None => ExitCode::FAILURE,
    }
}

/// The two processes that this one is from here on.
pub(super) fn divided() -> Option<Side> {
    split()
        .inspect_err(|error| {
            tracing::error!(%error, "nobody would stop the worker of a supervisor that is killed");
        })
        .ok()
}

/// The life of the supervisor itself, with its guard at the other end of the wire.
pub(super) fn live(assignment: Assignment, wire: Wire) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "no event loop");
            return ExitCode::FAILURE;
        }
    };
    let run = assignment.run.clone();
    match runtime.block_on(work(assignment, wire)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%run, %error, "the supervisor gave up; a dispatcher ends the run");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SupervisorError {
    #[error(transparent)]
    Home(#[from] andon_store::HomeError),
    #[error(transparent)]
    Op(#[from] OpError),
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Settings(#[from] settings::SettingsError),
    #[error("{what}: {error}")]
    Io { what: &'static str, error: std::io::Error },
}

fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> SupervisorError {
    move |error| SupervisorError::Io { what, error }
}

async fn work(assignment: Assignment, wire: Wire) -> Result<(), SupervisorError> {
    let guard = andon_process::Guard::on(wire).map_err(io("the guard of this process"))?;
    let Some(taken) = take(&assignment, guard).await? else { return Ok(()) };
    crash::point("after_take");
    taken.paths.create().map_err(io("the run's folders"))?;
    let record = match ExitRecord::prepare(&taken.paths.exit, &taken.run.id, &taken.holder) {
        Ok(record) => record,
        Err(error) => {
            tracing::warn!(%error, "no room for the exit record; the end of this run is kept in memory alone");
            None
        }
    };
    match watch::renewing(&taken, Box::pin(launch::prepare(&taken, launch::Start::Task))).await {
        watch::Prepared::Ready(launch) => {
            let again = CheckGuard {
                run: taken.run.id.clone(),
                token: taken.token.clone(),
                holder: taken.holder.clone(),
            };
            match taken.board.run(again).await? {
                Guard::Go => {}
                Guard::StandDown(StandDown::Paused) => {
                    let failure =
                        launch::Unstartable::interrupted("the cord was pulled before the worker started");
                    return ending::failed(&taken, failure, record).await;
                }
                Guard::StandDown(_) => return stand_down(&taken, record).await,
            }
            crash::point("before_exec");
            // The guard may have answered long ago: an answer takes its time where the network is ill.
            if taken.lifeline.is_cut() {
                return stand_down(&taken, record).await;
            }
            match launch.start(&taken.lifeline) {
                Ok(worker) => {
                    crash::point("after_exec");
                    Box::pin(watch::worker(&taken, worker, record)).await
                }
                Err(failure) => ending::failed(&taken, failure, record).await,
            }
        }
        watch::Prepared::Failed(failure) => ending::failed(&taken, failure, record).await,
        watch::Prepared::Fenced | watch::Prepared::CutOff => stand_down(&taken, record).await,
        watch::Prepared::Shutdown => {
            let failure = launch::Unstartable::interrupted("the host shut down before the worker started");
            ending::failed(&taken, failure, record).await
        }
    }
}

/// Takes the run. None: the guard says to stand down, which changes nothing.
async fn take(
    assignment: &Assignment,
    guard: andon_process::Guard,
) -> Result<Option<Taken>, SupervisorError> {
    let config = settings::load_config(&assignment.home)?;
    let home = settings::home_of(&assignment.home, &config).map_err(OpError::Db)?;
    let board = home.open(&assignment.board, Mode::Short)?;
    let settings = settings::of_board(&home, &assignment.board, &config)?;
    let holder = host::holder().map_err(io("this process's identity"))?;
    let bell = board.doorbell().wait_for_run(&assignment.run, board.world().bits());
    let bell = bell.inspect_err(|error| tracing::warn!(%error, "no bell; looking by the clock alone")).ok();
    let take = Take {
        run: assignment.run.clone(),
        token: assignment.token.clone(),
        holder: holder.clone(),
        policy: settings.policy.clone(),
    };
    let (answer, sent) = patiently_noting(&board, take).await?;
    let Some((task, run)) = answer.work else {
        tracing::info!(run = %assignment.run, guard = ?answer.guard, "standing down");
        return Ok(None);
    };
    let paths = RunPaths::new(board.folder(), &task.id, &run.id);
    // Others may run the task when the lease has run out, unless the board is this host's alone.
    let cut =
        board.on_hosts().then(|| Cut::of(settings.policy.lease_ttl, settings.config.stop_grace.as_millis()));
    Ok(Some(Taken {
        lifeline: Lifeline::new(cut, sent, Some(guard)),
        board,
        home: assignment.home.clone(),
        settings,
        holder,
        token: assignment.token.clone(),
        task,
        run,
        paths,
        bell,
    }))
}

/// Nothing was started: the run, if it is still open, is somebody else's to end; if it was fenced, it is reaped.
pub(super) async fn stand_down(taken: &Taken, record: Option<ExitRecord>) -> Result<(), SupervisorError> {
    taken.lifeline.rest();
    let reap = andon_store::operation::Reap { run: taken.run.id.clone(), exit_code: None, signal: None };
    taken.board.run(reap).await?;
    if let Some(record) = record {
        record.remove();
    }
    taken.paths.remove_private();
    Ok(())
}

/// Runs an operation, again and again for a while where the disk is full or others hold the board.
pub(super) async fn patiently<O>(board: &Board, operation: O) -> Result<O::Reply, OpError>
where
    O: andon_store::Operation + Clone,
{
    patiently_noting(board, operation).await.map(|(reply, _)| reply)
}

/// The same, with the moment at which the try was sent that succeeded, by [`boot_now`].
async fn patiently_noting<O>(board: &Board, operation: O) -> Result<(O::Reply, i64), OpError>
where
    O: andon_store::Operation + Clone,
{
    let mut wait = Duration::from_millis(50);
    loop {
        let sent = boot_now();
        match board.run(operation.clone()).await {
            Err(OpError::Db(error)) if !error.quarantines() && wait < Duration::from_secs(30) => {
                tracing::warn!(%error, "trying again");
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2);
            }
            answer => return answer.map(|reply| (reply, sent)),
        }
    }
}
