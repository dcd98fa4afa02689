//! Retention (BD-50..52): events of finished tasks older than a limit go, slice by slice. Files are the caller's to remove.

use andon_core::{Millis, TaskId};

use crate::error::OpError;
use crate::tx::{Class, Operation, Tx};
use crate::vals;

/// Events that one slice removes at most: no other writer waits for longer than that takes.
pub const SLICE: u32 = 500;

/// Removes one slice of old events.
#[derive(Clone, Debug)]
pub struct Gc {
    /// Events of finished tasks before this time go.
    pub events_before: Millis,
    /// Events up to this number were looked at by earlier slices. Not again: what they removed may lie there, dead, for as long
    /// as anybody holds a snapshot, and each slice would wade through all of it.
    pub after: i64,
    /// So many at most, usually [`SLICE`].
    pub slice: u32,
}

/// What one slice removed, and which tasks' files are free to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Events removed.
    pub events: u64,
    /// After which event the next slice begins. None: there is nothing more to remove.
    pub next: Option<i64>,
    /// With the last slice: archived tasks, whose scratch directories may go.
    pub archived: Vec<TaskId>,
}

impl Operation for Gc {
    type Reply = GcReport;

    fn class(&self) -> Class {
        Class::Bulk
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<GcReport, OpError> {
        // The newest one stays: numbers go on from it.
        let rows = tx
            .query(
                "select events.number from events left join tasks on tasks.id = events.task_id \
                 where events.number > $1 and events.at < $2 \
                 and (tasks.id is null or tasks.status in ('done', 'archived')) \
                 and events.number < (select max(number) from events) order by events.number limit $3",
                vals![self.after, self.events_before, self.slice],
            )
            .await?;
        let found = rows.len();
        let last = rows.into_iter().last().map(|mut row| row.int()).transpose()?;
        let mut report = GcReport::default();
        if let Some(last) = last {
            report.events = tx
                .execute(
                    "delete from events where number > $1 and number <= $2 and at < $3 and (task_id is null \
                     or not exists (select 1 from tasks where tasks.id = events.task_id \
                     and tasks.status not in ('done', 'archived')))",
                    vals![self.after, last, self.events_before],
                )
                .await?;
        }
        if found == self.slice as usize {
            report.next = last;
        } else {
            let rows = tx.query("select id from tasks where status = 'archived' order by id", &[]).await?;
            report.archived = rows.into_iter().map(|mut row| row.parse()).collect::<Result<_, _>>()?;
        }
        Ok(report)
    }
}
