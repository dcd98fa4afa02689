//! A second process that stands by a supervisor, and stops its tree when the supervisor cannot any more: because it was
//! killed, or because it is frozen when the moment has come until which it was charged to keep the tree.
//!
//! The process that was started forks before it does anything else. The *parent* becomes the guard and the child goes on as
//! the supervisor: so everything that a dead supervisor leaves is adopted by the guard, also what left its session and
//! erased its environment. It runs the code that it was forked with, whatever has been put in place of the binary since; its
//! memory is the supervisor's own, but for the few pages that it writes.
//!
//! The two hold the ends of one socket. The supervisor says by it what the guard is to do ([`Charge`]); its closing says
//! that the other one is gone. Both wait in the kernel: idle costs nothing.

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid};
use tokio::net::unix::pipe;

use crate::children::become_subreaper;
use crate::hunt::Hunt;
use crate::identity::{Identity, boottime_ms};
use crate::procfs::Stat;
use crate::timer::BootTimer;

/// What the guard is called in lists of processes.
const NAME: &std::ffi::CStr = c"andon-guard";
/// How long is waited for what is said of a supervisor that has missed its moment.
const SAYING: Duration = Duration::from_millis(50);
/// How long a killed supervisor may take to be gone before its tree is looked for nevertheless.
const DYING: Duration = Duration::from_secs(1);
/// Whoever cannot be killed is tried again after this, and then after ever longer times.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a guard is to do when its supervisor is gone, or does not speak until a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charge {
    /// Nothing: no tree was started, or it is gone.
    Rest,
    /// To stop the tree; also at this moment of [`boottime_ms`], unless a later one is told before.
    Keep(i64),
}

/// No moment: only the end of the supervisor matters.
const EVER: i64 = i64::MAX;
const LENGTH: usize = 9;

impl Charge {
    fn bytes(self) -> [u8; LENGTH] {
        let (kind, until) = match self {
            Self::Rest => (0, 0),
            Self::Keep(until) => (1, until),
        };
        let mut bytes = [kind; LENGTH];
        bytes[1..].copy_from_slice(&until.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&kind, until) = bytes.split_first()?;
        let until = i64::from_le_bytes(until.try_into().ok()?);
        match kind {
            0 => Some(Self::Rest),
            1 => Some(Self::Keep(until)),
            _ => None,
        }
    }
}

/// Which of the two processes the caller is now.
#[derive(Debug)]
pub enum Side {
    /// The supervisor, and its end of the wire to its guard.
    Supervisor(Wire),
    /// The guard: it has [`Guardian::watch`] to do and nothing else.
    Guard(Guardian),
}

/// The supervisor's end, until there is an event loop to wait in.
#[derive(Debug)]
pub struct Wire(OwnedFd);

