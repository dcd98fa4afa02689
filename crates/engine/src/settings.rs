//! The configuration as it holds on one board, read afresh where it may have changed.

use std::path::Path;

use andon_core::{BoardSlug, Policy};
use andon_store::{BoardFile, Home};
use thiserror::Error;

use crate::config::{BoardLimits, Config, ConfigError};

/// Why the settings of a board cannot be read.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// `config.toml`.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `board.toml`.
    #[error(transparent)]
    Board(#[from] andon_store::BoardFileError),
    /// Its `[limits]`.
    #[error("{0}")]
    Limits(String),
}

/// What holds on one board.
#[derive(Clone, Debug)]
pub struct BoardSettings {
    /// The configuration with the board's own limits.
    pub config: Config,
    /// Its part for the core.
    pub policy: Policy,
    /// What the board's folder says.
    pub file: BoardFile,
}

/// Reads the configuration of a home with this process's environment.
///
/// # Errors
/// Malformed keys, each with its place.
pub fn load_config(home: &Path) -> Result<Config, ConfigError> {
    #[expect(clippy::disallowed_methods, reason = "the environment overrides the file")]
    let loaded = Config::load(home, std::env::vars_os())?;
    crate::host::be_called(loaded.config.host_name.as_deref());
    Ok(loaded.config)
}

/// The settings of a board.
///
/// # Errors
/// Malformed files.
pub fn of_board(home: &Home, slug: &BoardSlug, config: &Config) -> Result<BoardSettings, SettingsError> {
    let folder = home.board_folder(slug);
    let file = BoardFile::read(&folder)?;
    let path = folder.join("board.toml");
    let limits = BoardLimits::from_table(&path, &file.limits)
        .map_err(|error| SettingsError::Limits(error.to_string()))?;
    let config = config.for_board(&limits);
    Ok(BoardSettings { policy: config.policy(), config, file })
}
