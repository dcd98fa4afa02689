//! Operations on a board in PostgreSQL: a transaction each, or several in one; tried again where that may help.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use andon_core::Millis;
use deadpool_postgres::Pool;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use super::batch::Lane;
use super::bell::Bell;
use super::error::{Again, Failure, is_end, of_pool};
use super::floors::Floors;
use super::runtime;
use super::session::Session;
use super::transaction::{Left, PgTx};
use crate::board::Mode;
use crate::error::{DbError, OpError};
use crate::sql::events::{self, NewEvent};
use crate::tally::{Commits, Tally};
use crate::tx::{Class, Operation, Reach, Ring};
use crate::value::Val;
use crate::world::World;

/// The advisory locks of one board.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub(super) caps: i64,
    pub(super) graph: i64,
    pub(super) events: i64,
    seed: u64,
}

impl Keys {
    /// The locks of the board of this identity: those of two boards differ.
    pub(super) fn new(identity: &str) -> Self {
        let seed = number(&["board", identity]);
        let of = |what: &str| number(&[what, identity]).cast_signed();
        Self { caps: of("caps"), graph: of("graph"), events: of("events"), seed }
    }

    /// The lock of a name on the board.
    pub(super) fn of(&self, name: &str) -> i64 {
        number(&[&self.seed.to_string(), name]).cast_signed()
    }
}

/// A number that stands for these words.
pub(super) fn number(words: &[&str]) -> u64 {
    let digest = Sha256::digest(format!("andon {}", words.join(" ")).as_bytes());
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A board in PostgreSQL, open.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(super) inner: Arc<Inner>,
    lane: Option<Lane>,
}

/// What every operation of a board uses.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) pool: Pool,
    /// For questions about transactions whose answer was lost: those still hold their own connections, and when the server dies
    /// under as many as the pool has, none would be left to ask by.
    pub(super) asking: Pool,
    pub(super) name: Arc<Path>,
    pub(super) schema: String,
    pub(super) keys: Keys,
    pub(super) world: Arc<dyn World>,
    pub(super) bell: Bell,
    pub(super) mode: Mode,
    /// Whether statements are prepared once a connection.
    pub(super) prepared: bool,
    /// Whether a connection keeps its settings between transactions.
    pub(super) settled: bool,
    pub(super) floors: Arc<Floors>,
    pub(super) waits: AtomicU64,
    pub(super) operations: AtomicU64,
    pub(super) tally: Tally,
}

/// How an attempt ended.
pub(super) enum Attempt<R> {
    /// With this answer.
    Answered(Result<R, OpError>),
    /// With an error that may pass.
    Failed(Failure),
}

/// Why a commit did not give its answer.
pub(super) enum Uncommitted {
    /// Nothing was committed.
    Failed(Failure),
    /// The answer was lost: it may have been committed or not.
    Unknown(String),
}

/// How a transaction ended whose answer was lost.
enum End {
    Committed,
    Aborted,
    /// It has not ended.
    Open,
    /// Nobody can say.
    Unknown,
}

/// An event that a transaction appended to a task, by which it is known again.
#[derive(Debug)]
struct Trace {
    task: Val,
    kind: Val,
    at: Val,
}

impl Trace {
    /// The last event of a task, if there is one.
    fn of(events: &[Vec<Val>]) -> Option<Self> {
        events.iter().rev().find_map(|event| match event.as_slice() {
            [task @ Val::Text(_), _, kind, _, _, at] => {
                Some(Self { task: task.clone(), kind: kind.clone(), at: at.clone() })
            }
            _ => None,
        })
    }

    fn values(&self) -> [Val; 3] {
        [self.task.clone(), self.kind.clone(), self.at.clone()]
    }
}

/// How often an operation is tried again, and how long it waits before.
#[derive(Debug, Default)]
pub(super) struct Tries {
    contended: u32,
    taken: u32,
    lost: u32,
}

impl Tries {
    /// Waits before another try; false when there have been enough.
    pub(super) async fn another(&mut self, again: Again) -> bool {
        let (tried, most, first) = match again {
            Again::No => return false,
            Again::Contended => (&mut self.contended, 10, 4),
            Again::Taken => (&mut self.taken, 3, 1),
            Again::Lost => (&mut self.lost, 5, 20),
        };
        if *tried >= most {
            return false;
        }
        *tried += 1;
        let longest = (first << *tried).min(400_u64);
        let wait = rand::rng().random_range(longest / 2..=longest);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        true
    }
}

