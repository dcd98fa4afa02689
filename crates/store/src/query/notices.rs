//! Questions about who is told of what, and which subscriptions may have something to be told of.

use andon_core::notice::{Scope, SubscriptionState};
use andon_core::task::{EventKind, Refusal};
use andon_core::{Millis, TaskId};

use crate::error::OpError;
use crate::sql::subscriptions::{self, Subscription};
use crate::sql::{events, tasks};
use crate::tx::{Operation, Tx};

/// Numbers that one look goes through.
const SLICE: i64 = 1_000;
/// Most subscriptions of a list.
const MOST: u32 = 10_000;

/// The subscriptions of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionsOf {
    /// All of them.
    All,
    /// Those of the board as a whole.
    Board,
    /// Those of a task, which must be there.
    Task(TaskId),
}

impl Operation for SubscriptionsOf {
    type Reply = Vec<Subscription>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Subscription>, OpError> {
        match self {
            Self::All => Ok(subscriptions::all(tx, MOST).await?),
            Self::Board => Ok(subscriptions::of_board(tx).await?),
            Self::Task(task) => {
                if !tasks::exists(tx, task.as_str()).await? {
                    return Err(Refusal::UnknownTask(task.to_string()).into());
                }
                Ok(subscriptions::of_task(tx, task).await?)
            }
        }
    }
}

/// Where a look begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// Nobody has looked yet: whatever is behind.
    All,
    /// Events after this number, and what the clock brings.
    Since(i64),
}

/// Which subscriptions may have something to be told of.
#[derive(Clone, Copy, Debug)]
pub struct DueNotices {
    /// Where the look begins.
    pub sources: Sources,
}

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Active subscriptions, each once.
    pub subscriptions: Vec<Subscription>,
    /// Events up to this number have been looked at.
    pub seen: i64,
    /// Whether there are more.
    pub more: bool,
    /// When the clock brings something.
    pub next: Option<Millis>,
}

impl Operation for DueNotices {
    type Reply = Due;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Due, OpError> {
        let head = events::head(tx).await?.number;
        let mut due = Due { seen: head, ..Due::default() };
        if !subscriptions::any(tx).await? {
            return Ok(due);
        }
        let now = tx.now();
        for one in subscriptions::timed(tx).await? {
            let at = one.lease.as_ref().map(|(_, until)| *until).max(one.look_at);
            match at {
                Some(at) if at > now => due.next = Some(due.next.map_or(at, |next| next.min(at))),
                Some(_) | None => due.add(one),
            }
        }
        match self.sources {
            Sources::All => subscriptions::behind(tx).await?.into_iter().for_each(|one| due.add(one)),
            Sources::Since(after) => {
                // Where the board was restored to an earlier place there is nothing after it.
                let upto = head.min(after.saturating_add(SLICE)).max(after.min(head));
                (due.seen, due.more) = (upto, upto < head);
                due.touched(tx, after, upto).await?;
            }
        }
        Ok(due)
    }
}

impl Due {
    fn add(&mut self, one: Subscription) {
        if !self.subscriptions.iter().any(|known| known.id == one.id) {
            self.subscriptions.push(one);
        }
    }

    async fn touched<T: Tx>(&mut self, tx: &mut T, after: i64, upto: i64) -> Result<(), OpError> {
        if upto <= after {
            return Ok(());
        }
        for (one, kind) in subscriptions::touched(tx, after, upto).await? {
            let kind = kind.parse::<EventKind>().ok();
            // Data decides only about what needs a person; whoever takes it looks closer. An end may end it.
            let ends = matches!(kind, Some(EventKind::Completed | EventKind::Approved | EventKind::Archived));
            let may = one.wish.wants(Scope::Task, kind, &serde_json::Value::Null);
            if ends || may {
                self.add(one);
            }
        }
        let of_board = subscriptions::of_board(tx).await?;
        let active: Vec<_> =
            of_board.into_iter().filter(|one| one.state == SubscriptionState::Active).collect();
        if active.is_empty() {
            return Ok(());
        }
        let limit = u32::try_from(upto - after).unwrap_or(u32::MAX);
        let events = events::after(tx, after, limit).await?;
        for one in active {
            let wanted = |event: &events::Event| {
                event.number <= upto && event.number > one.cursor.number && one.wants(event)
            };
            if events.iter().any(wanted) {
                self.add(one);
            }
        }
        Ok(())
    }
}
