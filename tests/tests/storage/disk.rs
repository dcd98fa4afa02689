//! Small file systems that tests fill or write-protect. Only root may mount them.

#![expect(clippy::disallowed_methods, reason = "runs the mounting commands")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own; it goes when it is dropped.
pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Mounts one. None, with a word, where this process may not.
    pub(super) fn mount(folder: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "tmpfs"]).arg(folder);
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self { folder: folder.to_owned() });
        }
        println!("skipped: only root may mount the small file system that this test needs");
        None
    }

    /// Fills it until `left` bytes are free, to the last byte where that is 0.
    pub(super) fn fill(&self, left: usize) {
        let mut ballast = std::fs::File::create(self.folder.join("ballast")).unwrap();
        let (mut written, mut size) = (0_u64, 1 << 16);
        while size > 0 {
            match ballast.write(&vec![0; size]) {
                Ok(count) if count > 0 => written += count as u64,
                Ok(_) | Err(_) => size /= 2,
            }
        }
        ballast.set_len(written.saturating_sub(left as u64)).unwrap();
    }

    /// Where it is mounted.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lets nobody write on it, or everybody again.
    pub(super) fn set_read_only(&self, read_only: bool) {
        let option = if read_only { "remount,ro" } else { "remount,rw" };
        let output = Command::new("mount").args(["-o", option]).arg(&self.folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Gives back what [`Self::fill`] took.
    pub(super) fn make_room(&self) {
        std::fs::remove_file(self.folder.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}
