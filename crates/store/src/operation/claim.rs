//! Claim tasks: by a dispatcher, in batches, under the caps; or one by hand.

use std::collections::BTreeMap;

use andon_core::dispatch::{Candidate, Room, choose, room};
use andon_core::roster::Roster;
use andon_core::task::{Event, Refusal, Status};
use andon_core::{Policy, ProfileName, TaskId};
use serde_json::json;

use super::create::apply_default_assignee;
use crate::caller::{Caller, new_token, token_hash};
use crate::error::OpError;
use crate::lifecycle::{Extra, Known, advance, pause_over};
use crate::sql::boards::{Cooldown, Standing};
use crate::sql::leases::Holder;
use crate::sql::runs::{Live, Run, Usage};
use crate::sql::tasks::{self, Task};
use crate::sql::{boards, leases, runs};
use crate::tx::{Floor, Lock, Operation, Reach, Tx};

/// Candidates of one profile that one claim looks at.
const LOOK: u32 = 64;

/// Claims as many tasks as the caps allow, for profiles that the caller can run.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The claiming host.
    pub host: String,
    /// The claiming process, which will start the supervisors; none where it is not known.
    pub claimer: Option<Holder>,
    /// Profiles that this host can run now, with their caps; lanes are never claimed.
    pub roster: Roster,
    /// The board's cap.
    pub max_running: Option<u32>,
    /// The cap of profiles that have none of their own.
    pub max_running_per_profile: Option<u32>,
    /// Free places on this host.
    pub host_room: Option<u32>,
    /// The cap of this host on this board; also other dispatchers of the host count against it.
    pub max_running_per_host: Option<u32>,
    /// What this host has: tasks that ask for more are left to others.
    pub labels: Vec<String>,
    /// At most so many.
    pub batch: u32,
    /// Tasks that the respawn guard holds back.
    pub skip: Vec<TaskId>,
    /// Limits and times.
    pub policy: Policy,
}

/// A claimed task.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The task, running.
    pub task: Task,
    /// Its run.
    pub run: Run,
    /// The run's secret; only its hash is stored.
    pub token: String,
    /// When the lease runs out.
    pub expires_at: andon_core::Millis,
}

impl Operation for Claim {
    type Reply = Vec<Claimed>;

    fn reach(&self) -> Reach {
        Reach::Ready
    }

    /// Two claims of one host under the same rules are one larger claim: the second takes what the first leaves. Places that
    /// a claimer holds on its host are its own.
    fn merged(&self, other: &Self) -> Option<Self> {
        let batch = self.batch.saturating_add(other.batch);
        let alike = self.host_room.is_none() && Self { batch: self.batch, ..other.clone() } == *self;
        (alike && batch <= LOOK).then(|| Self { batch, ..self.clone() })
    }

    fn share(&self, reply: &mut Vec<Claimed>) -> Option<Vec<Claimed>> {
        Some(reply.drain(..reply.len().min(self.batch as usize)).collect())
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<Claimed>, OpError> {
        tx.lock(Lock::Caps).await?;
        let standing = boards::standing(tx).await?;
        // Also while paused: a back-off that has passed must not stay the next deadline.
        if standing.ripe {
            tasks::ripen(tx).await?;
        }
        if standing.pauses.iter().any(|scope| matches!(scope.as_str(), "everything" | "board")) {
            return Ok(Vec::new());
        }
        if let Some(assignee) = &self.roster.default_assignee
            && self.roster.profiles.contains_key(assignee)
        {
            for task in tasks::ready_unassigned(tx, self.batch).await? {
                apply_default_assignee(tx, &task, assignee).await?;
            }
        }
        let cooling = &standing.cooldowns;
        let room = self.room(tx, cooling).await?;
        let candidates = self.look(tx, &standing, &room).await?;
        let firsts = firsts(&candidates);
        let chosen = choose(candidates, &room);
        for (profile, first) in firsts {
            let taken = chosen.iter().filter(|one| one.profile == profile).count();
            tx.found(&profile, first, u32::try_from(taken).unwrap_or(u32::MAX));
        }
        for candidate in &chosen {
            tasks::find_free_soon(tx, &candidate.task).await?;
            runs::claim_facts_soon(tx, &candidate.task).await?;
        }
        let mut claimed = Vec::new();
        for candidate in chosen {
            let probing = cooling.iter().find(|cooldown| cooldown.profile == candidate.profile);
            if let Some(claim) = self.one(tx, &candidate, &standing).await? {
                if let Some(cooldown) = probing {
                    let probe = Some(claim.run.id.to_string());
                    boards::set_cooldown(tx, &Cooldown { probe, ..cooldown.clone() }).await?;
                }
                claimed.push(claim);
            }
        }
        Ok(claimed)
    }
}

impl Claim {
    /// One budget over all caps; runs count until they are reaped (mends Q-07).
    async fn room<T: Tx>(&self, tx: &mut T, cooling: &[Cooldown]) -> Result<Room, OpError> {
        let capped = self.max_running.is_some()
            || self.max_running_per_profile.is_some()
            || self.max_running_per_host.is_some()
            || self.roster.profiles.values().any(|facts| facts.max_running.is_some());
        let live = if capped { runs::live(tx).await? } else { Live::default() };
        let now = tx.now();
        let mut profiles = BTreeMap::new();
        for (profile, facts) in &self.roster.profiles {
            let cap = facts.max_running.or(self.max_running_per_profile);
            let mut left = room(cap, live.of(profile)).unwrap_or(u32::MAX);
            if let Some(cooldown) = cooling.iter().find(|cooldown| cooldown.profile == *profile) {
                // After its time one run probes; the others wait for what it finds.
                let probing = cooldown.until <= now && cooldown.probe.is_none();
                left = if probing { left.min(1) } else { 0 };
            }
            profiles.insert(profile.clone(), left);
        }
        Ok(Room {
            board: room(self.max_running, live.total()),
            host: [self.host_room, room(self.max_running_per_host, live.on(&self.host))]
                .into_iter()
                .flatten()
                .min(),
            batch: Some(self.batch),
            profiles,
        })
    }

