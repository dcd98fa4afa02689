//! Where writers of several processes sleep until a turn ends.
//!
//! A futex on a page of a file that all of them have mapped. Nobody ever writes to it: whoever ends a turn wakes the one that
//! has slept longest, and whoever was not asleep yet when that happened is woken by its own clock soon after. So the page can
//! be mapped for reading alone, and nothing that a crash could leave behind is in it: the lock on the file beside it says
//! whose turn it is, and the kernel frees that with its process.

#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "a mapping of memory has no safe form"))]

use std::fs::File;
use std::time::Duration;

/// The sleepers of a board.
#[derive(Debug)]
pub(crate) struct Queue(imp::Word);

impl Queue {
    /// The sleepers at this file, which is never made shorter; none where there is no such thing.
    pub(crate) fn at(file: &File) -> Option<Self> {
        imp::Word::of(file).map(Self)
    }

    /// Sleeps until it is woken, but no longer than this; false where one cannot sleep here after all.
    pub(crate) fn sleep(&self, longest: Duration) -> bool {
        self.0.wait(longest)
    }

    /// Wakes the one that has slept longest; whether there was one.
    pub(crate) fn wake(&self) -> bool {
        self.0.wake()
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::fs::File;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::FileExt as _;
    use std::ptr::NonNull;
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::thread::futex::{self, Flags, Timespec};

    const LENGTH: usize = size_of::<AtomicU32>();

    /// The word that is slept at: zero, for ever.
    #[derive(Debug)]
    pub(super) struct Word(NonNull<AtomicU32>);

    // SAFETY: the mapping belongs to this value alone, and a futex is there to be shared.
    unsafe impl Send for Word {}
    // SAFETY: as above.
    unsafe impl Sync for Word {}

    impl Word {
        pub(super) fn of(file: &File) -> Option<Self> {
            // A mapping beyond the end of its file kills whoever touches it: the word is written, not only made room for.
            if file.metadata().ok()?.len() < LENGTH as u64 {
                file.write_all_at(&[0; LENGTH], 0).ok()?;
            }
            // SAFETY: a new mapping, at a place that the kernel chooses, of an open file that is long enough.
            let page = unsafe {
                let (protection, kind) = (libc::PROT_READ, libc::MAP_SHARED);
                libc::mmap(std::ptr::null_mut(), LENGTH, protection, kind, file.as_raw_fd(), 0)
            };
            if page == libc::MAP_FAILED { None } else { NonNull::new(page.cast()).map(Self) }
        }

        fn word(&self) -> &AtomicU32 {
            // SAFETY: mapped until this value is dropped, and never written to; the kernel alone looks at it.
            unsafe { self.0.as_ref() }
        }

        pub(super) fn wait(&self, longest: Duration) -> bool {
            let longest = Timespec { tv_sec: 0, tv_nsec: i64::from(longest.subsec_nanos()) };
            // Woken, too late, or interrupted: the caller looks whose turn it is in any case. Anything else came at once.
            let slept = futex::wait(self.word(), Flags::empty(), 0, Some(&longest));
            matches!(slept, Ok(()) | Err(Errno::TIMEDOUT | Errno::INTR))
        }

        pub(super) fn wake(&self) -> bool {
            futex::wake(self.word(), Flags::empty(), 1).is_ok_and(|woken| woken > 0)
        }
    }

    impl Drop for Word {
        fn drop(&mut self) {
            // SAFETY: mapped by `of`, with this length, and not used any more.
            unsafe { libc::munmap(self.0.as_ptr().cast(), LENGTH) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::fs::File;
    use std::time::Duration;

    #[derive(Debug)]
    pub(super) enum Word {}

    impl Word {
        pub(super) fn of(_: &File) -> Option<Self> {
            None
        }

        pub(super) fn wait(&self, _: Duration) -> bool {
            match *self {}
        }

        pub(super) fn wake(&self) -> bool {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::Queue;

    #[test]
    fn a_sleeper_is_woken_through_another_mapping_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wanted");
        let open = || {
            let file =
                std::fs::File::options().create(true).truncate(false).read(true).write(true).open(&path);
            Queue::at(&file.unwrap()).unwrap()
        };
        let (one, two) = (open(), open());
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    assert!(one.sleep(Duration::from_millis(5)));
                }
            });
            while !two.wake() {
                std::thread::yield_now();
            }
            over.store(true, Ordering::SeqCst);
        });
        assert_eq!(std::fs::read(&path).unwrap(), [0; 4], "nobody writes to it");
    }
}
