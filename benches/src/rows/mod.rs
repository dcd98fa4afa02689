//! The rows of the cost table, one file each.

mod capped;
mod clients;
mod commands;
mod crowded;
mod cycles;
mod family;
mod idle;
mod latency;
mod mcp;
mod processes;
mod workers;

use crate::table::Row;

/// Every row, in the order of the table.
pub(crate) const ALL: &[Row] = &[
    cycles::ROW,
    clients::ROW,
    crowded::ROW,
    processes::ROW,
    capped::ROW,
    family::ROW,
    latency::ROW,
    commands::ROW,
    mcp::ROW,
    idle::ROW,
    workers::ROW,
];

/// What a process that a row has started does.
pub(crate) fn play(role: &str, arguments: &[String]) {
    match role {
        "cycles" => cycles::alone(arguments),
        "stamp" => crate::host::stamp(arguments),
        "claim" => processes::claim_all(arguments),
        other => panic!("there is no role {other:?}"),
    }
}
