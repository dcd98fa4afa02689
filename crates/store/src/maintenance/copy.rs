//! A board moves: from one engine to the other, from one home or server to another. Ids, events and their order stay.
//!
//! The source is sealed first, so that no two live boards exist; then all of it is carried over, and the target is listed in
//! one step. While that goes on, `moving.json` in the board's folder says where to, and its lock is held. A copy that died
//! leaves the file without the lock: the next one who opens the source asks the target. Has the board arrived, the source
//! stays sealed for ever; has it not, it never will (the target is told), and the seal is broken.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use andon_core::{BoardSlug, Policy};
use futures::executor::block_on;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::aftermath::Aftermath;
use super::error::{MaintenanceError, io};
use super::portable::portable;
use super::restore::{free, open_backup, prepare, remove_database};
use super::snapshot::{Label, beside, open_to_read, stamp, sync_folder};
use super::transfer::{Table, tables};
use super::{arrive, seal};
use crate::board::Mode;
use crate::board_file::BoardFile;
use crate::caller::Caller;
use crate::doorbell::Doorbell;
use crate::error::DbError;
use crate::home::{Home, HomeError, make_parts};
use crate::operation::{Pause, Resume, Scope};
use crate::query::LiveRuns;
use crate::sqlite::{self, Direct, Flavour, translate};

const MARKER: &str = "moving.json";
/// How often runs are looked at that are waited for.
const LOOK: Duration = Duration::from_millis(200);

/// How to copy.
#[derive(Clone, Debug, Default)]
pub struct CopyOptions {
    /// Runs that are alive are waited for, and nothing starts meanwhile; else they are a refusal.
    pub wait: bool,
    /// Limits.
    pub policy: Policy,
}

/// A board that has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Which.
    pub board: BoardSlug,
    /// Where it is now.
    pub to: String,
    /// Its epoch there.
    pub epoch: i64,
    /// Attachments that went along.
    pub files: u64,
}

/// A copy that is under way. Private to its owner: the URL may hold a password.
#[derive(Debug, Serialize, Deserialize)]
struct Moving {
    token: String,
    /// Where the board was.
    from: String,
    to: String,
    identity: String,
    /// The copy itself pulled the board's cord.
    paused: bool,
}

/// The home that `to` names: `postgres://…`, whose files on this host stay where they are, or another home's folder.
///
/// # Errors
/// A URL that cannot be used, or a path that is not absolute.
pub fn destination(home: &Home, to: &str) -> Result<Home, MaintenanceError> {
    if to.contains("://") {
        let url = to.parse().map_err(HomeError::Db)?;
        return Ok(Home::new(home.root()).with_database(&url).map_err(HomeError::Db)?);
    }
    let path = Path::new(to);
    if path.is_absolute() {
        return Ok(Home::new(path));
    }
    let reason = "the folder of a home is an absolute path".to_owned();
    Err(MaintenanceError::Io { path: path.to_owned(), reason })
}

/// Moves a board of `home` to `to`.
///
/// # Errors
/// `target_exists`, `board_in_use` while runs are alive, `board_sealed` when it has moved already, what the databases say.
/// Unless the board has arrived, the source is what it was before.
pub fn copy(
    home: &Home,
    slug: &BoardSlug,
    to: &str,
    options: &CopyOptions,
) -> Result<Copied, MaintenanceError> {
    transfer(home, slug, to, options).map_err(|error| match error {
        error @ (MaintenanceError::TargetExists(_) | MaintenanceError::InUse { .. }) => {
            MaintenanceError::Moving(Box::new(error))
        }
        error => error,
    })
}

fn transfer(
    home: &Home,
    slug: &BoardSlug,
    to: &str,
    options: &CopyOptions,
) -> Result<Copied, MaintenanceError> {
    settle(home, slug);
    let file = home.describe(slug)?;
    let target = destination(home, to)?;
    let identity = identity(home, slug, &file)?;
    let name = format!("{} (board {slug})", target.place());
    free_at(&target, slug, &identity)?;
    check_unsealed(home, slug, &file)?;
    let folder = home.board_folder(slug);
    make_parts(&folder)?;
    let (high, low) = (home.world().bits(), home.world().bits());
    let moving = Moving {
        token: format!("{high:016x}{low:016x}"),
        from: home.place(),
        to: to.to_owned(),
        identity,
        paused: options.wait && pause(home, slug)?,
    };
    let marker = folder.join(MARKER);
    let lock = mark(&marker, &moving, slug).inspect_err(|_| {
        if moving.paused {
            resume(home, slug);
        }
    })?;
    let copied = seal_and_carry(home, slug, &file, &target, &name, &moving, options);
    match &copied {
        Ok(_) => {}
        // Never sealed by this copy: a seal that is there is another's.
        Err(error) if unsealed(error) => {
            if moving.paused {
                resume(home, slug);
            }
        }
        // The target is asked, and told that the board never comes: a list that lost its connection may have been made.
        Err(_) => finish(home, slug, &moving)?,
    }
    let _ = std::fs::remove_file(&marker);
    drop(lock);
    copied
}

