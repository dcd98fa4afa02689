//! Profiles: who can be given a task, and how work for them is run.
//!
//! A profile is a folder `profiles/<name>/` of the home with `profile.toml`, `instructions.md` and
//! `skills/<skill>/SKILL.md`. A folder without a `profile.toml` that reads without mistakes is no profile: one predicate,
//! [`Profiles::exists`], serves pickers, creation and the start of runs alike.

mod bundle;
mod bundle_text;
mod edit;
mod environment;
mod error;
mod files;
mod folder;
mod kinds;
mod lookup;
mod name;
pub mod runner;
mod settings;
mod starter;
mod template;
#[cfg(test)]
mod tests;
mod values;

pub use bundle::{Package, install};
pub use bundle_text::export;
pub use edit::{Changes, NewProfile, create, edit, remove};
pub use environment::ALWAYS_PASSED;
pub use error::ProfileError;
pub(crate) use folder::in_user_home;
pub use folder::{Profile, Profiles};
pub(crate) use kinds::words;
pub use kinds::{
    AssignableBy, CpuShare, EndsBy, Foreign, Permission, Runner, Terminal, Toolset, UnknownWord,
    WorkspaceDefault,
};
pub use lookup::find_executable;
pub use name::{RESERVED_NAMES, check_name, is_skill_name};
pub use settings::Settings;
pub use starter::{STARTER, install_starter};
pub use template::{
    FillError, LONGEST_ARGUMENT, PLACEHOLDERS, RUNNER_PLACEHOLDERS, Splice, Template, TemplateError,
};
