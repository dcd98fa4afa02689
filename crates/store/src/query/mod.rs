//! Questions: each sees one consistent moment and changes nothing.

mod feed;
mod list;
mod live;
mod show;
mod stats;

pub use feed::{EventFilter, Events, EventsAfter, Head};
pub use list::{List, Listed, Sort};
pub use live::{Deadlines, LiveRuns, NextDeadline};
pub use show::{Show, Shown};
pub use stats::{Assignees, Stats, StatsOf};
