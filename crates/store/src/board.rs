//! One open board: its operations and questions, its bell, its folders.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use andon_core::{BoardSlug, Policy, TaskId};

use crate::doorbell::Doorbell;
use crate::error::{DbError, OpError};
use crate::operation::{Forgotten, SettleQueued, Sweep};
use crate::postgres::Engine;
use crate::sqlite::{Direct, Flavour, Writer};
use crate::tally::Commits;
use crate::tx::Operation;
use crate::world::World;

/// How a process uses a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A command or worker: one transaction or a few on its own thread.
    Short,
    /// A dispatcher or server: a writer thread with group commit.
    Long,
}

/// Where the board is kept.
#[derive(Debug)]
enum Driver {
    /// In a file of this host.
    Sqlite(Box<Sqlite>),
    /// In a database that other hosts use as well.
    Postgres(Engine),
}

#[derive(Debug)]
struct Sqlite {
    writes: Writes,
    reads: Direct,
    watch: Mutex<Option<(rusqlite::Connection, i64)>>,
}

#[derive(Debug)]
enum Writes {
    Short(Box<Direct>),
    Long(Writer),
}

/// An open board. Cheap to clone; the database closes with the last clone.
#[derive(Clone, Debug)]
pub struct Board {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    slug: BoardSlug,
    folder: PathBuf,
    world: Arc<dyn World>,
    doorbell: Doorbell,
    driver: Driver,
}

/// A board that this does not keep open.
#[derive(Clone, Debug)]
pub(crate) struct WeakBoard {
    inner: Weak<Inner>,
}

impl WeakBoard {
    /// The board, while somebody holds it.
    pub(crate) fn upgrade(&self) -> Option<Board> {
        self.inner.upgrade().map(|inner| Board { inner })
    }
}

impl Board {
    /// Opens the board in `folder`.
    ///
    /// # Errors
    /// The database's refusal: missing, empty, foreign, damaged, newer. Nothing is created.
    pub(crate) fn open(
        slug: BoardSlug,
        folder: &Path,
        identity: Option<&str>,
        mode: Mode,
        world: Arc<dyn World>,
    ) -> Result<Self, DbError> {
        let path = folder.join("board.db");
        let doorbell = Doorbell::new(folder.join("wake"));
        let direct = |flavour| Direct::new(&path, identity, flavour, Arc::clone(&world), doorbell.clone());
        let writes = match mode {
            Mode::Long => Writes::Long(Writer::start(&path, identity, Arc::clone(&world), doorbell.clone())?),
            Mode::Short => {
                let direct = direct(Flavour::Short);
                // Opening now tells at once what is wrong with the database.
                let connection = direct.take()?;
                direct.give_back(connection);
                Writes::Short(Box::new(direct))
            }
        };
        let reads = direct(Flavour::Reader);
        Ok(Self {
            inner: Arc::new(Inner {
                slug,
                folder: folder.to_owned(),
                world,
                doorbell,
                driver: Driver::Sqlite(Box::new(Sqlite { writes, reads, watch: Mutex::default() })),
            }),
        })
    }

    /// A board in a database server, whose logs, workspaces and attachments of this host lie in `folder`.
    pub(crate) fn on_server(slug: BoardSlug, folder: &Path, engine: Engine, world: Arc<dyn World>) -> Self {
        let doorbell = Doorbell::of_hosts(engine.bell().clone());
        let driver = Driver::Postgres(engine);
        Self { inner: Arc::new(Inner { slug, folder: folder.to_owned(), world, doorbell, driver }) }
    }

    /// Its name.
    #[must_use]
    pub fn slug(&self) -> &BoardSlug {
        &self.inner.slug
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Its database, to be named in messages: a file that nobody but SQLite opens, or a URL without its password.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        match &self.inner.driver {
            Driver::Sqlite(_) => self.inner.folder.join("board.db"),
            Driver::Postgres(engine) => engine.name().to_owned(),
        }
    }

    /// Whether other hosts use it as well: its database is a server.
    #[must_use]
    pub fn on_hosts(&self) -> bool {
        match &self.inner.driver {
            Driver::Sqlite(_) => false,
            Driver::Postgres(_) => true,
        }
    }

