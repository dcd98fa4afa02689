//! The suite that defines what a store does. Each case is a plain async function over [`Boards`](crate::Boards); a driver passes when
//! it passes them all, and joins with one line: `andon_testkit::conformance!(name, maker)`.

pub mod claim;
pub mod create;
pub mod ending;
pub mod feed;
pub mod graph;
pub mod lease;
pub mod notices;
pub mod people;
pub mod plan;
pub mod random;
pub mod review;
pub mod rights;
mod suite;
pub mod views;
