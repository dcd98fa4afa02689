//! The port on PostgreSQL.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::sync::Arc;

use andon_core::{Millis, ProfileName, RunId};
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::dialect::{Text, translated};
use super::engine::{ANSWER, Keys};
use super::floors::Floors;
use super::session::{Answer, Sent, Session};
use super::together::Together;
use crate::error::DbError;
use crate::tx::{Floor, Lock, Ring, Tx};
use crate::value::{Row, Val};
use crate::world::{World, run_id_at};

/// A statement that has been asked.
enum Asked {
    /// On its own.
    Own(Sent),
    /// With those of other operations; nothing comes when something fails.
    Together(oneshot::Receiver<Answer>),
}

/// An answer that was asked for before it is needed.
struct Early {
    sql: &'static str,
    params: Vec<Val>,
    asked: Asked,
}

/// What operations leave for the commit of their transaction.
#[derive(Default)]
pub(super) struct Left {
    pub(super) rings: Vec<Ring>,
    pub(super) events: Vec<Vec<Val>>,
    /// Whether anything was written: nothing depends on the commit of a transaction that has only looked.
    pub(super) wrote: bool,
    /// What has been sent and not yet been answered.
    pub(super) unanswered: Vec<Sent>,
}

impl Left {
    /// Adds what another operation leaves.
    pub(super) fn add(&mut self, other: Self) {
        for ring in other.rings {
            if !self.rings.contains(&ring) {
                self.rings.push(ring);
            }
        }
        self.events.extend(other.events);
        self.wrote |= other.wrote;
        self.unanswered.extend(other.unanswered);
    }
}

/// One operation's view of a transaction.
pub(super) struct PgTx {
    session: Arc<Session>,
    world: Arc<dyn World>,
    keys: Keys,
    now: Millis,
    reading: bool,
    together: Option<(Arc<Together>, u64)>,
    held: HashMap<String, OwnedMutexGuard<()>>,
    unanswered: Vec<Sent>,
    early: Vec<Early>,
    rings: Vec<Ring>,
    events: Vec<Vec<Val>>,
    wrote: bool,
    asked: u32,
    floors: Option<Arc<Floors>>,
}

impl PgTx {
    pub(super) fn new(
        session: &Arc<Session>,
        world: &Arc<dyn World>,
        keys: Keys,
        now: Millis,
        reading: bool,
        together: Option<Arc<Together>>,
    ) -> Self {
        Self {
            session: Arc::clone(session),
            world: Arc::clone(world),
            keys,
            now,
            reading,
            together: together.map(|together| {
                let owner = together.owner();
                (together, owner)
            }),
            held: HashMap::new(),
            unanswered: Vec::new(),
            early: Vec::new(),
            rings: Vec::new(),
            events: Vec::new(),
            wrote: false,
            asked: 0,
            floors: None,
        }
    }

    /// The same, where claims begin where those before have found work. Under a clock of its own there are no floors:
    /// its times say nothing of when something became visible.
    pub(super) fn with(mut self, floors: &Arc<Floors>) -> Self {
        self.floors = (!self.reading && !self.world.sole_clock()).then(|| Arc::clone(floors));
        self
    }

    /// What it leaves for the commit. Answers that were asked for and not needed after all are taken first: they may be
    /// long, and hold up those behind them.
    pub(super) async fn leave(mut self) -> Left {
        while let Some(early) = self.early.pop() {
            if let Asked::Own(mut sent) = early.asked {
                // A failure shows at the commit.
                drop(self.meanwhile(poll_fn(|context| sent.look(context))).await);
                self.unanswered.push(sent);
            }
        }
        Left { rings: self.rings, events: self.events, wrote: self.wrote, unanswered: self.unanswered }
    }

    /// How many statements it has sent.
    pub(super) const fn asked(&self) -> u32 {
        self.asked
    }

    /// Whether it has written anything.
    pub(super) const fn wrote(&self) -> bool {
        self.wrote
    }

    /// Waits for one answer.
    async fn wait(&mut self, asked: Asked) -> Result<Answer, DbError> {
        let mut sent = match asked {
            Asked::Own(sent) => sent,
            Asked::Together(answer) => {
                let answer = self.meanwhile(answer).await?;
                return answer.map_err(|_| self.session.failure().map_or(DbError::Closed, |told| told.error));
            }
        };
        if sent.is_waiting() {
            self.session.count_wait();
        }
        self.meanwhile(poll_fn(|context| sent.look(context))).await?;
        sent.answer().await.map_err(|error| self.session.fail(&error))
    }

    /// Waits for something, and takes the answers that nobody waits for meanwhile: they would hold up those behind them.
    async fn meanwhile<R>(&mut self, future: impl Future<Output = R> + Send) -> Result<R, DbError> {
        let mut future = std::pin::pin!(tokio::time::timeout(ANSWER, future));
        let mut first = Ok(());
        let done = poll_fn(|context| {
            let session = &self.session;
            self.unanswered.retain_mut(|sent| keep(session, sent, context, &mut first));
            for early in &mut self.early {
                if let Asked::Own(sent) = &mut early.asked {
                    let _ = sent.look(context);
                }
            }
            future.as_mut().poll(context)
        })
        .await;
        first?;
        done.map_err(|_| DbError::Unreachable("the connection gives no answer any more".to_owned()))
    }

    /// Takes the turn at a row, where several operations share the transaction.
    async fn turn(&mut self, key: &str) -> Result<(), DbError> {
        let Some((together, _)) = self.together.clone() else { return Ok(()) };
        if !self.held.contains_key(key) {
            let guard = self.meanwhile(together.turn(key)).await??;
            self.held.insert(key.to_owned(), guard);
        }
        Ok(())
    }

