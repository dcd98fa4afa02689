//! What happens in a child between `fork` and `exec`, and taking over a descriptor that was handed down by number: almost all
//! of the `unsafe` of this crate.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::FdFlags;

/// What a child does to itself before it becomes the program.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    /// Leads a session of its own, without a controlling terminal.
    pub(crate) session: bool,
    /// Makes its standard input the controlling terminal of that session.
    pub(crate) controlling_terminal: bool,
    /// `cgroup.procs` of the control group that it enters.
    pub(crate) cgroup_procs: Option<OwnedFd>,
    /// Has itself born again inside that control group first.
    pub(crate) birth: Option<Birth>,
    /// The only descriptors beside 0, 1 and 2 that the program keeps, under the same numbers.
    pub(crate) inherit: Vec<RawFd>,
}

/// A child is born again inside a control group. To move a process into one takes the kernel a grace period of some ten
/// milliseconds; to make it there takes none (`CLONE_INTO_CGROUP`, Linux 5.7).
#[derive(Debug)]
pub(crate) struct Birth {
    /// The folder of the group.
    pub(crate) group: OwnedFd,
    /// Where the new child's number is told, in four bytes.
    pub(crate) told: OwnedFd,
}

impl Birth {
    /// Makes a copy of this process inside the group, a child of this one's parent, and ends this one. Returns in the copy, or
    /// where the kernel makes none.
    #[expect(unsafe_code, reason = "no safe binding for clone3")]
    fn happen(&self) -> bool {
        const INTO_CGROUP: u64 = 0x2_0000_0000;
        const PARENT: u64 = 0x8000;
        // SAFETY: all zeroes is a value of this plain structure, which asks for nothing.
        let mut wanted: libc::clone_args = unsafe { std::mem::zeroed() };
        wanted.flags = INTO_CGROUP | PARENT;
        wanted.cgroup = u64::try_from(self.group.as_raw_fd()).unwrap_or(u64::MAX);
        // SAFETY: without shared memory the call is a fork. The copy makes system calls only until its `exec`, as this process
        // does; the structure is as large as it is said to be, and outlives the call.
        let made =
            unsafe { libc::syscall(libc::SYS_clone3, &raw const wanted, size_of::<libc::clone_args>()) };
        if made <= 0 {
            return made == 0;
        }
        let number = i32::try_from(made).unwrap_or(0);
        let told = rustix::io::write(&self.told, &number.to_ne_bytes());
        // SAFETY: both are async-signal-safe. A copy that nobody knows of must not run.
        unsafe {
            if told != Ok(4) {
                libc::kill(number, libc::SIGKILL);
            }
            libc::_exit(0)
        }
    }
}

/// Arranges for `setup` to be done in every child of `command`.
#[expect(unsafe_code, reason = "a hook between fork and exec is unsafe by nature")]
pub(crate) fn prepare(command: &mut Command, setup: Setup) {
    // SAFETY: `enter` makes system calls only: it neither allocates, nor takes a lock, nor unwinds, so it may run in
    // the child of a process with several threads. It borrows nothing of the parent; `setup` moves into the hook.
    unsafe {
        command.pre_exec(move || enter(&setup));
    }
}

fn enter(setup: &Setup) -> io::Result<()> {
    let inside = setup.birth.as_ref().is_some_and(Birth::happen);
    default_signals();
    if setup.session {
        rustix::process::setsid()?;
    }
    if setup.controlling_terminal {
        rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
    }
    if let Some(procs) = setup.cgroup_procs.as_ref().filter(|_| !inside) {
        // A group that cannot be entered must not keep the program from running; the parent looks whether it worked.
        let _ = rustix::io::write(procs, b"0");
    }
    close_on_exec_from(3);
    for &fd in &setup.inherit {
        keep_on_exec(fd)?;
    }
    Ok(())
}

/// A program must be stoppable even where its supervisor was started by `nohup` or in the background of a script.
#[expect(unsafe_code, reason = "rustix has no portable way to reset a signal's disposition")]
fn default_signals() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGCHLD, libc::SIGTSTP] {
        // SAFETY: `signal` is async-signal-safe, and the default disposition refers to no code of ours.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
}

/// Nothing that this process has open by accident reaches the program. Not closed at once, because the standard library
/// still reports a failed `exec` through a descriptor of its own. Kernels before 5.11 refuse, and then every
/// descriptor's own flag has to do.
#[expect(unsafe_code, reason = "no safe binding for close_range")]
fn close_on_exec_from(first: libc::c_uint) {
    // SAFETY: with CLOSE_RANGE_CLOEXEC the call closes nothing; it sets a flag on descriptors of the child.
    unsafe {
        libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

#[expect(unsafe_code, reason = "the descriptor is known by its number alone after the fork")]
fn keep_on_exec(fd: RawFd) -> io::Result<()> {
    // SAFETY: the caller of `spawn_detached` borrows the descriptor for the whole spawn, so it is open in the child.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::io::fcntl_setfd(fd, FdFlags::empty())?;
    Ok(())
}

/// Takes over a descriptor that the starting process handed down under a number, and keeps it from going further down.
///
/// # Errors
/// When no descriptor with this number is open, or it is one of the standard three.
#[expect(unsafe_code, reason = "a descriptor that was handed down is known by its number alone")]
pub(crate) fn adopt(fd: RawFd) -> io::Result<OwnedFd> {
    if fd <= 2 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("descriptor {fd} cannot be taken over"),
        ));
    }
    // SAFETY: only its flags are read, and an unopened number is answered with EBADF.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::io::fcntl_getfd(borrowed.as_fd())?;
    rustix::io::fcntl_setfd(borrowed, FdFlags::CLOEXEC)?;
    // SAFETY: it is open, and by the contract of `Slot::adopt` nothing else in this process owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