    /// What may be claimed, of every profile that has room.
    async fn look<T: Tx>(
        &self,
        tx: &mut T,
        standing: &Standing,
        room: &Room,
    ) -> Result<Vec<Candidate>, OpError> {
        let fits = fits(&standing.requirements, &self.labels);
        let mut wanted = Vec::new();
        for (profile, facts) in &self.roster.profiles {
            let paused = standing.pauses.iter().any(|scope| *scope == format!("profile:{profile}"));
            let places = room.of(profile);
            if facts.lane || paused || places == 0 {
                continue;
            }
            let look = places
                .min(self.batch)
                .min(LOOK)
                .saturating_add(u32::try_from(self.skip.len()).unwrap_or(LOOK));
            wanted.push((profile, look));
        }
        for (profile, look) in &wanted {
            tasks::claimable_soon(tx, profile, &fits, *look).await?;
        }
        let mut candidates = Vec::new();
        for (profile, look) in wanted {
            candidates.extend(self.candidates(tx, profile, &fits, look).await?);
        }
        Ok(candidates)
    }

    async fn candidates<T: Tx>(
        &self,
        tx: &mut T,
        profile: &ProfileName,
        fits: &str,
        look: u32,
    ) -> Result<Vec<Candidate>, OpError> {
        let rows = tasks::claimable_of(tx, profile, fits, look).await?;
        let mut candidates = Vec::with_capacity(rows.len());
        for mut row in rows {
            let candidate = Candidate {
                task: row.parse()?,
                priority: row.int()?,
                created_at: row.at()?,
                profile: profile.clone(),
            };
            if !self.skip.contains(&candidate.task) {
                candidates.push(candidate);
            }
        }
        Ok(candidates)
    }

