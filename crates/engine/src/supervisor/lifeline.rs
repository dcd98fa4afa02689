//! The rule for a host that is cut off from its database: what it runs is gone before anybody else may run it.
//!
//! [`Cut`] says when. Time is counted by `CLOCK_BOOTTIME`, which goes on while the host sleeps, and every wait is
//! on a timer of that clock: a host that wakes up late stops at once.
//!
//! The guard of the supervisor knows the last moment too, and acts where the supervisor itself does not. A supervisor whose
//! guard is gone stops its worker as if it were cut off: nobody would stop it if the supervisor were killed next.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use andon_core::run::Cut;
use andon_process::{BootTimer, Guard};
use tokio::net::unix::pipe;

use crate::renewal::boot_now;

/// What a run's life hangs on.
#[derive(Debug)]
pub(super) struct Lifeline {
    /// When the last good renewal was sent, milliseconds of `CLOCK_BOOTTIME`.
    renewed: AtomicI64,
    /// None on a board that one host has for itself: there only a refused renewal stops a worker.
    cut: Option<Cut>,
    guard: Option<Guard>,
    /// The guard has a tree to keep.
    kept: AtomicBool,
}

impl Lifeline {
    /// The lifeline of a run that was taken by a message sent at `sent`.
    pub(super) fn new(cut: Option<Cut>, sent: i64, guard: Option<Guard>) -> Self {
        Self { renewed: AtomicI64::new(sent), cut, guard, kept: AtomicBool::new(false) }
    }

    /// A renewal that was sent at `sent` has been made.
    pub(super) fn renewed(&self, sent: i64) {
        self.renewed.fetch_max(sent, Ordering::SeqCst);
        // A guard that is gone is heard of by `cut_off`.
        if self.cut.is_some() && self.kept.load(Ordering::SeqCst) {
            let _ = self.keep();
        }
    }

    /// A worker is about to start: from here on the guard has something to stop.
    ///
    /// # Errors
    /// When the guard is gone: then nothing may start.
    pub(super) fn keep(&self) -> io::Result<()> {
        self.kept.store(true, Ordering::SeqCst);
        let until = self.cut.map(|cut| self.last().saturating_add(cut.guard_after()));
        self.guard.as_ref().map_or(Ok(()), |guard| guard.keep(until))
    }

    /// Nothing of the run lives any more.
    pub(super) fn rest(&self) {
        self.kept.store(false, Ordering::SeqCst);
        if let Some(guard) = &self.guard {
            guard.rest();
        }
    }

    /// Whether nothing of the run may start any more.
    pub(super) fn is_cut(&self) -> bool {
        self.cut_at().is_some_and(|at| boot_now() >= at)
    }

    /// The grace that a worker which has to go may have: what is left of the lease bounds it.
    pub(super) fn grace(&self, wished: Duration) -> Duration {
        let Some(cut) = self.cut else { return wished };
        let left = self.last().saturating_add(cut.stop_after).saturating_add(cut.grace) - boot_now();
        wished.min(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }

    fn last(&self) -> i64 {
        self.renewed.load(Ordering::SeqCst)
    }

    fn cut_at(&self) -> Option<i64> {
        self.cut.map(|cut| self.last().saturating_add(cut.stop_after))
    }

    /// Waits until the worker must be stopped: on a board of one host only when the guard is gone.
    pub(super) async fn cut_off(&self) {
        tokio::select! {
            () = self.lost() => tracing::warn!("the guard of this supervisor is gone"),
            () = self.run_out() => tracing::warn!("cut off from the database, and the lease runs out"),
        }
    }

    async fn lost(&self) {
        match &self.guard {
            Some(guard) => guard.lost().await,
            None => std::future::pending().await,
        }
    }

    async fn run_out(&self) {
        loop {
            let Some(at) = self.cut_at() else { return std::future::pending().await };
            if boot_now() >= at {
                return;
            }
            if let Err(error) = boot_sleep_until(at).await {
                tracing::warn!(%error, "no timer of the clock that goes on in sleep; looking by the other one");
                let wait = u64::try_from(at.saturating_sub(boot_now())).unwrap_or(0).clamp(1, 1_000);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
        }
    }
}

async fn boot_sleep_until(at: i64) -> io::Result<()> {
    let timer = BootTimer::new()?;
    timer.set(Some(at))?;
    // A timer becomes readable as a pipe does; nothing is read.
    pipe::Receiver::from_file_unchecked(File::from(OwnedFd::from(timer)))?.readable().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_renewal_moves_the_end_and_an_old_answer_does_not_move_it_back() {
        let now = boot_now();
        let line = Lifeline::new(Some(Cut { stop_after: 1_000_000, grace: 0, killing: 0 }), now, None);
        line.renewed(now - 10);
        assert_eq!(line.cut_at(), Some(now + 1_000_000));
        assert!(!line.is_cut());
        let over = Lifeline::new(Some(Cut { stop_after: 5, grace: 0, killing: 0 }), now - 5, None);
        assert!(over.is_cut());
        over.cut_off().await;
        let soon = Lifeline::new(Some(Cut { stop_after: 20, grace: 0, killing: 0 }), boot_now(), None);
        soon.cut_off().await;
        assert!(soon.is_cut());
        assert_eq!(over.grace(Duration::from_secs(9)), Duration::ZERO, "a grace ends with the lease");
        assert!(line.grace(Duration::from_secs(9)) == Duration::from_secs(9));
        assert!(!Lifeline::new(None, 0, None).is_cut());
    }
}
