//! Runners: how the process of an agent is started, told what to do, and listened to.
//!
//! A runner is a small table of settings ([`Preset`]): program and arguments, how the prompt and the board's tools go in, how
//! a session is resumed, how its output is read. Those of well-known agents are built in; a person adds others, or puts
//! another in the place of one, under `[runners.<name>]` in `config.toml`.
//!
//! | module | what it is |
//! |---|---|
//! | [`Preset`], [`Runners`] | the settings of one runner; all that a home knows |
//! | [`Listener`], [`Heard`] | what an agent's output says: session, tokens, cost, limits |
//! | [`board_tools`] | the MCP configuration by which an agent reaches its board |
//! | [`AgentHome`] | where that has to stand among the settings of the agent's own home |
//! | [`examine`] | whether a runner's program is there, and logged in |

mod builtin;
mod examine;
mod home;
mod listen;
mod preset;
mod reading;
mod reset;
mod set;
mod tools;

pub use builtin::{BUILT_IN, as_configuration};
pub use examine::{Examined, Finding, Subject, examine};
pub use home::{AgentHome, agent_home};
pub use listen::{Heard, Listener};
pub use preset::{Login, Output, Permissions, Preset, PromptBy, Totals};
pub use reading::{Format, Reading, ReadingError};
pub use set::{RESERVED, Runners};
pub use tools::{BoardTools, board_tools};
