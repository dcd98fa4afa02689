//! A line of tasks as the demos show it: a board of its own, what happens on it, the picture of it, and the answers that a
//! person gives.

mod board;
mod feed;
mod paint;
mod play;
mod progress;
mod stage;

pub(crate) use board::Board;
pub(crate) use paint::{emit, seconds};
pub(crate) use play::{Line, Play, perform};
pub(crate) use progress::Station;
pub(crate) use stage::{Stage, copy};
