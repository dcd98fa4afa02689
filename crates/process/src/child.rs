//! What happens in a child between `fork` and `exec`, and taking over a descriptor that was handed down by number: almost all
//! of the `unsafe` of this crate.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
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
    /// The only descriptors beside 0, 1 and 2 that the program keeps, under the same numbers.
    pub(crate) inherit: Vec<RawFd>,
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
    default_signals();
    if setup.session {
        rustix::process::setsid()?;
    }
    if setup.controlling_terminal {
        rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
    }
    if let Some(procs) = &setup.cgroup_procs {
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
