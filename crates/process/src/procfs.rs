//! Reading `/proc`: which processes there are, who started them, and what their environment says.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

/// `ESRCH`: what reading an entry of a process says that has gone between open and read.
const GONE: i32 = rustix::io::Errno::SRCH.raw_os_error();

/// What `/proc/<pid>/stat` says of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: i32,
    pub(crate) ppid: i32,
    pub(crate) session: i32,
    pub(crate) group: i32,
    pub(crate) state: u8,
    pub(crate) threads: u32,
    /// Clock ticks since the boot.
    pub(crate) start_time: u64,
}

impl Stat {
    /// The process with this number; `None` when there is none.
    pub(crate) fn read(pid: i32) -> io::Result<Option<Self>> {
        match fs::read(format!("/proc/{pid}/stat")) {
            Ok(text) => Self::parse(pid, &text)
                .map(Some)
                .ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is not in the known form"))),
            Err(error) if is_gone(&error) => {
                // Without procfs every process would look dead.
                if fs::exists("/proc/self/stat")? { Ok(None) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    /// Parses after the *last* `)`, because the name of a program may contain spaces and brackets.
    fn parse(pid: i32, text: &[u8]) -> Option<Self> {
        let end_of_name = text.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(text.get(end_of_name + 1..)?).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        Some(Self {
            pid,
            state: *fields.first()?.as_bytes().first()?,
            ppid: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            threads: fields.get(17)?.parse().ok()?,
            start_time: fields.get(19)?.parse().ok()?,
        })
    }

    /// Not a zombie and not dead. A process whose first thread has ended shows as a zombie while others go on.
    pub(crate) fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X' | b'x') || self.threads > 1
    }
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(GONE)
}

/// The session of this process, 0 where its leader is outside this process's PID namespace (a container that was entered
/// from outside). Read from `/proc`, because a `getsid(2)` that answers 0 is no process number to most libraries.
pub(crate) fn own_session() -> io::Result<i32> {
    let me = rustix::process::getpid().as_raw_pid();
    Stat::read(me)?
        .map(|stat| stat.session)
        .ok_or_else(|| io::Error::other("/proc does not show this process"))
}

/// Every process that is visible now. Not a snapshot: a process may start or end while it is read.
pub(crate) fn table() -> io::Result<Vec<Stat>> {
    let mut table = Vec::with_capacity(256);
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // An entry that cannot be read or parsed belongs to a process that is ending.
        if let Ok(text) = fs::read(format!("/proc/{pid}/stat"))
            && let Some(stat) = Stat::parse(pid, &text)
        {
            table.push(stat);
        }
    }
    Ok(table)
}

/// Looks for one `NAME=VALUE` in the environment that processes were started with.
#[derive(Debug)]
pub(crate) struct MarkerScan {
    entry: Vec<u8>,
    buffer: Vec<u8>,
}

impl MarkerScan {
    pub(crate) fn new(marker: &(OsString, OsString)) -> Self {
        Self { entry: entry(&marker.0, &marker.1), buffer: Vec::new() }
    }

    /// Whether the process carries the marker. What may not be read (another user's, a protected one) does not.
    pub(crate) fn carried_by(&mut self, pid: i32) -> bool {
        self.buffer.clear();
        let read = File::open(format!("/proc/{pid}/environ"))
            .and_then(|mut environ| environ.read_to_end(&mut self.buffer));
        read.is_ok() && self.buffer.split(|&byte| byte == 0).any(|found| found == self.entry)
    }
}

fn entry(name: &OsStr, value: &OsStr) -> Vec<u8> {
    [name.as_bytes(), b"=", value.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let text = b"42 (a) S 9 (b)) R 7 8 9 0 -1 0 1 2 3 4 5 6 7 8 20 0 3 0 123456 0 0";
        let stat = Stat::parse(42, text).unwrap();
        assert_eq!((stat.state, stat.ppid, stat.group, stat.session), (b'R', 7, 8, 9));
        assert_eq!((stat.threads, stat.start_time), (3, 123_456));
    }

    #[test]
    fn a_zombie_whose_threads_go_on_is_alive() {
        let zombie = b"42 (a) Z 7 8 9 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 5 0 0";
        assert!(!Stat::parse(42, zombie).unwrap().is_alive());
        let threads = b"42 (a) Z 7 8 9 0 -1 0 1 2 3 4 5 6 7 8 20 0 2 0 5 0 0";
        assert!(Stat::parse(42, threads).unwrap().is_alive());
    }
}
