//! What long-lived processes leave on the board: that they are there, and how far they have read.

use andon_core::Cursor;
use andon_core::task::Refusal;

use crate::error::OpError;
use crate::sql::boards::{self, HostFacts};
use crate::tx::{Lock, Operation, Reach, Tx};

/// A host's dispatcher is there.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What the host says of itself.
    pub host: HostFacts,
}

impl Operation for Seen {
    type Reply = ();

    /// It shares the transaction of the host's renewals.
    fn reach(&self) -> Reach {
        Reach::Tasks(Vec::new())
    }

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        let now = tx.now();
        let known = boards::hosts(tx).await?.into_iter().find(|known| known.facts.name == self.host.name);
        if let Some(known) = known
            && known.facts.machine != self.host.machine
            && known.is_live(now)
        {
            return Err(Refusal::HostNameTaken { name: self.host.name.clone() }.into());
        }
        Ok(boards::seen(tx, &self.host).await?)
    }
}

/// Moves a reader's kept place from where it thinks it is; whether it did. Of several readers under one name exactly one
/// moves, so that what it read is acted upon once.
#[derive(Clone, Debug)]
pub struct AdvanceCursor {
    /// The reader's name.
    pub name: String,
    /// Where it thinks it is; none when it has no place yet.
    pub from: Option<Cursor>,
    /// Where it goes.
    pub to: Cursor,
}

impl Operation for AdvanceCursor {
    type Reply = bool;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        tx.lock(Lock::Name(format!("cursor {}", self.name))).await?;
        if boards::cursor(tx, &self.name).await? != self.from {
            return Ok(false);
        }
        boards::set_cursor(tx, &self.name, self.to).await?;
        Ok(true)
    }
}
