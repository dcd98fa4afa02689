//! Writing files so that a crash leaves the old or the new, never a half.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::ProfileError;

/// A name in the same folder that nobody else uses. It starts with a dot, so that listings pass over it.
pub(crate) fn sibling(path: &Path, purpose: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{purpose}-{}-{number}", std::process::id()))
}

/// Turns an error of the system into ours.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ProfileError {
    let path = path.to_owned();
    move |source| ProfileError::Io { action, path, source }
}

/// Replaces a file's content; once it returns, the new content is durable. A link is followed, the mode of an existing file
/// kept; a new one is readable by its owner alone.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), ProfileError> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = sibling(&target, "new");
    let written = write_new(&temporary, content, false).and_then(|()| {
        if let Ok(old) = fs::metadata(&target) {
            fs::set_permissions(&temporary, old.permissions()).map_err(failed("write", &temporary))?;
        }
        fs::rename(&temporary, &target).map_err(failed("replace", &target))
    });
    if written.is_err() {
        // The error that matters is the one that led here.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    target.parent().map_or(Ok(()), sync_folder)
}

/// Writes a file that is not there yet, durably but for its name. It is its owner's alone.
pub(crate) fn write_new(path: &Path, content: &[u8], executable: bool) -> Result<(), ProfileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if executable { 0o700 } else { 0o600 });
    }
    #[cfg(not(unix))]
    let _ = executable;
    let mut file = options.open(path).map_err(failed("create", path))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed("write", path))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), ProfileError> {
    #[cfg(unix)]
    File::open(folder).and_then(|file| file.sync_all()).map_err(failed("write", folder))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