impl Engine {
    pub(super) fn new(inner: Inner) -> Self {
        let inner = Arc::new(inner);
        let lane = (inner.mode == Mode::Long).then(|| Lane::new(&inner));
        Self { inner, lane }
    }

    /// Runs an operation or a question.
    pub(crate) async fn run<O: Operation>(&self, operation: O) -> Result<O::Reply, OpError> {
        let inner = Arc::clone(&self.inner);
        inner.operations.fetch_add(1, Ordering::Relaxed);
        match (&self.lane, operation.reach()) {
            (Some(lane), reach @ (Reach::Tasks(_) | Reach::Ready)) if O::WRITES => {
                lane.run(operation, reach).await
            }
            _ => runtime::run(inner.alone(operation)).await?,
        }
    }

    /// The bell of the board.
    pub(crate) fn bell(&self) -> &Bell {
        &self.inner.bell
    }

    /// How the board is named in messages.
    pub(crate) fn name(&self) -> &Path {
        &self.inner.name
    }

    /// How often operations waited for the server, and how many operations there were.
    pub(crate) fn waits(&self) -> (u64, u64) {
        (self.inner.waits.load(Ordering::Relaxed), self.inner.operations.load(Ordering::Relaxed))
    }

    /// What was committed by this handle.
    pub(crate) fn commits(&self) -> Commits {
        self.inner.tally.commits()
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close_idle(&self) {
        self.inner.pool.retain(|_, _| false);
        self.inner.asking.retain(|_, _| false);
    }
}

impl Inner {
    /// Runs an operation in a transaction of its own.
    pub(super) async fn alone<O: Operation>(self: Arc<Self>, operation: O) -> Result<O::Reply, OpError> {
        let mut tries = Tries::default();
        let mut silent = false;
        loop {
            if O::SINGLE && self.settled && !silent {
                let failure = match self.lend(&self.pool).await {
                    Err(failure) => failure,
                    Ok(session) => {
                        let now = self.world.now();
                        let mut tx = PgTx::new(&session, &self.world, self.keys, now, true, None);
                        let Ok(outcome) = tokio::time::timeout(BEGINNING, operation.apply(&mut tx)).await
                        else {
                            // A dead connection, or a long answer: a transaction of its own tells which.
                            self.pool.retain(|_, _| false);
                            silent = true;
                            continue;
                        };
                        match self.asked(&session, &tx, outcome) {
                            Attempt::Answered(answer) => return answer,
                            Attempt::Failed(failure) => failure,
                        }
                    }
                };
                if !tries.another(failure.again).await {
                    return Err(failure.error.into());
                }
                continue;
            }
            let failure = match self.begin(!O::WRITES).await {
                Err(failure) => failure,
                Ok((session, now)) => {
                    let mut tx =
                        PgTx::new(&session, &self.world, self.keys, now, !O::WRITES, None).with(&self.floors);
                    let outcome = operation.apply(&mut tx).await;
                    let attempt = self.finish(&session, tx, outcome, O::WRITES).await;
                    self.waits.fetch_add(session.waits(), Ordering::Relaxed);
                    match attempt {
                        Attempt::Answered(answer) => {
                            if O::WRITES && answer.is_ok() {
                                self.tally.add(1, u64::from(operation.class() == Class::Renewal));
                            }
                            return answer;
                        }
                        Attempt::Failed(failure) => failure,
                    }
                }
            };
            if !tries.another(failure.again).await {
                return Err(failure.error.into());
            }
        }
    }

    /// A connection for one statement that only asks: the server makes a transaction of it by itself.
    async fn lend(&self, pool: &Pool) -> Result<Arc<Session>, Failure> {
        let client = pool.get().await.map_err(|error| of_pool(&self.name, &error))?;
        let session = Arc::new(Session::new(client, self.prepared, Arc::clone(&self.name)));
        // One whose answer never comes is left to nobody else.
        session.opened();
        Ok(session)
    }

