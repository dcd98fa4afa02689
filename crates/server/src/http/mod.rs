//! The HTTP API: routes, the event stream, authentication, the dashboard's files.
//!
//! A request passes the guard (host, origin, limits), then the table of access (`access`), then its handler. A handler
//! reads its input, runs one operation or question of the store, and shapes the answer; it decides nothing about a task.
//! Questions run on threads where they may block; the event loop waits for nothing but sockets.

mod access;
mod assets;
mod attachments;
mod body;
mod context;
mod events;
mod failure;
mod feed;
mod guard;
mod limits;
mod listen;
mod logs;
mod mcp;
mod metrics;
mod openapi;
mod replay;
mod routes;
mod serve;
mod session;
mod stall;
mod state;
mod tokens;
mod work;

pub use access::{ACCESS, Access};
pub use openapi::document;
pub use routes::verb_port::{Audience, Verb, VerbCaller, Verbs};
pub use serve::{DEFAULT_LISTEN, Listen, ListenError, ServeOptions, Server, served_at, start};
pub use tokens::{Entry, Scope, TokenError, TokenFile};
