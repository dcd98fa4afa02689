//! The rules of a home for the tools, read from its files at each call: configuration, board files, profiles.

use andon_core::roster::Roster;
use andon_core::run::EndsBy;
use andon_core::{BoardSlug, ProfileName};
use andon_engine::artifacts;
use andon_engine::profile::{self, Profiles};
use andon_engine::roster::roster;
use andon_engine::settings::{self, BoardSettings, SettingsError};
use andon_store::files::Declared;
use andon_store::operation::Attach;
use andon_store::{Board, BoardFileError, Home};
use andon_tools::{BoardRules, HouseRules, ToolError};

/// The rules of a home, as its files say now.
#[derive(Clone, Debug)]
pub struct HomeRules {
    home: Home,
}

impl HomeRules {
    /// The rules of this home. Nothing is read yet.
    #[must_use]
    pub const fn new(home: Home) -> Self {
        Self { home }
    }

    fn settings(&self, board: &BoardSlug) -> Result<BoardSettings, ToolError> {
        let config = settings::load_config(self.home.root())
            .map_err(|error| unusable(error.code(), error.to_string()))?;
        settings::of_board(&self.home, board, &config).map_err(|error| {
            let code = match &error {
                SettingsError::Config(error) => error.code(),
                SettingsError::Board(BoardFileError::Io { .. }) => "board_file_io",
                SettingsError::Board(BoardFileError::Malformed { .. }) | SettingsError::Limits(_) => {
                    "board_file_malformed"
                }
            };
            unusable(code, error.to_string())
        })
    }
}

fn unusable(code: &'static str, message: String) -> ToolError {
    let hint = "a person has to mend the file or variable that is named; nothing was changed";
    ToolError::new(code, message, Some(hint.to_owned()))
}

impl HouseRules for HomeRules {
    fn of_board(&self, board: &BoardSlug) -> Result<BoardRules, ToolError> {
        let BoardSettings { config, policy, file } = self.settings(board)?;
        Ok(BoardRules {
            policy,
            default_workdir: file.default_workdir,
            max_running: config.max_running,
            max_running_per_profile: config.max_running_per_profile,
        })
    }

    fn roster(&self, board: &BoardSlug) -> Result<Roster, ToolError> {
        let settings = self.settings(board)?;
        let profiles = Profiles::load(self.home.root());
        Ok(roster(&profiles, &settings.config, settings.file.reviewer.as_deref()))
    }

    fn ends_by(&self, profile: &ProfileName) -> Option<EndsBy> {
        let profile = Profiles::load_one(self.home.root(), profile.as_str()).ok()?;
        Some(match profile.ends_by() {
            profile::EndsBy::Exit => EndsBy::Exit,
            profile::EndsBy::Protocol => EndsBy::Protocol,
        })
    }

    fn description(&self, profile: &ProfileName) -> Option<String> {
        Profiles::load_one(self.home.root(), profile.as_str()).ok()?.settings.description
    }

    fn store(&self, board: &Board, declared: &Declared<'_>) -> (Vec<Attach>, Vec<String>) {
        let stored = artifacts::store(board, declared);
        (stored.files, stored.problems)
    }
}
