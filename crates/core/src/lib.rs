//! The pure core of Andon: types, the lifecycle of a task, the dependency graph, failure and dispatch policy, and the
//! text that a worker reads.
//!
//! **The core does no I/O, reads no clock, rolls no dice and knows no async.** Time, ids, jitter and facts come in as
//! arguments; decisions go out as values. [`task::step`] is the only code that decides a status.

#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod text_enum;

pub mod context;
pub mod diagnose;
pub mod dispatch;
pub mod graph;
pub mod id;
pub mod nearest;
pub mod notice;
pub mod planning;
pub mod policy;
pub mod reach;
pub mod roster;
pub mod run;
pub mod task;
pub mod text;
pub mod time;
pub mod why;

pub use id::{BoardSlug, Cursor, ProfileName, RunId, TaskId};
pub use policy::Policy;
pub use time::Millis;
