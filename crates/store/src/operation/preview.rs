//! What an operation would do: it runs in a transaction that is always rolled back (mends Q-22).

use std::sync::{Arc, Mutex, PoisonError};

use andon_core::task::Refusal;

use crate::board::Board;
use crate::error::OpError;
use crate::tx::{Operation, Tx};

/// An operation to be tried without effect.
#[derive(Debug)]
pub struct Preview<O: Operation> {
    operation: O,
}

struct Tried<O: Operation> {
    operation: O,
    reply: Arc<Mutex<Option<O::Reply>>>,
}

impl<O: Operation> Operation for Tried<O>
where
    O: Sync,
{
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        let reply = self.operation.apply(tx).await?;
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
        // A refusal undoes everything that the operation wrote.
        Err(Refusal::BadPlan("only a preview".to_owned()).into())
    }
}

impl<O: Operation + Sync> Preview<O> {
    /// The preview of an operation.
    #[must_use]
    pub fn of(operation: O) -> Self {
        Self { operation }
    }

    /// Runs it on a board; nothing of it stays.
    ///
    /// # Errors
    /// What the operation itself would say.
    pub async fn on(self, board: &Board) -> Result<O::Reply, OpError> {
        let reply = Arc::new(Mutex::new(None));
        let tried = Tried { operation: self.operation, reply: Arc::clone(&reply) };
        let refused = board.run(tried).await;
        let reply = reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (reply, refused) {
            (Some(reply), _) => Ok(reply),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(Refusal::BadPlan("the preview gave nothing".to_owned()).into()),
        }
    }
}
