//! Who uses the tools: the worker of a run, as its environment says, or a person.

use std::fmt;
use std::path::PathBuf;

use andon_core::{BoardSlug, ProfileName, RunId, TaskId};
use andon_store::Caller;

use crate::error::{CallError, ToolError};

/// The variables of which each by itself makes a process a worker.
const WORKER: [&str; 3] = ["ANDON_TASK", "ANDON_RUN", "ANDON_RUN_TOKEN"];

/// Which tools a session is offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Toolset {
    /// Those by which a worker works on its own task.
    #[default]
    Task,
    /// Those for routing work too: of an orchestrator, and of a person.
    Board,
}

/// The worker of a run.
#[derive(Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its run.
    pub run: RunId,
    /// The run's secret.
    pub token: String,
    /// The task that the run works on.
    pub task: TaskId,
    /// Under which profile.
    pub profile: Option<ProfileName>,
    /// Where it works.
    pub workspace: Option<PathBuf>,
    /// The name space of its task.
    pub tenant: Option<String>,
    /// The session that its task comes from.
    pub session: Option<String>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("run", &self.run).field("task", &self.task).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    Worker(Worker),
    Person(String),
    /// A worker that cannot say which: never taken for a person (mends Q-19).
    Broken(String),
}

/// Who calls, and on which board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    board: BoardSlug,
    who: Who,
}

impl Identity {
    /// The worker of a run on `board`.
    #[must_use]
    pub const fn worker(board: BoardSlug, worker: Worker) -> Self {
        Self { board, who: Who::Worker(worker) }
    }

    /// A person, or somebody who acts for one; `board` is meant where none is named.
    #[must_use]
    pub fn person(board: BoardSlug, name: impl Into<String>) -> Self {
        Self { board, who: Who::Person(name.into()) }
    }

    /// Who a process with these variables is: a worker where one of `ANDON_TASK`, `ANDON_RUN` and `ANDON_RUN_TOKEN` is set,
    /// else the person `name`. A worker whose identity is incomplete or malformed is one whose every call is refused.
    #[must_use]
    pub fn of_environment(
        board: BoardSlug,
        name: impl Into<String>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        if WORKER.iter().all(|name| variable(name).is_none()) {
            return Self::person(board, name);
        }
        let who = read_worker(variable).map_or_else(Who::Broken, Who::Worker);
        Self { board, who }
    }

    /// The board that is meant where none is named; a worker's only one.
    #[must_use]
    pub const fn board(&self) -> &BoardSlug {
        &self.board
    }

    /// The worker, if it is one.
    #[must_use]
    pub const fn as_worker(&self) -> Option<&Worker> {
        match &self.who {
            Who::Worker(worker) => Some(worker),
            Who::Person(_) | Who::Broken(_) => None,
        }
    }

    /// Whether this is a person.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        matches!(self.who, Who::Person(_))
    }

    /// The caller, as the store knows it.
    ///
    /// # Errors
    /// `stale_run` for a worker without a proper identity.
    pub(crate) fn caller(&self) -> Result<Caller, ToolError> {
        match &self.who {
            Who::Worker(worker) => {
                Ok(Caller::worker(worker.run.clone(), worker.profile.clone(), worker.token.clone()))
            }
            Who::Person(name) => Ok(Caller::person(name.clone())),
            Who::Broken(why) => Err(CallError::BrokenIdentity(why.clone()).into()),
        }
    }
}

fn read_worker(variable: impl Fn(&str) -> Option<String>) -> Result<Worker, String> {
    let needed = |name: &str| variable(name).ok_or_else(|| format!("{name} is not set"));
    let profile = match variable("ANDON_PROFILE") {
        Some(text) => Some(text.parse().map_err(|error| format!("ANDON_PROFILE: {error}"))?),
        None => None,
    };
    Ok(Worker {
        run: needed("ANDON_RUN")?.parse().map_err(|error| format!("ANDON_RUN: {error}"))?,
        token: needed("ANDON_RUN_TOKEN")?,
        task: needed("ANDON_TASK")?.parse().map_err(|error| format!("ANDON_TASK: {error}"))?,
        profile,
        workspace: variable("ANDON_WORKSPACE").map(PathBuf::from),
        tenant: variable("ANDON_TENANT"),
        session: variable("ANDON_SESSION"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "01J00000000000000000000000";

    fn of(variables: &[(&str, &str)]) -> Identity {
        let find = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Identity::of_environment("default".parse().unwrap(), "ada", find)
    }

    #[test]
    fn a_worker_with_half_an_identity_is_no_person() {
        assert!(of(&[]).is_person());
        assert!(of(&[("ANDON_TASK", "")]).is_person());
        for half in [
            &[("ANDON_TASK", "t_01234567")][..],
            &[("ANDON_RUN", RUN)],
            &[("ANDON_RUN_TOKEN", "x")],
            &[("ANDON_TASK", "t_01234567"), ("ANDON_RUN", "odd"), ("ANDON_RUN_TOKEN", "x")],
            &[("ANDON_TASK", "odd"), ("ANDON_RUN", RUN), ("ANDON_RUN_TOKEN", "x")],
            &[
                ("ANDON_TASK", "t_01234567"),
                ("ANDON_RUN", RUN),
                ("ANDON_RUN_TOKEN", "x"),
                ("ANDON_PROFILE", "no name/"),
            ],
        ] {
            let identity = of(half);
            assert!(!identity.is_person() && identity.as_worker().is_none(), "{half:?}");
            assert_eq!(identity.caller().unwrap_err().code, "stale_run", "{half:?}");
        }
        let whole = of(&[("ANDON_TASK", "t_01234567"), ("ANDON_RUN", RUN), ("ANDON_RUN_TOKEN", "secret")]);
        assert_eq!(whole.as_worker().unwrap().task.as_str(), "t_01234567");
        assert!(!format!("{whole:?}").contains("secret"));
    }
}