    /// Takes the turn at the row that a statement locks.
    async fn text(&mut self, sql: &'static str, params: &[Val]) -> Result<Arc<Text>, DbError> {
        let text = translated(sql, self.reading);
        if text.locks
            && let Some(Val::Text(key)) = params.first()
        {
            let key = key.clone();
            self.turn(&key).await?;
        }
        Ok(text)
    }

    async fn send(&mut self, sql: &'static str, params: &[Val]) -> Result<Asked, DbError> {
        self.asked = self.asked.saturating_add(1);
        let text = self.text(sql, params).await?;
        if let Some((together, owner)) = &self.together {
            return Ok(Asked::Together(together.ask(*owner, text, params.to_vec())));
        }
        let session = Arc::clone(&self.session);
        Ok(Asked::Own(self.meanwhile(session.send(&text.sql, params.to_vec())).await??))
    }

    async fn later(&mut self, sql: &'static str, params: Vec<Val>) -> Result<(), DbError> {
        let text = self.text(sql, &params).await?;
        if let Some((together, owner)) = &self.together {
            together.put(*owner, text, params);
            return Ok(());
        }
        let session = Arc::clone(&self.session);
        let sent = self.meanwhile(session.send(&text.sql, params)).await??;
        self.unanswered.push(sent);
        Ok(())
    }
}

/// Whether an answer is still to come; notes the first failure.
fn keep(
    session: &Session,
    sent: &mut Sent,
    context: &mut std::task::Context<'_>,
    first: &mut Result<(), DbError>,
) -> bool {
    if sent.look(context).is_pending() {
        return true;
    }
    if let Sent::Done(Err(error)) = sent {
        let error = session.fail(error);
        if first.is_ok() {
            *first = Err(error);
        }
    }
    false
}

const SHARE: &str = "select id from tasks where id = any(string_to_array($1, ',')) order by id for share";
const CHANGE: &str =
    "select id from tasks where id = any(string_to_array($1, ',')) order by id for no key update";
const ADVISORY: &str = "select pg_advisory_xact_lock($1)";

impl Tx for PgTx {
    async fn query(&mut self, sql: &'static str, params: &[Val]) -> Result<Vec<Row>, DbError> {
        let asked = self.early.iter().position(|early| early.sql == sql && early.params == params);
        let sent = match asked {
            Some(index) => self.early.remove(index).asked,
            None => self.send(sql, params).await?,
        };
        let answer = self.wait(sent).await?;
        // A question may also have changed rows: `insert … returning`.
        self.wrote |= !self.reading && !sql.starts_with("select");
        Ok(answer.rows)
    }

    async fn execute(&mut self, sql: &'static str, params: &[Val]) -> Result<u64, DbError> {
        let sent = self.send(sql, params).await?;
        self.wrote = true;
        Ok(self.wait(sent).await?.changed)
    }

    async fn write(&mut self, sql: &'static str, params: &[Val]) -> Result<(), DbError> {
        self.wrote = true;
        self.later(sql, params.to_vec()).await
    }

    async fn soon(&mut self, sql: &'static str, params: &[Val]) -> Result<(), DbError> {
        let asked = self.send(sql, params).await?;
        self.early.push(Early { sql, params: params.to_vec(), asked });
        Ok(())
    }

    /// Kept until the commit: numbers are taken last, under a lock, so that they are in the order of the commits.
    async fn event(&mut self, _: &'static str, event: &[Val]) -> Result<(), DbError> {
        self.wrote = true;
        self.events.push(event.to_vec());
        Ok(())
    }

    async fn lock(&mut self, lock: Lock) -> Result<(), DbError> {
        if self.reading {
            return Ok(());
        }
        match lock {
            Lock::Caps => {
                self.turn("caps").await?;
                self.later(ADVISORY, vec![Val::Int(self.keys.caps)]).await
            }
            Lock::Graph => self.later(ADVISORY, vec![Val::Int(self.keys.graph)]).await,
            Lock::Name(name) => {
                self.turn(&name).await?;
                self.later(ADVISORY, vec![Val::Int(self.keys.of(&name))]).await
            }
            Lock::Parents(tasks) | Lock::Tasks(tasks) if tasks.is_empty() => Ok(()),
            Lock::Parents(tasks) => self.rows(SHARE, tasks).await,
            Lock::Tasks(tasks) => self.rows(CHANGE, tasks).await,
        }
    }

    fn now(&self) -> Millis {
        self.now
    }

    fn bits(&mut self) -> u64 {
        self.world.bits()
    }

    fn run_id(&mut self) -> RunId {
        run_id_at(self.now, self.world.as_ref())
    }

    fn floor(&mut self, profile: &ProfileName) -> Option<Floor> {
        self.floors.as_ref().and_then(|floors| floors.of(profile))
    }

    fn found(&mut self, profile: &ProfileName, first: Floor, claimed: u32) {
        if let Some(floors) = &self.floors {
            floors.found(profile, first, claimed);
        }
    }

    fn ring(&mut self, ring: Ring) {
        if !self.rings.contains(&ring) {
            self.rings.push(ring);
        }
    }
}

impl PgTx {
    async fn rows(&mut self, sql: &'static str, tasks: Vec<andon_core::TaskId>) -> Result<(), DbError> {
        let mut ids: Vec<&str> = tasks.iter().map(andon_core::TaskId::as_str).collect();
        ids.sort_unstable();
        for id in &ids {
            self.turn(id).await?;
        }
        self.later(sql, vec![Val::Text(ids.join(","))]).await
    }
}
