//! Every statement, by table. `$N` parameters; one text for both engines.

pub mod attachments;
pub mod boards;
pub mod comments;
pub mod events;
pub mod leases;
pub mod links;
pub mod runs;
pub mod tasks;
