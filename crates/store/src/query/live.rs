//! What a dispatcher looks at: runs that may still live, and when it must look again.

use andon_core::{Millis, RunId};

use crate::error::OpError;
use crate::sql::boards;
use crate::sql::leases::{self, Lease};
use crate::sql::runs::{self, Run};
use crate::tx::{Operation, Tx, first};

/// Every run that is not reaped, with its lease.
#[derive(Clone, Debug)]
pub struct LiveRuns;

impl Operation for LiveRuns {
    type Reply = Vec<(Run, Option<Lease>)>;
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<(Run, Option<Lease>)>, OpError> {
        Ok(leases::live(tx).await?)
    }
}

/// When a host's dispatcher was last heard of, and what time it is: by one clock, the board's.
#[derive(Clone, Debug)]
pub struct HostSeen {
    /// Its name.
    pub name: String,
}

/// What the board knows of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostContact {
    /// Now.
    pub now: Millis,
    /// When its dispatcher was last heard of; none where it never was.
    pub last_seen: Option<Millis>,
}

impl Operation for HostSeen {
    type Reply = HostContact;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<HostContact, OpError> {
        let mut hosts = boards::hosts(tx).await?.into_iter();
        let last_seen = hosts.find(|host| host.facts.name == self.name).map(|host| host.last_seen);
        Ok(HostContact { now: tx.now(), last_seen })
    }
}

/// One run, also after it was reaped.
#[derive(Clone, Debug)]
pub struct RunOf {
    /// Which.
    pub run: RunId,
}

impl Operation for RunOf {
    type Reply = Option<Run>;
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Option<Run>, OpError> {
        Ok(runs::find(tx, &self.run).await?)
    }
}

/// Where a board is now that has been moved away and is sealed; none where it is not.
#[derive(Clone, Debug)]
pub struct MovedTo;

impl Operation for MovedTo {
    type Reply = Option<String>;
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Option<String>, OpError> {
        Ok(boards::meta(tx, "sealed").await?)
    }
}

/// When something happens by the clock.
#[derive(Clone, Debug)]
pub struct NextDeadline;

/// The next deadlines of a board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// A back-off ends.
    pub eligible: Option<Millis>,
    /// A schedule fires.
    pub scheduled: Option<Millis>,
    /// A lease runs out.
    pub lease: Option<Millis>,
    /// A profile's cool-down ends.
    pub cooldown: Option<Millis>,
    /// Children are queued to be told.
    pub queued: bool,
}

impl Deadlines {
    /// The earliest.
    #[must_use]
    pub fn earliest(&self) -> Option<Millis> {
        [self.eligible, self.scheduled, self.lease, self.cooldown].into_iter().flatten().min()
    }
}

impl Operation for NextDeadline {
    type Reply = Deadlines;
    const WRITES: bool = false;
    const SINGLE: bool = true;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Deadlines, OpError> {
        let row = first(
            tx,
            "select (select min(eligible_at) from tasks where eligible_at is not null), \
             (select min(scheduled_at) from tasks where scheduled_at is not null), \
             (select min(expires_at) from leases join runs on runs.id = leases.run_id where runs.ended_at is null), \
             (select min(until) from cooldowns where probe_run is null), exists (select 1 from settlements)",
            &[],
        )
        .await?;
        let Some(mut row) = row else { return Ok(Deadlines::default()) };
        Ok(Deadlines {
            eligible: row.opt_at()?,
            scheduled: row.opt_at()?,
            lease: row.opt_at()?,
            cooldown: row.opt_at()?,
            queued: row.flag()?,
        })
    }
}

/// How many unfinished children wait for a task.
#[derive(Clone, Debug)]
pub struct WaitingChildren {
    /// The parent.
    pub task: andon_core::TaskId,
}

impl Operation for WaitingChildren {
    type Reply = u32;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<u32, OpError> {
        Ok(crate::sql::links::waiting_children(tx, &self.task).await?)
    }
}
