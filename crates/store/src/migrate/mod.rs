//! Embedded, ordered, one transaction each, checksummed; a newer schema is refused.

mod schema;

pub use schema::SCHEMA;
pub(crate) use schema::{Dialect, hex, migrations};
