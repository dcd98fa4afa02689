//! The rows of the cost table, one file each.

mod agents;
mod api;
mod capped;
mod clients;
mod commands;
mod crowded;
mod cycles;
mod dashboard;
mod family;
mod fleet;
mod fleet_boss;
mod fleet_hosts;
mod fleet_server;
mod fleet_worn;
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
    api::ROW,
    dashboard::LOAD,
    dashboard::SCROLL,
    dashboard::LIVE,
    idle::ROW,
    workers::ROW,
    agents::ROW,
    fleet::ROW,
    fleet_worn::HISTORY,
    fleet_worn::HELD,
    fleet_hosts::LATENCY,
    fleet_hosts::IDLE,
];

/// What a process that a row has started does.
pub(crate) fn play(role: &str, arguments: &[String]) {
    match role {
        "cycles" => cycles::alone(arguments),
        "fleet" => fleet::alone(arguments),
        "stamp" => crate::host::stamp(arguments),
        "claim" => processes::claim_all(arguments),
        other => panic!("there is no role {other:?}"),
    }
}
