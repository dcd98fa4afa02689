//! A private PostgreSQL for tests: one server for all tests of a run, a database of its own for each.

mod boards;
mod cluster;

pub use boards::PostgresBoards;
pub use cluster::{Cluster, Database};
