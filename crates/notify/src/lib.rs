//! Notifications: what happens on boards, told to people and programs.
//!
//! A board keeps who is told of what ([`andon_store::sql::subscriptions`]). The [`Notifier`] takes events under a lease,
//! sends each through its [`Channel`], and settles it: at least once, in the order of the board, and never silently not
//! at all. Each message has an id by which a receiver knows it again.

mod channel;
mod escape;
mod http;
mod message;
mod secret;
mod send;
mod service;
mod signing;
mod watched;

pub use channel::{Channel, Kind, Way};
pub use message::{File, FileKind, Message, Subject};
pub use secret::Secret;
pub use send::Sent;
pub use service::{Notifier, Setup};
