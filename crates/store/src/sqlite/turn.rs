//! Whose turn it is to write: a lock beside the database that is cheap to ask for, and that gives everybody a turn.
//!
//! SQLite's own lock decides who writes; this one only keeps those away who would wait for it. To ask SQLite costs a dozen
//! system calls and throws away what the connection has cached, so that it can only be asked rarely, and then eight
//! processes that write at once wait for hundreds of milliseconds although each is at work for less than one. This lock is
//! asked with one call, and whoever waits for it sleeps until a turn ends. Whoever waits says so with a shared lock on a second
//! file; whoever has just had a turn and wants the next one sees that, and queues behind the others.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::queue::Queue;

/// Longest wait for a turn. Whoever has it longer is frozen, and may not even have SQLite's lock.
const LONGEST: Duration = Duration::from_secs(1);

/// Whoever has had a turn within this time lets others go first.
const JUST_NOW: Duration = Duration::from_millis(1);

/// Descriptors kept for the next turn.
const KEPT: usize = 4;

/// The queue of a board's writers. Its files are never the database.
#[derive(Debug)]
pub(crate) struct Turns {
    turn: PathBuf,
    wanted: PathBuf,
    idle: Mutex<Vec<Files>>,
    ended: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Files {
    turn: File,
    wanted: File,
    /// Where to sleep, if that can be had here.
    queue: Option<Queue>,
}

/// A turn; it ends when it is dropped, and with its process.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    files: Option<Files>,
}

impl Turns {
    /// The queue of the database at `path`.
    pub(crate) fn of(path: &Path) -> Self {
        Self {
            turn: path.with_file_name(".turn"),
            wanted: path.with_file_name(".turn-wanted"),
            idle: Mutex::default(),
            ended: Mutex::default(),
        }
    }

    /// Waits for a turn, a second at the longest; where the file system has no such locks there is nothing to wait for.
    pub(crate) fn take(&self) -> Turn<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(files) = idle.or_else(|| self.open()) else { return Turn { turns: self, files: None } };
        let just_now = self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|at| at.elapsed() < JUST_NOW);
        let lets_others = just_now && files.is_wanted();
        if !lets_others {
            match try_lock(&files.turn, FlockOperation::NonBlockingLockExclusive) {
                Some(true) => return Turn { turns: self, files: Some(files) },
                Some(false) => {}
                None => return Turn { turns: self, files: None },
            }
        }
        let begun = Instant::now();
        let said = try_lock(&files.wanted, FlockOperation::NonBlockingLockShared);
        let mut got = Some(false);
        // Whoever has said that it waits may be frozen: others are not let go first for longer than a turn takes.
        let mut longest = if lets_others { 150..250 } else { 1_000..2_000 };
        while got == Some(false) && begun.elapsed() < LONGEST {
            files.wait(longest);
            longest = 1_000..2_000;
            got = try_lock(&files.turn, FlockOperation::NonBlockingLockExclusive);
        }
        if said == Some(true) {
            let _ = flock(&files.wanted, FlockOperation::Unlock);
        }
        Turn { turns: self, files: (got == Some(true)).then_some(files) }
    }

    fn open(&self) -> Option<Files> {
        let open = |path| File::options().create(true).truncate(false).read(true).write(true).open(path).ok();
        let (turn, wanted) = (open(&self.turn)?, open(&self.wanted)?);
        let queue = Queue::at(&wanted);
        Some(Files { turn, wanted, queue })
    }
}

impl Files {
    /// Waits until a turn may have ended, but not longer than so many microseconds: an end that came before this slept, or
    /// with the end of a process, is not heard of.
    fn wait(&self, longest: std::ops::Range<u64>) {
        let slept =
            self.queue.as_ref().is_some_and(|queue| queue.sleep(Duration::from_micros(at_random(longest))));
        if !slept {
            pause(10..60);
        }
    }

    /// Whether somebody waits for a turn.
    fn is_wanted(&self) -> bool {
        let alone = try_lock(&self.wanted, FlockOperation::NonBlockingLockExclusive);
        if alone == Some(true) {
            let _ = flock(&self.wanted, FlockOperation::Unlock);
        }
        alone == Some(false)
    }
}

/// Whether the lock was to be had; `None`: there are no locks here.
fn try_lock(file: &File, operation: FlockOperation) -> Option<bool> {
    match flock(file, operation) {
        Ok(()) => Some(true),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Some(false),
        Err(_) => None,
    }
}

fn at_random(range: std::ops::Range<u64>) -> u64 {
    use rand::Rng as _;
    rand::rng().random_range(range)
}

/// Waits for so many microseconds, at random: two that wait must not ask in step.
fn pause(micros: std::ops::Range<u64>) {
    let micros = at_random(micros);
    #[expect(
        clippy::disallowed_methods,
        reason = "another process's lock can only be waited for by asking again"
    )]
    std::thread::sleep(Duration::from_micros(micros));
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Some(files) = self.files.take() else { return };
        if flock(&files.turn, FlockOperation::Unlock).is_ok() {
            if let Some(queue) = &files.queue {
                let _ = queue.wake();
            }
            *self.turns.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            let mut idle = self.turns.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < KEPT {
                idle.push(files);
            }
        }
    }
}
