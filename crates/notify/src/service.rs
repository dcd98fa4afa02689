//! The notifier: sleeps until a bell rings or a time comes, looks which subscriptions may have something to be told of,
//! and tells it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use andon_core::notice::ChannelName;
use andon_core::{BoardSlug, Policy};
use andon_store::operation::{Next, Outcome, Settle, Settled, TakeNext};
use andon_store::sql::subscriptions::Subscription;
use andon_store::{Board, BoardsStamp, Home, OpError, crash};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::channel::Channel;
use crate::message::Message;
use crate::send::Sent;
use crate::watched::Watched;

/// What is being told when it is to stop may take this long to be settled.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often it is looked whether boards came or went.
const GLANCE: Duration = Duration::from_secs(1);
/// A board that failed is left alone for this long.
const REST: Duration = Duration::from_secs(5);

/// What the configuration says.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The channels that can be used.
    pub channels: Vec<Channel>,
    /// Channels that the configuration knows, and that cannot be used at the moment, and why: nothing is told, and nothing
    /// lost.
    pub unready: Vec<(ChannelName, String)>,
    /// Failures in a row at which a subscription is suspended.
    pub attempt_limit: u32,
    /// For the back-off.
    pub policy: Policy,
    /// Under which address people reach the dashboard.
    pub public_url: Option<String>,
    /// How often it is looked whether a bell was missed, or boards came or went.
    pub sweep: Duration,
}

impl Setup {
    /// Whether it says the same as another one.
    fn is_like(&self, other: &Self) -> bool {
        self.channels.len() == other.channels.len()
            && self.channels.iter().zip(&other.channels).all(|(one, other)| one.is_like(other))
            && self.unready == other.unready
            && self.attempt_limit == other.attempt_limit
            && self.policy == other.policy
            && self.public_url == other.public_url
            && self.sweep == other.sweep
    }

    fn channel(&self, name: &ChannelName) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == *name)
    }
}

/// By what a subscription is known among those of all boards.
type Key = (BoardSlug, String);
/// How telling one of them ended.
type Ended = (Key, Result<(), OpError>);

/// Tells what happens on the boards of a home.
#[derive(Debug)]
pub struct Notifier {
    home: Home,
    setup: Arc<Setup>,
    watched: BTreeMap<BoardSlug, Watched>,
    wake: Arc<Notify>,
    at_it: JoinSet<Ended>,
    /// Subscriptions that are told something at the moment, and whether they are to be looked at once more.
    busy: BTreeMap<Key, bool>,
    swept: Option<Instant>,
    boards_seen: BoardsStamp,
}

impl Notifier {
    /// A notifier of this home's boards, which it shares with whoever else of this process has joined them.
    #[must_use]
    pub fn new(home: Home) -> Self {
        Self {
            home,
            setup: Arc::default(),
            watched: BTreeMap::new(),
            wake: Arc::default(),
            at_it: JoinSet::new(),
            busy: BTreeMap::new(),
            swept: None,
            boards_seen: BoardsStamp::default(),
        }
    }

