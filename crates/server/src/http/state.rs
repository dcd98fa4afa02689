//! What every request shares: the home, its open boards, its rules as the files say now, and the limits.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use andon_core::roster::Roster;
use andon_core::{BoardSlug, Millis, Policy};
use andon_engine::config::{Config, ConfigFingerprint};
use andon_engine::profile::Profiles;
use andon_engine::roster::roster;
use andon_engine::settings::{self, SettingsError};
use andon_store::{Board, BoardFile, Home, OpError, Operation};
use andon_tools::Pulses;
use futures::executor::block_on;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::feed::Hub;
use super::limits::{Limits, READERS, REQUESTS};
use super::metrics::Measured;
use super::replay::Replays;
use super::routes::verb_call::VerbDesk;
use super::routes::verb_port::Verbs;
use super::tokens::TokenFile;

/// What holds on one board.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The configuration with the board's own limits.
    pub(crate) config: Config,
    /// Its part for the core.
    pub(crate) policy: Policy,
    /// What the board's folder says.
    pub(crate) file: BoardFile,
    /// Who can be an assignee.
    pub(crate) roster: Roster,
    /// The profiles of the home.
    pub(crate) profiles: Arc<Profiles>,
}

/// What tells one state of a file from another.
type Stamp = Option<(i64, i64, u64, u64)>;

#[derive(Debug, Default)]
struct Known {
    seen: Option<ConfigFingerprint>,
    config: Config,
    profiles: Arc<Profiles>,
    boards: BTreeMap<BoardSlug, (Stamp, Arc<Rules>)>,
}

/// Counts for the metrics.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Requests by the first digit of their status.
    pub(crate) requests: [AtomicU64; 6],
    /// Requests in all, in microseconds.
    pub(crate) micros: AtomicU64,
    /// Events that were sent to clients.
    pub(crate) events: AtomicU64,
    /// Clients that were too slow.
    pub(crate) dropped: AtomicU64,
}

impl Counters {
    /// One more.
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(crate) struct Inner {
    /// The home.
    pub(crate) home: Home,
    /// The tokens.
    pub(crate) tokens: TokenFile,
    /// Configured limits.
    pub(crate) limits: Limits,
    /// Names under which the API may be asked for.
    pub(crate) hosts: Vec<String>,
    /// Streams that may still be opened.
    pub(crate) streams: Arc<Semaphore>,
    /// Requests that may still be begun.
    pub(crate) requests: Semaphore,
    /// Answers that may be asked for again.
    pub(crate) replays: Replays,
    /// Who reads the boards' events.
    pub(crate) hub: Hub,
    /// Ends every stream.
    pub(crate) ending: CancellationToken,
    /// For the metrics.
    pub(crate) counters: Counters,
    /// What the metrics have read of each board.
    pub(crate) measured: Mutex<BTreeMap<BoardSlug, Measured>>,
    /// Wrong credentials: the ten seconds that are counted, and how many.
    pub(crate) failures: Mutex<(i64, u32)>,
    /// One change of the home's files at a time, so that what was looked at is what is changed.
    pub(crate) edits: tokio::sync::Mutex<()>,
    /// Verbs of the command line.
    pub(crate) verbs: VerbDesk,
    /// When the board was last told of the runs that use the tools.
    pub(crate) pulses: Arc<Pulses>,
    readers: Semaphore,
    boards: Mutex<BTreeMap<BoardSlug, (Option<String>, Board)>>,
    known: Mutex<Known>,
}

/// What every request shares. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    inner: Arc<Inner>,
}

impl std::ops::Deref for Api {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Api {
    /// The API of a home.
    pub(crate) fn new(home: Home, limits: Limits, hosts: Vec<String>, verbs: Option<Arc<dyn Verbs>>) -> Self {
        let tokens = TokenFile::new(home.root());
        Self {
            inner: Arc::new(Inner {
                tokens,
                home,
                limits,
                hosts,
                streams: Arc::new(Semaphore::new(limits.streams)),
                requests: Semaphore::new(REQUESTS),
                replays: Replays::default(),
                hub: Hub::default(),
                ending: CancellationToken::new(),
                counters: Counters::default(),
                measured: Mutex::default(),
                failures: Mutex::default(),
                edits: tokio::sync::Mutex::default(),
                verbs: VerbDesk::new(verbs),
                pulses: Arc::default(),
                readers: Semaphore::new(READERS),
                boards: Mutex::default(),
                known: Mutex::default(),
            }),
        }
    }

