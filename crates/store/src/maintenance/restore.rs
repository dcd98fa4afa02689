//! Restoring a board from a backup.
//!
//! The restored database is made ready beside the board's first: copied by SQLite, migrated, its epoch raised, its open
//! runs ended. Then it takes the place of the board's database in one step:
//!
//! - A database that SQLite can read is copied aside and *overwritten through SQLite*, in one transaction. Whoever has it
//!   open sees the old board or the new one, and a crash leaves one of them.
//! - A database that is missing, empty or damaged is moved aside, and the new one is moved into its place. A crash in
//!   between leaves the board without a database, which every opener refuses until the restore is run again.
//!
//! What was there is never deleted: it lies beside as `board.db.before-restore-<time>`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use andon_core::{BoardSlug, Policy, RunId};
use futures::executor::block_on;
use rusqlite::Connection;
use rusqlite::backup::{Backup as Pages, StepResult};

use super::aftermath::Aftermath;
use super::arrive;
use super::error::{MaintenanceError, io};
use super::seal;
use super::snapshot::{
    Label, beside, integrity, label, open_to_read, open_unchanging, stamp, sync_folder, vacuum_into,
};
use super::transfer::tables;
use super::usage::{in_use, sole};
use crate::board::Mode;
use crate::board_file::BoardFile;
use crate::doorbell::Doorbell;
use crate::error::DbError;
use crate::home::{Home, HomeError, make_parts};
use crate::postgres::Server;
use crate::query::{Head, LiveRuns};
use crate::sqlite::{Direct, Flavour, translate};
use crate::tx::Ring;

/// How to restore.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// Although somebody works on the board, or the backup is another board's.
    pub force: bool,
    /// Limits.
    pub policy: Policy,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The board.
    pub board: BoardSlug,
    /// Whether the board is new.
    pub new: bool,
    /// Its epoch now.
    pub epoch: i64,
    /// Runs that were open in the backup; they have ended as interrupted.
    pub interrupted: Vec<RunId>,
    /// Where the database that was there lies now.
    pub aside: Option<PathBuf>,
    /// Attachments that were brought back.
    pub files: u64,
}

/// Restores a board, new or existing, from the backup at `from`: its folder, or the database in it.
///
/// # Errors
/// `bad_backup`, `board_in_use`, `other_board`, or input and output. A restore that failed can be run again.
pub fn restore(
    home: &Home,
    slug: &BoardSlug,
    from: &Path,
    options: &RestoreOptions,
) -> Result<Restored, MaintenanceError> {
    if let Some(server) = home.server() {
        return on_server(home, server, slug, from, options);
    }
    let (source_folder, source_db) = locate(from);
    let (source, said) = open_backup(&source_db)?;
    let new = !home.exists(slug);
    let folder = home.board_folder(slug);
    for part in ["workspaces", "logs", "attachments", "wake", "exits"] {
        let path = folder.join(part);
        std::fs::create_dir_all(&path).map_err(io(&path))?;
    }
    let _lock = home.lock(slug)?;
    let live = folder.join("board.db");
    remove_drafts(&folder);
    let known = BoardFile::read(&folder)?;
    let standing = standing(&live);
    check(slug, &source_db, &live, &known, &said, &standing, options)?;
    let identity = identity(home, slug, &known, &said);
    let now = home.world().now();
    let epoch = match &standing {
        Standing::Readable(label) => label.epoch.max(said.epoch) + 1,
        Standing::Nothing if new => said.epoch + 1,
        // The epoch of what was there is not known: one that no earlier restore can have had.
        Standing::Unreadable | Standing::Nothing => said.epoch.max(now.0 / 1_000) + 1,
    };
    let draft = beside(&live, &format!(".restoring-{:016x}", home.world().bits()));
    let after = Aftermath {
        epoch,
        identity: identity.clone(),
        from: format!("restored from {}", source_db.display()),
        policy: options.policy.clone(),
    };
    let made = prepare(home, &source, &source_db, &draft, &said, &after);
    let interrupted = made.inspect_err(|_| remove_database(&draft))?;
    drop(source);
    let files = bring_files(source_folder.as_deref(), &folder)?;
    crate::crash::point("restore_prepared");
    describe(&folder, source_folder.as_deref(), known, identity.unwrap_or(said.identity), new)?;
    crate::crash::point("restore_described");
    let aside = free(&live, &format!(".before-restore-{}", stamp(now)));
    let aside = place(&draft, &live, &aside, &standing);
    remove_database(&draft);
    let aside = aside?;
    let _ = std::fs::remove_file(folder.join("creating"));
    super::quarantine::lift(&folder);
    Doorbell::new(folder.join("wake")).ring(&[Ring::Board]);
    Ok(Restored { board: slug.clone(), new, epoch, interrupted, aside, files })
}

