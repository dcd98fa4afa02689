//! The rules of the house that no compiler knows.
//!
//! A check is a function from the `Tree` of the repository to `Finding`s; `check::CHECKS` lists them all. They
//! run as `cargo xtask tidy` and as a test.

mod artefacts;
mod check;
pub(crate) mod doctests;
mod errors;
mod layers;
mod links;
mod lockfile;
mod shape;
mod source;
mod sql;
mod tree;
mod words;

pub(crate) use check::run;
