//! One board that is watched: its bell, how far it was looked at, and when to look again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use andon_core::notice::ChannelName;
use andon_store::operation::{Forget, Subscribe};
use andon_store::query::{Due, DueNotices, Sources};
use andon_store::{Board, Caller, OpError, Waiter};
use tokio::net::UnixDatagram;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::service::Setup;

/// Rings that come sooner after a look than this are answered by one look.
const BREATH: Duration = Duration::from_millis(50);

/// A board that is watched.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) board: Board,
    /// By what it is known from another board that takes its name.
    pub(crate) identity: Option<String>,
    rang: Arc<AtomicBool>,
    listening: Option<(Waiter, JoinHandle<()>)>,
    /// Events up to this number were looked at; none before the first look.
    seen: Option<i64>,
    looked: Option<Instant>,
    next: Option<Instant>,
}

impl Watched {
    /// Watches a board; `wake` hears its bell.
    pub(crate) fn new(board: Board, identity: Option<String>, wake: &Arc<Notify>) -> Self {
        let rang = Arc::<AtomicBool>::default();
        let bound = board.doorbell().wait_for_board(board.world().bits()).and_then(|waiter| {
            let socket = UnixDatagram::from_std(waiter.socket()?)?;
            Ok((waiter, socket))
        });
        let listening = match bound {
            Ok((waiter, socket)) => {
                let (rang, wake) = (Arc::clone(&rang), Arc::clone(wake));
                let task = tokio::spawn(async move {
                    let mut byte = [0; 16];
                    while socket.recv(&mut byte).await.is_ok() {
                        // One wake-up serves all rings until the next look.
                        if !rang.swap(true, Ordering::AcqRel) {
                            wake.notify_one();
                        }
                    }
                });
                Some((waiter, task))
            }
            Err(error) => {
                tracing::warn!(board = %board.slug(), %error, "no bell; notifications look by the clock alone");
                None
            }
        };
        Self { board, identity, rang, listening, seen: None, looked: None, next: None }
    }

    /// When to look at it next, if anything is known to be due; `sweep` bounds it.
    pub(crate) fn due(&self, sweep: Duration) -> Instant {
        let Some(looked) = self.looked else { return Instant::now() };
        let swept = looked + sweep;
        let asked = if self.rang.load(Ordering::Acquire) { looked + BREATH } else { swept };
        self.next.map_or(asked, |next| next.max(looked + BREATH).min(asked)).min(swept)
    }

    /// The next look begins anew, this long from now: something was missed.
    pub(crate) fn look_anew(&mut self, after: Duration) {
        self.seen = None;
        self.next = Some(Instant::now() + after);
    }

    /// It is to be looked at as soon as that makes sense.
    pub(crate) fn look_soon(&mut self) {
        self.next = Some(Instant::now());
    }

    /// What may have something to be told of.
    ///
    /// # Errors
    /// Of the board.
    pub(crate) async fn look(&mut self) -> Result<Due, OpError> {
        // What rings after this is about something that this look may miss.
        self.rang.store(false, Ordering::Release);
        if let Some((waiter, _)) = &self.listening {
            waiter.drain();
        }
        self.looked = Some(Instant::now());
        let sources = self.seen.map_or(Sources::All, Sources::Since);
        let due = self.board.run(DueNotices { sources }).await?;
        self.seen = Some(due.seen);
        let now = self.board.world().now();
        let wait = |at: andon_core::Millis| u64::try_from(at.since(now)).unwrap_or(0).saturating_add(1);
        self.next = due.next.map(|at| Instant::now() + Duration::from_millis(wait(at)));
        if due.more {
            self.next = Some(Instant::now());
        }
        Ok(due)
    }

    /// What the configuration wants to be told on every board is subscribed, what it no longer wants is not.
    ///
    /// # Errors
    /// Of the board.
    pub(crate) async fn keep_home(&self, setup: &Setup, gone: &[ChannelName]) -> Result<(), OpError> {
        for channel in &setup.channels {
            if let Some(wish) = &channel.home {
                let subscribe = Subscribe {
                    task: None,
                    channel: channel.name.clone(),
                    wish: Some(wish.clone()),
                    home: true,
                    caller: Caller::system(),
                };
                self.board.run(subscribe).await?;
            } else {
                self.board.run(Forget { channel: channel.name.clone() }).await?;
            }
        }
        for channel in gone {
            self.board.run(Forget { channel: channel.clone() }).await?;
        }
        Ok(())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.listening {
            task.abort();
        }
    }
}
