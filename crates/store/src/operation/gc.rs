//! Retention (BD-50..52): events of finished tasks older than a limit go. Files are the caller's to remove.

use andon_core::{Millis, TaskId};

use crate::error::OpError;
use crate::tx::{Class, Operation, Tx};
use crate::vals;

/// Removes one slice of old events and rows that serve nobody any more.
#[derive(Clone, Debug)]
pub struct Gc {
    /// Events of finished tasks before this time go.
    pub events_before: Millis,
}

/// What one slice removed, and which tasks' files are free to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Events removed.
    pub events: u64,
    /// Whether there is more.
    pub more: bool,
    /// Archived tasks: their scratch directories may go.
    pub archived: Vec<TaskId>,
}

impl Operation for Gc {
    type Reply = GcReport;

    fn class(&self) -> Class {
        Class::Bulk
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<GcReport, OpError> {
        let events = tx
            .execute(
                "delete from events where number in (select events.number from events \
                 left join tasks on tasks.id = events.task_id where events.at < $1 \
                 and (tasks.id is null or tasks.status in ('done', 'archived')) \
                 and events.number < (select max(number) from events) limit 500)",
                vals![self.events_before],
            )
            .await?;
        let rows = tx.query("select id from tasks where status = 'archived' order by id", &[]).await?;
        let archived = rows.into_iter().map(|mut row| row.parse()).collect::<Result<_, _>>()?;
        Ok(GcReport { events, more: events == 500, archived })
    }
}
