//! Black-box tests of the built binary: real processes, real signals, many at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop, and says where")]

mod blocks;
mod guard;
mod harness;
mod leases;
mod restarts;
mod single;
mod storage;
mod storms;
mod trees;
