//! Telling a subscription of an event: taken under a lease, told outside of the database, settled.
//!
//! Whoever takes the next event of a subscription holds it for a while: of several servers exactly one tells it. A lease
//! that runs out, its holder being dead, is taken by the next one: an event is told at least once. The place moves when it
//! was told, never before.

use andon_core::notice::{SubscriptionState, Verdict, is_over, judge};
use andon_core::{Cursor, Policy, TaskId};

use crate::error::OpError;
use crate::sql::attachments::{self, Attachment};
use crate::sql::boards;
use crate::sql::events::{self, Event};
use crate::sql::subscriptions::{self, Subscription};
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Tx};

/// Events of a task that are looked at together.
const TASK_PAGE: u32 = 100;
/// Events of a board that are looked at together.
const BOARD_PAGE: u32 = 500;
/// Pages that one transaction looks at.
const PAGES: u32 = 8;
/// A place that has come this far without anything to tell is written down.
const FAR: i64 = 256;
/// An error is kept no longer, characters.
const LONGEST_ERROR: usize = 500;

/// Takes the next event that a subscription wants.
#[derive(Clone, Debug)]
pub struct TakeNext {
    /// Of which subscription.
    pub id: String,
    /// Who takes it: a name that nobody else has.
    pub lease: String,
    /// How long it is believed to be at it, milliseconds.
    pub ttl: i64,
}

/// An event to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct ToTell {
    /// The subscription.
    pub subscription: Subscription,
    /// What happened.
    pub event: Event,
    /// Where that stands on the board, in its present epoch.
    pub cursor: Cursor,
    /// The board's own identity, which no other board has.
    pub identity: String,
    /// The task that it happened to, while it is there.
    pub task: Option<Task>,
    /// What its run handed over, where it is a completion.
    pub attachments: Vec<Attachment>,
}

/// What there is to do for a subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Tell this, and settle it.
    Tell(Box<ToTell>),
    /// Ask once more: there were many events, and nothing to tell in those that were looked at.
    More,
    /// Nothing at the moment; the next event or time brings it up again.
    Nothing,
}

impl Operation for TakeNext {
    type Reply = Next;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Next, OpError> {
        let Some(mut known) = subscriptions::find(tx, &self.id).await? else { return Ok(Next::Nothing) };
        let now = tx.now();
        let held = known.lease.as_ref().is_some_and(|(lease, until)| *lease != self.lease && *until > now);
        if held || known.state != SubscriptionState::Active || known.look_at.is_some_and(|at| at > now) {
            return Ok(Next::Nothing);
        }
        let head = events::head(tx).await?;
        // A place beyond the end is one of another time.
        known.cursor.number = known.cursor.number.min(head.number);
        let look = next_wanted(tx, &known).await?;
        let before = known.clone();
        if let Some(event) = look.found {
            known.cursor = Cursor { epoch: head.epoch, number: event.number - 1 };
            known.look_at = None;
            known.lease = Some((self.lease.clone(), now.plus(self.ttl)));
            subscriptions::save(tx, &known).await?;
            return to_tell(tx, known, event, head.epoch).await;
        }
        if look.whole && is_over_of(tx, &known).await? {
            subscriptions::delete(tx, &known.id).await?;
            return Ok(Next::Nothing);
        }
        (known.lease, known.look_at) = (None, None);
        if known != before || !look.whole || look.seen - known.cursor.number >= FAR {
            known.cursor = Cursor { epoch: head.epoch, number: look.seen };
            subscriptions::save(tx, &known).await?;
        }
        Ok(if look.whole { Next::Nothing } else { Next::More })
    }
}

/// What a look at the events of a subscription found.
pub(super) struct Look {
    /// How far it came.
    pub(super) seen: i64,
    /// The next event that is wanted.
    pub(super) found: Option<Event>,
    /// Whether nothing is left behind it.
    pub(super) whole: bool,
}

/// Looks for the next event that a subscription wants.
pub(super) async fn next_wanted<T: Tx>(tx: &mut T, known: &Subscription) -> Result<Look, OpError> {
    // What the board's own subscription of the channel tells is told once.
    let cover = match &known.task {
        Some(_) => subscriptions::of(tx, None, &known.channel).await?,
        None => None,
    };
    let cover = cover.filter(|cover| cover.state == SubscriptionState::Active);
    let covered =
        |event: &Event| cover.as_ref().is_some_and(|cover| event.number > cover.since && cover.wants(event));
    let mut at = known.cursor.number;
    for _ in 0..PAGES {
        let (page, limit) = match &known.task {
            Some(task) => (events::of_task_after(tx, task, at, TASK_PAGE).await?, TASK_PAGE),
            None => (events::after(tx, at, BOARD_PAGE).await?, BOARD_PAGE),
        };
        let full = page.len() == limit as usize;
        for event in page {
            at = event.number;
            if known.wants(&event) && !covered(&event) {
                return Ok(Look { seen: at, found: Some(event), whole: false });
            }
        }
        if !full {
            return Ok(Look { seen: at, found: None, whole: true });
        }
    }
    Ok(Look { seen: at, found: None, whole: false })
}

