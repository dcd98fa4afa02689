//! Why something with a profile did not work.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::{FileError, Problems};

/// A refusal that concerns a profile. Nothing has been changed.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// The name cannot be a profile's.
    #[error("{reason}")]
    BadName {
        /// The name and the rule that it breaks.
        reason: String,
    },
    /// There is no such profile.
    #[error("no profile is called `{name}`{}", hint(nearest.as_deref()))]
    Unknown {
        /// The name that was given.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// There is a folder of this name, and it is no profile.
    #[error("the profile `{name}` is broken: {reason}")]
    Broken {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is one already.
    #[error("a profile `{name}` exists already: edit it, remove it, or choose another name")]
    Exists {
        /// The name.
        name: String,
    },
    /// There is a folder, but no settings in it.
    #[error("{} has no profile.toml, so it is no profile: write one, or remove the folder with `andon profile rm`", folder.display())]
    Unfinished {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder's name cannot be reached as a profile.
    #[error("{}: {reason}; rename the folder", folder.display())]
    BadFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// The settings hold mistakes.
    #[error("{0}")]
    Invalid(Problems),
    /// The settings name a skill that the profile does not have.
    #[error("{}: `skills` names `{skill}`, which the profile does not have{}", file.display(), hint(nearest.as_deref()))]
    MissingSkill {
        /// The settings.
        file: PathBuf,
        /// The skill.
        skill: String,
        /// The nearest skill that is there.
        nearest: Option<String>,
    },
    /// A package to install cannot be used.
    #[error("{origin}: {reason}")]
    BadPackage {
        /// Where it came from.
        origin: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// A file is there and cannot be read as text.
    #[error(transparent)]
    File(#[from] FileError),
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl ProfileError {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "profile_bad_name",
            Self::Unknown { .. } => "profile_unknown",
            Self::Broken { .. } => "profile_broken",
            Self::Exists { .. } => "profile_exists",
            Self::Unfinished { .. } => "profile_unfinished",
            Self::BadFolder { .. } => "profile_bad_folder",
            Self::Invalid(_) => "profile_invalid",
            Self::MissingSkill { .. } => "profile_missing_skill",
            Self::BadPackage { .. } => "profile_bad_package",
            Self::File(_) => "profile_unreadable",
            Self::Io { .. } => "profile_io",
        }
    }
}
