//! Leases: renewals by supervisors, heartbeats by workers, and what a dispatcher does about one that ran out.

use andon_core::run::{Expiry, Failure, Renewal, expiry, renewal};
use andon_core::task::{End, Event, EventKind};
use andon_core::{Millis, Policy, RunId};
use serde_json::json;

use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::events::{self, NewEvent};
use crate::sql::leases::{self, Holder};
use crate::sql::runs::{self, Run};
use crate::sql::tasks;
use crate::tx::{Class, Lock, Operation, Reach, Tx};

/// Renews a supervisor's lease. No event, no ring.
#[derive(Clone, Debug)]
pub struct Renew {
    /// Which run.
    pub run: RunId,
    /// Who holds it.
    pub holder: Holder,
    /// Whether the worker wrote output since the last renewal: progress without a heartbeat.
    pub progress: bool,
    /// Times.
    pub policy: Policy,
}

/// The answer to a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Go on, finish, or stop.
    pub renewal: Renewal,
    /// When the lease runs out.
    pub expires_at: Millis,
    /// When the worker last made progress.
    pub progress_at: Option<Millis>,
}

impl Operation for Renew {
    type Reply = Renewed;

    fn class(&self) -> Class {
        Class::Renewal
    }

    fn reach(&self) -> Reach {
        Reach::Tasks(Vec::new())
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Renewed, OpError> {
        let now = tx.now();
        let run = runs::find(tx, &self.run).await?;
        let lease = leases::find(tx, &self.run).await?;
        let held = lease.as_ref().is_some_and(|lease| lease.holder.as_ref() == Some(&self.holder));
        let answer = if held {
            renewal(run.as_ref().map(Run::facts).as_ref(), &self.policy, now)
        } else {
            Renewal::Fenced
        };
        let expires_at = now.plus(self.policy.lease_ttl);
        if answer == Renewal::Ok {
            leases::renew(tx, &self.run, expires_at, false).await?;
            if self.progress {
                leases::progress(tx, &self.run, None).await?;
            }
        }
        Ok(Renewed { renewal: answer, expires_at, progress_at: lease.and_then(|lease| lease.progress_at) })
    }
}

/// A worker says that it makes progress (ST-10). For a run that was claimed by hand this renews the lease (ST-09).
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The worker, or the person who claimed by hand.
    pub caller: Caller,
    /// Whose run, when a person says it.
    pub task: Option<andon_core::TaskId>,
    /// What it does.
    pub note: Option<String>,
    /// Another lease for a claim by hand, milliseconds.
    pub ttl: Option<i64>,
    /// Times.
    pub policy: Policy,
}

impl Operation for Heartbeat {
    type Reply = Millis;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Millis, OpError> {
        let run = match (authorise(tx, &self.caller, self.task.as_ref(), "heartbeat for").await?, &self.task)
        {
            (Some(run), _) => run,
            (None, Some(task)) => {
                let task = tasks::get(tx, task).await?;
                let current =
                    task.state.current_run.clone().ok_or(andon_core::task::Refusal::WrongStatus {
                        verb: "heartbeat for",
                        status: task.state.status,
                        way_out: "only a running task makes progress",
                    })?;
                runs::get(tx, &current).await?
            }
            (None, None) => {
                return Err(andon_core::task::Refusal::invalid("heartbeat", "", "name the task").into());
            }
        };
        let now = tx.now();
        leases::progress(tx, &run.id, self.note.as_deref()).await?;
        let lease = leases::find(tx, &run.id).await?;
        let mut expires_at = lease.as_ref().map_or(now, |lease| lease.facts.expires_at);
        if run.by_hand {
            let ttl = self.ttl.or(lease.map(|lease| lease.facts.ttl)).unwrap_or(self.policy.claim_ttl);
            expires_at = now.plus(ttl);
            leases::renew(tx, &run.id, expires_at, false).await?;
        }
        let event = NewEvent {
            task: Some(run.task),
            run: Some(run.id),
            kind: EventKind::Heartbeat,
            actor: self.caller.actor.to_string(),
            data: self.note.as_ref().map_or(serde_json::Value::Null, |note| json!({ "note": note })),
        };
        events::append(tx, &event).await?;
        Ok(expires_at)
    }
}