async fn to_tell<T: Tx>(
    tx: &mut T,
    subscription: Subscription,
    event: Event,
    epoch: i64,
) -> Result<Next, OpError> {
    let identity = boards::meta(tx, "identity").await?.unwrap_or_default();
    let id = event.task.as_deref().and_then(|task| task.parse::<TaskId>().ok());
    let task = match &id {
        Some(id) => tasks::peek(tx, id).await?,
        None => None,
    };
    let mut files = Vec::new();
    if let (Some(id), Some(run), Ok(kind)) = (&id, &event.run, event.kind.parse())
        && matches!(kind, andon_core::task::EventKind::Completed | andon_core::task::EventKind::Approved)
    {
        files = attachments::of_task(tx, id).await?;
        files.retain(|file| file.run.as_ref() == Some(run));
    }
    let cursor = Cursor { epoch, number: event.number };
    Ok(Next::Tell(Box::new(ToTell { subscription, event, cursor, identity, task, attachments: files })))
}

/// Whether the task of a subscription is over, or gone.
async fn is_over_of<T: Tx>(tx: &mut T, known: &Subscription) -> Result<bool, OpError> {
    let Some(id) = &known.task else { return Ok(false) };
    Ok(tasks::peek(tx, id).await?.is_none_or(|task| is_over(task.state.status)))
}

/// How telling ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Told,
    /// It has not, or nobody knows.
    Failed {
        /// What went wrong, without any secret.
        error: String,
        /// How long the receiver wants to be left alone, milliseconds.
        asked: Option<i64>,
        /// Whether it said that it never takes anything again.
        gone: bool,
    },
}

/// Writes down how telling ended.
#[derive(Clone, Debug)]
pub struct Settle {
    /// Of which subscription.
    pub id: String,
    /// Who told it. A lease that somebody else has taken over changes nothing.
    pub lease: String,
    /// The event.
    pub number: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// Failures in a row at which it is suspended.
    pub limit: u32,
    /// For the back-off.
    pub policy: Policy,
}

/// What became of the subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It waits for the next event.
    Kept,
    /// Its task is over, and it was told all.
    Ended,
    /// It is tried again after so many milliseconds.
    Again(i64),
    /// It is suspended.
    Suspended,
    /// Somebody else has it, or it is gone.
    Lost,
}

impl Operation for Settle {
    type Reply = Settled;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Settled, OpError> {
        let known = subscriptions::find(tx, &self.id).await?;
        let mine = |known: &Subscription| known.lease.as_ref().is_some_and(|(lease, _)| *lease == self.lease);
        let Some(mut known) = known.filter(mine) else { return Ok(Settled::Lost) };
        known.lease = None;
        match &self.outcome {
            Outcome::Told => {
                known.cursor.number = self.number.max(known.cursor.number);
                (known.failures, known.last_error, known.look_at) = (0, None, None);
                known.told_at = Some(tx.now());
                let left = next_wanted(tx, &known).await?;
                if left.whole && is_over_of(tx, &known).await? {
                    subscriptions::delete(tx, &known.id).await?;
                    return Ok(Settled::Ended);
                }
                subscriptions::save(tx, &known).await?;
                Ok(Settled::Kept)
            }
            Outcome::Failed { error, asked, gone } => {
                known.failures = known.failures.saturating_add(1);
                known.last_error = Some(error.chars().take(LONGEST_ERROR).collect());
                let jitter = u16::try_from(tx.bits() % 1_000).unwrap_or(0);
                let verdict = judge(known.failures, self.limit, *asked, *gone, &self.policy, jitter);
                let settled = match verdict {
                    Verdict::Again(wait) => {
                        known.look_at = Some(tx.now().plus(wait));
                        Settled::Again(wait)
                    }
                    Verdict::Suspend => {
                        known.state = SubscriptionState::Suspended;
                        known.look_at = None;
                        Settled::Suspended
                    }
                };
                subscriptions::save(tx, &known).await?;
                Ok(settled)
            }
        }
    }
}
