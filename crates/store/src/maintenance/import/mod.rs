//! Importing a board of the reference (`kanban.db`): all its tasks, links, runs, events, comments and attachments.
//!
//! The source is opened read-only and never written. Old schemas with missing columns and rows with garbage in them are
//! read as far as they make sense (DM-70..77); what had to be changed is told. Either everything is imported or nothing.

mod board;
mod convert;
mod insert;
mod source;
mod task;

pub use board::{ImportOptions, Imported, import};
pub use convert::Changed;
