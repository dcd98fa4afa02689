//! A record whose room on disk is taken beforehand, so that it can be written when the disk has become full.
//!
//! Layout: 8 bytes of magic, the length of the payload and its checksum (FNV-1a) as 64-bit little-endian numbers, the
//! payload. What a crash tore does not match its checksum and reads as "not written".

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

const MAGIC: &[u8; 8] = b"andonrec";
const HEADER: usize = 24;

/// An open, preallocated record.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    file: File,
}

impl RecordFile {
    /// Makes the file and reserves room for a payload of `bytes`. Neither is made durable: after a loss of power there is
    /// nothing to write any more. The file must not exist: what is there may be the end of a run that nobody has read yet.
    ///
    /// # Errors
    /// `AlreadyExists`; `StorageFull` when there is no room; whatever the file system says. Nothing is left behind.
    pub fn preallocate(path: &Path, bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        let room = HEADER as u64 + bytes;
        if let Err(error) = reserve(&file, room) {
            let _ = fs::remove_file(path);
            return Err(error);
        }
        Ok(Self { path: path.to_owned(), file })
    }

    /// Opens a record again that [`RecordFile::preallocate`] made, to write or remove it.
    ///
    /// # Errors
    /// When it is not there or cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes the payload in place and makes it durable, name and all. Needs no room on disk as long as it fits in what was
    /// reserved.
    /// A crash while a second payload replaces a first may lose both.
    ///
    /// # Errors
    /// When the payload is longer than the reserved room and the disk is full, or on an I/O error.
    pub fn write(&mut self, json: &[u8]) -> io::Result<()> {
        let mut record = Vec::with_capacity(HEADER + json.len());
        record.extend_from_slice(MAGIC);
        record.extend_from_slice(&(json.len() as u64).to_le_bytes());
        record.extend_from_slice(&checksum(json).to_le_bytes());
        record.extend_from_slice(json);
        self.file.write_all_at(&record, 0)?;
        self.file.sync_all()?;
        sync_parent(&self.path)
    }

    /// The payload; `None` while it is unwritten, or torn by a crash.
    ///
    /// # Errors
    /// When the file is not there or cannot be read.
    pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(payload(&fs::read(path)?).map(<[u8]>::to_vec))
    }

    /// Removes the file. After a loss of power it may be there again: whoever reads it then finds that the board knows its
    /// end already.
    ///
    /// # Errors
    /// When the folder does not let go of it.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

fn payload(record: &[u8]) -> Option<&[u8]> {
    let (header, rest) = record.split_at_checked(HEADER)?;
    let (magic, numbers) = header.split_at_checked(MAGIC.len())?;
    let (length, sum) = numbers.split_at_checked(8)?;
    if magic != MAGIC {
        return None;
    }
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let payload = rest.get(..length)?;
    (checksum(payload) == u64::from_le_bytes(sum.try_into().ok()?)).then_some(payload)
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        // A file system that cannot reserve: zeros take the same room, once they are on the disk.
        Err(rustix::io::Errno::OPNOTSUPP) => {
            let zeros = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
            file.write_all_at(&zeros, 0)?;
            file.sync_all()
        }
        Err(error) => Err(error.into()),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_record_reads_back_and_an_unwritten_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("end");
        let mut record = RecordFile::preallocate(&path, 4096).unwrap();
        assert_eq!(RecordFile::read(&path).unwrap(), None);
        record.write(b"{\"exit\":3}").unwrap();
        assert_eq!(RecordFile::read(&path).unwrap().unwrap(), b"{\"exit\":3}");
        assert_eq!(RecordFile::preallocate(&path, 1).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        record.remove().unwrap();
        assert_eq!(RecordFile::read(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_record_torn_at_any_byte_reads_as_unwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("end");
        let mut record = RecordFile::preallocate(&path, 64).unwrap();
        record.write(b"{\"exit\":3}").unwrap();
        let whole = fs::read(&path).unwrap();
        for torn in 0..HEADER + 10 {
            let mut bytes = whole.clone();
            bytes.iter_mut().skip(torn).for_each(|byte| *byte = 0);
            fs::write(&path, &bytes).unwrap();
            assert_eq!(RecordFile::read(&path).unwrap(), None, "torn at byte {torn}");
        }
        for short in 0..HEADER + 10 {
            fs::write(&path, &whole[..short]).unwrap();
            assert_eq!(RecordFile::read(&path).unwrap(), None, "cut at byte {short}");
        }
    }
}
