//! Verbs that another process runs: a server that `--server` names, or one that serves this very home. It runs the same
//! verb, on its own boards, and says what the verb says here.
//!
//! [`rules`] decides for every verb where it may run and what it asks of its caller; [`here`] is the side where the command
//! was typed, [`near`] finds the server of this home, and [`there`] is the side that runs it.

mod carried;
mod exchange;
mod here;
mod near;
mod rules;
mod there;

pub(crate) use here::{Typed, at};
pub(crate) use near::{Near, near};
pub(crate) use there::CommandLine;
