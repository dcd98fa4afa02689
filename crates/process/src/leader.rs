//! The leader of a tree: started, perhaps inside a control group, and waited for.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::Identity;
use crate::cgroup::Cgroup;
use crate::child::{self, Birth, Setup};

/// A child of this process whose exit status nobody else collects.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    /// Its pidfd, which can be read when it has ended.
    ended: Receiver,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
}

impl Child {
    /// Starts a command as the leader of a session, in a control group where one is given and can be entered. The caller holds
    /// the register of children, so that nobody else collects its exit status.
    ///
    /// # Errors
    /// What `fork`, `chdir` or `exec` said. Nothing is left behind then.
    pub(crate) fn start(
        mut command: Command,
        controlling_terminal: bool,
        cgroup: Option<&Cgroup>,
    ) -> io::Result<(Self, Identity)> {
        let cgroup_procs = cgroup.and_then(|group| group.entrance().ok());
        let (hears, birth) = cgroup.and_then(|group| birth(group).ok()).unzip();
        child::prepare(
            &mut command,
            Setup { session: true, controlling_terminal, cgroup_procs, birth, ..Setup::default() },
        );
        let spawned = command.spawn();
        // The one that was started told the number of the one that it became before it ended.
        let born = hears.as_ref().and_then(number);
        let mut first = match spawned {
            Ok(first) => first,
            Err(error) => {
                collect(born);
                return Err(error);
            }
        };
        // Before anything is waited for: that would close its input.
        let pipes = (first.stdin.take(), first.stdout.take(), first.stderr.take());
        let pid = match born {
            Some(pid) => {
                // What it became is what counts.
                let _ = first.wait();
                Some(pid)
            }
            None => i32::try_from(first.id()).ok().and_then(Pid::from_raw),
        };
        let pid = pid.ok_or_else(|| io::Error::other("it has no number"))?;
        let known = move || -> io::Result<_> {
            let ended = Receiver::from_owned_fd_unchecked(pidfd_open(pid, PidfdFlags::NONBLOCK)?)?;
            let identity = Identity::of_pid(pid.as_raw_pid())?;
            let identity = identity.ok_or_else(|| io::Error::other("it vanished as it started"))?;
            let stdin = pipes.0.map(ChildStdin::from_std).transpose()?;
            let stdout = pipes.1.map(ChildStdout::from_std).transpose()?;
            let stderr = pipes.2.map(ChildStderr::from_std).transpose()?;
            Ok((Self { pid, ended, stdin, stdout, stderr }, identity))
        };
        // A process that cannot be known again must not run.
        known().inspect_err(|_| {
            let _ = kill_process(pid, Signal::KILL);
            collect(Some(pid));
        })
    }

    /// Waits until it has ended. Safe to cancel; not to be called again after it gave a status.
    ///
    /// # Errors
    /// When its status is lost.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            self.ended.readable().await?;
            if let Some((_, status)) = waitpid(Some(self.pid), WaitOptions::NOHANG)? {
                return Ok(ExitStatus::from_raw(status.as_raw()));
            }
            // It has ended by its pidfd, and not yet by its parent's account.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A birth in a group, and where its number is heard.
fn birth(group: &Cgroup) -> io::Result<(OwnedFd, Birth)> {
    let (hears, told) = io::pipe()?;
    fcntl_setfl(&hears, OFlags::NONBLOCK)?;
    Ok((hears.into(), Birth { group: group.folder()?, told: told.into() }))
}

/// The number that was told, if any.
fn number(hears: &OwnedFd) -> Option<Pid> {
    let mut bytes = [0; 4];
    let count = rustix::io::read(hears, &mut bytes).ok()?;
    if count == bytes.len() { Pid::from_raw(i32::from_ne_bytes(bytes)) } else { None }
}

/// Takes the exit status of one that ends.
fn collect(pid: Option<Pid>) {
    if let Some(pid) = pid {
        let _ = waitpid(Some(pid), WaitOptions::empty());
    }
}
