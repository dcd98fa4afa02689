//! Questions: each sees one consistent moment and changes nothing.

mod context;
mod diagnostics;
mod feed;
mod known;
mod list;
mod live;
mod ready;
mod show;
mod stats;
mod why;

pub use context::ContextOf;
pub use diagnostics::{DiagnosticsOf, Examined};
pub use feed::{EventFilter, Events, EventsAfter, Head};
pub use known::{FileIndex, Files, Known};
pub use list::{List, Listed, Sort};
pub use live::{Deadlines, LiveRuns, NextDeadline, RunOf, WaitingChildren};
pub use ready::{ReadyAssignees, ReadyOf, WorkersWords};
pub use show::{Show, Shown};
pub use stats::{Assignees, Stats, StatsOf};
pub use why::{Surroundings, WhyOf};
