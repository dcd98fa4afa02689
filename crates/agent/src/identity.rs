//! Which run this process works on, as its supervisor said in the environment.

use std::path::PathBuf;

use andon_core::{BoardSlug, ProfileName, RunId, TaskId};
use andon_store::Caller;

/// A worker's identity. Its `Debug` form hides the run's secret.
#[derive(Clone)]
pub struct Identity {
    /// The home.
    pub home: PathBuf,
    /// The board.
    pub board: BoardSlug,
    /// The task.
    pub task: TaskId,
    /// The run.
    pub run: RunId,
    /// The run's secret.
    pub token: String,
    /// The profile.
    pub profile: Option<ProfileName>,
    /// Where it works.
    pub workspace: PathBuf,
    /// The profile's folder.
    pub profile_folder: PathBuf,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { home, board, task, run, profile, workspace, .. } = self;
        f.debug_struct("Identity")
            .field("home", home)
            .field("board", board)
            .field("task", task)
            .field("run", run)
            .field("profile", profile)
            .field("workspace", workspace)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads it. What is missing or malformed is a failed startup guard (SD4-05, SD4-06), never a guard that is left out.
    ///
    /// # Errors
    /// Which variable, and what is wrong with it.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let text = |name: &str| {
            let found = variable(name).filter(|value| !value.trim().is_empty());
            found.ok_or_else(|| format!("{name} is not set"))
        };
        fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, String> {
            text.parse().map_err(|error: T::Err| format!("{name}: {error}"))
        }
        let home = PathBuf::from(text("ANDON_HOME")?);
        let profile: Option<ProfileName> = match variable("ANDON_PROFILE") {
            Some(name) => Some(parsed("ANDON_PROFILE", &name)?),
            None => None,
        };
        let named = variable("ANDON_PROFILE_DIR").filter(|path| !path.is_empty()).map(PathBuf::from);
        let profile_folder = match (named, &profile) {
            (Some(folder), _) => folder,
            (None, Some(profile)) => home.join("profiles").join(profile.as_str()),
            (None, None) => return Err("neither ANDON_PROFILE_DIR nor ANDON_PROFILE is set".to_owned()),
        };
        Ok(Self {
            board: parsed("ANDON_BOARD", &text("ANDON_BOARD")?)?,
            task: parsed("ANDON_TASK", &text("ANDON_TASK")?)?,
            run: parsed("ANDON_RUN", &text("ANDON_RUN")?)?,
            token: text("ANDON_RUN_TOKEN")?,
            workspace: PathBuf::from(text("ANDON_WORKSPACE")?),
            profile,
            profile_folder,
            home,
        })
    }

    /// The same as the caller of operations.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::worker(self.run.clone(), self.profile.clone(), self.token.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(without: &str) -> impl Fn(&str) -> Option<String> {
        move |name: &str| {
            let value = match name {
                "ANDON_HOME" => "/h",
                "ANDON_BOARD" => "default",
                "ANDON_TASK" => "t_0123abcd",
                "ANDON_RUN" => "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "ANDON_RUN_TOKEN" => "geheim",
                "ANDON_PROFILE" => "coder",
                "ANDON_WORKSPACE" => "/w",
                _ => return None,
            };
            Some(value.to_owned()).filter(|_| name != without)
        }
    }

    #[test]
    fn an_identity_is_whole_or_none() {
        let identity = Identity::read(variable("")).unwrap();
        assert_eq!(identity.profile_folder, PathBuf::from("/h/profiles/coder"));
        assert!(!format!("{identity:?}").contains("geheim"));
        for name in ["ANDON_BOARD", "ANDON_TASK", "ANDON_RUN", "ANDON_RUN_TOKEN", "ANDON_WORKSPACE"] {
            assert!(Identity::read(variable(name)).unwrap_err().contains(name));
        }
        let malformed = |name: &str| {
            if name == "ANDON_RUN" { Some("nonsense".to_owned()) } else { variable("")(name) }
        };
        assert!(Identity::read(malformed).unwrap_err().contains("ANDON_RUN"));
    }
}