fn locate(from: &Path) -> (Option<PathBuf>, PathBuf) {
    if from.is_dir() {
        (Some(from.to_owned()), from.join("board.db"))
    } else {
        let folder = from.parent().filter(|_| from.file_name().is_some_and(|name| name == "board.db"));
        (folder.map(Path::to_owned), from.to_owned())
    }
}

pub(super) fn open_backup(path: &Path) -> Result<(Connection, Label), MaintenanceError> {
    let bad = |detail: String| MaintenanceError::BadBackup { path: path.to_owned(), detail };
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() == 0 => return Err(bad("it is empty".to_owned())),
        Ok(_) => {}
        Err(error) => return Err(bad(error.to_string())),
    }
    let open = |connection: Connection| label(&connection, path).map(|label| (connection, label));
    // A backup on a read-only medium cannot be locked.
    let opened = open_to_read(path).and_then(open).or_else(|first| match first {
        DbError::ReadOnly(_) | DbError::Io(_) => open_unchanging(path).and_then(open),
        other => Err(other),
    });
    let (connection, label) = opened.map_err(|error| bad(error.to_string()))?;
    match integrity(&connection, path).map_err(|error| bad(error.to_string()))?.into_iter().next() {
        None => Ok((connection, label)),
        Some(first) => Err(bad(first)),
    }
}

/// What stands in the place of the board's database.
enum Standing {
    Nothing,
    Readable(Label),
    Unreadable,
}

fn standing(live: &Path) -> Standing {
    if !live.exists() {
        return Standing::Nothing;
    }
    let usable = open_to_read(live).and_then(|connection| {
        let label = label(&connection, live)?;
        if integrity(&connection, live)?.is_empty() { Ok(Some(label)) } else { Ok(None) }
    });
    usable.ok().flatten().map_or(Standing::Unreadable, Standing::Readable)
}

fn check(
    slug: &BoardSlug,
    backup: &Path,
    live: &Path,
    known: &BoardFile,
    said: &Label,
    standing: &Standing,
    options: &RestoreOptions,
) -> Result<(), MaintenanceError> {
    if options.force {
        return Ok(());
    }
    if let Some(expected) = known.identity.as_ref().filter(|identity| **identity != said.identity) {
        return Err(MaintenanceError::OtherBoard {
            path: backup.to_owned(),
            board: slug.to_string(),
            expected: expected.clone(),
            found: said.identity.clone(),
        });
    }
    let used = match standing {
        Standing::Nothing => None,
        Standing::Readable(_) => in_use(live)?,
        Standing::Unreadable => (!sole(live)).then(|| "another process has its database open".to_owned()),
    };
    used.map_or(Ok(()), |what| Err(MaintenanceError::InUse { board: slug.to_string(), what }))
}

/// The identity that the restored board gets in place of the backup's: a board that is there keeps its own, and a second
/// board made from one backup becomes a board of its own.
fn identity(home: &Home, slug: &BoardSlug, known: &BoardFile, said: &Label) -> Option<String> {
    if let Some(own) = &known.identity {
        return Some(own.clone()).filter(|own| *own != said.identity);
    }
    let taken = home
        .boards()
        .iter()
        .filter(|other| *other != slug)
        .filter_map(|other| home.describe(other).ok()?.identity)
        .any(|identity| identity == said.identity);
    taken.then(|| format!("{:016x}{:016x}", home.world().bits(), home.world().bits()))
}

