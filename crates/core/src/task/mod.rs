//! A task: its states, what can happen to it, and what then becomes of it.

mod create;
mod effect;
mod event;
mod rules;
mod state;
mod status;
mod transition;

pub mod refusal;

#[cfg(test)]
mod tests;

pub use create::{Initial, place_new};
pub use effect::{Effect, Fact, RunEnd, Step, stale_write};
pub use event::{Actor, End, Event, EventKind, Facts};
pub use refusal::Refusal;
pub use state::{Block, Counters, Eligible, TaskState, satisfied};
pub use status::{BlockKind, Phase, Status, WorkspaceKind};
pub use transition::step;
