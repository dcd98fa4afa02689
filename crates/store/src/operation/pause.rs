//! The cord: pause and resume a board, a profile, or everything. Claims look at it inside their own transaction, so that
//! nothing starts once a pause has answered.

use andon_core::ProfileName;
use andon_core::task::EventKind;
use serde_json::json;

use crate::caller::{Caller, authorise};
use crate::error::OpError;
use crate::sql::boards;
use crate::sql::events::{self, NewEvent};
use crate::tx::{Lock, Operation, Ring, Tx};

/// How much a cord stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every board of the home.
    Everything,
    /// This board.
    Board,
    /// One profile on this board.
    Profile(ProfileName),
}

impl Scope {
    fn key(&self) -> String {
        match self {
            Self::Everything => "everything".to_owned(),
            Self::Board => "board".to_owned(),
            Self::Profile(name) => format!("profile:{name}"),
        }
    }
}

/// Pulls the cord; whether it was not pulled yet.
#[derive(Clone, Debug)]
pub struct Pause {
    /// How much.
    pub scope: Scope,
    /// Why.
    pub reason: Option<String>,
    /// Who. Workers may, by right of their profile, which the surface checks.
    pub caller: Caller,
}

impl Operation for Pause {
    type Reply = bool;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        authorise(tx, &self.caller, None, "pause").await?;
        // A claim that is on its way commits before this answers.
        tx.lock(Lock::Caps).await?;
        // A claim that is on its way commits before this answers.
        tx.lock(Lock::Caps).await?;
        let by = self.caller.actor.to_string();
        let new = boards::pause(tx, &self.scope.key(), &by, self.reason.as_deref()).await?;
        if new {
            record(tx, EventKind::Paused, &self.scope, &self.caller, self.reason.as_deref()).await?;
        }
        Ok(new)
    }
}

/// Lets the cord go; whether it was pulled.
#[derive(Clone, Debug)]
pub struct Resume {
    /// How much.
    pub scope: Scope,
    /// Who; a person.
    pub caller: Caller,
}

impl Operation for Resume {
    type Reply = bool;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        if self.caller.actor.run().is_some() {
            let actor = self.caller.actor.to_string();
            let why = "a worker may pull the cord, only a person lets it go";
            return Err(andon_core::task::Refusal::Forbidden { actor, verb: "resume", why }.into());
        }
        let was = boards::resume(tx, &self.scope.key()).await?;
        if was {
            record(tx, EventKind::Resumed, &self.scope, &self.caller, None).await?;
        }
        Ok(was)
    }
}

async fn record<T: Tx>(
    tx: &mut T,
    kind: EventKind,
    scope: &Scope,
    caller: &Caller,
    reason: Option<&str>,
) -> Result<(), OpError> {
    let event = NewEvent {
        task: None,
        run: caller.actor.run().cloned(),
        kind,
        actor: caller.actor.to_string(),
        data: json!({ "scope": scope.key(), "reason": reason }),
    };
    events::append(tx, &event).await?;
    tx.ring(Ring::Board);
    Ok(())
}
