//! The doorbell: makes waiting processes look at the board at once.
//!
//! On one host ([`FolderBell`]) each waiter binds a Unix datagram socket in the board's `wake/` folder; a writer sends one byte to each after its
//! commit, never waits, and removes dead ones. Waiters of the whole board and the supervisor of one run have names of
//! their own, so that a change of the board does not wake every supervisor. Order of a waiter: bind, drain, read, sleep.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags};

use crate::postgres::Bell;
use crate::tx::Ring;

/// After so long a time stamp of a file tells every change: it is as coarse as a clock tick, 10 ms at most.
pub(crate) const SETTLED: Duration = Duration::from_millis(100);
const BOARD: &str = "board-";
const RUN: &str = "run-";

/// Who waited when the folder had changed at that time.
type Known = (SystemTime, Arc<[String]>);

/// The bell of one board: rings its waiters.
#[derive(Clone, Debug)]
pub struct Doorbell(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// Everybody is on this host.
    Folder(FolderBell),
    /// Other hosts hear of it through the database.
    Hosts(Bell),
}

impl Doorbell {
    /// The bell whose waiters bind in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self(Kind::Folder(FolderBell::new(folder)))
    }

    /// The bell of a board that many hosts use.
    pub(crate) const fn of_hosts(bell: Bell) -> Self {
        Self(Kind::Hosts(bell))
    }

    /// Wakes whom it concerns. Failing to wake somebody is no error: waiters also look by themselves.
    pub fn ring(&self, rings: &[Ring]) {
        match &self.0 {
            Kind::Folder(bell) => bell.ring(rings),
            Kind::Hosts(bell) => bell.ring(rings, None),
        }
    }

    /// Tells the supervisor of one run on this host something, at most as long as a short line. Who is not there hears
    /// nothing.
    pub fn tell(&self, run: &andon_core::RunId, note: &[u8]) {
        let folder = match &self.0 {
            Kind::Folder(bell) => bell,
            Kind::Hosts(bell) => bell.folder(),
        };
        folder.send_all(&[Ring::Run(run.clone())], note);
    }

    /// Binds a waiter for changes of the board. `chance` makes its name a new one.
    ///
    /// # Errors
    /// When the socket cannot be bound; the caller then looks by the clock alone.
    pub fn wait_for_board(&self, chance: u64) -> io::Result<Waiter> {
        match &self.0 {
            Kind::Folder(bell) => bell.bind(&format!("{BOARD}{chance:016x}")),
            Kind::Hosts(bell) => Ok(Waiter { socket: bell.wait_for_board()?, path: None }),
        }
    }

    /// Binds the waiter of one run's supervisor.
    ///
    /// # Errors
    /// As [`Self::wait_for_board`].
    pub fn wait_for_run(&self, run: &andon_core::RunId, chance: u64) -> io::Result<Waiter> {
        let folder = match &self.0 {
            Kind::Folder(bell) => bell,
            Kind::Hosts(bell) => bell.folder(),
        };
        folder.bind(&format!("{RUN}{run}-{chance:08x}"))
    }
}

/// The waiters of one host, whose sockets lie in a folder.
#[derive(Clone, Debug)]
pub(crate) struct FolderBell {
    folder: Arc<PathBuf>,
    known: Arc<Mutex<Option<Known>>>,
}

