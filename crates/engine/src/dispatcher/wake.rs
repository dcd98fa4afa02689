//! What wakes a dispatcher: a doorbell, a supervisor that ended, a deadline, or the word to stop.

use std::collections::BTreeMap;
use std::io;

use andon_core::BoardSlug;
use andon_process::{Shutdown, ShutdownSignals};
use andon_store::{Board, Waiter};
use tokio::net::UnixDatagram;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::DispatchError;

/// Why it woke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A board has changed.
    Rang,
    /// A supervisor ended.
    Child,
    /// A deadline is due.
    Deadline,
    /// It is to stop.
    Shutdown,
}

/// A bound bell and the task that listens to it.
struct Listening {
    waiter: Waiter,
    task: JoinHandle<()>,
}

/// The sources.
pub(super) struct Wake {
    rang: std::sync::Arc<Notify>,
    bells: BTreeMap<BoardSlug, Listening>,
    children: Signal,
    shutdown: ShutdownSignals,
}

impl Wake {
    pub(super) fn new() -> Result<Self, DispatchError> {
        let io = |what| move |error: io::Error| DispatchError::Io { what, error };
        Ok(Self {
            rang: std::sync::Arc::new(Notify::new()),
            bells: BTreeMap::new(),
            children: signal(SignalKind::child()).map_err(io("listening for children"))?,
            shutdown: ShutdownSignals::listen().map_err(io("listening for signals"))?,
        })
    }

    /// Listens to a board's bell. Without one the dispatcher looks by the clock.
    pub(super) fn listen(&mut self, board: &Board) {
        if self.bells.contains_key(board.slug()) {
            return;
        }
        let bound = board.doorbell().wait_for_board(board.world().bits()).and_then(|waiter| {
            let socket = UnixDatagram::from_std(waiter.socket()?)?;
            Ok((waiter, socket))
        });
        match bound {
            Ok((waiter, socket)) => {
                let rang = std::sync::Arc::clone(&self.rang);
                let task = tokio::spawn(async move {
                    let mut byte = [0; 16];
                    while socket.recv(&mut byte).await.is_ok() {
                        rang.notify_one();
                    }
                });
                self.bells.insert(board.slug().clone(), Listening { waiter, task });
            }
            Err(error) => {
                tracing::warn!(board = %board.slug(), %error, "no bell; looking by the clock alone")
            }
        }
    }

    /// Takes the rings that have come, before the board is read: what comes later rings again.
    pub(super) fn drain(&self, slug: &BoardSlug) {
        if let Some(listening) = self.bells.get(slug) {
            listening.waiter.drain();
        }
    }

    /// Stops listening to a board that is gone.
    pub(super) fn forget(&mut self, slug: &BoardSlug) {
        if let Some(listening) = self.bells.remove(slug) {
            listening.task.abort();
        }
    }

    /// Sleeps until something happens.
    pub(super) async fn wait(&mut self, until: Instant) -> Reason {
        let shutdown = async {
            // A terminal that closes stops a dispatcher; its runs go on.
            match self.shutdown.recv().await {
                Shutdown::Terminate | Shutdown::Interrupt | Shutdown::Hangup => {}
            }
        };
        tokio::select! {
            biased;
            () = shutdown => Reason::Shutdown,
            () = self.rang.notified() => Reason::Rang,
            _ = self.children.recv() => Reason::Child,
            () = sleep_until(until) => Reason::Deadline,
        }
    }
}
