//! What the loop asks of the board beside its tools.

use andon_core::Policy;
use andon_core::run::{Failure, Guard};
use andon_core::task::BlockKind;
use andon_store::operation::{Block, Heartbeat};
use andon_store::{Board, OpError};
use futures::future::BoxFuture;
use serde_json::Value;

use crate::guard::{GiveUp, MayWork};
use crate::identity::Identity;

/// The run, as the loop sees it. An error is a sentence.
pub(super) trait RunPort: Send + Sync {
    /// Whether the run is still open and this one's.
    fn may_work(&self) -> BoxFuture<'_, Result<Guard, OpError>>;

    /// Says that the run makes progress. What cannot be told is lost: the next activity tells it again.
    fn progress(&self) -> BoxFuture<'_, ()>;

    /// Ends the run as a failure.
    fn give_up(&self, failure: Failure, error: String, metadata: Value) -> BoxFuture<'_, Result<(), String>>;

    /// Blocks the task for a person.
    fn block(&self, kind: BlockKind, reason: String) -> BoxFuture<'_, Result<(), String>>;

    /// The present time, in words.
    fn now(&self) -> String;
}

/// The run on its board.
pub(super) struct OnBoard {
    pub(super) board: Board,
    pub(super) identity: Identity,
    pub(super) policy: Policy,
}

impl RunPort for OnBoard {
    fn may_work(&self) -> BoxFuture<'_, Result<Guard, OpError>> {
        Box::pin(async {
            let answer = self.board.run(MayWork::new(self.identity.clone())).await;
            // A model thinks for long: no connection is kept meanwhile.
            self.board.close_idle();
            answer
        })
    }

    fn progress(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let heartbeat = Heartbeat {
                caller: self.identity.caller(),
                task: Some(self.identity.task.clone()),
                note: None,
                ttl: None,
                policy: self.policy.clone(),
            };
            if let Err(error) = self.board.run(heartbeat).await {
                tracing::debug!(%error, "the progress could not be told");
            }
            self.board.close_idle();
        })
    }

    fn give_up(&self, failure: Failure, error: String, metadata: Value) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let (identity, policy) = (self.identity.clone(), self.policy.clone());
            let end = GiveUp { identity, failure, error: error.clone(), metadata, policy };
            // A run that somebody else has ended keeps its end.
            self.board
                .run(end)
                .await
                .map(drop)
                .map_err(|refused| format!("{error} (the board was not told: {refused})"))
        })
    }

    fn block(&self, kind: BlockKind, reason: String) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let block = Block {
                task: self.identity.task.clone(),
                caller: self.identity.caller(),
                kind,
                reason: reason.clone(),
                policy: self.policy.clone(),
            };
            self.board
                .run(block)
                .await
                .map(drop)
                .map_err(|refused| format!("{reason} (the board was not told: {refused})"))
        })
    }

    fn now(&self) -> String {
        andon_core::context::rfc3339(self.board.world().now())
    }
}
