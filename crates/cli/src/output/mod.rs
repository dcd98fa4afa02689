//! What people see: escaped, aligned, coloured on a terminal alone.

mod escape;
mod failure;
mod stream;
mod style;
mod table;
mod task;

pub(crate) use escape::{block, line};
pub(crate) use failure::{complain, tell, usage};
pub(crate) use stream::Out;
pub(crate) use style::{Look, of_outcome, of_status, paint};
pub(crate) use table::{Cell, Table};
pub(crate) use task::{icon, list_table, placed};
