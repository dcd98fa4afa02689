//! Reading the configuration: defaults, then `config.toml`, then the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml_edit::Item;

use super::channels::Channels;
use super::file::{FileError, read_text};
use super::keys::{Entry, fields, variable};
use super::problem::{Place, Problem, Problems};
use super::schema::{Field, Reader};
use super::settings::Config;
use crate::runner::Runners;

/// No configuration is larger, in bytes.
pub(super) const LARGEST_FILE: u64 = 1 << 20;

/// Variables of ours that are no configuration: what workers are given, and switches of single commands. A trailing `*`
/// stands for every ending.
pub const RESERVED_VARIABLES: &[&str] = &[
    "ANDON_HOME",
    "ANDON_BOARD",
    "ANDON_TASK",
    "ANDON_RUN",
    "ANDON_RUN_TOKEN",
    "ANDON_PROFILE",
    "ANDON_WORKSPACE",
    "ANDON_TENANT",
    "ANDON_BRANCH",
    "ANDON_SESSION",
    "ANDON_RESULT",
    "ANDON_PHASE",
    "ANDON_PROMPT_FILE",
    "ANDON_USAGE",
    "ANDON_PROFILE_DIR",
    "ANDON_GOAL*",
    "ANDON_URL",
    "ANDON_CRASH_AT",
    "ANDON_LOG",
    "ANDON_LOG_FORMAT",
    "ANDON_MACHINE_ID",
    "ANDON_REQUIRE_*",
    "ANDON_SERVER",
    "ANDON_SUPERVISE_*",
    "ANDON_TESTS_*",
    "ANDON_TOKEN",
];

/// Whether a variable is one of [`RESERVED_VARIABLES`].
#[must_use]
pub fn is_reserved(variable: &str) -> bool {
    RESERVED_VARIABLES.iter().any(|reserved| match reserved.strip_suffix('*') {
        Some(start) => variable.starts_with(start),
        None => variable == *reserved,
    })
}

/// Where the value of a key comes from. The later wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// `config.toml`, at this line.
    File {
        /// The line, counted from 1.
        line: usize,
    },
    /// This environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
}

/// A configuration, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// Every key with its source, in the order of [`Config::keys`].
    pub sources: Vec<(&'static str, Source)>,
    /// Variables called `ANDON_…` that nobody knows and that resemble no key. They are somebody else's; worth a word on
    /// standard error.
    pub ignored_variables: Vec<String>,
}

impl Loaded {
    /// Every key with its value and source, secrets hidden.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |(key, source): &(&'static str, Source)| Entry {
            key,
            value: self.config.shown(key),
            source: source.clone(),
        };
        self.sources.iter().map(entry).collect()
    }
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// `config.toml` is there and cannot be read as text.
    #[error(transparent)]
    File(#[from] FileError),
    /// It says something wrong, or a variable does.
    #[error("{0}")]
    Invalid(Problems),
}

impl ConfigError {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(_) => "config_unreadable",
            Self::Invalid(_) => "config_invalid",
        }
    }
}

impl Config {
    /// Where a home keeps its configuration.
    #[must_use]
    pub fn path(home: &Path) -> PathBuf {
        home.join("config.toml")
    }

    /// Reads `config.toml` of a home, where there is one, and the overrides in the environment. A variable that is empty
    /// counts as unset; one that is a key's name with a typing mistake is refused.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every mistake in the file and in the environment.
    pub fn load<K, V>(home: &Path, env: impl IntoIterator<Item = (K, V)>) -> Result<Loaded, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let path = Self::path(home);
        let text = read_text(&path, LARGEST_FILE)?.unwrap_or_default();
        let mut layers = Layers::default();
        layers.read_file(&path, &text);
        let variables = env.into_iter().map(|(name, value)| (name.into(), value.into()));
        layers.read_environment(variables);
        layers.finish()
    }

    /// Looks for mistakes in the variables alone, whatever the file says: a setting that somebody gave a command and that is
    /// none must not be passed over by commands that do without it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] with every mistake: the variable, what it is, and what it must be.
    pub fn check_environment<K, V>(env: impl IntoIterator<Item = (K, V)>) -> Result<(), ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let mut layers = Layers::default();
        layers.read_environment(env.into_iter().map(|(name, value)| (name.into(), value.into())));
        let problems = layers.problems;
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(Problems(problems))) }
    }

    /// Looks for mistakes in a text that is, or would be, a `config.toml`.
    pub(super) fn check(path: &Path, text: &str) -> Result<(), ConfigError> {
        let mut layers = Layers::default();
        layers.read_file(path, text);
        layers.finish().map(drop)
    }
}

