//! `$ANDON_HOME`: where boards lie, which one is meant, and how they come and go (BD-01..08).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use andon_core::BoardSlug;
use andon_core::nearest::nearest;
use andon_core::task::Refusal;
use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

use crate::board::{Board, Mode};
use crate::board_file::{BoardFile, BoardFileError, write_synced};
use crate::doorbell::SETTLED;
use crate::error::DbError;
use crate::postgres::{Bell, DatabaseUrl, Listed, Server};
use crate::shared::Shared;
use crate::sqlite;
use crate::world::{World, ambient};

/// Why a home or a board of it cannot be used.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum HomeError {
    /// The board's rules say no: unknown, exists, a bad name.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database says no.
    #[error(transparent)]
    Db(#[from] DbError),
    /// `board.toml` cannot be used.
    #[error(transparent)]
    File(#[from] BoardFileError),
    /// A folder or file cannot be made, moved or removed.
    #[error("{}: {reason}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Tells one state of a home's list of boards from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoardsStamp {
    folder: Option<std::time::SystemTime>,
    news: u64,
}

/// A home: profiles and boards.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
    world: Arc<dyn World>,
    server: Option<Server>,
    shared: Arc<Shared>,
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> HomeError + '_ {
    move |error| HomeError::Io { path: path.to_owned(), reason: error.to_string() }
}

