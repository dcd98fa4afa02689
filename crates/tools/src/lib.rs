//! The `kanban_*` tools: what an agent may do with a board, and how it is told.
//!
//! A [`Toolbox`] belongs to one [`Identity`]: the worker of a run, or a person. It lists tools with their schemas and calls
//! them; MCP and the built-in agent are its two users. Whether a caller may do a thing is the store's word alone
//! ([`andon_store::Caller`]): a tool runs the operation and passes the refusal on, with what to do next.
//!
//! **No tool fails.** A call gives a [`ToolReply`], whose content is a result or `{"error": {"code", "message", …}}`.

mod arguments;
mod call;
mod error;
mod identity;
mod lenient;
mod moment;
mod pulse;
mod read;
mod reply;
mod rules;
mod shape;
mod spec;
mod toolbox;

pub use error::{CallError, ToolError};
pub use identity::{Identity, Toolset, Worker};
pub use pulse::{Pulse, Pulses};
pub use read::check;
pub use reply::ToolReply;
pub use rules::{BoardRules, FixedRules, HouseRules};
pub use spec::ToolSpec;
pub use toolbox::{Bounds, Toolbox};
