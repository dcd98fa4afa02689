//! The log of a tree: appended to as output comes, bounded by rotation, and never a reason for the worker to fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where output goes, and how much of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSpec {
    /// The file. Its folder must exist.
    pub path: PathBuf,
    /// The file is rotated before it grows beyond this.
    pub rotate_bytes: u64,
    /// How many earlier files are kept: `<path>.1` is the newest; 0 keeps none.
    pub backups: u32,
}

impl LogSpec {
    /// A log of 2 MiB with one earlier file.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, rotate_bytes: 2 * 1024 * 1024, backups: 1 }
    }
}

/// The open log. One process writes it at a time.
#[derive(Debug)]
pub(crate) struct Log {
    spec: LogSpec,
    /// `None` after a rotation that could not make the new file; tried again with every write.
    file: Option<File>,
    size: u64,
    written: u64,
    dropped: u64,
    /// What was dropped since the last successful write.
    gap: u64,
}

impl Log {
    /// Opens the log for appending, rotated first when it is too long already.
    pub(crate) fn open(spec: LogSpec) -> io::Result<Self> {
        let (file, size) = open(&spec.path)?;
        let mut log = Self { spec, file: Some(file), size, written: 0, dropped: 0, gap: 0 };
        if log.size > log.spec.rotate_bytes {
            log.rotate();
            if log.file.is_none() {
                log.reopen()?;
            }
        }
        Ok(log)
    }

    /// Appends. What the disk does not take is counted and dropped: the worker goes on.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        if self.size > 0 && self.size.saturating_add(bytes.len() as u64) > self.spec.rotate_bytes {
            self.rotate();
        }
        if self.file.is_none() && self.reopen().is_err() {
            self.lose(bytes.len());
            return;
        }
        if self.gap > 0 {
            let note = format!("\n[andon: {} bytes of output could not be written to this log]\n", self.gap);
            if self.write(note.as_bytes()) < note.len() {
                self.lose(bytes.len());
                return;
            }
            self.gap = 0;
        }
        let taken = self.write(bytes);
        self.written += taken as u64;
        if taken < bytes.len() {
            self.lose(bytes.len() - taken);
        }
    }

    /// Bytes of output in the log since it was opened, earlier generations included.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Bytes of output that the disk did not take.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let Some(file) = &mut self.file else { return 0 };
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            match file.write(rest) {
                Ok(0) => break,
                Ok(more) => taken += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.size += taken as u64;
        taken
    }

    fn lose(&mut self, bytes: usize) {
        self.gap += bytes as u64;
        self.dropped += bytes as u64;
    }

    fn reopen(&mut self) -> io::Result<()> {
        let (file, size) = open(&self.spec.path)?;
        self.file = Some(file);
        self.size = size;
        Ok(())
    }

    /// Shifts every generation by one. Where the folder does not allow it, the log starts over in place, so that its
    /// size stays bounded. Only a regular file is ever rotated.
    fn rotate(&mut self) {
        if !self.file.as_ref().and_then(|file| file.metadata().ok()).is_some_and(|data| data.is_file()) {
            return;
        }
        if shift(&self.spec).is_ok() {
            self.file = None;
            self.size = 0;
        } else if let Some(file) = &self.file
            && file.set_len(0).is_ok()
        {
            self.size = 0;
        }
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

fn shift(spec: &LogSpec) -> io::Result<()> {
    if spec.backups == 0 {
        return fs::remove_file(&spec.path);
    }
    for older in (1..spec.backups).rev() {
        match fs::rename(generation(&spec.path, older), generation(&spec.path, older + 1)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    fs::rename(&spec.path, generation(&spec.path, 1))
}

fn generation(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(dir: &Path, rotate_bytes: u64, backups: u32) -> LogSpec {
        LogSpec { path: dir.join("t.log"), rotate_bytes, backups }
    }

    #[test]
    fn a_long_log_is_shifted_before_a_start_and_the_newest_is_number_one() {
        let dir = tempfile::tempdir().unwrap();
        let spec = log_of(dir.path(), 4, 2);
        for text in ["first", "second", "third", "fourth"] {
            Log::open(spec.clone()).unwrap().append(text.as_bytes());
        }
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(
            (read("t.log"), read("t.log.1"), read("t.log.2")),
            ("fourth".into(), "third".into(), "second".into())
        );
        assert!(!dir.path().join("t.log.3").exists());
    }

    #[test]
    fn a_short_log_is_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["a", "b"] {
            Log::open(log_of(dir.path(), 100, 1)).unwrap().append(text.as_bytes());
        }
        assert_eq!(fs::read_to_string(dir.path().join("t.log")).unwrap(), "ab");
    }

    #[test]
    fn a_log_stays_bounded_while_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        for backups in [0, 1] {
            let mut log = Log::open(log_of(dir.path(), 1000, backups)).unwrap();
            for _ in 0..100 {
                log.append(&[b'x'; 300]);
                assert!(fs::metadata(dir.path().join("t.log")).unwrap().len() <= 1000);
            }
            assert_eq!(log.written(), 30_000);
            assert_eq!(dir.path().join("t.log.1").exists(), backups == 1);
        }
    }

    #[test]
    fn a_full_disk_drops_output_and_counts_it() {
        let mut log = Log::open(LogSpec::new(PathBuf::from("/dev/full"))).unwrap();
        log.append(b"lost");
        log.append(b"too");
        assert_eq!((log.written(), log.dropped()), (0, 7));
    }
}
