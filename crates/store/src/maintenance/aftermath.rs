//! What is done to a database that comes back from a backup, a recovery or another board before anybody works on it: its
//! epoch is raised, so that readers know that their places are of another past, and its open runs end as interrupted.

use andon_core::run::{Ending, Failure};
use andon_core::task::EventKind;
use andon_core::{Policy, RunId};
use serde_json::json;

use crate::error::OpError;
use crate::operation::EndRun;
use crate::sql::events::{self, NewEvent};
use crate::sql::runs::{self, Words};
use crate::sql::{boards, leases, subscriptions, tasks};
use crate::tx::{Operation, Tx};

/// Raises the epoch and ends open runs, in one transaction with the event that says so.
#[derive(Clone, Debug)]
pub(crate) struct Aftermath {
    /// The new epoch.
    pub(crate) epoch: i64,
    /// Another identity, where the database becomes another board.
    pub(crate) identity: Option<String>,
    /// Where it comes from, in words.
    pub(crate) from: String,
    /// Limits.
    pub(crate) policy: Policy,
}

impl Operation for Aftermath {
    type Reply = Vec<RunId>;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Vec<RunId>, OpError> {
        boards::set_meta(tx, "epoch", &self.epoch.to_string()).await?;
        if let Some(identity) = &self.identity {
            boards::set_meta(tx, "identity", identity).await?;
        }
        subscriptions::carry_on(tx, self.epoch).await?;
        let mut ended = Vec::new();
        for (run, _) in leases::live(tx).await? {
            if run.ended_at.is_none() {
                interrupt(tx, &run, &self.from, &self.policy).await?;
                ended.push(run.id);
            }
        }
        let event = NewEvent {
            task: None,
            run: None,
            kind: EventKind::Restored,
            actor: "andon".to_owned(),
            data: json!({ "from": self.from, "epoch": self.epoch, "interrupted": ended }),
        };
        events::append(tx, &event).await?;
        Ok(ended)
    }
}

/// Ends an open run as interrupted: through the lifecycle where the task agrees that it is its run, else the run alone.
pub(super) async fn interrupt<T: Tx>(
    tx: &mut T,
    run: &runs::Run,
    why: &str,
    policy: &Policy,
) -> Result<(), OpError> {
    let task = tasks::find(tx, &run.task).await?;
    let error = format!("interrupted: {why}");
    if task.is_some_and(|task| task.state.current_run.as_ref() == Some(&run.id)) {
        let end = EndRun {
            run: run.id.clone(),
            ending: Ending::Failed(Failure::Interrupted),
            error,
            words: Words::default(),
            resets_at: None,
            reaped: false,
            policy: policy.clone(),
        };
        return end.apply(tx).await;
    }
    let outcome = Failure::Interrupted.outcome();
    runs::end(tx, &run.id, outcome, false, Some(&error), &Words::default(), false).await?;
    if leases::find(tx, &run.id).await?.is_none_or(|lease| lease.holder.is_none()) {
        runs::reaped(tx, &run.id, None, None).await?;
        leases::delete(tx, &run.id).await?;
    }
    Ok(())
}
