//! The configuration as it holds on one board, read afresh where it may have changed.

use std::ffi::OsString;
use std::path::Path;

use andon_core::{BoardSlug, Policy};
use andon_store::{BoardFile, DatabaseUrl, DbError, Home};
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

/// The variable that says where the boards are, in place of `database_url` in `config.toml`.
pub const DATABASE_URL: &str = "ANDON_DATABASE_URL";

/// Why it cannot be said where the boards of a home are.
#[derive(Debug, Error)]
pub enum HomeProblem {
    /// The configuration names a database, and cannot be read as a whole.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database's URL.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The home at `root` with its boards where its configuration says: in its own folders, or in the database of
/// `database_url`. The server is not asked yet. Everybody who opens a home does it here.
///
/// # Errors
/// A URL that cannot be used. A configuration with other mistakes keeps nobody from a home without a database: whoever
/// needs it tells its mistakes.
pub fn home<K, V>(root: &Path, variables: impl IntoIterator<Item = (K, V)>) -> Result<Home, HomeProblem>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let variables: Vec<(OsString, OsString)> =
        variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let named = variables.iter().any(|(name, value)| name == DATABASE_URL && !value.is_empty());
    match Config::load(root, variables) {
        Ok(loaded) => Ok(home_of(root, &loaded.config)?),
        // Boards that are elsewhere must not be looked for, or even made, in folders.
        Err(error) if named || mentions_database(root) => Err(error.into()),
        Err(_) => Ok(Home::new(root)),
    }
}

/// The home at `root` with its boards where this configuration says.
///
/// # Errors
/// A URL that cannot be used.
pub fn home_of(root: &Path, config: &Config) -> Result<Home, DbError> {
    let home = Home::new(root);
    match &config.database_url {
        Some(url) => home.with_database(&url.expose().parse::<DatabaseUrl>()?),
        None => Ok(home),
    }
}

/// Whether the file says anything of a database; one that cannot be read may.
fn mentions_database(root: &Path) -> bool {
    match std::fs::read(Config::path(root)) {
        Ok(text) => String::from_utf8_lossy(&text).contains("database_url"),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
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

/// A variable of this process's environment, for a setting that names one.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a setting names the variable that holds its secret")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
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
