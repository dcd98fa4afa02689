//! The built-in agent: a model, a loop, tools, and a run that ends by saying so.
//!
//! | module | what it is |
//! |---|---|
//! | [`model`] | the port to models, with one method; its implementation; retries |
//! | [`settings`] | the table `[agent]` of a `profile.toml` |
//! | [`lacks`] | what a profile still needs |
//! | [`identity`], [`guard`] | which run this is, and whether it may still work |
//! | [`guidance`], [`opening`] | what the model is told first |
//! | [`work`] | the loop, from the startup guard to the end of the run |
//! | [`judge`] | whether a goal has been reached (goal mode) |
//! | [`planner`] | a model that specifies, splits and describes |
//! | [`tools`], [`processes`] | the tools of the workspace; the port to processes that they start |
//! | [`board`] | the port to the tools of the board |
//! | [`transcript`], [`usage`] | what was said, and what it cost |
//!
//! **The agent never decides a status.** It ends its run through the board, which may refuse; and it calls no model before the
//! startup guard has passed.

pub mod board;
mod compression;
mod conversation;
mod fetching;
mod goal;
pub mod guard;
pub mod guidance;
pub mod identity;
pub mod judge;
pub mod lacks;
mod length;
mod looping;
pub mod model;
pub mod opening;
pub mod planner;
pub mod processes;
mod secret;
mod session;
pub mod settings;
mod stop;
pub mod tools;
pub mod transcript;
pub mod usage;
pub mod work;

pub use fetching::client as http_client;
pub use secret::Secret;
pub use stop::Stop;
