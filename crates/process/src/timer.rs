//! A timer of `CLOCK_BOOTTIME`, which goes on while the host sleeps: what waits for it wakes up at once after a long sleep.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// A descriptor that becomes readable at a moment.
#[derive(Debug)]
pub struct BootTimer(OwnedFd);

impl BootTimer {
    /// A timer that is not set.
    ///
    /// # Errors
    /// When the kernel has none.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self(timerfd_create(TimerfdClockId::Boottime, flags)?))
    }

    /// Sets it to a moment in milliseconds since the boot ([`crate::boottime_ms`]); none sets it to never.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn set(&self, at: Option<i64>) -> io::Result<()> {
        // Zero would mean never, and a moment that has passed is one at once.
        let value = at.map_or(Timespec { tv_sec: 0, tv_nsec: 0 }, |at| {
            let at = at.max(1);
            Timespec { tv_sec: at.div_euclid(1_000), tv_nsec: at.rem_euclid(1_000) * 1_000_000 }
        });
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.0, TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }
}

impl AsFd for BootTimer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<BootTimer> for OwnedFd {
    fn from(timer: BootTimer) -> Self {
        timer.0
    }
}