    /// What came of it.
    fn asked<R>(&self, session: &Session, tx: &PgTx, outcome: Result<R, OpError>) -> Attempt<R> {
        self.waits.fetch_add(session.waits(), Ordering::Relaxed);
        match outcome {
            Err(OpError::Db(error)) => {
                Attempt::Failed(session.failure().unwrap_or(Failure { error, again: Again::No }))
            }
            _ if tx.asked() > 1 => {
                let error = DbError::Other("a question of one statement asked twice".to_owned());
                Attempt::Answered(Err(error.into()))
            }
            answer => {
                session.closed();
                Attempt::Answered(answer)
            }
        }
    }

    /// A connection in a new transaction, and the time of that transaction.
    pub(super) async fn begin(&self, reading: bool) -> Result<(Arc<Session>, Millis), Failure> {
        let client = self.pool.get().await.map_err(|error| of_pool(&self.name, &error))?;
        let session = Arc::new(Session::new(client, self.prepared, Arc::clone(&self.name)));
        session.opened();
        let level = if reading { "repeatable read read only" } else { "read committed" };
        let settings = if self.settled { String::new() } else { settings_of(&self.schema) };
        let clock = if self.world.sole_clock() { "null" } else { CLOCK };
        // One that writes has a number at once, by which its end can be found out should its answer be lost.
        let transaction = if reading { String::new() } else { format!(", pg_current_xact_id(), {LIFE}") };
        let begin = format!("begin isolation level {level};{settings}select {clock}{transaction}");
        let sent = session.send_plain(begin).await;
        let Ok(answer) = tokio::time::timeout(BEGINNING, session.wait(sent)).await else {
            // Whatever lies between has forgotten the connection, and perhaps others with it.
            self.pool.retain(|_, _| false);
            return Err(Failure::lost("a connection that was open gives no answer any more"));
        };
        let answer =
            answer.map_err(|error| session.failure().unwrap_or(Failure { error, again: Again::No }))?;
        let mut told = answer.rows.into_iter().last();
        let mut told = || told.as_mut().and_then(|row| row.opt_text().ok().flatten());
        let now = told().and_then(|text| text.parse().ok()).map_or_else(|| self.world.now(), Millis);
        if !reading && let (Some(transaction), Some(life)) = (told(), told()) {
            session.began(transaction, life);
        }
        Ok((session, now))
    }

    /// Commits what an operation wrote, or takes it back.
    async fn finish<R>(
        &self,
        session: &Arc<Session>,
        tx: PgTx,
        outcome: Result<R, OpError>,
        writes: bool,
    ) -> Attempt<R> {
        match outcome {
            Ok(reply) => {
                let left = tx.leave().await;
                if !writes {
                    // Nothing depends on the end of a question.
                    drop(session.send_plain("commit".to_owned()).await);
                    session.closed();
                    return Attempt::Answered(Ok(reply));
                }
                self.answered(session, left, Ok(reply)).await
            }
            Err(OpError::Refused { refusal, audit }) => {
                drop(tx);
                if let Err(error) = self.roll_back(session).await {
                    return Attempt::Failed(error);
                }
                if writes && !audit.is_empty() {
                    self.record(&audit).await;
                }
                Attempt::Answered(Err(OpError::Refused { refusal, audit }))
            }
            Err(OpError::Db(error)) => {
                drop(tx);
                self.failed(session, error).await
            }
        }
    }

    async fn answered<R>(
        &self,
        session: &Arc<Session>,
        mut left: Left,
        answer: Result<R, OpError>,
    ) -> Attempt<R> {
        let rings = std::mem::take(&mut left.rings);
        match self.commit(session, left).await {
            Ok(number) => {
                self.wake(session, &rings, number).await;
                Attempt::Answered(answer)
            }
            Err(Uncommitted::Failed(failure)) => Attempt::Failed(failure),
            Err(Uncommitted::Unknown(reason)) => {
                Attempt::Answered(Err(DbError::OutcomeUnknown(reason).into()))
            }
        }
    }

    /// Wakes whom it concerns: a process that lives on does it by the way, one that ends does it now.
    pub(super) async fn wake(&self, session: &Arc<Session>, rings: &[Ring], number: Option<i64>) {
        match self.mode {
            Mode::Long => self.bell.ring(rings, number),
            Mode::Short => self.bell.ring_by(session, rings, number).await,
        }
    }

