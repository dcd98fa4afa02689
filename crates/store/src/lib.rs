//! Boards on disk: operations, queries and the only SQL of Andon.
//!
//! A caller opens a [`Home`], opens a [`Board`] of it, and runs operations ([`operation`]) and queries ([`query`]) on it.
//! Every change of a task is an operation: it loads, asks the core, writes what the core said, in one transaction.
//! Nothing outside this crate writes SQL. A board lies in an SQLite file, which nothing opens except through SQLite, or in
//! a PostgreSQL database ([`Home::with_database`]), which many hosts use at once.

mod board;
mod board_file;
mod caller;
mod doorbell;
mod error;
mod home;
mod lifecycle;
mod migrate;
mod postgres;
mod shared;
mod sqlite;
mod tally;
mod tx;
mod value;
mod world;

pub mod crash;
pub mod files;
pub mod maintenance;
pub mod operation;
pub mod query;
pub mod sql;

pub use board::{Board, Mode};
pub use board_file::{BoardFile, BoardFileError};
pub use caller::{Caller, token_hash};
pub use doorbell::{Doorbell, Waiter};
pub use error::{DbError, OpError};
pub use home::{BoardsStamp, Home, HomeError};
pub use migrate::SCHEMA;
pub use postgres::{DatabaseUrl, ServerFacts};
pub use tally::Commits;
pub use tx::{Class, Floor, Lock, Operation, Reach, Ring, Tx};
pub use value::{Row, Val};
pub use world::{Ambient, World, ambient};
