//! The client of the API: one request, one typed answer or a typed error; the event stream, which resumes by itself; and
//! the verbs of the command line, run by the server.
//!
//! It speaks HTTP/1.1 over TCP, TLS (feature `tls`) or a Unix socket, and needs a tokio runtime. It follows no redirects
//! and uses no proxy: what it is told is where it goes.

mod connection;
mod endpoint;
mod error;
mod events;
mod request;
mod verbs;

pub use endpoint::Endpoint;
pub use error::ClientError;
pub use events::{EventStream, Message};
pub use request::Client;
pub use verbs::VerbStream;
