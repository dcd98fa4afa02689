//! The rows of the cost table, one file each.

mod capped;
mod clients;
mod crowded;
mod cycles;
mod family;
mod processes;

use crate::table::Row;

/// Every row, in the order of the table.
pub(crate) const ALL: &[Row] =
    &[cycles::ROW, clients::ROW, crowded::ROW, processes::ROW, capped::ROW, family::ROW];

/// What a process that a row has started does.
pub(crate) fn play(role: &str, arguments: &[String]) {
    match role {
        "claim" => processes::claim_all(arguments),
        other => panic!("there is no role {other:?}"),
    }
}