/// Whether a copy failed before it had sealed anything.
fn unsealed(error: &MaintenanceError) -> bool {
    matches!(error, MaintenanceError::InUse { .. })
        || matches!(error.database(), Some(DbError::Sealed { .. }))
}

/// Refuses a board that has moved already.
fn check_unsealed(home: &Home, slug: &BoardSlug, file: &BoardFile) -> Result<(), MaintenanceError> {
    if let Some(server) = home.server() {
        return Ok(server.check_unsealed(&home.listed(server, slug)?)?);
    }
    let live = home.board_folder(slug).join("board.db");
    let connection = sqlite::open(&live, file.identity.as_deref(), Flavour::Short, home.world().as_ref())?;
    let asked = connection.execute_batch(&format!("begin immediate; {}; rollback", seal::PROBE));
    asked.map_err(|error| translate(&live, &error).into())
}

fn seal_and_carry(
    home: &Home,
    slug: &BoardSlug,
    file: &BoardFile,
    target: &Home,
    name: &str,
    moving: &Moving,
    options: &CopyOptions,
) -> Result<Copied, MaintenanceError> {
    crate::crash::point("copy_marked");
    if options.wait {
        wait(home, slug)?;
    }
    put_seal(home, slug, file, name)?;
    crate::crash::point("copy_sealed");
    let folder = target.board_folder(slug);
    make_parts(&folder)?;
    let chance = home.world().bits();
    let plain = beside(&folder.join("board.db"), &format!(".restoring-{chance:016x}.plain"));
    let draft = beside(&folder.join("board.db"), &format!(".restoring-{chance:016x}"));
    let carried = carry(home, slug, file, target, moving, options, &plain, &draft);
    remove_database(&plain);
    remove_database(&draft);
    let (epoch, files) = carried?;
    crate::crash::point("copy_listed");
    Ok(Copied { board: slug.clone(), to: target.place(), epoch, files })
}

#[expect(clippy::too_many_arguments, reason = "one step of one story, called once")]
fn carry(
    home: &Home,
    slug: &BoardSlug,
    file: &BoardFile,
    target: &Home,
    moving: &Moving,
    options: &CopyOptions,
    plain: &Path,
    draft: &Path,
) -> Result<(i64, u64), MaintenanceError> {
    portable(home, slug, plain)?;
    let (source, said) = open_backup(plain)?;
    let epoch = said.epoch + 1;
    let after = Aftermath {
        epoch,
        identity: None,
        from: format!("moved from {}", home.place()),
        policy: options.policy.clone(),
    };
    prepare(home, &source, plain, draft, &said, &after)?;
    drop(source);
    if moving.paused {
        let nobody = Doorbell::new(beside(draft, ".wake"));
        let direct =
            Direct::new(draft, Some(&said.identity), Flavour::Short, Arc::clone(home.world()), nobody);
        direct.run(&Resume { scope: Scope::Board, caller: Caller::system() })?;
        direct.close_idle();
    }
    crate::crash::point("copy_drafted");
    let (from, folder) = (home.board_folder(slug), target.board_folder(slug));
    let described = BoardFile { identity: Some(said.identity.clone()), ..file.clone() };
    let arriving = match target.server() {
        Some(server) => Some((server, arrive::load(server, slug, &described, draft)?)),
        None => None,
    };
    let files = if from == folder {
        Ok(0)
    } else {
        crate::files::copy_missing(&from.join("attachments"), &folder.join("attachments"))
    };
    crate::crash::point("copy_loaded");
    match arriving {
        Some((server, arriving)) => {
            let listed = files.and_then(|files| {
                server.list(&arriving, false, Some(&moving.token))?;
                Ok(files)
            });
            let files = listed.inspect_err(|error| {
                // What nobody knows to be refused may be listed.
                if !matches!(error.database(), Some(DbError::OutcomeUnknown(_) | DbError::Unreachable(_))) {
                    server.dismiss(&arriving);
                }
            })?;
            Ok((epoch, files))
        }
        None => {
            let files = files?;
            place(target, slug, &described, draft)?;
            Ok((epoch, files))
        }
    }
}

