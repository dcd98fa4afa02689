//! A pseudo-terminal: the child's end, and ours.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::net::unix::pipe::{Receiver, Sender};

/// Both ends of a new pseudo-terminal.
#[derive(Debug)]
pub(crate) struct Pty {
    /// What the child reads, writes and is controlled by.
    pub(crate) child: OwnedFd,
    /// What the child prints.
    pub(crate) output: Receiver,
    /// What the child is typed.
    pub(crate) input: Sender,
}

impl Pty {
    pub(crate) fn open(cols: u16, rows: u16) -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let child = ioctl_tiocgptpeer(&ours, flags)?;
        tcsetwinsize(&child, Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 })?;
        let status = rustix::fs::fcntl_getfl(&ours)?;
        rustix::fs::fcntl_setfl(&ours, status | OFlags::NONBLOCK)?;
        let typed = ours.try_clone()?;
        // Not pipes, but character devices that are read, written and polled in the same way.
        Ok(Self {
            child,
            output: Receiver::from_file_unchecked(File::from(ours))?,
            input: Sender::from_file_unchecked(File::from(typed))?,
        })
    }
}
