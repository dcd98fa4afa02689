//! Starting another copy of the running binary, one that outlives its starter.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};

use crate::Identity;
use crate::child::{self, Setup};
use crate::children::children;

/// The running binary itself, whatever has been put in its place on disk since it started.
#[derive(Debug)]
pub struct SelfExe {
    file: OwnedFd,
}

impl SelfExe {
    /// Opens the running binary. To be called once, at the start of the process.
    ///
    /// # Errors
    /// When procfs is not mounted.
    pub fn open() -> io::Result<Self> {
        let file = rustix::fs::open("/proc/self/exe", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { file })
    }

    /// A command that runs this very binary, with `andon` as its name. Valid as long as `self` lives.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this crate starts processes")]
    pub fn command(&self) -> Command {
        let mut command = Command::new(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
        command.arg0("andon");
        command
    }
}

/// Starts a process that outlives this one: in a session of its own, standard input closed, output appended to `log`
/// or thrown away, and no descriptor but those of `inherit`, which keep their numbers.
///
/// Nobody waits for it; [`crate::reap_orphans`] collects it when it ends before this process does.
///
/// # Errors
/// When the log cannot be opened or the process cannot be started.
pub fn spawn_detached(
    mut command: Command,
    log: Option<&Path>,
    inherit: &[BorrowedFd<'_>],
) -> io::Result<Identity> {
    command.stdin(Stdio::null());
    match log {
        Some(path) => {
            let file = open_log(path)?;
            command.stdout(file.try_clone()?).stderr(file);
        }
        None => {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
    }
    let inherit = inherit.iter().map(AsRawFd::as_raw_fd).collect();
    child::prepare(&mut command, Setup { session: true, inherit, ..Setup::default() });
    // Held so that nobody reaps it before its identity is read.
    let mut children = children();
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    children.detached.insert(pid);
    Identity::of_pid(pid)?.ok_or_else(|| io::Error::other(format!("process {pid} vanished as it started")))
}

fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
