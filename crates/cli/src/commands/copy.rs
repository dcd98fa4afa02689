//! `andon __copy`: copies a file in a process of its own. Started by this program, never by a person.
//!
//! A process that has a board open must not read the database's file itself: closing it would cancel its own locks.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{ExitCode, Stdio};

use andon_store::maintenance::copy_file;

/// The hidden verb.
pub(crate) const WORD: &str = "__copy";

/// Copies `from` to `to`.
pub(crate) fn run(from: &OsString, to: &OsString) -> ExitCode {
    match copy_file(Path::new(from), Path::new(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::output::Out::Standard.say(&format!("{}: {error}", Path::new(from).display()));
            ExitCode::FAILURE
        }
    }
}

/// Has another process of this program copy a file.
///
/// # Errors
/// What it said, where it failed.
pub(crate) fn elsewhere(from: &Path, to: &Path) -> std::io::Result<()> {
    let own = std::env::current_exe()?;
    #[expect(
        clippy::disallowed_methods,
        reason = "a short helper without descriptors of ours, waited for at once"
    )]
    let mut command = std::process::Command::new(own);
    let arguments: [&OsStr; 3] = [WORD.as_ref(), from.as_ref(), to.as_ref()];
    let done =
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(std::io::Error::other(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
}
