//! The SQLite driver: one writer, many readers, group commit. Nothing outside this folder and
//! `maintenance` opens a database file.

mod connection;
mod direct;
mod error;
mod queue;
mod transaction;
mod turn;
mod writer;

pub(crate) use connection::{APPLICATION_ID, Flavour, create, open};
pub(crate) use direct::Direct;
pub(crate) use error::translate;
pub(crate) use writer::Writer;
