//! Why a task does not run: the facts for [`andon_core::why`], with a bounded number of look-ups.

use andon_core::nearest::nearest;
use andon_core::roster::Roster;
use andon_core::run::Outcome;
use andon_core::task::{BlockKind, EventKind, Phase, Status};
use andon_core::why::{
    Cap, Guarded, LiveRun, OpenParent, PARENTS, Pause, Scope, Standing, UnreapedRun, WhyFacts,
};
use andon_core::{Millis, ProfileName, RunId, TaskId};

use crate::error::OpError;
use crate::sql::boards::{self, Host};
use crate::sql::leases;
use crate::sql::links;
use crate::sql::plans;
use crate::sql::runs;
use crate::sql::tasks::{self, Task};
use crate::tx::{Operation, Tx, first};
use crate::vals;

/// What bears on whether a task runs and the board does not know: the caller fills it in.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Who can be an assignee; none when nobody has looked.
    pub roster: Option<Roster>,
    /// The board's cap.
    pub max_running: Option<u32>,
    /// The cap of profiles that have none of their own.
    pub max_running_per_profile: Option<u32>,
    /// Caps beyond the board: of the host.
    pub caps: Vec<Cap>,
}

/// Asks why one task does not run.
#[derive(Clone, Debug)]
pub struct WhyOf {
    /// Which.
    pub task: TaskId,
    /// What the board does not know.
    pub surroundings: Surroundings,
}

impl Operation for WhyOf {
    type Reply = WhyFacts;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<WhyFacts, OpError> {
        let task = tasks::get(tx, &self.task).await?;
        self.facts(tx, task).await
    }
}

impl WhyOf {
    async fn facts<T: Tx>(&self, tx: &mut T, task: Task) -> Result<WhyFacts, OpError> {
        let roster = self.surroundings.roster.as_ref();
        let reviewer = match (task.state.phase, roster) {
            (Phase::Work, Some(roster)) => {
                roster.reviewer_for(task.reviewer.as_ref(), task.assignee.as_ref())
            }
            (Phase::Work | Phase::Review, _) => task.reviewer.clone(),
        };
        let default_assignee = roster.and_then(|roster| roster.default_assignee.clone());
        let next = match task.state.phase {
            Phase::Work => task.assignee.clone().or_else(|| default_assignee.clone()),
            Phase::Review => reviewer.clone(),
        };
        let unreaped = runs::unreaped_of(tx, &task.id).await?;
        let lease = match &unreaped {
            Some(run) => leases::find(tx, &run.id).await?,
            None => None,
        };
        let place = |host: &Option<String>| {
            let holder = lease.as_ref().and_then(|lease| lease.holder.as_ref()).map(|holder| &holder.host);
            holder.or(host.as_ref()).cloned().unwrap_or_else(|| "no host".to_owned())
        };
        let run = unreaped.as_ref().filter(|run| run.ended_at.is_none()).map(|run| LiveRun {
            run: run.id.clone(),
            phase: run.kind,
            profile: run.profile.clone(),
            host: place(&run.host),
            started_at: run.started_at,
            lease_expires_at: lease.as_ref().map(|lease| lease.facts.expires_at),
            progress_at: lease.as_ref().and_then(|lease| lease.progress_at),
        });
        let ended = unreaped.as_ref().and_then(|run| {
            let ended_at = run.ended_at?;
            Some(UnreapedRun { run: run.id.clone(), host: place(&run.host), ended_at })
        });
        let cooling = boards::cooldowns(tx).await?;
        let cooling = cooling.into_iter().find(|cooldown| Some(&cooldown.profile) == next.as_ref());
        let hosts = boards::hosts(tx).await?;
        let now = tx.now();
        let live: Vec<&Host> = hosts.iter().filter(|host| host.is_live(now)).collect();
        let meets = |host: &&Host| task.requires.iter().all(|label| host.facts.labels.contains(label));
        let unmet = !task.requires.is_empty() && !live.is_empty() && !live.iter().any(meets);
        let elsewhere = next.as_ref().is_some_and(|next| {
            live.iter().any(|host| host.facts.profiles.iter().any(|name| name == next.as_str()))
        });
        let mut standing = standing(roster, next.as_ref());
        if elsewhere && matches!(standing, Standing::Unknown { .. }) {
            standing = Standing::Known;
        }
        Ok(WhyFacts {
            unmet_labels: if unmet { task.requires.clone() } else { Vec::new() },
            max_retries: task.max_retries,
            last_outcome: last_outcome(tx, &task.id).await?,
            open_parents: open_parents(tx, &task.id).await?,
            open_parents_total: links::open_parents(tx, &task.id).await? as usize,
            profile: standing,
            pauses: pauses(tx, next.as_ref()).await?,
            caps: self.caps(tx, next.as_ref()).await?,
            cooling_until: cooling.map(|cooldown| cooldown.until),
            unreaped: ended,
            guarded: guarded(tx, &task.id).await?,
            dispatcher_seen_at: hosts.first().map(|host| host.last_seen),
            planning: match task.state.status {
                Status::Triage => plans::find(tx, &task.id).await?.map(|plan| plan.planning),
                Status::Todo
                | Status::Scheduled
                | Status::Ready
                | Status::Running
                | Status::Review
                | Status::Blocked
                | Status::Done
                | Status::Archived => None,
            },
            run,
            assignee: task.assignee,
            reviewer,
            default_assignee,
            state: task.state,
            task: task.id,
        })
    }