impl Home {
    /// The home at `root`; nothing is created yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), world: ambient(), server: None, shared: Arc::default() }
    }

    /// The same home in another world, for tests.
    #[must_use]
    pub fn with_world(mut self, world: Arc<dyn World>) -> Self {
        self.server = self.server.map(|server| server.with_world(Arc::clone(&world)));
        self.world = world;
        self
    }

    /// The same home with its boards in a database server. Logs, workspaces and attachments stay in its folders, as far
    /// as this host has them.
    ///
    /// # Errors
    /// When the certificates that the URL names cannot be read. The server is not asked yet.
    pub fn with_database(mut self, url: &DatabaseUrl) -> Result<Self, DbError> {
        self.server = Some(Server::new(url, Arc::clone(&self.world))?);
        Ok(self)
    }

    /// Where its boards are, unless they are files.
    #[must_use]
    pub fn database_url(&self) -> Option<&DatabaseUrl> {
        self.server.as_ref().map(Server::url)
    }

    /// The server of its boards, unless they are files.
    pub(crate) fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// Where its boards are, in words: a URL without its password, or its folder.
    #[must_use]
    pub fn place(&self) -> String {
        self.database_url().map_or_else(|| self.root.display().to_string(), ToString::to_string)
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Time and chance.
    #[must_use]
    pub fn world(&self) -> &Arc<dyn World> {
        &self.world
    }

    /// Where the boards lie.
    #[must_use]
    pub fn boards_folder(&self) -> PathBuf {
        self.root.join("boards")
    }

    /// The folder of a board, there or not.
    #[must_use]
    pub fn board_folder(&self, slug: &BoardSlug) -> PathBuf {
        self.boards_folder().join(slug.as_str())
    }

    /// Whether a board exists: its folder has a `board.toml` or a database. An empty folder does not count (BD-07). A
    /// database server that does not answer knows no board here; [`Self::require`] tells it apart.
    #[must_use]
    pub fn exists(&self, slug: &BoardSlug) -> bool {
        self.try_exists(slug).unwrap_or(false)
    }

    /// The same.
    ///
    /// # Errors
    /// When the database server does not answer or refuses.
    pub fn try_exists(&self, slug: &BoardSlug) -> Result<bool, HomeError> {
        if let Some(server) = &self.server {
            return Ok(server.find(slug)?.is_some());
        }
        let folder = self.board_folder(slug);
        Ok(folder.join("board.toml").exists() || folder.join("board.db").exists())
    }

    /// Changes when boards come or go. No server is asked: on one, a change shows when a board that somebody in this process
    /// waits for has its bell's connection, which hears of it; who relies on it looks at the boards now and then.
    #[must_use]
    pub fn boards_stamp(&self) -> BoardsStamp {
        let folder = std::fs::metadata(self.boards_folder()).and_then(|meta| meta.modified()).ok();
        // A change within the coarseness of the time stamp would not show: until it has stood for a while no two are alike.
        let folder = folder.map(|at| match at.elapsed() {
            Ok(age) if age <= SETTLED => at + age,
            Ok(_) | Err(_) => at,
        });
        let news = if self.server.is_some() { Bell::news_of_boards() } else { 0 };
        BoardsStamp { folder, news }
    }

    /// The boards, `default` first, then by name; folders with other names are skipped. None where the database server
    /// does not answer; [`Self::try_boards`] says why.
    #[must_use]
    pub fn boards(&self) -> Vec<BoardSlug> {
        self.try_boards().unwrap_or_default()
    }

    /// The boards, `default` first, then by name.
    ///
    /// # Errors
    /// When the database server does not answer or refuses.
    pub fn try_boards(&self) -> Result<Vec<BoardSlug>, HomeError> {
        let mut slugs = match &self.server {
            Some(server) => server.boards()?.into_iter().map(|board| board.slug).collect(),
            None => self.folders(),
        };
        slugs.sort_by_key(|slug| (slug.as_str() != "default", slug.clone()));
        Ok(slugs)
    }

    fn folders(&self) -> Vec<BoardSlug> {
        let entries = std::fs::read_dir(self.boards_folder()).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                name.parse::<BoardSlug>().ok().filter(|slug| slug.as_str() == name)
            })
            .filter(|slug| self.exists(slug))
            .collect()
    }

    /// The board that `boards switch` chose, if it still exists. Where the database server does not answer it stays the
    /// one that is meant: no other takes its place.
    #[must_use]
    pub fn current(&self) -> Option<BoardSlug> {
        let text = std::fs::read_to_string(self.root.join("current")).ok()?;
        text.trim().parse().ok().filter(|slug| self.try_exists(slug).unwrap_or(true))
    }

    /// Chooses the board that is meant where none is named.
    ///
    /// # Errors
    /// `unknown_board`.
    pub fn switch(&self, slug: &BoardSlug) -> Result<(), HomeError> {
        self.require(slug)?;
        let path = self.root.join("current");
        write_synced(&path, format!("{slug}\n").as_bytes()).map_err(io(&path))
    }

    /// # Errors
    /// `unknown_board`, with the nearest names.
    pub fn require(&self, slug: &BoardSlug) -> Result<(), HomeError> {
        if self.try_exists(slug)? { Ok(()) } else { Err(self.unknown(slug)?) }
    }

    /// The board of that name on the server.
    pub(crate) fn listed(&self, server: &Server, slug: &BoardSlug) -> Result<Listed, HomeError> {
        match server.find(slug)? {
            Some(board) => Ok(board),
            None => Err(self.unknown(slug)?),
        }
    }

    fn unknown(&self, slug: &BoardSlug) -> Result<HomeError, HomeError> {
        let known = self.try_boards()?;
        let nearest = nearest(slug.as_str(), known.iter().map(BoardSlug::as_str));
        let nearest = nearest.into_iter().map(str::to_owned).collect();
        Ok(Refusal::UnknownBoard { name: slug.to_string(), nearest }.into())
    }

    /// What a board's folder says of it.
    ///
    /// # Errors
    /// `unknown_board`, or a malformed file.
    pub fn describe(&self, slug: &BoardSlug) -> Result<BoardFile, HomeError> {
        if let Some(server) = &self.server {
            return Ok(self.listed(server, slug)?.file);
        }
        self.require(slug)?;
        Ok(BoardFile::read(&self.board_folder(slug))?)
    }

    /// Creates a board; one that is there stays as it is. Two racing creators make one board. Gives whether it is new.
    ///
    /// # Errors
    /// When folders or the database cannot be made; a damaged board is refused, never replaced (SD1-08).
    pub fn create(&self, slug: &BoardSlug, file: &BoardFile) -> Result<bool, HomeError> {
        let folder = self.board_folder(slug);
        std::fs::create_dir_all(&folder).map_err(io(&folder))?;
        private(&self.root);
        if let Some(server) = &self.server {
            let new = server.create(slug, file)?;
            self.furnish(&self.listed(server, slug)?)?;
            return Ok(new);
        }
        let _lock = self.lock(slug)?;
        if self.exists(slug) {
            let known = BoardFile::read(&folder)?;
            self.finish(slug, &folder, known)?;
            return Ok(false);
        }
        let mut file = file.clone();
        let (high, low) = (self.world.bits(), self.world.bits());
        file.identity = Some(format!("{high:016x}{low:016x}"));
        file.created_at =
            jiff::Timestamp::from_millisecond(self.world.now().0).ok().map(|created| created.to_string());
        // The identity is on the disk before the database is: a crash in between is recognised as an unfinished creation.
        let marker = folder.join("creating");
        write_synced(&marker, b"").map_err(io(&marker))?;
        file.write(&folder)?;
        self.finish(slug, &folder, file)?;
        self.touch_boards();
        Ok(true)
    }

    /// The list of boards has changed, though their folder had the new one's before: whoever looked too early looks again.
    fn touch_boards(&self) {
        use rustix::fs::{CWD, Timespec, Timestamps, UTIME_NOW};
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        // Who misses it finds the board at the next sweep.
        let _ = rustix::fs::utimensat(CWD, self.boards_folder(), &times, rustix::fs::AtFlags::empty());
    }

    /// Makes what an unfinished creation left out, and nothing else: without its marker a missing database is a loss.
    fn finish(&self, slug: &BoardSlug, folder: &Path, file: BoardFile) -> Result<(), HomeError> {
        let marker = folder.join("creating");
        if marker.exists() {
            let identity = file.identity.unwrap_or_else(|| slug.to_string());
            make_parts(folder)?;
            sqlite::create(&folder.join("board.db"), &identity, self.world.as_ref())?;
            if self.paused_everything() {
                self.inherit_pause(slug, folder, &identity)?;
            }
            std::fs::remove_file(&marker).map_err(io(&marker))?;
        }
        Ok(())
    }

    /// Makes this host's folders of a board that lies on a server, and notes there what the server says of it: whoever
    /// reads a board's `board.toml` finds it on every host.
    pub(crate) fn furnish(&self, board: &Listed) -> Result<PathBuf, HomeError> {
        let folder = self.board_folder(&board.slug);
        make_parts(&folder)?;
        if BoardFile::read(&folder).ok().as_ref() != Some(&board.file) {
            board.file.write(&folder)?;
        }
        Ok(folder)
    }

    /// The caller holds the board's lock, which `open` would wait for.
    fn inherit_pause(&self, slug: &BoardSlug, folder: &Path, identity: &str) -> Result<(), HomeError> {
        use crate::operation::{Pause, Scope};
        let world = Arc::clone(&self.world);
        let board = Board::open(slug.clone(), folder, Some(identity), Mode::Short, world)?;
        let pause = Pause {
            scope: Scope::Everything,
            reason: Some("everything was paused when this board was created".to_owned()),
            caller: crate::caller::Caller::system(),
        };
        match futures::executor::block_on(board.run(pause)) {
            Ok(_) => Ok(()),
            Err(crate::error::OpError::Db(error)) => Err(error.into()),
            Err(crate::error::OpError::Refused { refusal, .. }) => Err((*refusal).into()),
        }
    }

    /// Whether `pause --all` is in force: new boards inherit it.
    #[must_use]
    pub fn paused_everything(&self) -> bool {
        if let Some(server) = &self.server {
            return server.fact("paused").unwrap_or(false);
        }
        self.root.join("paused").exists()
    }

    /// Records that everything is paused, or no longer.
    ///
    /// # Errors
    /// When the file cannot be written or removed.
    pub fn set_paused_everything(&self, paused: bool) -> Result<(), HomeError> {
        if let Some(server) = &self.server {
            return Ok(server.set_fact("paused", paused)?);
        }
        let path = self.root.join("paused");
        if paused {
            std::fs::create_dir_all(&self.root).map_err(io(&self.root))?;
            return write_synced(&path, b"").map_err(io(&path));
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(&path)(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Opens a board.
    ///
    /// # Errors
    /// `unknown_board`, a malformed `board.toml`, or what is wrong with the database.
    pub fn open(&self, slug: &BoardSlug, mode: Mode) -> Result<Board, HomeError> {
        crate::maintenance::settle(self, slug);
        if let Some(server) = &self.server {
            let board = self.listed(server, slug)?;
            let folder = self.furnish(&board)?;
            let engine = server.open(&board, &folder, mode)?;
            return Ok(Board::on_server(slug.clone(), &folder, engine, Arc::clone(&self.world)));
        }
        let folder = self.board_folder(slug);
        self.require(slug)?;
        let file = BoardFile::read(&folder)?;
        if folder.join("creating").exists() {
            let _lock = self.lock(slug)?;
            self.finish(slug, &folder, file.clone())?;
        }
        Ok(Board::open(slug.clone(), &folder, file.identity.as_deref(), mode, Arc::clone(&self.world))?)
    }

    /// The board for a process that lives on: whoever shares this home (a clone of it) shares the handle, so that the writes
    /// of all of them join the same commits. It closes when nobody holds it any more.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn join(&self, slug: &BoardSlug) -> Result<Board, HomeError> {
        match self.shared.held(slug) {
            Some(board) => Ok(board),
            None => Ok(self.shared.hold(self.open(slug, Mode::Long)?)),
        }
    }

    /// The next [`Self::join`] opens the board anew: after its database failed, or the board went.
    pub fn part(&self, slug: &BoardSlug) {
        self.shared.forget(slug);
    }

    /// Opens a board, creating `default` when it is meant and not there yet.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_or_default(&self, slug: &BoardSlug, mode: Mode) -> Result<Board, HomeError> {
        if slug.as_str() == "default" && !self.try_exists(slug)? {
            self.create(slug, &BoardFile::default())?;
        }
        self.open(slug, mode)
    }

    /// Changes what a board's folder says of it.
    ///
    /// # Errors
    /// `unknown_board`, or when it cannot be written.
    pub fn edit(
        &self,
        slug: &BoardSlug,
        change: impl FnOnce(&mut BoardFile),
    ) -> Result<BoardFile, HomeError> {
        if let Some(server) = &self.server {
            let mut board = self.listed(server, slug)?;
            change(&mut board.file);
            server.write(&board)?;
            self.furnish(&board)?;
            return Ok(board.file);
        }
        self.require(slug)?;
        let _lock = self.lock(slug)?;
        let folder = self.board_folder(slug);
        let mut file = BoardFile::read(&folder)?;
        change(&mut file);
        file.write(&folder)?;
        Ok(file)
    }

    /// Puts a board away under `boards/_archived`; gives where it lies now. `default` stays (BD-08).
    ///
    /// # Errors
    /// `unknown_board`, `invalid_value` for `default`, or when it cannot be moved.
    pub fn archive(&self, slug: &BoardSlug) -> Result<PathBuf, HomeError> {
        let folder = self.removable(slug)?;
        if let Some(server) = &self.server {
            server.archive(&self.listed(server, slug)?)?;
        }
        let archived = self.boards_folder().join("_archived");
        std::fs::create_dir_all(&archived).map_err(io(&archived))?;
        let stamp = self.world.now().0 / 1_000;
        let target = (0..)
            .map(|n| if n == 0 { format!("{slug}-{stamp}") } else { format!("{slug}-{stamp}-{n}") })
            .map(|name| archived.join(name))
            .find(|path| !path.exists())
            .unwrap_or_else(|| archived.join(slug.as_str()));
        if self.server.is_some() {
            // This host may never have had a folder of it.
            std::fs::create_dir_all(&folder).map_err(io(&folder))?;
        }
        std::fs::rename(&folder, &target).map_err(io(&folder))?;
        self.forget_current(slug);
        Ok(target)
    }

    /// Deletes a board with everything in it. `default` stays.
    ///
    /// # Errors
    /// As [`Self::archive`].
    pub fn delete(&self, slug: &BoardSlug) -> Result<(), HomeError> {
        if let Some(server) = &self.server {
            self.removable(slug)?;
            let schema = server.archive(&self.listed(server, slug)?)?;
            server.drop_archived(&schema)?;
            self.forget_current(slug);
            let folder = self.board_folder(slug);
            return match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(&folder)(error)),
                Ok(()) | Err(_) => Ok(()),
            };
        }
        // Moved out of the way first: nobody opens a board that is half deleted.
        let folder = self.archive(slug)?;
        std::fs::remove_dir_all(&folder).map_err(io(&folder))
    }

    fn removable(&self, slug: &BoardSlug) -> Result<PathBuf, HomeError> {
        self.require(slug)?;
        if slug.as_str() == "default" {
            let rule = "the default board stays; archive or delete its tasks";
            return Err(Refusal::invalid("board", slug.as_str(), rule).into());
        }
        Ok(self.board_folder(slug))
    }

    fn forget_current(&self, slug: &BoardSlug) {
        let path = self.root.join("current");
        if std::fs::read_to_string(&path).is_ok_and(|text| text.trim() == slug.as_str()) {
            let _ = std::fs::remove_file(path);
        }
    }

    /// One process at a time creates, edits or restores a board. The lock's file is never the database's.
    pub(crate) fn lock(&self, slug: &BoardSlug) -> Result<std::fs::File, HomeError> {
        let path = self.board_folder(slug).join(".lock");
        let open = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(io(&path))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|error| io(&path)(error.into()))?;
        Ok(file)
    }
}

/// The folders that every board has on each of its hosts.
pub(crate) fn make_parts(folder: &Path) -> Result<(), HomeError> {
    for part in ["workspaces", "logs", "attachments", "wake", "exits"] {
        let path = folder.join(part);
        std::fs::create_dir_all(&path).map_err(io(&path))?;
        private(&path);
    }
    Ok(())
}

/// Boards hold what agents wrote: only their owner reads them. Best effort: a foreign file system may not know modes.
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700));
}
