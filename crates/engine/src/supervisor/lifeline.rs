//! The rule for a host that is cut off from its database: what it runs is gone before anybody else may run it.
//!
//! A lease that is not renewed runs out at `TTL` after its last renewal was made, which was not before that renewal was
//! sent. The worker is stopped at [`Cut::stop_after`] from then, and has [`Cut::grace`] to leave before it is killed: all of
//! it ends before the lease does. Time is counted by `CLOCK_BOOTTIME`, which goes on while the host sleeps, and every wait is
//! on a timer of that clock: a host that wakes up late stops at once.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::net::unix::pipe;

/// What killing may take after the grace, milliseconds; less where the lease is short.
const KILLING: i64 = 5_000;

/// When a worker is stopped that nobody could renew the lease of, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// After the last good renewal was sent.
    pub(super) stop_after: i64,
    /// From then until it is killed.
    pub(super) grace: i64,
}

impl Cut {
    /// The rule for a lease of `ttl` and a worker that is wished `grace`. A grace too long for the lease is cut: half of the
    /// lease is for renewing.
    #[must_use]
    pub(super) fn of(ttl: i64, grace: i64) -> Self {
        let killing = KILLING.min(ttl / 6);
        let stop_after = (ttl - grace.max(0) - killing).max(ttl / 2);
        Self { stop_after, grace: grace.clamp(0, (ttl - killing - stop_after).max(0)) }
    }
}

/// What a run's life hangs on where its board is used by several hosts.
#[derive(Debug)]
pub(super) struct Lifeline {
    /// When the last good renewal was sent, milliseconds of `CLOCK_BOOTTIME`.
    renewed: AtomicI64,
    /// None on a board that one host has for itself: there only a refused renewal stops a worker.
    cut: Option<Cut>,
}

/// Milliseconds since the host was started, sleep and all.
pub(super) fn boot_now() -> i64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec.saturating_mul(1_000).saturating_add(now.tv_nsec / 1_000_000)
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

    #[test]
    fn a_worker_is_gone_before_its_lease_is() {
        for ttl in [1, 30, 600, 2_000, 3_000, 10_000, 60_000, 600_000] {
            for grace in [0, 1, 300, 5_000, 10_000, 60_000, 3_600_000] {
                let Cut { stop_after, grace: given } = Cut::of(ttl, grace);
                assert!(given >= 0 && given <= grace, "{ttl} {grace}");
                assert!(stop_after >= ttl / 2, "{ttl} {grace}: there is time to renew twice");
                assert!(stop_after + given + KILLING.min(ttl / 6) <= ttl, "{ttl} {grace}");
            }
        }
        assert_eq!(Cut::of(60_000, 10_000), Cut { stop_after: 45_000, grace: 10_000 });
    }

    #[tokio::test]
    async fn a_renewal_moves_the_end_and_an_old_answer_does_not_move_it_back() {
        let now = boot_now();
        let line = Lifeline::new(Some(Cut { stop_after: 1_000_000, grace: 0 }), now);
        line.renewed(now - 10);
        assert_eq!(line.cut_at(), Some(now + 1_000_000));
        assert!(!line.is_cut());
        let over = Lifeline::new(Some(Cut { stop_after: 5, grace: 0 }), now - 5);
        assert!(over.is_cut());
        over.cut_off().await;
        let soon = Lifeline::new(Some(Cut { stop_after: 20, grace: 0 }), boot_now());
        soon.cut_off().await;
        assert!(soon.is_cut());
        assert!(!Lifeline::new(None, 0).is_cut());
    }
}