    /// Works until it is told to stop. `configured` gives what the configuration says where that has changed since it was
    /// last asked; it is asked whenever something wakes the notifier.
    pub async fn run(mut self, mut configured: impl FnMut() -> Option<Setup>, stop: CancellationToken) {
        loop {
            if let Some(setup) = configured() {
                self.take_up(setup).await;
            }
            self.pass().await;
            let until = self.next_look();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = self.at_it.join_next() => self.ended(ended),
                () = self.wake.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
        let rest = async { while self.at_it.join_next().await.is_some() {} };
        // What is not settled by then is told again by whoever comes next: a lease runs out.
        let _ = tokio::time::timeout(FAREWELL, rest).await;
    }

    /// A channel that stays what it was keeps its connections.
    async fn take_up(&mut self, mut setup: Setup) {
        if setup.is_like(&self.setup) {
            return;
        }
        for (channel, problem) in &setup.unready {
            tracing::warn!(%channel, problem, "a channel cannot be used");
        }
        for channel in &mut setup.channels {
            if let Some(known) = self.setup.channel(&channel.name).filter(|known| known.is_like(channel)) {
                *channel = known.clone();
            }
        }
        let still = |name: &ChannelName| {
            setup.channel(name).is_some() || setup.unready.iter().any(|(known, _)| known == name)
        };
        let gone: Vec<ChannelName> =
            self.setup.channels.iter().map(|known| known.name.clone()).filter(|name| !still(name)).collect();
        self.setup = Arc::new(setup);
        self.swept = None;
        if self.setup.channels.is_empty() && gone.is_empty() {
            // Without a channel nobody is told anything: no board is even opened.
            self.watched.clear();
            return;
        }
        for watched in self.watched.values_mut() {
            if let Err(error) = watched.keep_home(&self.setup, &gone).await {
                tracing::debug!(board = %watched.board.slug(), %error, "the home channels of a board are not up to date");
            }
            watched.look_anew(Duration::ZERO);
        }
        if self.setup.channels.is_empty() {
            self.watched.clear();
        }
    }

    fn next_look(&self) -> Instant {
        let sweep = self.setup.sweep.max(Duration::from_millis(100));
        let swept = self.swept.map_or_else(Instant::now, |swept| swept + sweep);
        // Where there is somebody to tell something, boards that come are looked for often: that asks nobody.
        let glance = (!self.setup.channels.is_empty()).then(|| Instant::now() + GLANCE);
        self.watched.values().map(|watched| watched.due(sweep)).chain(glance).fold(swept, Instant::min)
    }

    async fn pass(&mut self) {
        let sweep = self.setup.sweep.max(Duration::from_millis(100));
        let boards = self.home.boards_stamp();
        if boards != self.boards_seen || self.swept.is_none_or(|swept| swept.elapsed() >= sweep) {
            self.boards_seen = boards;
            self.swept = Some(Instant::now());
            if !self.setup.channels.is_empty() {
                self.find_boards().await;
            }
        }
        let due: Vec<BoardSlug> = self
            .watched
            .iter()
            .filter(|(_, watched)| watched.due(sweep) <= Instant::now())
            .map(|(slug, _)| slug.clone())
            .collect();
        for slug in due {
            let Some(watched) = self.watched.get_mut(&slug) else { continue };
            match watched.look().await {
                Ok(due) => {
                    let board = watched.board.clone();
                    for subscription in due.subscriptions {
                        self.begin(&board, subscription);
                    }
                }
                Err(error) => self.failed(&slug, &error),
            }
        }
    }

    /// Boards come and go while it works.
    async fn find_boards(&mut self) {
        let slugs = match self.home.try_boards() {
            Ok(slugs) => slugs,
            Err(error) => {
                tracing::debug!(%error, "the boards cannot be listed; those that are known are watched");
                return;
            }
        };
        self.watched.retain(|slug, _| slugs.contains(slug));
        for slug in slugs {
            let Ok(file) = self.home.describe(&slug) else { continue };
            if self.watched.get(&slug).is_some_and(|watched| watched.identity == file.identity) {
                continue;
            }
            self.watched.remove(&slug);
            // What is wrong with a board its dispatcher says.
            let Ok(board) = self.home.join(&slug) else { continue };
            let watched = Watched::new(board, file.identity, &self.wake);
            if let Err(error) = watched.keep_home(&self.setup, &[]).await {
                tracing::debug!(board = %slug, %error, "a board cannot be watched");
                continue;
            }
            self.watched.insert(slug, watched);
        }
    }

    /// The board's database failed: it is watched anew after a while.
    fn failed(&mut self, slug: &BoardSlug, error: &OpError) {
        tracing::debug!(board = %slug, %error, "a board cannot be looked at for notifications");
        let quarantines = matches!(error, OpError::Db(error) if error.quarantines());
        if quarantines {
            self.watched.remove(slug);
        } else if let Some(watched) = self.watched.get_mut(slug) {
            watched.look_anew(REST);
        }
    }

    fn begin(&mut self, board: &Board, subscription: Subscription) {
        let Some(channel) = self.setup.channel(&subscription.channel) else { return };
        let key = (board.slug().clone(), subscription.id);
        if let Some(again) = self.busy.get_mut(&key) {
            *again = true;
            return;
        }
        let telling = Telling {
            board: board.clone(),
            channel: channel.clone(),
            setup: Arc::clone(&self.setup),
            id: key.1.clone(),
        };
        self.busy.insert(key.clone(), false);
        self.at_it.spawn(async move { (key, telling.all().await) });
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let Ok((key, told)) = ended else {
            // It panicked, and nobody knows which: whatever was left is found by a look at everything.
            self.busy.clear();
            self.watched.values_mut().for_each(|watched| watched.look_anew(REST));
            return;
        };
        let again = self.busy.remove(&key).unwrap_or(false);
        let Some(watched) = self.watched.get_mut(&key.0) else { return };
        match told {
            Ok(()) if again => watched.look_anew(Duration::ZERO),
            // When it is to be tried again, or another teller's lease ends, the board says.
            Ok(()) => watched.look_soon(),
            Err(error) => self.failed(&key.0, &error),
        }
    }
}

/// Telling one subscription all that there is.
struct Telling {
    board: Board,
    channel: Channel,
    setup: Arc<Setup>,
    id: String,
}

impl Telling {
    async fn all(self) -> Result<(), OpError> {
        // Waiting for a lane holds no lease.
        let _lane = Arc::clone(&self.channel.lanes).acquire_owned().await;
        let lease = format!("{:016x}{:016x}", self.board.world().bits(), self.board.world().bits());
        loop {
            let take = TakeNext { id: self.id.clone(), lease: lease.clone(), ttl: self.channel.lease() };
            match self.board.run(take).await? {
                Next::Nothing => return Ok(()),
                Next::More => {}
                Next::Tell(told) => {
                    crash::point("notice_taken");
                    let public_url = self.setup.public_url.as_deref();
                    let message = Message::of(&told, self.board.slug(), public_url);
                    let sent = self.channel.send(&message, self.board.world().now()).await;
                    crash::point("notice_sent");
                    let settle = Settle {
                        id: self.id.clone(),
                        lease: lease.clone(),
                        number: told.event.number,
                        outcome: outcome(&sent),
                        limit: self.setup.attempt_limit,
                        policy: self.setup.policy.clone(),
                    };
                    let settled = self.board.run(settle).await?;
                    self.say(&sent, &settled);
                    if sent != Sent::Done || settled == Settled::Ended {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn say(&self, sent: &Sent, settled: &Settled) {
        let Sent::Failed { error, .. } = sent else { return };
        let (board, channel) = (self.board.slug(), &self.channel.name);
        match settled {
            Settled::Suspended => tracing::error!(
                %board, %channel, error,
                "a notification was given up; `andon notify list` shows it, `andon notify retry` tries again"
            ),
            Settled::Again(wait) => {
                tracing::warn!(%board, %channel, error, wait_ms = wait, "a notification is tried again");
            }
            Settled::Kept | Settled::Ended | Settled::Lost => {}
        }
    }
}

fn outcome(sent: &Sent) -> Outcome {
    match sent {
        Sent::Done => Outcome::Told,
        Sent::Failed { error, asked, gone } => {
            Outcome::Failed { error: error.clone(), asked: *asked, gone: *gone }
        }
    }
}
