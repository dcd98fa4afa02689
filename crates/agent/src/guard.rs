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

#[cfg(test)]
mod tests {
    use andon_core::run::{Outcome, StandDown};
    use andon_core::task::Status;
    use andon_store::Mode;
    use andon_store::operation::{Claimed, Reclaim};
    use andon_testkit::{Scene, SqliteBoards, block_on};
    use serde_json::json;

    use super::*;

    fn identity(claimed: &Claimed) -> Identity {
        Identity {
            home: "/h".into(),
            board: "default".parse().unwrap(),
            task: claimed.task.id.clone(),
            run: claimed.run.id.clone(),
            token: claimed.token.clone(),
            profile: claimed.run.profile.clone(),
            workspace: "/w".into(),
            profile_folder: "/p".into(),
        }
    }

    fn give_up(s: &Scene, identity: Identity) -> GiveUp {
        GiveUp {
            identity,
            failure: Failure::TimedOut,
            error: "the budget is used up".to_owned(),
            metadata: json!({ "budget_used": 4, "budget_max": 4 }),
            policy: s.policy.clone(),
        }
    }

    #[test]
    fn a_budget_that_is_used_up_ends_the_run_of_its_own_secret_alone() {
        let boards = SqliteBoards::new(Mode::Short);
        let s = Scene::new(&boards);
        let claimed = block_on(s.running("t"));
        let forged = Identity { token: "guessed".to_owned(), ..identity(&claimed) };
        assert_eq!(block_on(s.ok(give_up(&s, forged))), Guard::StandDown(StandDown::WrongToken));
        assert_eq!(block_on(s.status(&claimed.task.id)), Status::Running);
        assert_eq!(block_on(s.ok(give_up(&s, identity(&claimed)))), Guard::Go);
        let run = block_on(s.show(&claimed.task.id)).runs[0].clone();
        assert_eq!((run.outcome, &run.metadata["budget_used"]), (Some(Outcome::TimedOut), &json!(4)));
        assert_eq!(run.reaped_at, None, "its supervisor sees to its processes");
    }

    #[test]
    fn a_run_that_was_taken_back_ends_nothing_of_the_next_one() {
        let boards = SqliteBoards::new(Mode::Short);
        let s = Scene::new(&boards);
        let old = block_on(s.running("t"));
        let reason = "taken back".to_owned();
        let (task, caller, policy) = (old.task.id.clone(), s.person(), s.policy.clone());
        block_on(s.ok(Reclaim { task, caller, reason, policy }));
        block_on(s.reap(&old));
        let new = block_on(s.claim_one());
        assert_eq!(new.task.id, old.task.id);
        assert!(matches!(block_on(s.ok(MayWork::new(identity(&old)))), Guard::StandDown(_)));
        assert!(matches!(block_on(s.ok(give_up(&s, identity(&old)))), Guard::StandDown(_)));
        let task = block_on(s.get(&new.task.id));
        assert_eq!((task.state.status, task.state.counters.failures), (Status::Running, 0));
        assert_eq!(task.state.current_run, Some(new.run.id.clone()));
    }
}