/// Puts the draft into a folder: the last step gives it its name.
fn place(target: &Home, slug: &BoardSlug, file: &BoardFile, draft: &Path) -> Result<(), MaintenanceError> {
    let folder = target.board_folder(slug);
    let _lock = target.lock(slug)?;
    let identity = file.identity.clone().unwrap_or_default();
    free_at(target, slug, &identity)?;
    file.write(&folder)?;
    let live = folder.join("board.db");
    let aside = free(&live, &format!(".moved-{}", stamp(target.world().now())));
    for ending in ["", "-wal", "-shm", "-journal"] {
        let old = beside(&live, ending);
        if old.exists() {
            std::fs::rename(&old, beside(&aside, ending)).map_err(io(&old))?;
        }
    }
    // Everything is in the database's own file: nobody else has it open.
    {
        let fail = |error: rusqlite::Error| translate(draft, &error);
        let connection = rusqlite::Connection::open(draft).map_err(fail)?;
        connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).map_err(fail)?;
    }
    let _ = std::fs::remove_file(beside(draft, "-wal"));
    let _ = std::fs::remove_file(beside(draft, "-shm"));
    std::fs::rename(draft, &live).map_err(io(&live))?;
    sync_folder(&folder)
}

/// The identity of the board, from its database where its folder does not say.
fn identity(home: &Home, slug: &BoardSlug, file: &BoardFile) -> Result<String, MaintenanceError> {
    match &file.identity {
        Some(identity) => Ok(identity.clone()),
        None => {
            let live = home.board_folder(slug).join("board.db");
            Ok(super::snapshot::label(&open_to_read(&live)?, &live)?.identity)
        }
    }
}

/// Nothing may be at the target but what this board left there when it moved away.
fn free_at(target: &Home, slug: &BoardSlug, identity: &str) -> Result<(), MaintenanceError> {
    let folder = target.board_folder(slug);
    let taken = match target.server() {
        Some(_) => target.try_exists(slug)?,
        None => {
            let own = BoardFile::read(&folder)?.identity.is_some_and(|known| known == identity);
            let live = folder.join("board.db");
            let gone = own && (!live.exists() || is_sealed(&live));
            target.try_exists(slug)? && !gone
        }
    };
    if !taken {
        return Ok(());
    }
    let place = match target.database_url() {
        Some(url) => PathBuf::from(format!("{url} (board {slug})")),
        None => folder,
    };
    Err(MaintenanceError::TargetExists(place))
}

/// Whether a database in a file has a seal.
fn is_sealed(live: &Path) -> bool {
    let asked = open_to_read(live).ok().and_then(|connection| {
        connection
            .query_row("select count(*) from sqlite_schema where name = 'sealed_meta_insert'", [], |row| {
                row.get::<_, i64>(0)
            })
            .ok()
    });
    asked.is_some_and(|count| count > 0)
}

/// Writes down where the board is going, and takes the lock that says that somebody is at it.
fn mark(path: &Path, moving: &Moving, slug: &BoardSlug) -> Result<File, MaintenanceError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let open = File::options().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match open {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let what = "another copy of it is under way, or could not be ended: its target does not answer";
            return Err(MaintenanceError::InUse { board: slug.to_string(), what: what.to_owned() });
        }
        opened => opened.map_err(io(path))?,
    };
    flock(&file, FlockOperation::LockExclusive).map_err(|error| io(path)(error.into()))?;
    let text = serde_json::to_vec(moving).unwrap_or_default();
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(io(path))?;
    Ok(file)
}

/// Pulls the board's cord; whether it was not pulled yet.
fn pause(home: &Home, slug: &BoardSlug) -> Result<bool, MaintenanceError> {
    let pause =
        Pause { scope: Scope::Board, reason: Some("the board moves".to_owned()), caller: Caller::system() };
    Ok(block_on(home.open(slug, Mode::Short)?.run(pause))?)
}

fn resume(home: &Home, slug: &BoardSlug) {
    let let_go = || -> Result<bool, MaintenanceError> {
        let resume = Resume { scope: Scope::Board, caller: Caller::system() };
        Ok(block_on(home.open(slug, Mode::Short)?.run(resume))?)
    };
    if let Err(error) = let_go() {
        tracing::warn!(board = %slug, %error, "the board stays paused; `andon resume` lets it go on");
    }
}

