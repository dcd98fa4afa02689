//! What Andon serves: the tools over MCP, and the API over HTTP.
//!
//! Invariant: **nothing here decides about a task.** Tools and operations do; this crate carries their answers.

pub mod channels;
pub mod http;
pub mod mcp;
mod rules;
pub mod shape;
pub mod telemetry;

pub use rules::HomeRules;
