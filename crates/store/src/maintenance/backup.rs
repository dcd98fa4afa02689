//! Backups: a folder with a consistent copy of the board as an SQLite database, `board.toml`, and on request the
//! attachments. A board in PostgreSQL is kept in the same form, which `restore` reads into either engine.
//!
//! The copy is taken while the board is in use; it is checked before the backup gets its name. A backup that has its name
//! is complete.

use std::path::{Path, PathBuf};

use andon_core::BoardSlug;

use super::error::{MaintenanceError, io};
use super::portable::portable;
use super::snapshot::{beside, integrity, label, open_to_read, parent, sync_folder};
use crate::board_file::BoardFile;
use crate::home::Home;
use crate::sqlite::translate;

/// How to back up.
#[derive(Clone, Debug, Default)]
pub struct BackupOptions {
    /// A backup of that name is replaced.
    pub replace: bool,
    /// Attachments too.
    pub with_files: bool,
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its folder.
    pub folder: PathBuf,
    /// The database's bytes.
    pub bytes: u64,
    /// Tasks in it.
    pub tasks: u64,
    /// Attachments copied.
    pub files: u64,
    /// Attachments whose file is not there or is not what its row says.
    pub missing: Vec<String>,
}

/// Backs a board up into `target`, a folder that is not there yet. Other processes go on meanwhile.
///
/// # Errors
/// `target_exists`, the database's refusal, or input and output. Nothing of that name is left half-done.
pub fn backup(
    home: &Home,
    slug: &BoardSlug,
    target: &Path,
    options: &BackupOptions,
) -> Result<Backup, MaintenanceError> {
    let file = home.describe(slug)?;
    let board = home.board_folder(slug);
    if target.exists() && !options.replace {
        return Err(MaintenanceError::TargetExists(target.to_owned()));
    }
    let chance = home.world().bits();
    let draft = beside(target, &format!(".{chance:016x}.partial"));
    std::fs::create_dir_all(&draft).map_err(io(&draft))?;
    let made = fill(home, slug, &board, &file, &draft, options).and_then(|made| {
        crate::crash::point("backup_before_name");
        publish(&draft, target, chance)?;
        Ok(Backup { folder: target.to_owned(), ..made })
    });
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&draft);
    }
    made
}

fn fill(
    home: &Home,
    slug: &BoardSlug,
    board: &Path,
    file: &BoardFile,
    draft: &Path,
    options: &BackupOptions,
) -> Result<Backup, MaintenanceError> {
    let copy = draft.join("board.db");
    portable(home, slug, &copy)?;
    let connection = open_to_read(&copy)?;
    let said = label(&connection, &copy)?;
    if file.identity.as_ref().is_some_and(|identity| *identity != said.identity) {
        let detail = format!("it says {}", said.identity);
        return Err(MaintenanceError::BadBackup { path: copy, detail });
    }
    if let Some(first) = integrity(&connection, &copy)?.into_iter().next() {
        return Err(MaintenanceError::BadBackup { path: copy, detail: first });
    }
    let fail = |error: rusqlite::Error| translate(&copy, &error);
    let tasks: i64 =
        connection.query_row("select count(*) from tasks", [], |row| row.get(0)).map_err(fail)?;
    let (files, missing) = if options.with_files {
        copy_files(&connection, &copy, &board.join("attachments"), &draft.join("attachments"))?
    } else {
        (0, Vec::new())
    };
    drop(connection);
    let described = BoardFile { identity: Some(said.identity), ..file.clone() };
    described.write(draft)?;
    sync_folder(draft)?;
    let bytes = std::fs::metadata(&copy).map_err(io(&copy))?.len();
    let tasks = u64::try_from(tasks).unwrap_or(0);
    Ok(Backup { folder: draft.to_owned(), bytes, tasks, files, missing })
}

/// Copies the files of the rows that are in the copy.
fn copy_files(
    connection: &rusqlite::Connection,
    path: &Path,
    from: &Path,
    to: &Path,
) -> Result<(u64, Vec<String>), MaintenanceError> {
    let fail = |error: rusqlite::Error| translate(path, &error);
    let mut statement =
        connection.prepare("select path, size from attachments order by path").map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    let (mut files, mut missing) = (0, Vec::new());
    while let Some(row) = rows.next().map_err(fail)? {
        let (name, size): (String, i64) = (row.get(0).map_err(fail)?, row.get(1).map_err(fail)?);
        let Some(source) = crate::files::inside(from, &name) else {
            missing.push(name);
            continue;
        };
        let target = to.join(&name);
        std::fs::create_dir_all(parent(&target)).map_err(io(&target))?;
        match std::fs::copy(&source, &target) {
            Ok(copied) if i64::try_from(copied) == Ok(size) => {
                std::fs::File::open(&target).and_then(|file| file.sync_all()).map_err(io(&target))?;
                files += 1;
            }
            Ok(_) => missing.push(name),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => missing.push(name),
            Err(error) => return Err(io(&source)(error)),
        }
    }
    Ok((files, missing))
}

/// Gives a complete draft its name; what had the name goes only then.
fn publish(draft: &Path, target: &Path, chance: u64) -> Result<(), MaintenanceError> {
    let old = beside(target, &format!(".{chance:016x}.old"));
    let replaced = target.exists();
    if replaced {
        std::fs::rename(target, &old).map_err(io(target))?;
    }
    std::fs::rename(draft, target).map_err(io(target))?;
    sync_folder(parent(target))?;
    if replaced {
        std::fs::remove_dir_all(&old).or_else(|_| std::fs::remove_file(&old)).map_err(io(&old))?;
    }
    Ok(())
}
