//! The planner of `andon serve`: has ideas planned as they come, where `auto_decompose` is on.
//!
//! It has a thread and an event loop of its own, so that a model that answers slowly keeps nothing from being dispatched. It
//! has no tick: the dispatcher's passes wake it, and its own next deadline. What it does next stands on the boards alone, so
//! that any number of them may work on one board, and any of them may be killed at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use andon_agent::Stop;
use andon_agent::planner::PlanFailure;
use andon_agent::planner::idea::{Planner, Wish};
use andon_core::roster::Roster;
use andon_core::{BoardSlug, Policy, TaskId};
use andon_store::operation::{EndPlan, PlanEnd};
use andon_store::query::PlansDue;
use andon_store::{Board, Caller, Home, OpError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::choice::planner;
use crate::config::{Config, ConfigFingerprint};
use crate::profile::Profiles;
use crate::roster::roster;
use crate::settings;

/// Calls that one process makes at once, over all boards; each board has one at a time.
const AT_ONCE: usize = 4;
/// Looks at the boards are not closer together, however often it is woken.
const PACE: Duration = Duration::from_millis(100);
/// A board whose idea was somebody else's by the time it was taken.
const REST: Duration = Duration::from_secs(1);
/// A board that cannot be used.
const LONG_REST: Duration = Duration::from_secs(30);
/// How long the calls may take to be given back when it stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// The running planner. Dropped, it stops.
#[derive(Debug)]
pub struct PlannerService {
    nudge: Arc<Notify>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl PlannerService {
    /// Starts it.
    ///
    /// # Errors
    /// When the system gives no thread or no event loop.
    pub fn start(home: Home) -> io::Result<Self> {
        let nudge = Arc::new(Notify::new());
        let (sender, stop) = Stop::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(4)
            .thread_stack_size(512 * 1024)
            .build()?;
        let desk = Desk::new(home, stop);
        let woken = Arc::clone(&nudge);
        let thread = std::thread::Builder::new().name("planner".to_owned()).spawn(move || {
            runtime.block_on(desk.work(&woken));
            // A call that nobody could give back is free when its time is over.
            runtime.shutdown_background();
        })?;
        Ok(Self { nudge, stop: sender, thread: Some(thread) })
    }

    /// Something may have changed: a board, or the configuration.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Breaks every call off, gives the ideas back, and waits until that is done.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for PlannerService {
    fn drop(&mut self) {
        self.end();
    }
}

struct Loaded {
    seen: ConfigFingerprint,
    config: Config,
    profiles: Profiles,
    /// Whether it was said that no model is set up.
    told: bool,
}

struct Desk {
    home: Home,
    stop: Stop,
    loaded: Option<Loaded>,
    at_work: JoinSet<(BoardSlug, Option<Duration>)>,
    busy: BTreeSet<BoardSlug>,
    /// Boards on which something failed that is not written down there.
    resting: BTreeMap<BoardSlug, Instant>,
}

impl Desk {
    fn new(home: Home, stop: Stop) -> Self {
        Self {
            home,
            stop,
            loaded: None,
            at_work: JoinSet::new(),
            busy: BTreeSet::new(),
            resting: BTreeMap::new(),
        }
    }

    async fn work(mut self, nudge: &Notify) {
        loop {
            let next = self.look().await;
            let paced = Instant::now() + PACE;
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                Some(done) = self.at_work.join_next() => self.done(done),
                () = nudge.notified() => {}
                () = due(next) => {}
            }
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                () = sleep_until(paced) => {}
            }
        }
        let given_back = async { while self.at_work.join_next().await.is_some() {} };
        if timeout(FAREWELL, given_back).await.is_err() {
            tracing::warn!("a model's call could not be given back; its idea is free when its time is over");
        }
    }

    fn done(&mut self, done: Result<(BoardSlug, Option<Duration>), tokio::task::JoinError>) {
        match done {
            Ok((slug, rest)) => {
                self.busy.remove(&slug);
                if let Some(rest) = rest {
                    self.resting.insert(slug, Instant::now() + rest);
                }
            }
            Err(error) => {
                // Which board it was is not said: all of them are looked at again.
                tracing::error!(%error, "planning an idea ended badly");
                self.busy.clear();
            }
        }
    }

    /// Starts what is due. Gives when something else is.
    async fn look(&mut self) -> Option<Instant> {
        self.reload();
        let on = self.loaded.as_ref().is_some_and(|loaded| loaded.config.auto_decompose);
        if !on || self.stop.asked() {
            return None;
        }
        let slugs = match self.home.try_boards() {
            Ok(slugs) => slugs,
            Err(error) => {
                tracing::warn!(%error, "the boards cannot be listed; no idea is planned for now");
                return None;
            }
        };
        let mut next: Option<Instant> = None;
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        for slug in slugs {
            if let Some(until) = self.resting.get(&slug) {
                next = next.into_iter().chain([*until]).min();
                continue;
            }
            if self.busy.contains(&slug) || self.at_work.len() >= AT_ONCE {
                continue;
            }
            match self.board(&slug).await {
                Ok(at) => next = next.into_iter().chain(at).min(),
                Err(error) => {
                    tracing::warn!(board = %slug, %error, "no idea of this board is planned for now");
                    self.resting.insert(slug, now + LONG_REST);
                }
            }
        }
        next
    }

    fn reload(&mut self) {
        let seen = ConfigFingerprint::of(self.home.root());
        if self.loaded.as_ref().is_some_and(|loaded| loaded.seen == seen) {
            return;
        }
        match settings::load_config(self.home.root()) {
            Ok(config) => {
                let profiles = Profiles::load(self.home.root());
                self.loaded = Some(Loaded { seen, config, profiles, told: false });
            }
            // The dispatcher says so.
            Err(_) => {
                if let Some(loaded) = &mut self.loaded {
                    loaded.seen = seen;
                }
            }
        }
    }

    async fn board(&mut self, slug: &BoardSlug) -> Result<Option<Instant>, Unlooked> {
        let Some(loaded) = &self.loaded else { return Ok(None) };
        let settings = settings::of_board(&self.home, slug, &loaded.config)?;
        let board = self.home.join(slug)?;
        let found = board.run(PlansDue { policy: settings.policy.clone() }).await?;
        for (task, holder) in found.lost {
            let policy = settings.policy.clone();
            board.run(EndPlan { task, holder, end: PlanEnd::Lost, policy }).await?;
        }
        let now = self.home.world().now();
        let next = found.next.map(|at| {
            Instant::now()
                + Duration::from_millis(u64::try_from(at.since(now)).unwrap_or(0).saturating_add(1))
        });
        let Some(task) = found.due.into_iter().next() else { return Ok(next) };
        let roster = roster(&loaded.profiles, &settings.config, settings.file.reviewer.as_deref());
        if let Some(planner) = self.planner(&settings.config, roster, settings.policy) {
            self.start(board, planner, task);
        }
        Ok(next)
    }

    /// The planner of a board; none, said once, where no model is set up.
    fn planner(&mut self, config: &Config, roster: Roster, policy: Policy) -> Option<Planner> {
        let loaded = self.loaded.as_mut()?;
        let made = planner(self.home.root(), config, &loaded.profiles, roster, policy, self.stop.clone());
        match made {
            Ok(planner) => Some(planner),
            Err(failure) => {
                if !loaded.told {
                    loaded.told = true;
                    tracing::warn!(reason = failure.code(), "`auto_decompose` is on, but {failure}");
                }
                None
            }
        }
    }

    fn start(&mut self, board: Board, planner: Planner, task: TaskId) {
        self.busy.insert(board.slug().clone());
        self.at_work.spawn(async move {
            let outcome = planner.plan(&board, &task, Wish::Decompose, true, &Caller::system()).await;
            let rest = match outcome.result {
                Ok((_, children)) => {
                    tracing::info!(board = %board.slug(), %task, parts = children.len(), "planned");
                    None
                }
                Err(PlanFailure::Board(OpError::Refused { refusal, .. })) => {
                    tracing::info!(board = %board.slug(), %task, reason = refusal.code(), "not planned");
                    Some(REST)
                }
                Err(failure) => {
                    tracing::warn!(board = %board.slug(), %task, reason = failure.code(), %failure, "not planned");
                    matches!(failure, PlanFailure::Board(_)).then_some(LONG_REST)
                }
            };
            (board.slug().clone(), rest)
        });
    }
}

async fn due(next: Option<Instant>) {
    match next {
        Some(next) => sleep_until(next).await,
        None => std::future::pending().await,
    }
}

/// Why a board was not looked at.
#[derive(Debug, thiserror::Error)]
enum Unlooked {
    #[error(transparent)]
    Settings(#[from] settings::SettingsError),
    #[error(transparent)]
    Home(#[from] andon_store::HomeError),
    #[error(transparent)]
    Op(#[from] andon_store::OpError),
}
