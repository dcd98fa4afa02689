//! PostgreSQL: a board is a schema, any number of hosts use it at once.
//!
//! One thread of each process drives its connections ([`runtime`]), so that callers need no runtime of their own. A
//! transaction sends what it writes without waiting for the answers, and asks for its event numbers last: their lock is
//! held for the commit alone. The bell rings through `NOTIFY`, after the commit and outside the transaction.

mod batch;
mod bell;
mod dialect;
mod engine;
mod error;
mod floors;
mod load;
mod passfile;
mod registry;
mod runtime;
mod session;
mod tls;
mod together;
mod transaction;
mod url;

pub(crate) use bell::Bell;
pub(crate) use engine::Engine;
pub(crate) use load::Arriving;
pub use load::ServerFacts;
pub(crate) use registry::{Listed, Server};
pub use url::DatabaseUrl;
