//! Shares of the host: at most so many at once, each held for as long as a descriptor is open anywhere.
//!
//! A slot is an exclusive `flock` on a file. It belongs to the open file description, so it passes to a child with the
//! descriptor, and the kernel frees it when the last holder is gone, however that one died.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::child;

/// One share, held until every descriptor of it is closed.
#[derive(Debug)]
pub struct Slot {
    file: File,
}

impl Slot {
    /// Takes a free one of `count` slots in `dir`, without waiting; `None` when all are held. Creates `dir`.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be made or opened.
    pub fn acquire(dir: &Path, count: u32) -> io::Result<Option<Self>> {
        std::fs::create_dir_all(dir)?;
        // A second look, because `in_use` holds each slot for the moment in which it asks.
        for slot in (0..count).chain(0..count) {
            let file = open(dir, slot)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(Self { file })),
                Err(Errno::WOULDBLOCK) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Takes over a slot that the starting process handed down as descriptor `fd`, and keeps it from the children of
    /// this process. To be called once, before anything else could own that number.
    ///
    /// # Errors
    /// When no such descriptor is open.
    pub fn adopt(fd: RawFd) -> io::Result<Self> {
        Ok(Self { file: File::from(child::adopt(fd)?) })
    }

    /// Takes over a slot that another process has handed over.
    #[must_use]
    pub fn given(descriptor: OwnedFd) -> Self {
        Self { file: File::from(descriptor) }
    }
}

impl AsFd for Slot {
    /// What a child is to inherit so that it holds the slot too.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// What is known of all slots of a folder.
#[derive(Debug)]
pub struct Slots;

impl Slots {
    /// How many of the first `count` slots in `dir` are held now, by anybody.
    ///
    /// # Errors
    /// When a file in the folder cannot be opened.
    pub fn in_use(dir: &Path, count: u32) -> io::Result<u32> {
        let mut held = 0;
        for slot in 0..count {
            let file = match File::open(path(dir, slot)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            match flock(&file, FlockOperation::NonBlockingLockShared) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => held += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(held)
    }
}

fn open(dir: &Path, slot: u32) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path(dir, slot))
}

fn path(dir: &Path, slot: u32) -> PathBuf {
    dir.join(format!("slot-{slot}"))
}
