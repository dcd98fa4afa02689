//! What long-lived processes leave on the board: that they are there, and how far they have read.

use andon_core::Cursor;

use crate::error::OpError;
use crate::sql::boards;
use crate::tx::{Operation, Tx};

/// A host's dispatcher is there.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The host.
    pub host: String,
    /// Its boot.
    pub boot_id: String,
    /// The dispatcher's pid.
    pub pid: i64,
}

impl Operation for Seen {
    type Reply = ();

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<(), OpError> {
        Ok(boards::seen(tx, &self.host, &self.boot_id, self.pid).await?)
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
        if boards::cursor(tx, &self.name).await? != self.from {
            return Ok(false);
        }
        boards::set_cursor(tx, &self.name, self.to).await?;
        Ok(true)
    }
}
