//! The JSON shapes that verbs print: those of the API, by its one mapping ([`andon_server::shape`]), and the few that only the
//! command line has. A documented contract: keys are only ever added.

use andon_api::{Claimed, ClaimedRun, Task};
use andon_store::operation;
use serde::Serialize;

/// A claim by hand with its prepared workspace: `claim`.
pub(crate) fn claimed(claimed: &operation::Claimed, task: Task, workspace: Option<String>) -> Claimed {
    let run = ClaimedRun {
        id: claimed.run.id.clone(),
        token: claimed.token.clone(),
        expires_at: claimed.expires_at.into(),
    };
    Claimed { task, run, workspace }
}

/// What a promote did or would do: `promote` (CL-36).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PromoteJson {
    /// Which task.
    pub(crate) task_id: String,
    /// Whether it was promoted.
    pub(crate) promoted: bool,
    /// Whether it was only asked what would happen.
    pub(crate) dry_run: bool,
    /// Whether open parents are passed over.
    pub(crate) forced: bool,
    /// Why, as given.
    pub(crate) reason: Option<String>,
    /// Why not.
    pub(crate) error: Option<String>,
}
