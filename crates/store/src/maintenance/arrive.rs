//! Boards that come to a database server: from a backup, from another program, from another place.

use std::path::Path;

use andon_core::BoardSlug;
use rusqlite::Connection;

use super::error::MaintenanceError;
use super::snapshot::{label, open_to_read};
use super::transfer::tables;
use crate::board_file::BoardFile;
use crate::error::OpError;
use crate::postgres::{Arriving, Server};

/// Loads the database at `path`, which is at this binary's schema, into a schema that nobody sees yet.
pub(crate) fn load(
    server: &Server,
    slug: &BoardSlug,
    file: &BoardFile,
    path: &Path,
) -> Result<Arriving, MaintenanceError> {
    let source: Connection = open_to_read(path)?;
    let said = label(&source, path)?;
    let tables = tables(&source, path)?;
    server.load(slug, file, &said, tables, source, path).map_err(|error: OpError| error.into())
}
