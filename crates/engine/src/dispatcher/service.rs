//! The loop: one pass over the boards, then sleep until something happens.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use andon_core::BoardSlug;
use andon_process::{SelfExe, give_back_memory, reap_orphans};
use andon_store::{BoardsStamp, Home, HomeError};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::board::{self, Busy, Served};
use super::quarantine;
use super::report::Report;
use super::reserve::Reserve;
use super::wake::{self, Wake};
use crate::config::ConfigFingerprint;

/// A supervisor that is to wait for the next run is started when nothing has happened for so long.
const SETTLING: Duration = Duration::from_millis(30);

/// How long a dispatcher works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// One pass.
    Once,
    /// Until its runs have ended and nothing is left that starts within a minute.
    Idle,
    /// Until it is told to stop.
    Stopped,
}

/// What a dispatcher is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// The home. Its boards are shared with whoever else of this process has joined them.
    pub home: Home,
    /// One board; none for all of the home.
    pub board: Option<BoardSlug>,
    /// How long.
    pub until: Until,
    /// Say what would start, and change nothing.
    pub dry_run: bool,
    /// At most so many starts in all.
    pub max: Option<u32>,
}

/// Why a dispatcher cannot work.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The home or its one board.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The board's own settings.
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    /// The database.
    #[error(transparent)]
    Op(#[from] andon_store::OpError),
    /// The operating system.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What it said.
        error: std::io::Error,
    },
}

/// What is left when a dispatcher ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What it did.
    pub report: Report,
    /// Tasks that are neither done nor archived; counted for [`Until::Idle`].
    pub unfinished: u32,
}

/// Serves the boards of a home on this host. `started` is called once, when a signal to stop is already heard: what it tells
/// the world of can be stopped at once. `on_pass` sees what each pass did.
///
/// # Errors
/// When a board that was named cannot be used, or the host lacks what a dispatcher needs. With all boards of a home, one
/// board's failure never stops another. And what `started` says.
pub async fn dispatch<E: From<DispatchError>>(
    options: Options,
    started: impl FnOnce() -> Result<(), E>,
    on_pass: impl FnMut(&Report),
) -> Result<Outcome, E> {
    let dispatcher = Dispatcher::new(options)?;
    let wake = Wake::new()?;
    started()?;
    Ok(serve(dispatcher, wake, on_pass).await?)
}

async fn serve(
    mut dispatcher: Dispatcher,
    mut wake: Wake,
    mut on_pass: impl FnMut(&Report),
) -> Result<Outcome, DispatchError> {
    loop {
        let report = dispatcher.pass(&mut wake).await?;
        on_pass(&report);
        dispatcher.total.add(report);
        match dispatcher.finished().await? {
            Busy::No => break,
            Busy::Again => continue,
            Busy::Waits => {}
        }
        if dispatcher.sleep(&mut wake).await == wake::Reason::Shutdown {
            break;
        }
        // Supervisors that ended are collected; what they left is found by looking at their runs.
        dispatcher.reconcile_now |= !reap_orphans().is_empty();
    }
    dispatcher.outcome().await
}

struct Dispatcher {
    options: Options,
    home: Home,
    exe: SelfExe,
    reserve: Mutex<Reserve>,
    /// Nothing has happened for a while since the start.
    settled: bool,
    served: BTreeMap<BoardSlug, Served>,
    seen: Option<ConfigFingerprint>,
    loaded: Option<board::Loaded>,
    total: Report,
    reconcile_now: bool,
    swept: Option<Instant>,
    boards_seen: BoardsStamp,
}

impl Dispatcher {
    fn new(options: Options) -> Result<Self, DispatchError> {
        let exe =
            SelfExe::open().map_err(|error| DispatchError::Io { what: "this program's own file", error })?;
        Ok(Self {
            home: options.home.clone(),
            // Whoever ends soon would leave it behind for nothing.
            reserve: Mutex::new(Reserve::new(
                options.until == Until::Stopped && options.max.is_none() && !options.dry_run,
            )),
            options,
            settled: false,
            exe,
            served: BTreeMap::new(),
            seen: None,
            loaded: None,
            total: Report::default(),
            reconcile_now: true,
            swept: None,
            boards_seen: BoardsStamp::default(),
        })
    }

    /// One pass over all boards.
    async fn pass(&mut self, wake: &mut Wake) -> Result<Report, DispatchError> {
        self.reload()?;
        let Some(loaded) = &self.loaded else { return Ok(Report::default()) };
        let sweep_interval = loaded.config.sweep_interval.as_std();
        let sweeping = self.swept.is_none_or(|swept| swept.elapsed() >= sweep_interval);
        if sweeping {
            self.swept = Some(Instant::now());
        }
        let boards = self.home.boards_stamp();
        if sweeping || boards != self.boards_seen {
            self.boards_seen = boards;
            if let Err(error) = self.find_boards(wake) {
                // A server that is out of reach for now has not lost its boards: each of them is tried by itself.
                if self.served.is_empty() || !quarantine::may_pass(&error) {
                    return Err(error);
                }
                tracing::warn!(%error, "the boards cannot be listed; those that are known are served");
            }
        }
        let reconciling = std::mem::take(&mut self.reconcile_now) || sweeping;
        let mut report = Report::default();
        let left = self
            .options
            .max
            .map(|max| max.saturating_sub(u32::try_from(self.total.spawned.len()).unwrap_or(u32::MAX)));
        for (slug, served) in &mut self.served {
            let left =
                left.map(|left| left.saturating_sub(u32::try_from(report.spawned.len()).unwrap_or(u32::MAX)));
            let Some(loaded) = &self.loaded else { break };
            let context = board::Context {
                home: &self.home,
                exe: &self.exe,
                reserve: &self.reserve,
                loaded,
                sweeping,
                reconciling,
                dry_run: self.options.dry_run,
                left,
            };
            let span = tracing::info_span!("pass", board = slug.as_str());
            match served.pass(&context, wake).instrument(span).await {
                Ok(done) => report.add(done),
                Err(error) if self.options.board.is_some() && self.options.until != Until::Stopped => {
                    return Err(error);
                }
                Err(error) => {
                    tracing::error!(board = %slug, %error, "this board rests; the others go on");
                    served.rest(quarantine::may_pass(&error));
                    self.home.part(slug);
                    wake.forget(slug);
                    quarantine::keep(&self.home, &self.exe, slug, &error, &loaded.config);
                }
            }
        }
        Ok(report)
    }

