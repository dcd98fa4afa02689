//! What tests of Andon stand on: a world whose clock they move, boards in a line, the invariants of a whole board, and
//! the suite that defines what a store does ([`mod@conformance`]).
//!
//! **No rule of the domain lives here**: the testkit calls operations and looks at what they left.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop, and says where"
)]

mod boards;
mod inspect;
mod postgres;
mod scene;
mod world;

pub mod conformance;

pub use boards::{Boards, SqliteBoards};
pub use futures::executor::block_on;
pub use inspect::{Bulk, Inspect, Inspection, Sql};
pub use postgres::{Cluster, Database, PostgresBoards};
pub use scene::{Draft, Scene, profile, roster};
pub use world::ManualWorld;
