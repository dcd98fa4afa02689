//! One look at a board: everything that decides whether its dispatcher has anything to do.

use crate::error::OpError;
use crate::query::live::Deadlines;
use crate::tx::{Operation, Tx, first};

/// Asks for a [`Glimpse`].
#[derive(Clone, Debug)]
pub struct Glance;

/// What a board looks like at one moment. A part that says nothing is there need not be asked for again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Glimpse {
    /// What the clock brings.
    pub deadlines: Deadlines,
    /// The number of the newest event.
    pub head: i64,
    /// Runs that are not reaped.
    pub live: u32,
    /// Whether a task waits in `ready` or `review` and its time has come.
    pub ready: bool,
    /// Whether a task waits in `todo`.
    pub todo: bool,
}

impl Glimpse {
    /// Whether a claim may find something at this time, or has back-offs to clear that have passed.
    #[must_use]
    pub fn claimable(&self, now: andon_core::Millis) -> bool {
        self.ready || self.deadlines.eligible.is_some_and(|at| at <= now)
    }
}

impl Operation for Glance {
    type Reply = Glimpse;
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Glimpse, OpError> {
        let row = first(
            tx,
            "select (select min(eligible_at) from tasks where eligible_at is not null), \
             (select min(scheduled_at) from tasks where scheduled_at is not null), \
             (select min(expires_at) from leases join runs on runs.id = leases.run_id where runs.ended_at is null), \
             (select min(until) from cooldowns where probe_run is null), exists (select 1 from settlements), \
             (select coalesce(max(number), 0) from events), \
             (select count(*) from runs indexed by runs_unreaped where reaped_at is null), \
             exists (select 1 from tasks indexed by tasks_ready where status = 'ready' and eligible_at is null) \
             or exists (select 1 from tasks indexed by tasks_review where status = 'review' and eligible_at is null), \
             exists (select 1 from tasks indexed by tasks_todo where status = 'todo')",
            &[],
        )
        .await?;
        let Some(mut row) = row else { return Ok(Glimpse::default()) };
        let deadlines = Deadlines {
            eligible: row.opt_at()?,
            scheduled: row.opt_at()?,
            lease: row.opt_at()?,
            cooldown: row.opt_at()?,
            queued: row.flag()?,
        };
        Ok(Glimpse { deadlines, head: row.int()?, live: row.count()?, ready: row.flag()?, todo: row.flag()? })
    }
}
