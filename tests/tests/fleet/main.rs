//! Black-box tests of the built binary on PostgreSQL: the promises that hold wherever a board is, by the same tests, and
//! those of boards that many hosts use.
//!
//! In this binary every house has a database of its own on the private server of the testkit.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop, and says where"
)]

mod backups;
mod copies;
mod encryption;
mod guards;
mod hosts;
mod lost_answers;
mod old_server;
mod pooler;
mod proxy;
mod renewals;
mod urls;

#[path = "../api/mod.rs"]
mod api;
#[path = "../blocks.rs"]
mod blocks;
#[path = "../caps.rs"]
mod caps;
#[path = "../storage/claims.rs"]
mod claims;
#[path = "../dispatching.rs"]
mod dispatching;
#[path = "../guard.rs"]
mod guard;
#[path = "../harness.rs"]
mod harness;
#[path = "../leases.rs"]
mod leases;
#[path = "../remote/mod.rs"]
mod remote;
#[path = "../restarts.rs"]
mod restarts;
#[path = "../reviews.rs"]
mod reviews;
#[path = "../single.rs"]
mod single;
#[path = "../storms.rs"]
mod storms;
#[path = "../trees.rs"]
mod trees;
#[path = "../workers.rs"]
mod workers;