    async fn one<T: Tx>(
        &self,
        tx: &mut T,
        candidate: &Candidate,
        standing: &Standing,
    ) -> Result<Option<Claimed>, OpError> {
        let Some(task) = tasks::find_free(tx, &candidate.task).await? else { return Ok(None) };
        // The room of a profile that cools down was counted above: what is chosen here may start.
        let opening = Opening {
            host: Some(&self.host),
            claimer: self.claimer.as_ref(),
            by_hand: false,
            forced: true,
            ttl: self.policy.lease_ttl,
            standing,
        };
        match open_run(tx, task, &Caller::system(), &self.policy, &opening).await {
            Ok(claimed) => Ok(claimed),
            // Another rule keeps this one back; the others go on.
            Err(OpError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Of the work of each profile, as it was found in its order: the first of the least urgent.
fn firsts(candidates: &[Candidate]) -> BTreeMap<ProfileName, Floor> {
    let mut firsts: BTreeMap<ProfileName, Floor> = BTreeMap::new();
    for candidate in candidates {
        let floor = Floor { priority: candidate.priority, created_at: candidate.created_at };
        let known = firsts.entry(candidate.profile.clone()).or_insert(floor);
        let older = floor.priority == known.priority && floor.created_at < known.created_at;
        if floor.priority < known.priority || older {
            *known = floor;
        }
    }
    firsts
}

/// The sets of labels that a host with these labels meets, one after the other.
fn fits(requirements: &[String], labels: &[String]) -> String {
    let met = |set: &&String| {
        let set: Vec<String> = serde_json::from_str(set).unwrap_or_default();
        !set.is_empty() && set.iter().all(|label| labels.contains(label))
    };
    requirements.iter().filter(met).fold("[]".to_owned(), |text, set| text + set)
}

struct Opening<'a> {
    host: Option<&'a str>,
    claimer: Option<&'a Holder>,
    by_hand: bool,
    /// Whatever cools down.
    forced: bool,
    ttl: i64,
    standing: &'a Standing,
}

/// Moves the task to running and opens its run with its lease. None: it was found with open parents and demoted.
async fn open_run<T: Tx>(
    tx: &mut T,
    task: Task,
    caller: &Caller,
    policy: &Policy,
    opening: &Opening<'_>,
) -> Result<Option<Claimed>, OpError> {
    let id = tx.run_id();
    let token = new_token(tx);
    let phase = task.state.phase;
    let profile = task.executor().cloned();
    let facts = runs::claim_facts(tx, &task.id).await?;
    let attempt = facts.attempt;
    let cooling = profile.as_ref().filter(|_| !opening.forced);
    let cooling = cooling.and_then(|profile| opening.standing.cooling(profile, tx.now()));
    let paused = pause_over(opening.standing.pauses.iter().map(String::as_str), &task);
    let data =
        json!({ "attempt": attempt, "profile": profile, "host": opening.host, "by_hand": opening.by_hand });
    let extra = Extra { data, known: Some(Known { facts, paused, cooling }), ..Extra::default() };
    let event = Event::Claim { run: id.clone() };
    let (task, _) = advance(tx, task, &event, caller, policy, &extra).await?;
    if task.state.status != Status::Running {
        return Ok(None);
    }
    let now = tx.now();
    let run = Run {
        id,
        task: task.id.clone(),
        attempt,
        kind: phase,
        profile,
        host: opening.host.map(str::to_owned),
        by_hand: opening.by_hand,
        token_hash: token_hash(&token),
        started_at: now,
        spawned_at: None,
        ended_at: None,
        ended_by_self: false,
        reaped_at: None,
        outcome: None,
        exit_code: None,
        signal: None,
        summary: None,
        metadata: serde_json::Value::Null,
        error: None,
        fingerprint: None,
        workspace_path: None,
        usage: Usage::default(),
    };
    runs::insert(tx, &run).await?;
    let expires_at = now.plus(opening.ttl);
    leases::insert(tx, &run.id, expires_at, opening.ttl, opening.claimer).await?;
    Ok(Some(Claimed { task, run, token, expires_at }))
}

/// Claims one task by hand: the named one, or the next of a profile.
#[derive(Clone, Debug)]
pub struct ClaimByHand {
    /// Which task.
    pub task: Option<TaskId>,
    /// Or whose next one.
    pub profile: Option<ProfileName>,
    /// The lease, milliseconds.
    pub ttl: i64,
    /// Although its profile cools down.
    pub force: bool,
    /// Who claims.
    pub caller: Caller,
    /// Limits.
    pub policy: Policy,
}

impl Operation for ClaimByHand {
    type Reply = Claimed;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Claimed, OpError> {
        tx.lock(Lock::Caps).await?;
        let standing = boards::standing(tx).await?;
        if standing.ripe {
            tasks::ripen(tx).await?;
        }
        let opening = Opening {
            host: None,
            claimer: None,
            by_hand: true,
            forced: self.force,
            ttl: self.ttl,
            standing: &standing,
        };
        if let Some(id) = &self.task {
            let task = tasks::get(tx, id).await?;
            let claimed = open_run(tx, task, &self.caller, &self.policy, &opening).await?;
            return claimed.ok_or_else(|| Refusal::OpenParents { count: 1, parents: Vec::new() }.into());
        }
        let Some(profile) = &self.profile else {
            return Err(Refusal::invalid("claim", "", "name a task or a profile").into());
        };
        // Whoever claims by hand knows what is at hand.
        let all = format!("[]{}", standing.requirements.concat());
        for mut row in tasks::claimable_of(tx, profile, &all, LOOK).await? {
            let id: TaskId = row.parse()?;
            let task = tasks::get(tx, &id).await?;
            match open_run(tx, task, &self.caller, &self.policy, &opening).await {
                Ok(Some(claimed)) => return Ok(claimed),
                Ok(None) => {}
                Err(OpError::Refused { refusal, .. })
                    if matches!(*refusal, Refusal::Paused(_) | Refusal::CoolingDown { .. }) =>
                {
                    return Err((*refusal).into());
                }
                Err(OpError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Refusal::NothingToClaim(profile.to_string()).into())
    }
}
