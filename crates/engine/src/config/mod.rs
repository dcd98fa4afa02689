//! Configuration: what `config.toml` and the environment say, typed, checked, and with the place of every mistake.
//!
//! Every key is declared once, in `settings` (name, type, range, default, text for people); the reader, the
//! environment overrides, the listing and the documentation follow from that one table.

mod channels;
pub mod duration;
mod edit;
mod file;
mod fingerprint;
mod keys;
mod limits;
mod load;
pub(crate) mod problem;
pub(crate) mod schema;
mod secret;
mod settings;
mod size;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use file::{read_bytes, read_text};

pub use channels::{CHANNEL_KINDS, ChannelSettings, Channels};
pub use duration::Duration;
pub use edit::{ConfigValue, EditError, edit};
pub use file::FileError;
pub use fingerprint::ConfigFingerprint;
pub use keys::{Entry, KeyDoc};
pub use limits::BoardLimits;
pub use load::{ConfigError, Loaded, RESERVED_VARIABLES, Source, is_reserved};
pub use problem::{Place, Problem, Problems};
pub use secret::Secret;
pub use settings::{Config, Dashboard, Diagnostics, PlannerSettings};
pub use size::Bytes;
pub use values::{AttentionCommand, Reviewer};
