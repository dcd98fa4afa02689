//! A board whose database is damaged: one copy of it by a process of its own, a pause, and a word to a person. Other boards
//! go on.

use std::io;
use std::path::Path;

use andon_core::BoardSlug;
use andon_process::SelfExe;
use andon_store::maintenance::{quarantine, quarantined};
use andon_store::{DbError, Home, HomeError, OpError};

use super::{DispatchError, attention};
use crate::config::Config;

/// The first argument by which the binary knows that it is to copy a file.
pub const COPY: &str = "__copy";

/// Keeps a copy of a damaged database and says so, once for each damage.
pub(super) fn keep(home: &Home, exe: &SelfExe, slug: &BoardSlug, error: &DispatchError, config: &Config) {
    // A server's files are its own to look after.
    let Some(detail) = damage(error).filter(|_| home.database_url().is_none()) else { return };
    let folder = home.board_folder(slug);
    let known = quarantined(&folder).is_some();
    if let Err(error) = quarantine(&folder, &detail, home.world().now(), &|from, to| copy(exe, from, to)) {
        tracing::error!(board = %slug, %error, "the damaged database could not be copied; it stays as it is");
    }
    if let Some(command) = config.on_attention.as_ref().filter(|_| !known) {
        attention::tell_damage(slug, command.argv(), &detail);
    }
}

/// Whether the database itself is sound, and what failed may pass by itself: a full disk, a lock, a network file system.
pub(super) fn may_pass(error: &DispatchError) -> bool {
    database(error).is_some_and(|error| !error.quarantines())
}

fn damage(error: &DispatchError) -> Option<String> {
    let error = database(error)?;
    matches!(error, DbError::Corrupt { .. }).then(|| error.to_string())
}

fn database(error: &DispatchError) -> Option<&DbError> {
    match error {
        DispatchError::Op(OpError::Db(error)) | DispatchError::Home(HomeError::Db(error)) => Some(error),
        DispatchError::Op(OpError::Refused { .. })
        | DispatchError::Home(_)
        | DispatchError::Config(_)
        | DispatchError::Settings(_)
        | DispatchError::Io { .. } => None,
    }
}

/// Another process copies: closing the file here would cancel the locks that this process may hold on it.
fn copy(exe: &SelfExe, from: &Path, to: &Path) -> io::Result<()> {
    let status = exe.command().arg(COPY).arg(from).arg(to).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("the copying process ended with {status}")))
    }
}
