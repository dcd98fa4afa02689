//! The rule for a host that is cut off from its database: what it runs is gone before anybody else may run it.
//!
//! [`Cut`] says when. Time is counted by `CLOCK_BOOTTIME`, which goes on while the host sleeps, and every wait is
//! on a timer of that clock: a host that wakes up late stops at once.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::net::unix::pipe;

use andon_core::run::Cut;

use crate::renewal::boot_now;

/// What a run's life hangs on where its board is used by several hosts.
#[derive(Debug)]
pub(super) struct Lifeline {
    /// When the last good renewal was sent, milliseconds of `CLOCK_BOOTTIME`.
    renewed: AtomicI64,
    /// None on a board that one host has for itself: there only a refused renewal stops a worker.
    cut: Option<Cut>,
}

impl Lifeline {
    /// The lifeline of a run that was taken by a message sent at `sent`.
    pub(super) fn new(cut: Option<Cut>, sent: i64) -> Self {
        Self { renewed: AtomicI64::new(sent), cut }
    }

    /// A renewal that was sent at `sent` has been made.
    pub(super) fn renewed(&self, sent: i64) {
        self.renewed.fetch_max(sent, Ordering::SeqCst);
    }

    /// Whether nothing of the run may start any more.
    pub(super) fn is_cut(&self) -> bool {
        self.cut_at().is_some_and(|at| boot_now() >= at)
    }

    /// The rule, where there is one.
    pub(super) const fn rule(&self) -> Option<Cut> {
        self.cut
    }

    fn cut_at(&self) -> Option<i64> {
        self.cut.map(|cut| self.renewed.load(Ordering::SeqCst).saturating_add(cut.stop_after))
    }

    /// Waits until the worker must be stopped: never on a board of one host.
    pub(super) async fn cut_off(&self) {
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
    let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let value = Timespec { tv_sec: at.div_euclid(1_000), tv_nsec: at.rem_euclid(1_000) * 1_000_000 };
    let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
    timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME, &once)?;
    // A timer becomes readable as a pipe does; nothing is read.
    pipe::Receiver::from_file_unchecked(File::from(timer))?.readable().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_renewal_moves_the_end_and_an_old_answer_does_not_move_it_back() {
        let now = boot_now();
        let line = Lifeline::new(Some(Cut { stop_after: 1_000_000, grace: 0, killing: 0 }), now);
        line.renewed(now - 10);
        assert_eq!(line.cut_at(), Some(now + 1_000_000));
        assert!(!line.is_cut());
        let over = Lifeline::new(Some(Cut { stop_after: 5, grace: 0, killing: 0 }), now - 5);
        assert!(over.is_cut());
        over.cut_off().await;
        let soon = Lifeline::new(Some(Cut { stop_after: 20, grace: 0, killing: 0 }), boot_now());
        soon.cut_off().await;
        assert!(soon.is_cut());
        assert!(!Lifeline::new(None, 0).is_cut());
    }
}
