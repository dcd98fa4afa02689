//! The dispatcher: turns ready tasks into runs on this host. No tick: it sleeps until a doorbell rings, a supervisor ends,
//! or the next deadline is due. It never blocks on a workspace, a model or a slow board, and keeps nothing in memory that
//! the boards do not say again: it may be killed and started at any time.

mod attention;
mod board;
mod guard;
mod keeper;
mod leftovers;
mod quarantine;
mod report;
mod reserve;
mod service;
mod start;
mod wake;

pub use quarantine::COPY;
pub use report::{Report, Spawned};
pub use service::{DispatchError, Options, Outcome, Until, dispatch};
pub use start::{SLOT, SUPERVISE, TOKEN};