/// Judges the lease of one open run, and extends it or ends the run as lost.
#[derive(Clone, Debug)]
pub struct JudgeLease {
    /// Which run.
    pub run: RunId,
    /// What this host knows of its supervisor; none when it is another host's or there is none.
    pub holder_alive: Option<bool>,
    /// Another boot of this host: what ran then is gone without anybody's fault.
    pub rebooted: bool,
    /// The dispatcher that claimed the run is gone and started nobody who could still take it: the run is over unless a
    /// supervisor has taken it after all.
    pub unstarted: bool,
    /// Limits.
    pub policy: Policy,
}

/// What was done about a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Nothing to do.
    Live,
    /// Extended once.
    Extended,
    /// The run has ended; its tree must be stopped and reaped.
    Ended,
}

impl Operation for JudgeLease {
    type Reply = Judged;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Judged, OpError> {
        let Some(run) = runs::find(tx, &self.run).await? else { return Ok(Judged::Live) };
        tx.lock(Lock::Tasks(vec![run.task.clone()])).await?;
        let Some(run) = runs::find(tx, &run.id).await? else { return Ok(Judged::Live) };
        let Some(lease) = leases::find(tx, &self.run).await? else { return Ok(Judged::Live) };
        if run.ended_at.is_some() {
            return Ok(Judged::Ended);
        }
        if self.unstarted {
            // A supervisor that came late and won goes on; one that comes later stands down.
            if !leases::untaken(tx, &run.id).await? {
                return Ok(Judged::Live);
            }
            self.lose(tx, run, lease).await?;
            return Ok(Judged::Ended);
        }
        let now = tx.now();
        match expiry(&lease.facts, self.holder_alive, now) {
            Expiry::Live => Ok(Judged::Live),
            Expiry::Extend => {
                let expires_at = now.plus(lease.facts.ttl);
                leases::renew(tx, &run.id, expires_at, true).await?;
                let event = NewEvent {
                    task: Some(run.task),
                    run: Some(run.id),
                    kind: EventKind::ClaimExtended,
                    actor: "andon".to_owned(),
                    data: json!({
                        "reason": "supervisor_alive", "holder": lease.holder,
                        "expires_was": lease.facts.expires_at, "expires_now": expires_at,
                        "progress_at": lease.progress_at,
                    }),
                };
                events::append(tx, &event).await?;
                Ok(Judged::Extended)
            }
            Expiry::Lost => {
                self.lose(tx, run, lease).await?;
                Ok(Judged::Ended)
            }
        }
    }
}

impl JudgeLease {
    async fn lose<T: Tx>(&self, tx: &mut T, run: Run, lease: leases::Lease) -> Result<(), OpError> {
        let (failure, error) = match (&lease.holder, self.rebooted, run.by_hand) {
            (_, true, _) => (Failure::Interrupted, "the host was restarted while it ran".to_owned()),
            (_, _, true) => (Failure::Lost, "the claim by hand ran out without a heartbeat".to_owned()),
            (None, _, false) if self.unstarted => {
                let claimer = lease.claimer.as_ref();
                let (pid, host) = claimer.map_or((0, "?"), |claimer| (claimer.pid, claimer.host.as_str()));
                let error =
                    format!("the dispatcher that claimed it (pid {pid} on {host}) died before its start");
                (Failure::Interrupted, error)
            }
            // No supervisor ever took it: that it could not start is no fault of the task.
            (None, _, false) => (Failure::Interrupted, "no supervisor took the run in time".to_owned()),
            (Some(holder), _, false) if self.holder_alive == Some(false) => {
                (Failure::Crashed, format!("its supervisor (pid {} on {}) is gone", holder.pid, holder.host))
            }
            (Some(holder), _, false) => (
                Failure::Lost,
                format!(
                    "its lease ran out; supervisor pid {} on {} did not renew it",
                    holder.pid, holder.host
                ),
            ),
        };
        let task = tasks::get(tx, &run.task).await?;
        let data = json!({
            "holder": lease.holder, "expires_at": lease.facts.expires_at, "progress_at": lease.progress_at,
        });
        let event = Event::RunEnded(End { run: run.id, failure, error, systemic: false });
        let extra = Extra { data, ..Extra::default() };
        advance(tx, task, &event, &Caller::system(), &self.policy, &extra).await.map(drop)
    }
}
