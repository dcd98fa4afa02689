//! Stopping a run for good: fence it, then wait until nothing of it lives; with or without a dispatcher.

use std::time::{Duration, Instant};

use andon_core::{Policy, ProfileName, TaskId};
use andon_store::query::LiveRuns;
use andon_store::{Board, OpError, Waiter};

use crate::reconcile::{Patience, Reconciled, reconcile};

/// Waits until no process of a task's runs lives, doing what their supervisors do not. Gives whether that is so.
///
/// # Errors
/// Of the database.
pub async fn wait_until_gone(
    board: &Board,
    task: &TaskId,
    patience: Patience,
    policy: &Policy,
    limit: Duration,
) -> Result<bool, OpError> {
    let bell: Option<Waiter> = board.doorbell().wait_for_board(board.world().bits()).ok();
    let socket = bell.as_ref().and_then(|bell| bell.socket().ok());
    let socket = socket.and_then(|socket| tokio::net::UnixDatagram::from_std(socket).ok());
    let until = Instant::now() + limit;
    loop {
        if let Some(bell) = &bell {
            bell.drain();
        }
        let live = board.run(LiveRuns).await?;
        let Some((run, lease)) = live.into_iter().find(|(run, _)| run.task == *task) else { return Ok(true) };
        if reconcile(board, &run, lease.as_ref(), patience, policy).await? == Reconciled::Reaped {
            continue;
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        let pause = tokio::time::sleep(Duration::from_millis(250));
        match &socket {
            Some(socket) => tokio::select! {
                _ = socket.readable() => {}
                () = pause => {}
            },
            None => pause.await,
        }
    }
}

/// Waits, after a pause, for the runs that were claimed before it and have not started yet: each of them has started or
/// sees the pause right before its start, so that nothing starts once this has returned. `concerned` says of a profile
/// whether the pause covers it.
///
/// # Errors
/// Of the database.
pub async fn wait_for_starts(
    board: &Board,
    concerned: impl Fn(Option<&ProfileName>) -> bool,
) -> Result<(), OpError> {
    /// Between its last look and its start a supervisor takes a few milliseconds.
    const LIMIT: Duration = Duration::from_secs(5);
    let until = Instant::now() + LIMIT;
    loop {
        let live = board.run(LiveRuns).await?;
        let starting = live.iter().any(|(run, lease)| {
            let taken = lease.as_ref().is_some_and(|lease| lease.holder.is_some());
            taken
                && !run.by_hand
                && run.ended_at.is_none()
                && run.spawned_at.is_none()
                && concerned(run.profile.as_ref())
        });
        if !starting || Instant::now() >= until {
            return Ok(());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a few milliseconds, in a command that waits for a process"
        )]
        std::thread::sleep(Duration::from_millis(5));
    }
}
