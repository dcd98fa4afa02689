//! The planner: a model that specifies an idea, splits it into tasks, or describes a profile (LL-01..LL-11).
//!
//! | module | what it is |
//! |---|---|
//! | [`prompt`] | what the model is told |
//! | [`reading`] | what its answer says, cleaned: a model's word names nobody and nothing that is not there |
//! | [`failure`] | why there is no plan, each reason with a stable code |
//! | [`ask`] | one call, within its time |
//! | [`idea`] | an idea of a board, from being taken to being work |
//!
//! **The planner never decides a status, and nothing is written before the whole answer has been read.** What people wrote
//! stands between lines of equals signs in the prompt, as material; what the model answered is text, wherever it goes.

pub mod ask;
pub mod failure;
pub mod idea;
pub mod prompt;
pub mod reading;

pub use ask::{Asker, Spent};
pub use failure::PlanFailure;
pub use prompt::{Colleague, Portrait};
pub use reading::{Draft, Part, Team};