    /// Reads configuration and profiles again when they have changed (mends Q-10). A broken file keeps the last good one.
    fn reload(&mut self) -> Result<(), DispatchError> {
        let seen = ConfigFingerprint::of(self.home.root());
        if self.loaded.is_some() && self.seen.as_ref() == Some(&seen) {
            return Ok(());
        }
        match board::Loaded::read(self.home.root()) {
            Ok(loaded) => {
                for served in self.served.values_mut() {
                    served.forget_settings();
                }
                self.loaded = Some(loaded);
            }
            Err(error) if self.loaded.is_some() => {
                tracing::error!(%error, "the configuration cannot be read; the last good one stays in force");
            }
            Err(error) => return Err(error.into()),
        }
        self.seen = Some(seen);
        Ok(())
    }

    /// Boards come and go while the dispatcher runs.
    fn find_boards(&mut self, wake: &mut Wake) -> Result<(), DispatchError> {
        let slugs = match &self.options.board {
            Some(slug) => {
                self.home.require(slug)?;
                vec![slug.clone()]
            }
            None => self.home.try_boards()?,
        };
        let home = &self.home;
        self.served.retain(|slug, _| {
            let there = slugs.contains(slug);
            if !there {
                wake.forget(slug);
                home.part(slug);
            }
            there
        });
        for slug in slugs {
            self.served.entry(slug.clone()).or_insert_with(|| Served::new(slug));
        }
        Ok(())
    }

    /// Has a supervisor wait for the next run.
    fn refill(&mut self) {
        let log = |board: &BoardSlug| board::supervisors_log(&self.home.board_folder(board));
        let reserve = self.reserve.get_mut().unwrap_or_else(PoisonError::into_inner);
        reserve.refill(&self.exe, self.home.root(), self.served.keys().next(), log);
    }

    /// Sleeps until there is something to do. A look each second covers rings that were missed.
    async fn sleep(&mut self, wake: &mut Wake) -> wake::Reason {
        let until = self.next_look();
        // What has just been claimed starts first.
        let mut refill = Some(Instant::now() + SETTLING);
        loop {
            let glance = Instant::now() + Duration::from_secs(1);
            let next = refill.map_or(glance, |at| glance.min(at));
            match wake.wait(until.min(next)).await {
                wake::Reason::Deadline
                    if refill.is_some_and(|at| at <= Instant::now()) && Instant::now() < until =>
                {
                    refill = None;
                    self.refill();
                    // What a start needs, several megabytes of descriptions in a server among it, nobody needs any more.
                    if !std::mem::replace(&mut self.settled, true) {
                        give_back_memory();
                    }
                }
                wake::Reason::Deadline if Instant::now() < until => {
                    let boards = self.home.boards_stamp() != self.boards_seen;
                    if self.served.values().any(Served::lost_a_supervisor) {
                        self.reconcile_now = true;
                        return wake::Reason::Child;
                    }
                    if boards || self.served.values().any(Served::changed) {
                        return wake::Reason::Rang;
                    }
                }
                reason => return reason,
            }
        }
    }

    /// When to look at the latest: a deadline of a board, or the sweep.
    fn next_look(&self) -> Instant {
        let sweep = self
            .loaded
            .as_ref()
            .map_or(Duration::from_secs(30), |loaded| loaded.config.sweep_interval.as_std());
        let sweep = self.swept.map_or_else(Instant::now, |swept| swept + sweep);
        let world = self.home.world();
        let now = world.now();
        let deadline = self.served.values().filter_map(Served::deadline).min();
        let deadline = deadline.map(|at| {
            let wait = u64::try_from(at.since(now)).unwrap_or(0);
            Instant::now() + Duration::from_millis(wait.saturating_add(1))
        });
        let rested = self.served.values().filter_map(Served::resting).min();
        [deadline, rested].into_iter().flatten().fold(sweep, Instant::min)
    }

    async fn finished(&self) -> Result<Busy, DispatchError> {
        if self.options.dry_run {
            return Ok(Busy::No);
        }
        let spent = self.options.max.is_some_and(|max| self.total.spawned.len() >= max as usize);
        match self.options.until {
            Until::Once => Ok(Busy::No),
            Until::Stopped => Ok(Busy::Waits),
            Until::Idle => {
                let mut all = Busy::No;
                for served in self.served.values() {
                    match served.busy(spent).await? {
                        Busy::Again => return Ok(Busy::Again),
                        Busy::Waits => all = Busy::Waits,
                        Busy::No => {}
                    }
                }
                Ok(all)
            }
        }
    }

    async fn outcome(self) -> Result<Outcome, DispatchError> {
        let mut unfinished = 0;
        for served in self.served.values() {
            unfinished += served.unfinished().await?;
        }
        Ok(Outcome { report: self.total, unfinished })
    }
}