impl FolderBell {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder: Arc::new(folder), known: Arc::default() }
    }

    /// Wakes whom it concerns. Failing to wake somebody is no error: waiters also look by themselves.
    pub(crate) fn ring(&self, rings: &[Ring]) {
        self.send_all(rings, &[1]);
    }

    fn send_all(&self, rings: &[Ring], bytes: &[u8]) {
        if rings.is_empty() {
            return;
        }
        let mut socket = None;
        for name in self.waiters().iter() {
            if !rings.iter().any(|ring| concerns(ring, name)) {
                continue;
            }
            if socket.is_none() {
                socket = UnixDatagram::unbound().and_then(|s| s.set_nonblocking(true).map(|()| s)).ok();
            }
            let Some(socket) = &socket else { return };
            self.send(socket, name, bytes);
        }
    }

    /// Who waits. The folder is read again when it has changed; a change within the coarseness of its time stamp would
    /// not show, so that only what has stood for a while is believed.
    fn waiters(&self) -> Arc<[String]> {
        let changed = std::fs::metadata(self.folder.as_ref()).and_then(|meta| meta.modified()).ok();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(changed), Some((seen, names))) = (changed, known.as_ref())
            && changed == *seen
        {
            return Arc::clone(names);
        }
        let entries = std::fs::read_dir(self.folder.as_ref()).into_iter().flatten().flatten();
        let names: Arc<[String]> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        *known = changed
            .filter(|changed| changed.elapsed().is_ok_and(|age| age > SETTLED))
            .map(|changed| (changed, Arc::clone(&names)));
        names
    }

    fn send(&self, socket: &UnixDatagram, name: &str, bytes: &[u8]) {
        let sent = in_folder(&self.folder, name, |path| socket.send_to(bytes, path).map(drop));
        match sent {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                let _ = std::fs::remove_file(self.folder.join(name));
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn bind(&self, name: &str) -> io::Result<Waiter> {
        std::fs::create_dir_all(self.folder.as_ref())?;
        let socket = in_folder(&self.folder, name, |path| UnixDatagram::bind(path))?;
        socket.set_nonblocking(true)?;
        Ok(Waiter { socket, path: Some(self.folder.join(name)) })
    }
}

fn concerns(ring: &Ring, name: &str) -> bool {
    match ring {
        Ring::Board => name.starts_with(BOARD),
        Ring::Run(run) => name.strip_prefix(RUN).is_some_and(|rest| rest.starts_with(run.as_str())),
    }
}

/// Socket paths end at 107 bytes; a longer folder is reached through a descriptor of it.
fn in_folder<R>(folder: &Path, name: &str, act: impl FnOnce(&Path) -> io::Result<R>) -> io::Result<R> {
    let path = folder.join(name);
    if path.as_os_str().as_bytes().len() <= 100 {
        return act(&path);
    }
    let descriptor =
        rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    use std::os::fd::AsRawFd as _;
    act(&PathBuf::from(format!("/proc/self/fd/{}/{name}", descriptor.as_raw_fd())))
}

/// A bound waiter; its name goes with it.
#[derive(Debug)]
pub struct Waiter {
    socket: UnixDatagram,
    path: Option<PathBuf>,
}

impl Waiter {
    /// Takes all rings that have come; whether there were any.
    pub fn drain(&self) -> bool {
        let mut any = false;
        let mut byte = [0; 16];
        while self.socket.recv(&mut byte).is_ok() {
            any = true;
        }
        any
    }

    /// A copy of the socket to wait on, for an event loop.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn socket(&self) -> io::Result<UnixDatagram> {
        self.socket.try_clone()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_reach_whom_they_concern_and_dead_waiters_go() {
        let root = tempfile::tempdir().unwrap();
        let bell = Doorbell::new(root.path().join("a".repeat(90)).join("wake"));
        let run: andon_core::RunId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let board = bell.wait_for_board(1).unwrap();
        let supervisor = bell.wait_for_run(&run, 2).unwrap();
        bell.ring(&[Ring::Board]);
        assert!(board.drain() && !supervisor.drain());
        bell.ring(&[Ring::Run(run)]);
        assert!(!board.drain() && supervisor.drain());
        let folder = root.path().join("a".repeat(90)).join("wake");
        let stale = folder.join("board-dead");
        drop(in_folder(&folder, "board-dead", |path| UnixDatagram::bind(path)).unwrap());
        assert!(stale.exists());
        bell.ring(&[Ring::Board]);
        assert!(!stale.exists() && board.drain());
    }
}
