//! Tasks that wait for a person, a page at a time: what kind of need, then what is urgent, then what waits longest. Each need
//! is an index of its own, so that a page costs the same however many tasks wait.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use andon_core::task::{BlockKind, Status};
use andon_core::{Millis, TaskId};
use serde::{Deserialize, Serialize};

use super::cards::{Card, CardsOf};
use crate::error::OpError;
use crate::tx::{Operation, Tx};
use crate::vals;
use crate::value::Row;

/// What a task waits for a person for; in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Asks {
    /// For an answer to its worker's question.
    Answer,
    /// For a review by a person.
    Review,
    /// For help: it goes round in circles, was given up, or lacks something.
    Rescue,
}

impl Asks {
    const ALL: [Self; 3] = [Self::Answer, Self::Review, Self::Rescue];

    /// What a blocked task waits for; nothing where whoever blocked it knows of it.
    const fn of_block(kind: BlockKind) -> Option<Self> {
        match kind {
            BlockKind::NeedsInput => Some(Self::Answer),
            BlockKind::Operator => None,
            BlockKind::Capability | BlockKind::Transient | BlockKind::Recurring | BlockKind::GaveUp => {
                Some(Self::Rescue)
            }
        }
    }

    /// What a task as it stands waits for.
    #[must_use]
    pub fn of(card: &Card) -> Option<Self> {
        match card.status {
            Status::Blocked => card.block_kind.and_then(Self::of_block),
            Status::Review => card.reviewer.is_none().then_some(Self::Review),
            Status::Triage
            | Status::Todo
            | Status::Scheduled
            | Status::Ready
            | Status::Running
            | Status::Done
            | Status::Archived => None,
        }
    }

    /// The blocks that are one of these.
    fn blocks(self) -> impl Iterator<Item = BlockKind> {
        BlockKind::ALL.iter().copied().filter(move |kind| Self::of_block(*kind) == Some(self))
    }
}

/// A task's place in the order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// For what.
    pub asks: Asks,
    /// The more urgent first.
    pub priority: Reverse<i64>,
    /// Since when: the longest first.
    pub since: Millis,
    /// Which task; as a place any text, so that one can lie before or behind all of one moment.
    pub id: String,
}

/// Asks for a page of what waits for a person.
#[derive(Clone, Debug)]
pub struct AttentionPage {
    /// After which place.
    pub after: Option<Waiting>,
    /// At most so many.
    pub limit: u32,
}

/// A page's rows begin after `$2` (priority), `$3` (moment), `$4` (id). The first condition is one that an index can begin at.
macro_rules! after {
    ($moment:literal) => {
        concat!(
            " and priority <= $2 and (priority < $2 or ",
            $moment,
            " > $3 or (",
            $moment,
            " = $3 and id > $4)) order by priority desc, ",
            $moment,
            ", id limit $5"
        )
    };
}

const BLOCKED: &str = concat!(
    "select id, priority, blocked_at from tasks indexed by tasks_asking \
     where status = 'blocked' and block_kind = $1",
    after!("blocked_at")
);
const REVIEWS: &str = concat!(
    "select id, priority, updated_at from tasks indexed by tasks_unreviewed \
     where status = 'review' and reviewer is null and $1 = 'review'",
    after!("updated_at")
);

impl Operation for AttentionPage {
    /// The cards with their places, in order, and whether there are more.
    type Reply = (Vec<(Waiting, Card)>, bool);
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Self::Reply, OpError> {
        let want = self.limit as usize;
        let mut found: Vec<(Waiting, TaskId)> = Vec::new();
        for asks in Asks::ALL {
            if found.len() > want || self.after.as_ref().is_some_and(|after| after.asks > asks) {
                continue;
            }
            let mut of_one = self.of(tx, asks).await?;
            of_one.sort_unstable();
            found.extend(of_one);
        }
        let more = found.len() > want;
        found.truncate(want);
        let tasks = found.iter().map(|(_, task)| task.clone()).collect();
        let mut cards: BTreeMap<TaskId, Card> =
            CardsOf { tasks }.apply(tx).await?.into_iter().map(|card| (card.id.clone(), card)).collect();
        let items = found.into_iter().filter_map(|(place, task)| Some((place, cards.remove(&task)?)));
        Ok((items.collect(), more))
    }
}

impl AttentionPage {
    /// The first of one need after the place, at most one more than are wanted of each of its blocks.
    async fn of<T: Tx>(&self, tx: &mut T, asks: Asks) -> Result<Vec<(Waiting, TaskId)>, OpError> {
        let after = self.after.as_ref().filter(|after| after.asks == asks);
        let (priority, since, id) = match after {
            Some(after) => (after.priority.0, after.since, after.id.clone()),
            None => (i64::MAX, Millis(i64::MIN), String::new()),
        };
        let limit = self.limit.saturating_add(1);
        let mut rows: Vec<Row> = Vec::new();
        if asks == Asks::Review {
            rows = tx.query(REVIEWS, vals!["review", priority, since, id.as_str(), limit]).await?;
        }
        for kind in asks.blocks() {
            rows.extend(tx.query(BLOCKED, vals![kind, priority, since, id.as_str(), limit]).await?);
        }
        let read = |mut row: Row| {
            let (task, priority): (TaskId, _) = (row.parse()?, Reverse(row.int()?));
            let place = Waiting { asks, priority, since: row.at()?, id: task.to_string() };
            Ok((place, task))
        };
        rows.into_iter().map(read).collect()
    }
}

/// The ids of everything that waits for a person.
#[derive(Clone, Copy, Debug)]
pub struct Waiters;

impl Operation for Waiters {
    type Reply = BTreeSet<TaskId>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<BTreeSet<TaskId>, OpError> {
        let reviews = "select id from tasks where status = 'review' and reviewer is null";
        let mut found = BTreeSet::new();
        for mut row in tx.query(reviews, &[]).await? {
            found.insert(row.parse()?);
        }
        for kind in Asks::ALL.into_iter().flat_map(Asks::blocks) {
            let blocked = "select id from tasks where status = 'blocked' and block_kind = $1";
            for mut row in tx.query(blocked, vals![kind]).await? {
                found.insert(row.parse()?);
            }
        }
        Ok(found)
    }
}
