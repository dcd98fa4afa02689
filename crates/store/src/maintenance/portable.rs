//! A board as one SQLite database, whatever engine it is in: the form in which boards are kept and carried.

use std::path::Path;
use std::sync::{Arc, Mutex};

use andon_core::BoardSlug;
use futures::executor::block_on;
use rusqlite::Connection;

use super::error::{MaintenanceError, io};
use super::snapshot::vacuum_into;
use super::transfer::{ReadAll, tables};
use crate::board::Mode;
use crate::home::Home;
use crate::sqlite::{self, Flavour, translate};

/// Writes all of a board, as it is at one moment, into the new database `target`; others go on meanwhile.
///
/// # Errors
/// The database's refusal, or input and output. What is left of the target is the caller's to remove.
pub(crate) fn portable(home: &Home, slug: &BoardSlug, target: &Path) -> Result<(), MaintenanceError> {
    if home.server().is_some() {
        return from_server(home, slug, target);
    }
    let file = home.describe(slug)?;
    let live = home.board_folder(slug).join("board.db");
    let source = sqlite::open(&live, file.identity.as_deref(), Flavour::Short, home.world().as_ref())?;
    vacuum_into(&source, &live, target)
}

fn from_server(home: &Home, slug: &BoardSlug, target: &Path) -> Result<(), MaintenanceError> {
    // A reader of many rows prepares its statements, as long-lived processes do.
    let board = home.open(slug, Mode::Long)?;
    // The identity comes with the rows.
    sqlite::create(target, "unknown", home.world().as_ref())?;
    let fail = |error: rusqlite::Error| translate(target, &error);
    let connection = Connection::open(target).map_err(fail)?;
    connection.execute_batch("pragma synchronous = off").map_err(fail)?;
    let read = ReadAll {
        tables: tables(&connection, target)?,
        target: Arc::new(Mutex::new(connection)),
        path: target.to_owned(),
    };
    block_on(board.run(read))?;
    board.close_idle();
    let connection = Connection::open(target).map_err(fail)?;
    // One file, whole in itself.
    connection.query_row("pragma journal_mode = delete", [], |_| Ok(())).map_err(fail)?;
    drop(connection);
    std::fs::File::open(target).and_then(|file| file.sync_all()).map_err(io(target))
}
