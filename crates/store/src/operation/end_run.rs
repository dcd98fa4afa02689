//! The end of a run, written by its supervisor in one transaction: outcome, counter, back-off, breaker, exit (§6).

use andon_core::run::{Ending, Failure, cooldown};
use andon_core::task::{End, Event, EventKind};
use andon_core::{Millis, Policy, RunId};
use serde_json::json;

use super::complete::{Handoff, scan_prose};
use crate::caller::Caller;
use crate::error::OpError;
use crate::lifecycle::{Extra, advance};
use crate::sql::boards::{self, Cooldown};
use crate::sql::events::{self, NewEvent};
use crate::sql::leases;
use crate::sql::runs::{self, Run, Words};
use crate::sql::tasks;
use crate::tx::{Lock, Operation, Ring, Tx};

/// Ends a run as its process ended. A run that has ended already is left as it is; its exit is recorded by [`Reap`].
#[derive(Clone, Debug)]
pub struct EndRun {
    /// Which run.
    pub run: RunId,
    /// What its exit means.
    pub ending: Ending,
    /// The words of a failure, or of a request for changes.
    pub error: String,
    /// The handoff, exit code, signal and the sign of a crash.
    pub words: Words,
    /// When the rate limit that ended it is over, where that was said.
    pub resets_at: Option<Millis>,
    /// The process tree is gone: reap it in the same transaction.
    pub reaped: bool,
    /// Limits.
    pub policy: Policy,
}

impl Operation for EndRun {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        if matches!(self.ending, Ending::Failed(Failure::RateLimited | Failure::Crashed)) {
            // Cool-downs and crashes alike are counted over tasks: one end after the other.
            tx.lock(Lock::Caps).await?;
        }
        if matches!(self.ending, Ending::Failed(Failure::RateLimited | Failure::Crashed)) {
            // Cool-downs and crashes alike are counted over tasks: one end after the other.
            tx.lock(Lock::Caps).await?;
        }
        let run = runs::get(tx, &self.run).await?;
        if run.ended_at.is_none() {
            self.end(tx, &run).await?;
        }
        if self.reaped {
            reap(tx, &run, self.words.exit_code, self.words.signal).await?;
        }
        Ok(())
    }
}

impl EndRun {
    async fn end<T: Tx>(&self, tx: &mut T, run: &Run) -> Result<(), OpError> {
        let task = tasks::get(tx, &run.task).await?;
        let worker = Caller {
            actor: andon_core::task::Actor::Worker { profile: run.profile.clone(), run: run.id.clone() },
            token: None,
            routes: false,
        };
        let event = match self.ending {
            Ending::Complete => Event::Complete,
            Ending::Approve => Event::Approve,
            Ending::RequestChanges => Event::RequestChanges { reason: self.error.clone() },
            Ending::Failed(failure) => {
                let systemic = self.systemic(tx, run, failure).await?;
                Event::RunEnded(End { run: run.id.clone(), failure, error: self.error.clone(), systemic })
            }
        };
        self.cool(tx, run).await?;
        let handoff = Handoff { summary: self.words.summary.clone(), metadata: self.words.metadata.clone() };
        let ends_well = matches!(self.ending, Ending::Complete | Ending::Approve);
        let extra = Extra {
            words: self.words.clone(),
            result: handoff.summary.clone().filter(|_| ends_well),
            data: json!({
                "exit_code": self.words.exit_code, "signal": self.words.signal, "summary": handoff.headline(),
                "artifacts": handoff.artifacts(),
            }),
            known: None,
        };
        let (task, _) = advance(tx, task, &event, &worker, &self.policy, &extra).await?;
        if ends_well {
            scan_prose(tx, &task, &worker.actor, &handoff).await?;
        }
        Ok(())
    }

    /// Three distinct tasks of one profile within five minutes with one fingerprint (SD2-08).
    async fn systemic<T: Tx>(&self, tx: &mut T, run: &Run, failure: Failure) -> Result<bool, OpError> {
        let (Failure::Crashed, Some(profile), Some(sign)) = (failure, &run.profile, &self.words.fingerprint)
        else {
            return Ok(false);
        };
        let since = tx.now().plus(-self.policy.systemic_window);
        let others = runs::alike(tx, profile, sign, since, &run.task).await?;
        Ok(others + 1 >= self.policy.systemic_tasks)
    }

    /// A rate limit cools the whole profile down; anything else of a probing run ends the cool-down.
    async fn cool<T: Tx>(&self, tx: &mut T, run: &Run) -> Result<(), OpError> {
        let Some(profile) = &run.profile else { return Ok(()) };
        let known = boards::cooldowns(tx).await?.into_iter().find(|cooldown| cooldown.profile == *profile);
        if self.ending != Ending::Failed(Failure::RateLimited) {
            if known.is_some_and(|known| known.probe.as_deref() == Some(run.id.as_str())) {
                boards::clear_cooldown(tx, profile).await?;
            }
            return Ok(());
        }
        let now = tx.now();
        let (step, until, probe) = match known {
            // Runs that started before the cool-down say nothing new: one probe stays one.
            Some(known) if known.probe.as_deref() != Some(run.id.as_str()) => {
                (known.step, known.until, known.probe)
            }
            known => {
                let step = known.map_or(0, |known| known.step).saturating_add(1);
                // Who set the limit knows its end better than any guess.
                let said = self.resets_at.filter(|at| *at > now);
                (step, said.unwrap_or_else(|| now.plus(cooldown(step, &self.policy))), None)
            }
        };
        boards::set_cooldown(tx, &Cooldown { profile: profile.clone(), until, step, probe }).await?;
        let event = NewEvent {
            task: Some(run.task.clone()),
            run: Some(run.id.clone()),
            kind: EventKind::CoolingDown,
            actor: "andon".to_owned(),
            data: json!({ "profile": profile, "until": until, "step": step }),
        };
        Ok(events::append(tx, &event).await?)
    }
}

/// Records that the process tree of an ended run is gone: only now may the task run again.
#[derive(Clone, Debug)]
pub struct Reap {
    /// Which run.
    pub run: RunId,
    /// Its exit code, where it is known.
    pub exit_code: Option<i64>,
    /// Or the signal.
    pub signal: Option<i64>,
}

impl Operation for Reap {
    type Reply = bool;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        let Some(run) = runs::find(tx, &self.run).await? else { return Ok(false) };
        reap(tx, &run, self.exit_code, self.signal).await
    }
}

async fn reap<T: Tx>(
    tx: &mut T,
    run: &Run,
    exit_code: Option<i64>,
    signal: Option<i64>,
) -> Result<bool, OpError> {
    if !runs::reaped(tx, &run.id, exit_code, signal).await? {
        return Ok(false);
    }
    leases::delete(tx, &run.id).await?;
    // A probe that ended by its own word has found the limit gone.
    if let Some(profile) = &run.profile {
        let known = boards::cooldowns(tx).await?.into_iter().find(|cooldown| cooldown.profile == *profile);
        if known.is_some_and(|known| known.probe.as_deref() == Some(run.id.as_str())) {
            boards::clear_cooldown(tx, profile).await?;
        }
    }
    tx.ring(Ring::Board);
    Ok(true)
}
