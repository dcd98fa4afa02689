//! Who calls, and whether a worker's call is its own: its run is open and its secret matches.

use andon_core::roster::Roster;
use andon_core::task::{Actor, EventKind, Refusal};
use andon_core::{RunId, TaskId};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::error::OpError;
use crate::migrate::hex;
use crate::sql::events::NewEvent;
use crate::sql::runs::{self, Run};
use crate::tx::Tx;

/// The caller of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// A worker's secret.
    pub token: Option<String>,
    /// A worker's profile routes the work of others.
    pub routes: bool,
}

impl Caller {
    /// A person.
    #[must_use]
    pub fn person(name: impl Into<String>) -> Self {
        Self { actor: Actor::Person(name.into()), token: None, routes: false }
    }

    /// Andon itself.
    #[must_use]
    pub const fn system() -> Self {
        Self { actor: Actor::System, token: None, routes: false }
    }

    /// The worker of a run.
    #[must_use]
    pub fn worker(run: RunId, profile: Option<andon_core::ProfileName>, token: impl Into<String>) -> Self {
        Self { actor: Actor::Worker { profile, run }, token: Some(token.into()), routes: false }
    }

    /// The same with the rights of its profile.
    #[must_use]
    pub fn with_rights(mut self, roster: &Roster) -> Self {
        if let Actor::Worker { profile: Some(profile), .. } = &self.actor {
            self.routes = roster.profiles.get(profile).is_some_and(|facts| facts.routes);
        }
        self
    }
}

/// The checksum under which a secret is stored.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// A new secret: 256 random bits, hexadecimal.
pub(crate) fn new_token<T: Tx>(tx: &mut T) -> String {
    (0..4).map(|_| format!("{:016x}", tx.bits())).collect()
}

/// As [`authorise`] for a verb that routes work: by right of its profile a worker may say it of a task that is not its own.
/// Gives who says it.
pub(crate) async fn authorise_routing<T: Tx>(
    tx: &mut T,
    caller: &Caller,
    task: &TaskId,
    verb: &'static str,
) -> Result<Caller, OpError> {
    let (true, Actor::Worker { profile, run }) = (caller.routes, &caller.actor) else {
        authorise(tx, caller, Some(task), verb).await?;
        return Ok(caller.clone());
    };
    let own = authorise(tx, caller, None, verb).await?;
    let genuine = |found: &&Run| found.profile.as_ref() == profile.as_ref();
    match own.as_ref().filter(genuine) {
        Some(found) if found.task == *task => Ok(caller.clone()),
        Some(_) => {
            let actor = Actor::Orchestrator { profile: profile.clone(), run: run.clone() };
            Ok(Caller { actor, ..caller.clone() })
        }
        None => Err(Refusal::Forbidden {
            actor: caller.actor.to_string(),
            verb,
            why: "its run is of another profile than it says",
        }
        .into()),
    }
}

/// Checks that a worker is the worker of an open run, and gives the run. Persons and Andon itself pass.
/// With `task`, a worker must be at work on that very task.
pub(crate) async fn authorise<T: Tx>(
    tx: &mut T,
    caller: &Caller,
    task: Option<&TaskId>,
    verb: &'static str,
) -> Result<Option<Run>, OpError> {
    let Some(id) = caller.actor.run() else { return Ok(None) };
    let run = runs::find(tx, id).await?;
    let genuine = run
        .as_ref()
        .is_some_and(|run| caller.token.as_deref().is_some_and(|token| token_hash(token) == run.token_hash));
    match run {
        Some(run) if genuine && task.is_some_and(|task| *task != run.task) => Err(Refusal::Forbidden {
            actor: caller.actor.to_string(),
            verb,
            why: "a worker moves only the task that its own run works on",
        }
        .into()),
        Some(run) if genuine && run.ended_at.is_none() => Ok(Some(run)),
        run => {
            let refusal = Refusal::StaleRun { run: id.clone(), current: None };
            let audit = NewEvent {
                task: run.map(|run| run.task),
                run: Some(id.clone()),
                kind: EventKind::StaleWrite,
                actor: caller.actor.to_string(),
                data: json!({ "verb": verb }),
            };
            Err(OpError::Refused { refusal: Box::new(refusal), audit: vec![audit] })
        }
    }
}
