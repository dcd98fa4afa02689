//! What people see: escaped, aligned, coloured on a terminal alone.

mod escape;
mod failure;
mod stream;
mod style;
mod table;
mod task;

pub(crate) use escape::{block, line};
pub(crate) use failure::{complain, usage};
pub(crate) use stream::{flush, print, print_json, print_json_line, say};
pub(crate) use style::{Look, of_outcome, of_status, paint};
pub(crate) use table::{Cell, Table};
pub(crate) use task::{icon, list_table, placed};
