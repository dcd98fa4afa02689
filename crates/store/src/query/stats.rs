//! Counts of a board (MS-10).

use andon_core::task::Status;
use andon_core::{Millis, ProfileName};

use crate::error::OpError;
use crate::sql::boards::{self, Cooldown, Host, Pause};
use crate::sql::runs::{self, Usage};
use crate::tx::{Operation, Tx, first};

/// Asks for the counts.
#[derive(Clone, Debug)]
pub struct StatsOf;

/// The counts of a board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Tasks by status; every status is there.
    pub by_status: Vec<(Status, u32)>,
    /// Tasks by assignee and status, archived ones left out.
    pub by_assignee: Vec<(Option<String>, Status, u32)>,
    /// When the oldest ready task was created.
    pub oldest_ready: Option<Millis>,
    /// Runs by outcome.
    pub by_outcome: Vec<(String, u32)>,
    /// What runs consumed, by profile: how many of them said so, and the sum of it.
    pub consumed: Vec<(Option<ProfileName>, u32, Usage)>,
    /// Runs that are not reaped, by profile.
    pub live: runs::Live,
    /// Cords that are pulled.
    pub pauses: Vec<Pause>,
    /// Profiles that cool down.
    pub cooldowns: Vec<Cooldown>,
    /// Hosts that dispatch.
    pub hosts: Vec<Host>,
    /// The board's time.
    pub now: Millis,
}

impl Operation for StatsOf {
    type Reply = Stats;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Stats, OpError> {
        let mut by_status: Vec<(Status, u32)> = Status::ALL.iter().map(|status| (*status, 0)).collect();
        for mut row in tx.query("select status, count(*) from tasks group by status", &[]).await? {
            let (status, count): (Status, u32) = (row.parse()?, row.count()?);
            if let Some(slot) = by_status.iter_mut().find(|(known, _)| *known == status) {
                slot.1 = count;
            }
        }
        let by_assignee = tx
            .query(
                "select assignee, status, count(*) from tasks where status <> 'archived' \
                 group by assignee, status order by assignee, status",
                &[],
            )
            .await?
            .into_iter()
            .map(|mut row| Ok((row.opt_text()?, row.parse()?, row.count()?)))
            .collect::<Result<_, OpError>>()?;
        let oldest = first(tx, "select min(created_at) from tasks where status = 'ready'", &[]).await?;
        let by_outcome = tx
            .query("select outcome, count(*) from runs where outcome is not null group by outcome order by outcome", &[])
            .await?
            .into_iter()
            .map(|mut row| Ok((row.text()?, row.count()?)))
            .collect::<Result<_, OpError>>()?;
        let consumed = tx
            .query(
                "select profile, count(*), cast(sum(input_tokens) as bigint), cast(sum(output_tokens) as bigint), \
                 cast(sum(cached_tokens) as bigint), cast(sum(cost_micros) as bigint) from runs \
                 where input_tokens is not null or output_tokens is not null or cost_micros is not null \
                 group by profile order by profile",
                &[],
            )
            .await?
            .into_iter()
            .map(|mut row| {
                let (profile, runs) = (row.opt_parse()?, row.count()?);
                let usage = Usage {
                    input_tokens: row.opt_int()?,
                    output_tokens: row.opt_int()?,
                    cached_tokens: row.opt_int()?,
                    cost_micros: row.opt_int()?,
                    ..Usage::default()
                };
                Ok((profile, runs, usage))
            })
            .collect::<Result<_, OpError>>()?;
        Ok(Stats {
            consumed,
            by_status,
            by_assignee,
            oldest_ready: oldest.map_or(Ok(None), |mut row| row.opt_at())?,
            by_outcome,
            live: runs::live(tx).await?,
            pauses: boards::pauses(tx).await?,
            cooldowns: boards::cooldowns(tx).await?,
            hosts: boards::hosts(tx).await?,
            now: tx.now(),
        })
    }
}

/// Asks who has tasks on the board.
#[derive(Clone, Debug)]
pub struct Assignees;

impl Operation for Assignees {
    type Reply = Vec<(String, u32)>;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<(String, u32)>, OpError> {
        let rows = tx
            .query(
                "select assignee, count(*) from tasks where assignee is not null and status <> 'archived' \
                 group by assignee order by assignee",
                &[],
            )
            .await?;
        rows.into_iter().map(|mut row| Ok((row.text()?, row.count()?))).collect()
    }
}
