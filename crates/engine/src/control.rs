//! Stopping a run for good: fence it, then wait until nothing of it lives; with or without a dispatcher.

use std::time::{Duration, Instant};

use andon_core::{Policy, TaskId};
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
