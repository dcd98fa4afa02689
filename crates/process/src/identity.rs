//! Who a process is: its number alone is used again, its number with its start time and the boot is not.

use std::io;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::procfs::Stat;

/// One process of one boot of one host, never mistaken for a later one with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The kernel's random id of this boot.
    pub boot_id: String,
    /// The process id.
    pub pid: i32,
    /// When the process started, in clock ticks since the boot (field 22 of `/proc/<pid>/stat`).
    pub start_time: u64,
}

impl Identity {
    /// The calling process.
    ///
    /// # Errors
    /// When procfs is not mounted or cannot be read.
    pub fn current() -> io::Result<Self> {
        let pid = rustix::process::getpid().as_raw_pid();
        Self::of_pid(pid)?
            .ok_or_else(|| io::Error::other(format!("/proc has no entry for this process ({pid})")))
    }

    /// The process that has this number now; `None` when there is none.
    ///
    /// # Errors
    /// When procfs is not mounted or cannot be read.
    pub fn of_pid(pid: i32) -> io::Result<Option<Self>> {
        let boot_id = boot_id()?;
        Ok(Stat::read(pid)?.map(|stat| Self { boot_id, pid, start_time: stat.start_time }))
    }

    /// Whether this very process is still running. A zombie is not; a process of another boot is not; when procfs
    /// cannot be read the answer is `true`, because "dead" would let somebody start it a second time.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        match boot_id() {
            Ok(boot) if boot != self.boot_id => return false,
            Ok(_) => {}
            Err(_) => return true,
        }
        match Stat::read(self.pid) {
            Ok(Some(stat)) => stat.start_time == self.start_time && stat.is_alive(),
            Ok(None) => false,
            Err(_) => true,
        }
    }
}

/// The random id that the kernel took at boot. No process outlives it, so that it is read once.
///
/// # Errors
/// When procfs is not mounted or cannot be read.
pub fn boot_id() -> io::Result<String> {
    static READ: OnceLock<String> = OnceLock::new();
    if let Some(known) = READ.get() {
        return Ok(known.clone());
    }
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
    Ok(READ.get_or_init(|| id).clone())
}

/// Milliseconds since the boot, counting suspended time; no step of the wall clock changes it.
#[must_use]
pub fn boottime_ms() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let milliseconds = u64::try_from(now.tv_nsec).unwrap_or_default() / 1_000_000;
    seconds * 1_000 + milliseconds
}
