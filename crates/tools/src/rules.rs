//! What tools need to know beyond the board: limits, profiles, how their runs end, and how artifacts are kept. Files say
//! that, and whoever owns the tools reads them.

use std::fmt::Debug;

use andon_core::roster::Roster;
use andon_core::run::EndsBy;
use andon_core::{BoardSlug, Policy, ProfileName};
use andon_store::Board;
use andon_store::files::Declared;
use andon_store::operation::Attach;

use crate::error::ToolError;

/// What holds on one board.
#[derive(Clone, Debug, Default)]
pub struct BoardRules {
    /// Limits and times.
    pub policy: Policy,
    /// The default directory of `dir` and `worktree` workspaces.
    pub default_workdir: Option<String>,
    /// The board's cap.
    pub max_running: Option<u32>,
    /// The cap of profiles that have none of their own.
    pub max_running_per_profile: Option<u32>,
}

/// The rules of a home, read when they are asked for. Every method may block.
pub trait HouseRules: Debug + Send + Sync {
    /// What holds on a board.
    ///
    /// # Errors
    /// A mistake in the configuration or the board's file.
    fn of_board(&self, board: &BoardSlug) -> Result<BoardRules, ToolError>;

    /// Who can be an assignee.
    ///
    /// # Errors
    /// As [`Self::of_board`].
    fn roster(&self, board: &BoardSlug) -> Result<Roster, ToolError>;

    /// How runs of a profile end; none where nobody knows.
    fn ends_by(&self, profile: &ProfileName) -> Option<EndsBy>;

    /// What a profile is good at, in its own words.
    fn description(&self, profile: &ProfileName) -> Option<String>;

    /// Copies declared artifacts into the board, where they are still to be recorded; gives them, and what could not be kept, in
    /// words.
    fn store(&self, board: &Board, declared: &Declared<'_>) -> (Vec<Attach>, Vec<String>);
}

/// Rules that are given once and never change, and that keep no artifacts: for tests, and where no files say more.
#[derive(Clone, Debug, Default)]
pub struct FixedRules {
    /// What holds on every board.
    pub board: BoardRules,
    /// Who can be an assignee.
    pub roster: Roster,
}

impl HouseRules for FixedRules {
    fn of_board(&self, _board: &BoardSlug) -> Result<BoardRules, ToolError> {
        Ok(self.board.clone())
    }

    fn roster(&self, _board: &BoardSlug) -> Result<Roster, ToolError> {
        Ok(self.roster.clone())
    }

    fn ends_by(&self, _profile: &ProfileName) -> Option<EndsBy> {
        None
    }

    fn description(&self, _profile: &ProfileName) -> Option<String> {
        None
    }

    fn store(&self, _board: &Board, declared: &Declared<'_>) -> (Vec<Attach>, Vec<String>) {
        let problems = declared.paths.iter().map(|path| format!("{path}: artifacts are not kept here"));
        (Vec::new(), problems.collect())
    }
}
