//! The SQLite driver: one writer, many readers, group commit. Nothing outside this folder opens a database file.

mod connection;
mod direct;
mod error;
mod transaction;
mod writer;

pub(crate) use connection::{Flavour, create};
pub(crate) use direct::Direct;
pub(crate) use writer::Writer;
