//! Black-box tests of the built binary: real processes, real signals, many at once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop, and says where"
)]

mod agent;
mod api;
mod blocks;
mod caps;
mod codex;
mod crashes;
mod demos;
mod dispatching;
mod faults;
mod fleet_chaos;
mod guard;
mod harness;
mod input;
mod leases;
mod mcp;
mod real_agents;
mod remote;
mod restarts;
mod reviews;
mod runners;
mod single;
mod standby;
mod storage;
mod storms;
mod terminals;
mod trees;
mod wires;
mod workers;
mod workspaces;