/// Waits until no run of the board is left.
fn wait(home: &Home, slug: &BoardSlug) -> Result<(), MaintenanceError> {
    let board = home.open(slug, Mode::Short)?;
    while !block_on(board.run(LiveRuns))?.is_empty() {
        #[expect(
            clippy::disallowed_methods,
            reason = "runs end on other hosts too, and a command waits for them"
        )]
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Seals the source, unless runs of it are alive.
fn put_seal(home: &Home, slug: &BoardSlug, file: &BoardFile, to: &str) -> Result<(), MaintenanceError> {
    let live = match home.server() {
        Some(server) => server.seal(&home.listed(server, slug)?, &known_tables(home, slug)?, to)?,
        None => seal_file(home, slug, file, to)?,
    };
    if live == 0 {
        return Ok(());
    }
    let what = format!("{live} run(s) of it are alive; `--wait` waits for them");
    Err(MaintenanceError::InUse { board: slug.to_string(), what })
}

/// The tables of this binary's schema, as an empty database has them.
fn known_tables(home: &Home, slug: &BoardSlug) -> Result<Arc<[Table]>, MaintenanceError> {
    let path = home.board_folder(slug).join(format!("board.db.restoring-{:016x}.empty", home.world().bits()));
    let read = || -> Result<Arc<[Table]>, DbError> {
        sqlite::create(&path, "unknown", home.world().as_ref())?;
        tables(&open_to_read(&path)?, &path)
    };
    let found = read();
    remove_database(&path);
    Ok(found?)
}

fn seal_file(home: &Home, slug: &BoardSlug, file: &BoardFile, to: &str) -> Result<u32, MaintenanceError> {
    let live = home.board_folder(slug).join("board.db");
    let connection = sqlite::open(&live, file.identity.as_deref(), Flavour::Short, home.world().as_ref())?;
    let fail = |error: rusqlite::Error| translate(&live, &error);
    let tables = tables(&connection, &live)?;
    connection.execute_batch("begin immediate").map_err(fail)?;
    connection.execute_batch(seal::PROBE).map_err(fail)?;
    let count =
        connection.query_row("select count(*) from runs where reaped_at is null", [], |row| row.get(0));
    let count: u32 = count.map_err(fail)?;
    if count == 0 {
        connection.execute_batch(&seal::sqlite(&tables, to)).map_err(fail)?;
    }
    connection.execute_batch("commit").map_err(fail)?;
    Ok(count)
}

fn break_seal(home: &Home, slug: &BoardSlug) -> Result<(), MaintenanceError> {
    if let Some(server) = home.server() {
        return Ok(server.unseal(&home.listed(server, slug)?)?);
    }
    let file = home.describe(slug)?;
    let live = home.board_folder(slug).join("board.db");
    let connection = sqlite::open(&live, file.identity.as_deref(), Flavour::Short, home.world().as_ref())?;
    let broken = seal::unseal_sqlite(&tables(&connection, &live)?);
    connection
        .execute_batch(&format!("begin immediate; {broken} commit"))
        .map_err(|error| translate(&live, &error).into())
}

/// Ends a copy that died, where there is one: the board lives at one place, and at one alone.
pub(crate) fn settle(home: &Home, slug: &BoardSlug) {
    let path = home.board_folder(slug).join(MARKER);
    if !path.exists() {
        return;
    }
    if let Err(error) = try_settle(home, slug, &path) {
        tracing::warn!(board = %slug, %error, "a copy of the board was cut short, and its target cannot be asked; it stays sealed");
    }
}

fn try_settle(home: &Home, slug: &BoardSlug, path: &Path) -> Result<(), MaintenanceError> {
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(io(path))?,
    };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        // Whoever copies is at it, or whoever settles.
        return Ok(());
    }
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(io(path))?,
    };
    let Ok(moving) = serde_json::from_str::<Moving>(&text) else {
        // It died before it had written the file: nothing was sealed.
        return std::fs::remove_file(path).map_err(io(path));
    };
    if moving.from != home.place() {
        return Ok(());
    }
    finish(home, slug, &moving)?;
    std::fs::remove_file(path).map_err(io(path))
}

/// Breaks the seal, unless the board has arrived. The caller holds the marker's lock.
fn finish(home: &Home, slug: &BoardSlug, moving: &Moving) -> Result<(), MaintenanceError> {
    let target = destination(home, &moving.to)?;
    if !has_arrived(&target, slug, moving)? {
        break_seal(home, slug)?;
        if moving.paused {
            resume(home, slug);
        }
    }
    Ok(())
}

fn has_arrived(target: &Home, slug: &BoardSlug, moving: &Moving) -> Result<bool, MaintenanceError> {
    if let Some(server) = target.server() {
        return Ok(server.has_arrived(slug, &moving.identity, &moving.token)?);
    }
    let live = target.board_folder(slug).join("board.db");
    if !live.exists() || is_sealed(&live) {
        return Ok(false);
    }
    let Label { identity, .. } = super::snapshot::label(&open_to_read(&live)?, &live)?;
    Ok(identity == moving.identity)
}