/// The configuration while it is put together.
#[derive(Default)]
struct Layers {
    config: Config,
    places: BTreeMap<String, Place>,
    ignored: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Layers {
    fn read_file(&mut self, path: &Path, text: &str) {
        let mut reader = Reader::new(path, text);
        if let Some(document) = reader.parse() {
            reader.table_besides(&mut self.config, &fields(), document.as_table(), &["runners", "channels"]);
        }
        self.problems.append(&mut reader.problems);
        if text.contains("runners") {
            let (_, mut problems) = Runners::read(path, text);
            // A file that is no TOML has been told already.
            problems.0.retain(|problem| !self.problems.contains(problem));
            self.problems.append(&mut problems.0);
        }
        if text.contains("channels") {
            let (channels, mut problems) = Channels::read(path, text);
            problems.0.retain(|problem| !self.problems.contains(problem));
            self.problems.append(&mut problems.0);
            self.config.channels = channels;
        }
        self.places.extend(reader.into_places());
    }

    fn read_environment(&mut self, env: impl Iterator<Item = (OsString, OsString)>) {
        let known: BTreeMap<String, &Field<Config>> =
            fields().into_iter().map(|field| (variable(field.name), field)).collect();
        for (name, value) in env {
            let Some(name) = name.to_str().filter(|name| name.starts_with("ANDON_")) else { continue };
            match known.get(name) {
                Some(_) if value.is_empty() => {}
                Some(field) => self.read_variable(name, &value, field),
                None if is_reserved(name) => {}
                None => self.unknown_variable(name, known.keys().map(String::as_str)),
            }
        }
    }

    fn read_variable(&mut self, name: &str, value: &OsString, field: &Field<Config>) {
        let place = Place::Environment(name.to_owned());
        let item = value.to_str().map_or(Item::None, field.item);
        match field.take(&mut self.config, &item) {
            Ok(()) => {
                self.places.insert(field.name.to_owned(), place);
            }
            Err((message, nearest)) => {
                self.problems.push(Problem { place, key: Some(field.name.to_owned()), message, nearest });
            }
        }
    }

    /// A mistyped key must not be silent; a variable that resembles none belongs to somebody else.
    fn unknown_variable<'n>(&mut self, name: &str, known: impl Iterator<Item = &'n str>) {
        let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
        let misspelt = known.filter(|known| distance(known) <= 2).min_by_key(distance);
        match misspelt {
            Some(meant) => self.problems.push(Problem {
                place: Place::Environment(name.to_owned()),
                key: None,
                message: format!("no such setting; did you mean `{meant}`?"),
                nearest: Some(meant.to_owned()),
            }),
            None => {
                self.ignored.insert(name.to_owned());
            }
        }
    }

    fn finish(mut self) -> Result<Loaded, ConfigError> {
        self.require_order("backoff_base", self.config.backoff_base, "backoff_cap", self.config.backoff_cap);
        self.require_order(
            "rate_limit_cooldown",
            self.config.rate_limit_cooldown,
            "rate_limit_cooldown_cap",
            self.config.rate_limit_cooldown_cap,
        );
        if !self.problems.is_empty() {
            return Err(ConfigError::Invalid(Problems(self.problems)));
        }
        if !self.places.contains_key("diagnostics.failure_threshold") {
            self.config.diagnostics.failure_threshold = self.config.failure_limit;
        }
        let sources = fields().iter().map(|field| (field.name, self.source(field.name))).collect();
        Ok(Loaded { config: self.config, sources, ignored_variables: self.ignored.into_iter().collect() })
    }

    fn require_order(
        &mut self,
        low_key: &str,
        low: super::duration::Duration,
        high_key: &str,
        high: super::duration::Duration,
    ) {
        if low <= high {
            return;
        }
        let said = self.places.get(low_key).or_else(|| self.places.get(high_key));
        self.problems.push(Problem {
            place: said.cloned().unwrap_or(Place::Given),
            key: Some(low_key.to_owned()),
            message: format!("`{low_key}` ({low}) must not be longer than `{high_key}` ({high})"),
            nearest: None,
        });
    }

    fn source(&self, key: &str) -> Source {
        match self.places.get(key) {
            None | Some(Place::Given) => Source::Default,
            Some(Place::File { line, .. }) => Source::File { line: *line },
            Some(Place::Environment(variable)) => Source::Environment { variable: variable.clone() },
        }
    }
}