    /// Now, by the home's clock.
    pub(crate) fn now(&self) -> Millis {
        self.home.world().now()
    }

    /// The configuration of the home, and its profiles, as the files say now.
    pub(crate) fn house(&self) -> Result<(Config, Arc<Profiles>), Failure> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut known)?;
        Ok((known.config.clone(), Arc::clone(&known.profiles)))
    }

    fn refresh(&self, known: &mut Known) -> Result<(), Failure> {
        let seen = ConfigFingerprint::of(self.home.root());
        if known.seen.as_ref() != Some(&seen) {
            let config = settings::load_config(self.home.root()).map_err(SettingsError::Config)?;
            let profiles = Arc::new(Profiles::load(self.home.root()));
            *known = Known { seen: Some(seen), config, profiles, boards: BTreeMap::new() };
        }
        Ok(())
    }

    /// What holds on a board, as the files say now.
    pub(crate) fn rules(&self, slug: &BoardSlug) -> Result<Arc<Rules>, Failure> {
        let stamp = std::fs::metadata(self.home.board_folder(slug).join("board.toml"))
            .ok()
            .map(|meta| (meta.ctime(), meta.ctime_nsec(), meta.len(), meta.ino()));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut known)?;
        if let Some((seen, rules)) = known.boards.get(slug)
            && *seen == stamp
        {
            return Ok(Arc::clone(rules));
        }
        let of_board = settings::of_board(&self.home, slug, &known.config)?;
        let profiles = Arc::clone(&known.profiles);
        let rules = Arc::new(Rules {
            roster: roster(&profiles, &of_board.config, of_board.file.reviewer.as_deref()),
            config: of_board.config,
            policy: of_board.policy,
            file: of_board.file,
            profiles,
        });
        known.boards.insert(slug.clone(), (stamp, Arc::clone(&rules)));
        Ok(rules)
    }

    /// A board. One that was put away, or made anew under its name, is not the one that was open.
    pub(crate) fn board(&self, slug: &BoardSlug, create: bool) -> Result<Board, Failure> {
        if self.home.database_url().is_none() && !self.home.exists(slug) {
            self.forget(slug);
            if create && slug.as_str() == "default" {
                self.home.create(slug, &BoardFile::default())?;
            }
            self.home.require(slug)?;
        }
        let mut identity = self.rules(slug)?.file.identity.clone();
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, board)) = boards.get(slug)
            && *known == identity
        {
            return Ok(board.clone());
        }
        if boards.remove(slug).is_some() {
            self.home.part(slug);
        }
        // On a server of others only the server knows whether it is there.
        if create && slug.as_str() == "default" && !self.home.try_exists(slug)? {
            self.home.create(slug, &BoardFile::default())?;
            identity = self.rules(slug)?.file.identity.clone();
        }
        let board = self.home.join(slug)?;
        boards.insert(slug.clone(), (identity, board.clone()));
        Ok(board)
    }

    /// Closes a board, as soon as nobody uses it.
    pub(crate) fn forget(&self, slug: &BoardSlug) {
        self.home.part(slug);
        self.boards.lock().unwrap_or_else(PoisonError::into_inner).remove(slug);
    }

    /// Runs something that blocks, on a thread where it may.
    pub(crate) async fn blocking<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Failure> {
        let _turn = self.readers.acquire().await;
        tokio::task::spawn_blocking(work).await.map_err(|error| Failure::internal(&error))
    }

    /// Asks a board.
    pub(crate) async fn ask<O: Operation>(&self, board: &Board, question: O) -> Result<O::Reply, Failure> {
        let asked = board.clone();
        let answer = self.blocking(move || block_on(asked.run(question))).await?;
        answer.map_err(|error| self.failed(board, error))
    }

    /// Changes a board.
    pub(crate) async fn change<O: Operation>(&self, board: &Board, change: O) -> Result<O::Reply, Failure> {
        board.run(change).await.map_err(|error| self.failed(board, error))
    }

    /// After the database itself failed the board is opened anew.
    fn failed(&self, board: &Board, error: OpError) -> Failure {
        if let OpError::Db(error) = &error
            && error.quarantines()
        {
            self.forget(board.slug());
        }
        error.into()
    }
}
