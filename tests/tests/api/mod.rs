//! `andon serve`: the API, the event stream, the tools, and who may use them; over real sockets.

mod client;
mod limits;
mod mcp;
mod metrics;
mod notices;
mod notices_api;
mod planning;
mod plans;
mod schemathesis;
mod security;
mod service;
mod serving;
mod streams;
mod tasks;