    async fn caps<T: Tx>(&self, tx: &mut T, next: Option<&ProfileName>) -> Result<Vec<Cap>, OpError> {
        let around = &self.surroundings;
        let live = runs::live(tx).await?;
        let mut caps = around.caps.clone();
        if let Some(limit) = around.max_running {
            let running = live.total();
            caps.push(Cap { scope: Scope::Board, running, limit });
        }
        let Some(next) = next else { return Ok(caps) };
        let own =
            around.roster.as_ref().and_then(|roster| roster.profiles.get(next)).and_then(|p| p.max_running);
        if let Some(limit) = own.or(around.max_running_per_profile) {
            caps.push(Cap { scope: Scope::Profile(next.clone()), running: live.of(next), limit });
        }
        Ok(caps)
    }
}

/// What the profiles of this host say of a name.
#[must_use]
pub(super) fn standing(roster: Option<&Roster>, name: Option<&ProfileName>) -> Standing {
    let (Some(roster), Some(name)) = (roster, name) else { return Standing::Unseen };
    if let Some(facts) = roster.profiles.get(name) {
        return if facts.lane { Standing::Lane } else { Standing::Known };
    }
    if let Some(problem) = roster.broken.get(name.as_str()) {
        return Standing::Broken { problem: problem.clone() };
    }
    let names = nearest(name.as_str(), roster.profiles.keys().map(ProfileName::as_str));
    Standing::Unknown { nearest: names.into_iter().filter_map(|name| name.parse().ok()).collect() }
}

/// The cords that cover a task of this profile.
async fn pauses<T: Tx>(tx: &mut T, next: Option<&ProfileName>) -> Result<Vec<Pause>, OpError> {
    let known = boards::pauses(tx).await?;
    Ok(known
        .into_iter()
        .filter_map(|pause| {
            let scope = match pause.scope.strip_prefix("profile:") {
                Some(name) if Some(name) == next.map(ProfileName::as_str) => {
                    Scope::Profile(name.parse().ok()?)
                }
                Some(_) => return None,
                None if pause.scope == "everything" => Scope::Everything,
                None => Scope::Board,
            };
            Some(Pause { scope, at: pause.at, by: pause.by, reason: pause.reason.unwrap_or_default() })
        })
        .collect())
}

async fn last_outcome<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Option<Outcome>, OpError> {
    let row = first(
        tx,
        "select outcome from runs where task_id = $1 and outcome is not null order by attempt desc limit 1",
        vals![task],
    )
    .await?;
    Ok(row.map(|mut row| row.parse()).transpose()?)
}

async fn open_parents<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Vec<OpenParent>, OpError> {
    let rows = tx
        .query(
            "select tasks.id, tasks.status, tasks.block_kind, tasks.block_reason, tasks.held, tasks.scheduled_at, \
             tasks.assignee, (select count(*) from links above join tasks grand on grand.id = above.parent_id \
             where above.child_id = tasks.id and grand.satisfied = 0) \
             from links join tasks on tasks.id = links.parent_id \
             where links.child_id = $1 and tasks.satisfied = 0 order by tasks.id limit $2",
            vals![task, u32::try_from(PARENTS).unwrap_or(u32::MAX)],
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let mut row = row.of("task");
            let (id, status): (TaskId, Status) = (row.parse()?, row.parse()?);
            let kind: Option<BlockKind> = row.opt_parse()?;
            let reason = row.opt_text()?.unwrap_or_default();
            let held = row.flag()?;
            let scheduled_at = row.opt_at()?;
            let assignee = row.opt_parse()?;
            let open_parents = row.count()? as usize;
            let block = kind.map(|kind| (kind, reason));
            Ok(OpenParent { id, status, block, held, open_parents, scheduled_at, assignee })
        })
        .collect()
}

/// What the respawn guard found, unless something has happened to the task since.
async fn guarded<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Option<Guarded>, OpError> {
    let row = first(
        tx,
        "select kind, data from events where task_id = $1 and kind not in ('commented', 'attached', 'attachment_removed', \
         'reprioritized', 'reaped', 'workspace') order by number desc limit 1",
        vals![task],
    )
    .await?;
    let Some(mut row) = row else { return Ok(None) };
    if row.text()? != EventKind::RespawnGuarded.as_str() {
        return Ok(None);
    }
    let data = row.json()?;
    let reason =
        data.get("reason").and_then(|reason| reason.as_str()).unwrap_or("the respawn guard").to_owned();
    let until = data.get("until").and_then(serde_json::Value::as_i64).map(Millis);
    Ok(Some(Guarded { reason, until }))
}

/// The run that a caller names, when it is the task's.
pub(super) async fn run_of<T: Tx>(
    tx: &mut T,
    task: &TaskId,
    run: Option<&RunId>,
) -> Result<Option<runs::Run>, OpError> {
    match run {
        Some(run) => Ok(runs::find(tx, run).await?.filter(|run| run.task == *task)),
        None => Ok(None),
    }
}