    /// How often operations have waited for the database server, and how many operations there were; none without one.
    #[must_use]
    pub fn waits(&self) -> Option<(u64, u64)> {
        match &self.inner.driver {
            Driver::Sqlite(_) => None,
            Driver::Postgres(engine) => Some(engine.waits()),
        }
    }

    /// What this handle committed in batches; nothing where it is a short-lived one.
    #[must_use]
    pub fn commits(&self) -> Commits {
        match &self.inner.driver {
            Driver::Sqlite(sqlite) => match &sqlite.writes {
                Writes::Short(_) => Commits::default(),
                Writes::Long(writer) => writer.commits(),
            },
            Driver::Postgres(engine) => engine.commits(),
        }
    }

    pub(crate) fn downgrade(&self) -> WeakBoard {
        WeakBoard { inner: Arc::downgrade(&self.inner) }
    }

    /// Its bell.
    #[must_use]
    pub fn doorbell(&self) -> &Doorbell {
        &self.inner.doorbell
    }

    /// Where its time and chance come from.
    #[must_use]
    pub fn world(&self) -> &Arc<dyn World> {
        &self.inner.world
    }

    /// Runs an operation or a question. An operation is durable once this gives `Ok`, and has changed nothing once it
    /// gives `Err` (but for the audit of refused writes).
    ///
    /// # Errors
    /// The board's refusal, or the database's.
    pub async fn run<O: Operation>(&self, operation: O) -> Result<O::Reply, OpError> {
        match &self.inner.driver {
            Driver::Sqlite(sqlite) => sqlite.run(operation).await,
            Driver::Postgres(engine) => engine.run(operation).await,
        }
    }

    /// Promotes what waits though nothing holds it, a slice at a time; gives what was found. Each find is a defect.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn sweep(&self, policy: &Policy) -> Result<Vec<TaskId>, OpError> {
        let mut found = Vec::new();
        let mut next = Some(String::new());
        while let Some(after) = next {
            let (tasks, last) = self.run(Forgotten { after }).await?;
            if !tasks.is_empty() {
                found.extend(self.run(Sweep { tasks, policy: policy.clone() }).await?);
            }
            next = last;
            tokio::task::yield_now().await;
        }
        Ok(found)
    }

    /// Tells the children that are still queued, slice by slice, so that other writers get their turn in between.
    ///
    /// # Errors
    /// The database's refusal; what is left stays queued.
    pub async fn settle_queued(&self, policy: &Policy) -> Result<(), OpError> {
        while self.run(SettleQueued { policy: policy.clone() }).await? {}
        Ok(())
    }

    /// Whether another connection has committed anything since the last call: a cheap look for when a ring was missed.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn changed(&self) -> Result<bool, DbError> {
        match &self.inner.driver {
            Driver::Sqlite(sqlite) => sqlite.changed(),
            Driver::Postgres(engine) => Ok(engine.bell().changed()),
        }
    }

    /// Closes connections that nobody uses at the moment.
    pub fn close_idle(&self) {
        match &self.inner.driver {
            Driver::Sqlite(sqlite) => sqlite.close_idle(),
            Driver::Postgres(engine) => engine.close_idle(),
        }
    }
}

impl Sqlite {
    async fn run<O: Operation>(&self, operation: O) -> Result<O::Reply, OpError> {
        match &self.writes {
            // A short-lived process has a connection already, which reads as well.
            Writes::Short(direct) => direct.run(&operation),
            Writes::Long(_) if !O::WRITES => self.reads.run(&operation),
            Writes::Long(writer) => writer.run(operation).await,
        }
    }

    fn changed(&self) -> Result<bool, DbError> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, known) = match watch.take() {
            Some(watching) => watching,
            None => (self.reads.take()?, -1),
        };
        let version = self.reads.data_version(&connection)?;
        *watch = Some((connection, version));
        Ok(version != known)
    }

    fn close_idle(&self) {
        self.reads.close_idle();
        if let Writes::Short(direct) = &self.writes {
            direct.close_idle();
        }
    }
}