/// Makes a draft of what the board will be: copied, migrated, without a seal, its epoch raised, its open runs ended.
pub(super) fn prepare(
    home: &Home,
    source: &Connection,
    source_db: &Path,
    draft: &Path,
    said: &Label,
    after: &Aftermath,
) -> Result<Vec<RunId>, MaintenanceError> {
    vacuum_into(source, source_db, draft)?;
    {
        let connection = Connection::open(draft).map_err(|error| translate(draft, &error))?;
        let wal = connection.query_row("pragma journal_mode = wal", [], |row| row.get::<_, String>(0));
        wal.map_err(|error| translate(draft, &error))?;
        let broken = seal::unseal_sqlite(&tables(&connection, draft)?);
        connection.execute_batch(&broken).map_err(|error| translate(draft, &error))?;
    }
    let nobody = Doorbell::new(beside(draft, ".wake"));
    let direct = Direct::new(draft, Some(&said.identity), Flavour::Short, Arc::clone(home.world()), nobody);
    let ended = direct.run(after)?;
    direct.close_idle();
    Ok(ended)
}

/// Into a database server: loaded into a schema that nobody sees, then listed in one step. What was there is put away.
fn on_server(
    home: &Home,
    server: &Server,
    slug: &BoardSlug,
    from: &Path,
    options: &RestoreOptions,
) -> Result<Restored, MaintenanceError> {
    let (source_folder, source_db) = locate(from);
    let (source, said) = open_backup(&source_db)?;
    let standing = server.find(slug).map_err(HomeError::Db)?;
    let known = standing.as_ref().map(|board| board.file.clone()).unwrap_or_default();
    let epoch = match &standing {
        Some(_) => check_on_server(home, slug, &source_db, &known, &said, options)?.max(said.epoch) + 1,
        None => said.epoch + 1,
    };
    let identity = identity(home, slug, &known, &said);
    let folder = home.board_folder(slug);
    make_parts(&folder)?;
    let draft = beside(&folder.join("board.db"), &format!(".restoring-{:016x}", home.world().bits()));
    let after = Aftermath {
        epoch,
        identity,
        from: format!("restored from {}", source_db.display()),
        policy: options.policy.clone(),
    };
    let file = match &source_folder {
        Some(from) if standing.is_none() => BoardFile::read(from)?,
        Some(_) | None => known,
    };
    let loaded = prepare(home, &source, &source_db, &draft, &said, &after)
        .and_then(|interrupted| Ok((interrupted, arrive::load(server, slug, &file, &draft)?)));
    remove_database(&draft);
    let (interrupted, arriving) = loaded?;
    let files = bring_files(source_folder.as_deref(), &folder);
    crate::crash::point("restore_prepared");
    let listed = files.and_then(|files| Ok((files, server.list(&arriving, standing.is_some(), None)?)));
    let (files, aside) = listed.inspect_err(|_| server.dismiss(&arriving))?;
    home.furnish(&home.listed(server, slug)?)?;
    Ok(Restored { board: slug.clone(), new: standing.is_none(), epoch, interrupted, aside, files })
}

