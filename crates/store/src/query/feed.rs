//! The change feed: events after a place, in commit order. A reader at number N never misses an earlier one.

use andon_core::{Cursor, TaskId};

use crate::error::OpError;
use crate::sql::boards;
use crate::sql::events::{self, Event};
use crate::tx::{Operation, Tx};

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of one task.
    pub task: Option<TaskId>,
    /// Of these kinds; empty for all.
    pub kinds: Vec<String>,
}

impl EventFilter {
    /// Whether an event is wanted.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        self.task.as_ref().is_none_or(|task| event.task.as_deref() == Some(task.as_str()))
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }
}

/// Events after a place.
#[derive(Clone, Debug)]
pub struct EventsAfter {
    /// The reader's place. A place of another epoch is too old: the reader starts over.
    pub cursor: Cursor,
    /// Which.
    pub filter: EventFilter,
    /// Numbers that one call looks at.
    pub limit: u32,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    /// The events that were wanted.
    pub events: Vec<Event>,
    /// The place after them.
    pub cursor: Cursor,
    /// The board was restored since the reader's place: what it knows is void.
    pub resync: bool,
    /// Whether there is more.
    pub more: bool,
}

impl Operation for EventsAfter {
    type Reply = Events;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Events, OpError> {
        let head = events::head(tx).await?;
        if self.cursor.epoch != head.epoch || self.cursor.number > head.number {
            return Ok(Events { events: Vec::new(), cursor: head, resync: true, more: false });
        }
        let read = events::after(tx, self.cursor.number, self.limit).await?;
        let number = read.last().map_or(self.cursor.number, |event| event.number);
        let more = read.len() == self.limit as usize;
        let events = read.into_iter().filter(|event| self.filter.wants(event)).collect();
        Ok(Events { events, cursor: Cursor { epoch: head.epoch, number }, resync: false, more })
    }
}

/// The place of the newest event, and a kept place by name.
#[derive(Clone, Debug)]
pub struct Head {
    /// The reader whose kept place is wanted too.
    pub reader: Option<String>,
}

impl Operation for Head {
    type Reply = (Cursor, Option<Cursor>);
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(Cursor, Option<Cursor>), OpError> {
        let kept = match &self.reader {
            Some(reader) => boards::cursor(tx, reader).await?,
            None => None,
        };
        Ok((events::head(tx).await?, kept))
    }
}
