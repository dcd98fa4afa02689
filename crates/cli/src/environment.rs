//! The environment of this process, read once.

#![expect(clippy::disallowed_methods, reason = "the edge of the program, where the environment is read")]

use std::ffi::OsString;
use std::path::PathBuf;

use andon_engine::settings::DATABASE_URL;

/// What this program looks at in its environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    variables: Vec<(OsString, OsString)>,
}

/// Variables of this program alone, of which the configuration must hear nothing.
const OWN: &[&str] = &["ANDON_USER"];

impl Environment {
    /// The environment of this process.
    pub(crate) fn of_process() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// A variable; an empty one counts as unset.
    pub(crate) fn get(&self, name: &str) -> Option<&OsString> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// A variable as text. What is no UTF-8 comes with marks in place of the broken bytes, so that no check takes it for
    /// unset.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// The person's own directory.
    pub(crate) fn user_home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// What processes of an agent's tools see: everything but the named variables, the run's secret and the location of
    /// the database.
    pub(crate) fn for_tools(&self, hidden: &[&str]) -> Vec<(OsString, OsString)> {
        let secret = |name: &OsString| name == "ANDON_RUN_TOKEN" || name == DATABASE_URL;
        let shown = |name: &OsString| !secret(name) && !hidden.iter().any(|hidden| name == hidden);
        self.variables.iter().filter(|(name, _)| shown(name)).cloned().collect()
    }

    /// What the configuration may look at.
    pub(crate) fn for_configuration(&self) -> impl Iterator<Item = (OsString, OsString)> + '_ {
        self.variables.iter().filter(|(name, _)| !OWN.iter().any(|own| name == own)).cloned()
    }
}