    /// Records what is kept of a refused write. That it was refused is told in any case.
    pub(super) async fn record(&self, audit: &[NewEvent]) {
        let Ok((session, now)) = self.begin(false).await else { return };
        let mut tx = PgTx::new(&session, &self.world, self.keys, now, false, None);
        if events::append_all(&mut tx, audit).await.is_err() {
            return;
        }
        drop(self.answered(&session, tx.leave().await, Ok(())).await);
    }

    /// Takes the transaction back; gives the failure that came first.
    async fn failed<R>(&self, session: &Arc<Session>, error: DbError) -> Attempt<R> {
        let failure = session.failure().unwrap_or(Failure { error, again: Again::No });
        drop(self.roll_back(session).await);
        Attempt::Failed(failure)
    }

    pub(super) async fn roll_back(&self, session: &Arc<Session>) -> Result<(), Failure> {
        let sent = session.send_plain("rollback".to_owned()).await;
        let Ok(answer) = tokio::time::timeout(BEGINNING, session.wait(sent)).await else {
            // A connection that is dropped in a transaction rolls it back.
            return Err(session
                .failure()
                .unwrap_or_else(|| Failure::lost("the connection gives no answer any more")));
        };
        match answer {
            Ok(_) => {
                session.closed();
                Ok(())
            }
            Err(error) => Err(session.failure().unwrap_or(Failure { error, again: Again::Lost })),
        }
    }

    /// Appends the events and commits; gives the last number, unless the answer was lost and only that it was committed is
    /// known.
    pub(super) async fn commit(
        &self,
        session: &Arc<Session>,
        left: Left,
    ) -> Result<Option<i64>, Uncommitted> {
        let (trace, wrote) = (Trace::of(&left.events), left.wrote || !left.events.is_empty());
        match self.commit_once(session, left).await {
            // Nothing depends on the end of a transaction that has only looked.
            Err(Uncommitted::Unknown(_)) if !wrote => Ok(None),
            // Boxed, because it is rare and large.
            Err(Uncommitted::Unknown(reason)) => Box::pin(self.find_out(session, trace, reason)).await,
            known => known,
        }
    }

    /// Asks the server, as soon as it answers again, how a transaction ended whose answer was lost.
    ///
    /// That a number is of an aborted transaction is certain: what was committed is on the server's disk, number and all. That
    /// it is of a committed one is certain while the server lives. One that crashes gives the numbers again that it had only in
    /// memory, and then it may be another transaction that was committed under this one: only what it wrote tells.
    async fn find_out(
        &self,
        session: &Session,
        trace: Option<Trace>,
        reason: String,
    ) -> Result<Option<i64>, Uncommitted> {
        let Some((transaction, life)) = session.transaction() else {
            return Err(Uncommitted::Unknown(reason));
        };
        let until = tokio::time::Instant::now() + FINDING_OUT;
        let mut wait = Duration::from_millis(20);
        while tokio::time::Instant::now() < until {
            match tokio::time::timeout(BEGINNING, self.end_of(transaction, life, trace.as_ref())).await {
                Ok(Ok(End::Committed)) => return Ok(None),
                Ok(Ok(End::Aborted)) => return Err(Uncommitted::Failed(Failure::lost(&reason))),
                Ok(Ok(End::Unknown)) => break,
                // It is still at it, or does not answer.
                Ok(Ok(End::Open) | Err(_)) | Err(_) => {}
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_millis(500));
        }
        Err(Uncommitted::Unknown(reason))
    }

    /// What the server knows of a transaction's end.
    async fn end_of(&self, transaction: &str, life: &str, trace: Option<&Trace>) -> Result<End, DbError> {
        // With its schema: a connection that keeps no settings looks nowhere by itself.
        let sql = format!(
            "select pg_xact_status($1::text::xid8), {LIFE}, exists (select from \"{}\".events where task_id = $2 \
             and kind = $3 and at = $4 and xmin = $1::text::xid8::xid)",
            self.schema
        );
        let session = self.lend(&self.asking).await.map_err(|failure| failure.error)?;
        let [task, kind, at] = trace.map_or([Val::Null, Val::Null, Val::Null], Trace::values);
        let sent = session.send(&sql, vec![Val::Text(transaction.to_owned()), task, kind, at]).await?;
        let answer = session.wait(sent).await?;
        session.closed();
        let Some(mut row) = answer.rows.into_iter().last() else { return Ok(End::Unknown) };
        let (status, now, traced) = (row.opt_text()?, row.opt_text()?, row.flag()?);
        Ok(match status.as_deref() {
            Some("committed") if traced || now.as_deref() == Some(life) => End::Committed,
            Some("aborted") => End::Aborted,
            Some("in progress") => End::Open,
            // Committed by whoever has its number, or so long ago, or on a server that took this one's place, that nothing
            // is known of it.
            _ => End::Unknown,
        })
    }

