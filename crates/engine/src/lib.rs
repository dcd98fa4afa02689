//! Being written.
pub mod workspace;
pub mod config;
pub mod profile;
