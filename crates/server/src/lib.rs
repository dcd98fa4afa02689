//! What Andon serves: the tools over MCP.
//!
//! Invariant: **nothing here decides about a task.** Tools and operations do; this crate carries their answers.

pub mod mcp;
mod rules;

pub use rules::HomeRules;
