//! The planner of a home: which model plans, what it is told of the profiles, and the service that works on ideas as they come.

mod choice;
mod profile;
mod service;

pub use choice::{asker, model_name, planner};
pub use profile::describe;
pub use service::PlannerService;
