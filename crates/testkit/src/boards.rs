//! Where the conformance suite gets its boards from: one implementation per driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use andon_core::BoardSlug;
use andon_store::{Board, BoardFile, Home, Mode, World};

/// A maker of empty boards. Another driver of the store is one more implementation, and one more line that names it.
pub trait Boards: Sync {
    /// A new board in this world.
    fn make(&self, world: &Arc<dyn World>) -> Board;

    /// The same board as another process opens it: with connections of its own.
    fn again(&self, board: &Board) -> Board;
}

/// Boards in SQLite files of a temporary home.
#[derive(Debug)]
pub struct SqliteBoards {
    root: tempfile::TempDir,
    mode: Mode,
    made: AtomicU64,
}

impl SqliteBoards {
    /// Boards that are used like a command does, or like a server.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        Self { root, mode, made: AtomicU64::new(0) }
    }

    /// The home of the boards.
    #[must_use]
    pub fn home(&self, world: &Arc<dyn World>) -> Home {
        Home::new(self.root.path()).with_world(Arc::clone(world))
    }
}

impl Boards for SqliteBoards {
    fn make(&self, world: &Arc<dyn World>) -> Board {
        let home = self.home(world);
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let slug: BoardSlug = format!("board-{number}").parse().expect("a slug");
        home.create(&slug, &BoardFile::default()).expect("a new board");
        home.open(&slug, self.mode).expect("the new board opens")
    }

    fn again(&self, board: &Board) -> Board {
        self.home(board.world()).open(board.slug(), self.mode).expect("the board opens again")
    }
}