/// Whether the board that stands there may be replaced; gives its epoch.
fn check_on_server(
    home: &Home,
    slug: &BoardSlug,
    backup: &Path,
    known: &BoardFile,
    said: &Label,
    options: &RestoreOptions,
) -> Result<i64, MaintenanceError> {
    if let Some(expected) = known.identity.as_ref().filter(|identity| **identity != said.identity)
        && !options.force
    {
        return Err(MaintenanceError::OtherBoard {
            path: backup.to_owned(),
            board: slug.to_string(),
            expected: expected.clone(),
            found: said.identity.clone(),
        });
    }
    let unknown = said.epoch.max(home.world().now().0 / 1_000);
    let Ok(board) = home.open(slug, Mode::Short) else { return Ok(unknown) };
    let now = home.world().now();
    let live = block_on(board.run(LiveRuns))?;
    let held =
        live.iter().filter_map(|(_, lease)| lease.as_ref()).filter(|lease| lease.facts.expires_at > now);
    let held = held.count();
    if held > 0 && !options.force {
        let what = format!("{held} run(s) of it are alive");
        return Err(MaintenanceError::InUse { board: slug.to_string(), what });
    }
    Ok(block_on(board.run(Head { reader: None }))?.0.epoch)
}

/// A name that nothing has yet.
pub(super) fn free(live: &Path, ending: &str) -> PathBuf {
    let mut path = beside(live, ending);
    let mut count = 1;
    while path.exists() {
        count += 1;
        path = beside(live, &format!("{ending}-{count}"));
    }
    path
}

fn bring_files(from: Option<&Path>, folder: &Path) -> Result<u64, MaintenanceError> {
    let Some(from) = from.map(|from| from.join("attachments")).filter(|from| from.is_dir()) else {
        return Ok(0);
    };
    crate::files::copy_missing(&from, &folder.join("attachments"))
}

/// `board.toml` before the database: a database of unknown identity is never in place.
fn describe(
    folder: &Path,
    from: Option<&Path>,
    known: BoardFile,
    identity: String,
    new: bool,
) -> Result<(), MaintenanceError> {
    let described = match from {
        Some(from) if new => BoardFile::read(from)?,
        Some(_) | None => known,
    };
    if !new && described.identity.as_deref() == Some(&identity) {
        return Ok(());
    }
    Ok(BoardFile { identity: Some(identity), ..described }.write(folder)?)
}

fn place(
    draft: &Path,
    live: &Path,
    aside: &Path,
    standing: &Standing,
) -> Result<Option<PathBuf>, MaintenanceError> {
    let folder = live.parent().unwrap_or(live);
    if let Standing::Readable(_) = standing {
        {
            let old = open_to_read(live)?;
            vacuum_into(&old, live, aside)?;
        }
        sync_folder(folder)?;
        crate::crash::point("restore_aside");
        overwrite(draft, live)?;
        return Ok(Some(aside.to_owned()));
    }
    let mut moved = None;
    for ending in ["", "-wal", "-shm", "-journal"] {
        let old = beside(live, ending);
        if old.exists() {
            let target = beside(aside, ending);
            std::fs::rename(&old, &target).map_err(io(&old))?;
            moved = Some(aside.to_owned());
        }
        crate::crash::point("restore_moved");
    }
    sync_folder(folder)?;
    std::fs::rename(draft, live).map_err(io(live))?;
    sync_folder(folder)?;
    Ok(moved)
}

/// Replaces the content of a live database by the draft's, in one transaction of SQLite.
fn overwrite(draft: &Path, live: &Path) -> Result<(), MaintenanceError> {
    let fail = |error: rusqlite::Error| translate(live, &error);
    let source = open_to_read(draft)?;
    let mut target =
        Connection::open_with_flags(live, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(fail)?;
    target.execute_batch("pragma synchronous = full").map_err(fail)?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    {
        let pages = Pages::new(&source, &mut target).map_err(fail)?;
        loop {
            match pages.step(-1).map_err(fail)? {
                StepResult::Done => break,
                _ if std::time::Instant::now() > deadline => {
                    return Err(DbError::Busy(30_000).into());
                }
                _ => {
                    #[expect(clippy::disallowed_methods, reason = "another process's lock rings no bell")]
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
            }
        }
    }
    crate::crash::point("restore_overwritten");
    let checkpoint = target.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    checkpoint.map_err(fail)?;
    Ok(())
}

/// What restores that died left behind; nobody else restores while this one has the lock.
fn remove_drafts(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("board.db.restoring-") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

pub(super) fn remove_database(path: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(beside(path, ending));
    }
}