    /// In one exchange: the lock of the events, and then their numbers, are taken last, so that the order of the numbers is
    /// the order of the commits. Gives the last number.
    async fn commit_once(&self, session: &Arc<Session>, left: Left) -> Result<Option<i64>, Uncommitted> {
        crate::crash::point("before_commit");
        let failed =
            |error| Uncommitted::Failed(session.failure().unwrap_or(Failure { error, again: Again::No }));
        let Left { events, unanswered: mut before, .. } = left;
        let written = before.len();
        if !events.is_empty() {
            const LOCK: &str = "select pg_advisory_xact_lock($1)";
            before.push(session.send(LOCK, vec![Val::Int(self.keys.events)]).await.map_err(failed)?);
            before.push(session.send_events(events).await.map_err(failed)?);
        }
        let commit = session.send_plain("commit".to_owned()).await;
        session.count_wait();
        let mut number = None;
        let silent = || Uncommitted::Unknown("the connection gives no answer any more".to_owned());
        for (index, sent) in before.into_iter().enumerate() {
            match tokio::time::timeout(ANSWER, sent.answer()).await.map_err(|_| silent())? {
                Ok(answer) if index > written => {
                    let last = answer.rows.into_iter().last();
                    number = last.and_then(|mut row| row.opt_int().ok().flatten());
                }
                Ok(_) => {}
                Err(error) => {
                    let known = error.code().is_some();
                    let told = session.fail(&error);
                    drop(commit.answer().await);
                    // What the server refused by name it has not committed; the connection's end says nothing.
                    return Err(if known { failed(told) } else { Uncommitted::Unknown(told.to_string()) });
                }
            }
        }
        match tokio::time::timeout(ANSWER, commit.answer()).await.map_err(|_| silent())? {
            Ok(_) => {
                session.closed();
                // A transaction in which something failed is rolled back by its `commit`, without a word.
                if let Some(failure) = session.failure() {
                    return Err(Uncommitted::Failed(failure));
                }
                crate::crash::point("after_commit");
                Ok(number)
            }
            Err(error) => {
                let known = error.code().is_some_and(|code| !is_end(code));
                let told = session.fail(&error);
                if known {
                    session.closed();
                    Err(failed(told))
                } else {
                    Err(Uncommitted::Unknown(told.to_string()))
                }
            }
        }
    }
}

/// The server's clock: hosts disagree.
const CLOCK: &str = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";

/// Tells one life of a server from the next: when it was started, and when it last began to count anew, which it does after a
/// crash of one of its processes, too.
const LIFE: &str = "concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time())";

/// How long a statement may take, and how long a transaction may wait for its client. A host that is cut off in the middle
/// of a claim holds the lock of the caps, for which the claims of every other host wait: an open transaction asks its next
/// question within milliseconds, or its client is gone.
pub(super) const STATEMENT_MS: u32 = 30_000;
pub(super) const SILENCE_MS: u32 = 6_000;

/// How statements are planned, once for a connection: each finds its rows by an index made for it. Tables grow a
/// thousandfold under plans that were made when they were empty.
pub(super) const PLANS: &[(&str, &str)] = &[
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// How long a transaction may take to begin, which waits for nobody.
const BEGINNING: Duration = Duration::from_secs(5);
/// How long it is tried to find out how a transaction ended: a server is back in that time, or in trouble.
const FINDING_OUT: Duration = Duration::from_secs(15);
/// How long an answer may take: the server gives up a statement before that.
pub(super) const ANSWER: Duration = Duration::from_millis(STATEMENT_MS as u64 + 5_000);

/// The settings of a transaction on a connection that keeps none.
fn settings_of(schema: &str) -> String {
    let plans: String = PLANS.iter().map(|(name, value)| format!(" set local {name} = {value};")).collect();
    format!(
        "set local search_path to \"{schema}\"; set local statement_timeout = {STATEMENT_MS}; \
         set local idle_in_transaction_session_timeout = {SILENCE_MS};{plans}"
    )
}
