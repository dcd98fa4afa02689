//! Boards in PostgreSQL for the conformance suite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use andon_core::BoardSlug;
use andon_store::{Board, BoardFile, Home, Mode, World};

use super::cluster::{Cluster, Database};
use crate::boards::Boards;

/// Boards in a database of their own.
#[derive(Debug)]
pub struct PostgresBoards {
    root: tempfile::TempDir,
    database: Database,
    mode: Mode,
    made: AtomicU64,
    parameters: &'static str,
}

impl PostgresBoards {
    /// Boards that are used like a command does, or like a server.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self::with_parameters(mode, "")
    }

    /// The same, with these parameters in the URL.
    #[must_use]
    pub fn with_parameters(mode: Mode, parameters: &'static str) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        let database = Cluster::shared().database();
        Self { root, database, mode, made: AtomicU64::new(0), parameters }
    }

    /// Their database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The home of the boards.
    #[must_use]
    pub fn home(&self, world: &Arc<dyn World>) -> Home {
        let url = format!("{}?{}", self.database.url(), self.parameters);
        let url = url.parse().expect("the URL of a test");
        let home = Home::new(self.root.path()).with_world(Arc::clone(world));
        home.with_database(&url).expect("a home on a server")
    }
}

impl Boards for PostgresBoards {
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
