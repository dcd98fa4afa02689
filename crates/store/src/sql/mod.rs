//! Every statement, by table. `$N` parameters; one text for both engines.
//!
//! What runs on every wake-up names its index (`indexed by …`): without statistics SQLite takes the index on the status,
//! which costs a look at every task that has it, and a named index that cannot serve is an error instead of a slow board.
//! The words are SQLite's own; another driver leaves them out.

pub mod attachments;
pub mod boards;
pub mod comments;
pub mod events;
pub mod leases;
pub mod links;
pub mod plans;
pub mod runs;
pub mod subscriptions;
pub mod tasks;
