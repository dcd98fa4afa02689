//! The respawn guard (DI-50..53): a ready task whose newest evidence says that starting it again would be wrong. Evidence
//! older than the transition that asked for this run is ignored (mends Q-09); a guarded task gets one event, not one per
//! pass (mends Q-11).

use andon_core::TaskId;
use andon_core::task::{Actor, EventKind};
use serde_json::json;

use super::create::append;
use crate::error::OpError;
use crate::sql::{events, tasks};
use crate::tx::{Operation, Tx};

/// Records that a task was held back, once per evidence; whether it was new.
#[derive(Clone, Debug)]
pub struct GuardRespawn {
    /// Which task.
    pub task: TaskId,
    /// Why.
    pub reason: String,
}

impl Operation for GuardRespawn {
    type Reply = bool;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        let Some(task) = tasks::find(tx, &self.task).await? else { return Ok(false) };
        let known = events::newest_of(tx, &task.id, EventKind::RespawnGuarded).await?;
        if known.is_some_and(|known| known.data.get("reason").and_then(|r| r.as_str()) == Some(&self.reason))
        {
            return Ok(false);
        }
        let data = json!({ "reason": self.reason });
        append(tx, &task, EventKind::RespawnGuarded, &Actor::System, data).await?;
        Ok(true)
    }
}
