//! One child and its tree: start it, capture what it prints, signal it, know it again, and leave nothing of it behind.
//!
//! This crate is the mechanism below the supervisor. It knows nothing of boards, tasks or databases; it never decides
//! *whether* a process is to run or to stop, only *how*.
//!
//! | module | what it answers |
//! |---|---|
//! | [`Identity`] | is this still the process that we meant, or does another one have its number now? |
//! | [`SelfExe`], [`spawn_detached`] | how a long-lived process starts another copy of itself that outlives it |
//! | [`Standby`], [`Waiting`] | how it does so before there is anything to do |
//! | [`Tree`] | one child with every process that it starts: start, wait, stop, finish |
//! | [`split()`], [`Guard`] | who stops a tree when its supervisor is killed or frozen |
//! | [`sweep()`], [`find_marked`] | what is left of a tree whose supervisor is gone |
//! | [`Cgroup`] | a control group of its own, where the host allows one |
//! | [`RecordFile`] | a record that can be written although the disk has become full |
//! | [`Slot`] | a share of the host, held for as long as a descriptor is open |
//!
//! **How nothing escapes.** Four nets, each with a hole that another one covers:
//!
//! 1. a control group, which no ordinary process can leave, and which is killed in one step; not every host offers one;
//! 2. the process group and session of the leader, signalled while the leader is known to be unreaped;
//! 3. the tree of parents, which is complete as long as the supervisor is a subreaper: whatever is orphaned becomes its
//!    child;
//! 4. a marker in the environment, found in `/proc/*/environ` by whoever looks, also after the supervisor died. A
//!    process can erase it.
//!
//! Who looks: the supervisor; its guard, which adopts what a dead supervisor leaves, so that the third net holds then too; and
//! whoever finds a run without both.
//!
//! A process is only ever signalled through a pidfd whose start time was compared after opening it, so a number that was
//! used again is never hit.
//!
//! **Linux only** as it stands: the nets are made of procfs, pidfds, subreapers and control groups.

mod capture;
mod cgroup;
mod child;
mod children;
mod exe;
mod guard;
mod hunt;
mod identity;
mod leader;
mod log;
mod memory;
mod procfs;
mod pty;
mod record;
mod signals;
mod slots;
mod spec;
mod standby;
mod start;
mod sweep;
mod timer;
mod tmux;
mod tree;

pub use capture::Captured;
pub use cgroup::Cgroup;
pub use children::{become_subreaper, reap_orphans};
pub use exe::{SelfExe, spawn_detached};
pub use guard::{Guard, Guardian, Side, Wire, split};
pub use hunt::StopReport;
pub use identity::{Identity, boot_id, boottime_ms};
pub use log::LogSpec;
pub use memory::give_back_memory;
pub use record::RecordFile;
pub use signals::{Shutdown, ShutdownSignals, shutdown_signal};
pub use slots::{Slot, Slots};
pub use spec::{Limits, Listener, Spec, StartError, Stdin, Terminal};
pub use standby::{Standby, Waiting, rename_in_place};
pub use sweep::{find_marked, sweep};
pub use timer::BootTimer;
pub use tmux::{remove_finished_session, remove_session_files};
pub use tree::{Exit, Tree};

#[cfg(test)]
mod tests;
