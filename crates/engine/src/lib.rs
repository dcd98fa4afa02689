//! Turns ready tasks into supervised runs: profiles, workspaces, the supervisor of one run, the dispatcher of a host.
//!
//! | module | what it is |
//! |---|---|
//! | [`config`], [`settings`] | what `config.toml`, `board.toml` and the environment say |
//! | [`profile`], [`roster`] | who can be an assignee, and how its runs are started |
//! | [`runner`] | how agents are started, told what to do, and listened to |
//! | [`workspace`], [`artifacts`], [`tidy`] | where a run works, what is kept of it, when it goes |
//! | [`supervisor`] | the process that owns one run's process tree |
//! | [`reconcile`] | what is done about a run whose supervisor is gone |
//! | [`dispatcher`] | the loop that turns ready tasks into runs on this host |
//! | [`planner`] | a model that specifies, splits and describes: which one, and when it works by itself |
//! | [`control`] | stopping a run and waiting until nothing of it lives |

pub mod artifacts;
pub mod config;
pub mod control;
pub mod dispatcher;
pub mod host;
pub mod inspect;
pub mod paths;
pub mod planner;
pub mod profile;
pub mod reconcile;
mod renewal;
pub mod roster;
pub mod runner;
pub mod settings;
pub mod supervisor;
pub mod tidy;
pub mod workspace;
