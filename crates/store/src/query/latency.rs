//! How long tasks waited to be claimed, and runs to be started: read from the events, in order, each once.

use crate::error::OpError;
use crate::tx::{Operation, Tx};
use crate::vals;

/// What a length of time is between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// From the moment at which a task could be claimed to its claim.
    Claim,
    /// From the claim to the start of the worker's process.
    Start,
}

/// Asks for the claims and starts after an event.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// The number of the event.
    pub after: i64,
    /// Looks at so many events at most.
    pub limit: u32,
}

/// Claims and starts, and how far they were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Each with its length, milliseconds.
    pub spans: Vec<(Span, i64)>,
    /// The number of the last event that was looked at.
    pub upto: i64,
    /// Whether there are more.
    pub more: bool,
}

impl Operation for Latencies {
    type Reply = Waits;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Waits, OpError> {
        let rows = tx
            .query(
                "select e.number, e.kind, e.at, p.kind, p.at from \
                 (select number, task_id, kind, at from events where number > $1 order by number limit $2) e \
                 left join events p on e.kind in ('claimed', 'spawned') and p.number = \
                 (select max(q.number) from events q where q.task_id = e.task_id and q.number < e.number and q.kind in \
                 ('created', 'specified', 'promoted', 'promoted_manual', 'promoted_by_sweep', 'revived', 'unblocked', \
                 'reopened', 'schedule_fired', 'claimed')) order by e.number",
                vals![self.after, self.limit],
            )
            .await?;
        let mut waits =
            Waits { more: rows.len() >= self.limit as usize, upto: self.after, ..Waits::default() };
        for mut row in rows {
            waits.upto = row.int()?;
            let (kind, at, before, since) = (row.text()?, row.int()?, row.opt_text()?, row.opt_int()?);
            let Some((before, since)) = before.zip(since) else { continue };
            let span = match (kind.as_str(), before.as_str()) {
                // A task that was claimed before has waited for a back-off.
                ("claimed", "claimed") => continue,
                ("claimed", _) => Span::Claim,
                ("spawned", "claimed") => Span::Start,
                _ => continue,
            };
            waits.spans.push((span, at.saturating_sub(since).max(0)));
        }
        Ok(waits)
    }
}