impl Wire {
    /// Tells the guard, before anything else, what this process has come to be charged with; for [`Guardian::learn`].
    ///
    /// # Errors
    /// When the guard is gone: then nothing may be started.
    pub fn tell(&self, words: &[u8]) -> io::Result<()> {
        send(&self.0, words, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

/// Divides this process in a guard and a supervisor, its child. To be called before anything has started a thread. Both
/// share what is open; the guard is to drop what it does not need.
///
/// # Errors
/// When this process has several threads, or the kernel refuses: then nothing has been divided.
pub fn split() -> io::Result<Side> {
    let me = rustix::process::getpid();
    if Stat::read(me.as_raw_pid())?.is_none_or(|stat| stat.threads != 1) {
        return Err(io::Error::other("a process with several threads cannot be divided"));
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (supervisor, guard) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    // Before the fork, so that no child of the supervisor can be orphaned to anybody else.
    become_subreaper()?;
    match fork()? {
        None => {
            drop(guard);
            become_subreaper()?;
            Ok(Side::Supervisor(Wire(supervisor)))
        }
        Some(child) => {
            drop(supervisor);
            outlive_requests();
            // For whoever looks at a list of processes.
            let _ = rustix::thread::set_name(NAME);
            Ok(Side::Guard(Guardian { supervisor: child, wire: guard }))
        }
    }
}

#[expect(unsafe_code, reason = "no safe binding for fork")]
fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: this process has one thread, as the caller has seen: the child has all of it, and no lock is held by
    // somebody who is not there any more.
    let pid = unsafe { libc::fork() };
    match pid {
        0 => Ok(None),
        pid if pid > 0 => Ok(Pid::from_raw(pid)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What asks a whole system, group or session to end asks the supervisor too, which then has its worker to stop: the guard
/// goes when that is done.
#[expect(unsafe_code, reason = "rustix has no portable way to ignore a signal")]
fn outlive_requests() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGPIPE] {
        // SAFETY: ignoring a signal refers to no code of ours.
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// The supervisor's hold on its guard.
#[derive(Debug)]
pub struct Guard {
    /// A socket; but all that is waited for is what a pipe has too, its end.
    wire: pipe::Receiver,
}

impl Guard {
    /// Takes the wire into the event loop of the calling thread.
    ///
    /// # Errors
    /// When the event loop cannot watch it.
    pub fn on(wire: Wire) -> io::Result<Self> {
        Ok(Self { wire: pipe::Receiver::from_owned_fd_unchecked(wire.0)? })
    }

    /// From here on there is a tree to stop when this process dies; and at this moment of [`boottime_ms`], where there is
    /// one, whatever this process does then. A later call moves the moment.
    ///
    /// # Errors
    /// When the guard is gone: then nothing may be started.
    pub fn keep(&self, until: Option<i64>) -> io::Result<()> {
        self.tell(Charge::Keep(until.unwrap_or(EVER)))
    }

    /// The tree is gone: nothing is left to stop.
    pub fn rest(&self) {
        // A guard that is gone needs no word.
        let _ = self.tell(Charge::Rest);
    }

    fn tell(&self, charge: Charge) -> io::Result<()> {
        match send(&self.wire, &charge.bytes(), SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(_) => Ok(()),
            // A guard that has been frozen for so long acts at an earlier moment than it might, never at a later one.
            Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the guard is gone. It never says anything, so that only its end makes the wire readable.
    pub async fn lost(&self) {
        if self.wire.readable().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The guard itself.
#[derive(Debug)]
pub struct Guardian {
    supervisor: Pid,
    wire: OwnedFd,
}

impl Guardian {
    /// Waits for what the supervisor is charged with, where that is not known from the start. None: it is gone, and was never
    /// charged with anything.
    ///
    /// # Errors
    /// When the kernel refuses to wait.
    pub fn learn(&self) -> io::Result<Option<Vec<u8>>> {
        let mut words = vec![0; 256];
        loop {
            retry_on_intr(|| poll(&mut [PollFd::new(&self.wire, PollFlags::IN)], None))?;
            match recv(&self.wire, &mut words[..], RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Ok(None),
                Ok((length, _)) => {
                    words.truncate(length);
                    return Ok(Some(words));
                }
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

enum Woken {
    /// The supervisor is gone.
    Gone(Charge),
    /// It is not, and its moment has come.
    Overdue,
}

impl Guardian {
    /// Stands by until the supervisor is gone, and gives what it said at its end. Stops its tree, known by `marker` and by
    /// having been adopted, where it was not gone before; and the supervisor with it, where it has missed its moment: then
    /// `overdue` is told first who that is, and has a moment for what it has to do about it.
    ///
    /// # Errors
    /// When the kernel has no clock or no processes to show: then nothing has been stopped.
    pub fn watch(
        self,
        marker: &(OsString, OsString),
        overdue: impl FnOnce(Identity) + Send + 'static,
    ) -> io::Result<ExitCode> {
        let identity = Identity::of_pid(self.supervisor.as_raw_pid())?;
        let process = pidfd_open(self.supervisor, PidfdFlags::empty()).ok();
        match self.wait(process.as_ref())? {
            Woken::Gone(Charge::Rest) => {}
            Woken::Gone(Charge::Keep(_)) => self.stop(process.as_ref(), marker, "was killed"),
            Woken::Overdue => {
                if let Some(identity) = identity {
                    say(move || overdue(identity));
                }
                self.stop(process.as_ref(), marker, "does not act, and its lease runs out");
            }
        }
        Ok(self.exit())
    }

    fn wait(&self, process: Option<&OwnedFd>) -> io::Result<Woken> {
        let timer = BootTimer::new()?;
        let mut charge = Charge::Rest;
        loop {
            let open = self.hear(&mut charge);
            if !open {
                return Ok(Woken::Gone(charge));
            }
            match charge {
                Charge::Keep(until) if until <= boot_now() => return Ok(Woken::Overdue),
                Charge::Keep(until) if until != EVER => timer.set(Some(until))?,
                Charge::Keep(_) | Charge::Rest => timer.set(None)?,
            }
            let mut waited = vec![
                PollFd::new(&self.wire, PollFlags::IN),
                PollFd::from_borrowed_fd(timer.as_fd(), PollFlags::IN),
            ];
            waited.extend(process.map(|process| PollFd::new(process, PollFlags::IN)));
            match poll(&mut waited, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            // Another process may hold a copy of the wire for the moment between its fork and its exec.
            if waited.get(2).is_some_and(|process| !process.revents().is_empty()) {
                self.hear(&mut charge);
                return Ok(Woken::Gone(charge));
            }
        }
    }

    /// Hears all that has been said; tells whether more may come.
    fn hear(&self, charge: &mut Charge) -> bool {
        let mut buffer = [MaybeUninit::uninit(); LENGTH];
        loop {
            match recv(&self.wire, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((([], _), _)) => return false,
                Ok(((said, _), _)) => *charge = Charge::read(said).unwrap_or(*charge),
                Err(Errno::AGAIN) => return true,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// The supervisor first: it must not start anything more, nor wake up when its tree is gone.
    fn stop(&self, process: Option<&OwnedFd>, marker: &(OsString, OsString), why: &str) {
        // It is this process's child, and not collected yet: its number is nobody else's.
        let _ = kill_process(self.supervisor, Signal::KILL);
        if let Some(process) = process {
            let wait = Timespec { tv_sec: i64::try_from(DYING.as_secs()).unwrap_or(1), tv_nsec: 0 };
            let _ = poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&wait));
        }
        let mut hunt = Hunt::adopted(marker, self.supervisor.as_raw_pid());
        let mut pause = FIRST_PAUSE;
        loop {
            match hunt.kill_all(|_| false) {
                Ok(report) if report.survivors.is_empty() => {
                    tracing::warn!(run = ?marker.1, killed = ?report.killed, "the supervisor {why}: its worker was stopped");
                    return;
                }
                Ok(report) => {
                    tracing::error!(run = ?marker.1, survivors = ?report.survivors, "processes could not be killed; trying again");
                }
                Err(error) => {
                    tracing::error!(run = ?marker.1, %error, "processes cannot be listed; trying again")
                }
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "nothing tells when the kernel lets go of a process"
            )]
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Collects the supervisor; gives what it said.
    fn exit(&self) -> ExitCode {
        let status = loop {
            match waitpid(Some(self.supervisor), WaitOptions::empty()) {
                Err(Errno::INTR) => {}
                ended => break ended.ok().flatten(),
            }
        };
        let code =
            status.and_then(|(_, status)| status.exit_status()).and_then(|code| u8::try_from(code).ok());
        code.map_or(ExitCode::FAILURE, ExitCode::from)
    }
}

/// Lets it be said on a thread of its own: a disk that does not answer keeps nobody from stopping what has to stop.
fn say(what: impl FnOnce() + Send + 'static) {
    let (said, heard) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().spawn(move || {
        what();
        let _ = said.send(());
    });
    if thread.is_ok() {
        let _ = heard.recv_timeout(SAYING);
    }
}

fn boot_now() -> i64 {
    i64::try_from(boottime_ms()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_read_as_it_was_told_and_nothing_else_is_one() {
        for charge in [Charge::Rest, Charge::Keep(0), Charge::Keep(123_456_789), Charge::Keep(EVER)] {
            assert_eq!(Charge::read(&charge.bytes()), Some(charge));
        }
        for other in [&[][..], &[1], &[2; LENGTH], &[1; LENGTH + 1]] {
            assert_eq!(Charge::read(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_process_with_several_threads_is_not_divided() {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || wait.recv());
        assert!(split().is_err());
        drop(done);
        assert!(other.join().unwrap().is_err());
    }
}
