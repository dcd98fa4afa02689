//! Whether this run may still work, and how the agent ends it where no tool of the board did.

use andon_core::Policy;
use andon_core::run::{Ending, Failure, Guard, guard};
use andon_store::operation::EndRun;
use andon_store::sql::runs::{self, Run, Words};
use andon_store::sql::tasks;
use andon_store::{OpError, Operation, Tx, token_hash};
use serde_json::Value;

use crate::identity::Identity;

/// The startup guard of the agent (SD4-01..06): the run is open, the task is running with it, the secret matches. Also asked
/// before every call of the model: a run that has ended pays for nothing any more.
#[derive(Clone, Debug)]
pub struct MayWork {
    identity: Identity,
}

impl MayWork {
    /// The question for this run.
    #[must_use]
    pub const fn new(identity: Identity) -> Self {
        Self { identity }
    }
}

impl Operation for MayWork {
    type Reply = Guard;
    const WRITES: bool = false;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Guard, OpError> {
        ask(tx, &self.identity).await
    }
}

async fn ask<T: Tx>(tx: &mut T, identity: &Identity) -> Result<Guard, OpError> {
    let run = runs::find(tx, &identity.run).await?.filter(|run| run.task == identity.task);
    let task = tasks::find(tx, &identity.task).await?;
    let matches = run.as_ref().is_some_and(|run| run.token_hash == token_hash(&identity.token));
    let current = task.as_ref().and_then(|task| task.state.current_run.as_ref());
    Ok(guard(run.as_ref().map(Run::facts).as_ref(), current, matches, false))
}

/// The agent ends its own run: over its budget, looping, or without a word to the board. Fenced by run and secret (DI-45, mends
/// where the guard says no, nothing changes.
#[derive(Clone, Debug)]
pub struct GiveUp {
    /// Which run.
    pub identity: Identity,
    /// As what.
    pub failure: Failure,
    /// In words.
    pub error: String,
    /// As data.
    pub metadata: Value,
    /// Limits.
    pub policy: Policy,
}

impl Operation for GiveUp {
    type Reply = Guard;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Guard, OpError> {
        let answer = ask(tx, &self.identity).await?;
        if answer == Guard::Go {
            let end = EndRun {
                run: self.identity.run.clone(),
                ending: Ending::Failed(self.failure),
                error: self.error.clone(),
                words: Words { metadata: self.metadata.clone(), ..Words::default() },
                resets_at: None,
                reaped: false,
                policy: self.policy.clone(),
            };
            end.apply(tx).await?;
        }
        Ok(answer)
    }
}
