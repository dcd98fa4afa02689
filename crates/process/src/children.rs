//! Which children this process has: leaders of trees, detached ones, and orphans that it adopted.
//!
//! Whoever starts a child with `std` or `tokio` waits for that very child. Orphans that a subreaper adopts have nobody
//! who waits, so they are reaped here, and by one rule that never takes an exit status away from anybody: a zombie is
//! reaped when it was detached, or when it lives in another session than this process and leads no tree.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions};

use crate::procfs;

static SUBREAPER: AtomicBool = AtomicBool::new(false);
static CHILDREN: Mutex<Children> =
    Mutex::new(Children { leaders: BTreeSet::new(), detached: BTreeSet::new(), trees: 0 });

/// The children that somebody knows by name.
#[derive(Debug)]
pub(crate) struct Children {
    /// Leaders whose exit status is still to be collected by their tree.
    pub(crate) leaders: BTreeSet<i32>,
    /// Started to live on their own.
    pub(crate) detached: BTreeSet<i32>,
    /// Trees of this process that are not dropped yet.
    pub(crate) trees: usize,
}

/// Locks the register. Held over a spawn, so that no child is reaped before it is entered.
pub(crate) fn children() -> MutexGuard<'static, Children> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on this process adopts every orphan among its descendants, so that none can leave its tree by `setsid` and
/// a double fork. To be called before the first [`crate::Tree`] starts.
///
/// # Errors
/// When the kernel refuses.
pub fn become_subreaper() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    SUBREAPER.store(true, Ordering::Release);
    Ok(())
}

pub(crate) fn is_subreaper() -> bool {
    SUBREAPER.load(Ordering::Acquire)
}

/// Collects the adopted orphans and detached children that have ended, and returns their numbers. Never collects the
/// leader of a tree, nor any other child that shares this process's session.
pub fn reap_orphans() -> Vec<i32> {
    if !may_have_zombies() {
        return Vec::new();
    }
    let mut children = children();
    let mut reaped = Vec::new();
    let (Ok(table), Ok(session)) = (procfs::table(), procfs::own_session()) else { return reaped };
    let me = rustix::process::getpid().as_raw_pid();
    for stat in table.iter().filter(|stat| stat.ppid == me && !stat.is_alive()) {
        let detached = children.detached.contains(&stat.pid);
        let orphan = stat.session != session && !children.leaders.contains(&stat.pid);
        let Some(pid) = Pid::from_raw(stat.pid).filter(|_| detached || orphan) else { continue };
        if let Ok(Some(_)) = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG) {
            children.detached.remove(&stat.pid);
            reaped.push(stat.pid);
        }
    }
    reaped
}

/// One cheap question before `/proc` is read.
fn may_have_zombies() -> bool {
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(rustix::process::waitid(WaitId::All, peek), Ok(Some(_)))
}

/// Whether this process has no child at all, dead or alive. With a subreaper that means: nothing of its tree is left.
pub(crate) fn has_none() -> bool {
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(rustix::process::waitid(WaitId::All, peek), Err(rustix::io::Errno::CHILD))
}
