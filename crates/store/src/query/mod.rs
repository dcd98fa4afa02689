//! Questions: each sees one consistent moment and changes nothing.

mod activity;
mod attention;
mod cards;
mod context;
mod diagnostics;
mod feed;
mod glance;
mod known;
mod latency;
mod list;
mod live;
mod notices;
mod pages;
mod planning;
mod ready;
mod show;
mod stats;
mod why;

pub use activity::{Brief, BriefOf, DayOfUse, Graph, GraphOf, RecentRuns, UsageByDay};
pub use attention::{Asks, AttentionPage, Waiters, Waiting};
pub use cards::{Card, CardPage, CardsOf, Column, Columns, ColumnsOf, Linked, LinkedTask, TaskPage};
pub use context::ContextOf;
pub use diagnostics::{DiagnosticsOf, Examined};
pub use feed::{EventFilter, Events, EventsAfter, Head};
pub use glance::{Glance, Glimpse};
pub use known::{FileIndex, Files, Known, OpenGoals};
pub use latency::{Latencies, Span, Waits};
pub use list::{List, Listed, Sort};
pub use live::{Deadlines, HostContact, HostSeen, LiveRuns, MovedTo, NextDeadline, RunOf, WaitingChildren};
pub use notices::{Due, DueNotices, Sources, SubscriptionsOf};
pub use pages::{Key, Order, Wanted};
pub use planning::{PlansDue, PlansFound};
pub use ready::{ReadyAssignees, ReadyOf, WorkersWords};
pub use show::{Show, Shown};
pub use stats::{Assignees, Stats, StatsOf};
pub use why::{Surroundings, WhyOf};
