//! One open board: its operations and questions, its bell, its folders.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use andon_core::{BoardSlug, Policy, TaskId};

use crate::doorbell::Doorbell;
use crate::error::{DbError, OpError};
use crate::operation::{Forgotten, SettleQueued, Sweep};
use crate::sqlite::{Direct, Flavour, Writer};
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

#[derive(Debug)]
enum Writes {
    Short(Direct),
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
    writes: Writes,
    reads: Direct,
    watch: Mutex<Option<(rusqlite::Connection, i64)>>,
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
                Writes::Short(direct)
            }
        };
        let reads = direct(Flavour::Reader);
        Ok(Self {
            inner: Arc::new(Inner {
                slug,
                folder: folder.to_owned(),
                world,
                doorbell,
                writes,
                reads,
                watch: Mutex::default(),
            }),
        })
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

    /// Its database, to be named in messages; nobody but SQLite opens it.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.inner.folder.join("board.db")
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
        if !O::WRITES {
            return self.read(&operation);
        }
        match &self.inner.writes {
            Writes::Short(direct) => direct.run(&operation),
            Writes::Long(writer) => writer.run(operation).await,
        }
    }

    fn read<O: Operation>(&self, question: &O) -> Result<O::Reply, OpError> {
        match &self.inner.writes {
            // A short-lived process has a connection already.
            Writes::Short(direct) => direct.run(question),
            Writes::Long(_) => self.inner.reads.run(question),
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
        let mut watch = self.inner.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, known) = match watch.take() {
            Some(watching) => watching,
            None => (self.inner.reads.take()?, -1),
        };
        let version = self.inner.reads.data_version(&connection)?;
        *watch = Some((connection, version));
        Ok(version != known)
    }

    /// Closes connections that nobody uses at the moment.
    pub fn close_idle(&self) {
        self.inner.reads.close_idle();
        if let Writes::Short(direct) = &self.inner.writes {
            direct.close_idle();
        }
    }
}
