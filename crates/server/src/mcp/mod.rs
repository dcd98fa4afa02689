//! The Model Context Protocol: one service over the tools, served on standard input and output and over HTTP.
//!
//! The service keeps nothing of a session: every request stands for itself, whether its client opened a session with
//! `initialize` or sends the stateless requests of 2026-07-28. The SDK stays behind this module.

mod frames;
mod resources;
mod service;
mod stdio;
mod transport;
mod waiting;
mod web;

pub use frames::{FRAME_LIMIT, Frame, Frames, Line};
pub use service::McpService;
pub use stdio::{StdioError, serve, serve_stdio};
pub use web::over_http;
