//! The environment of this process, read once.

#![expect(clippy::disallowed_methods, reason = "the edge of the program, where the environment is read")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use andon_engine::config::is_reserved;
use andon_engine::settings::DATABASE_URL;

/// What this program looks at in its environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    variables: Vec<(OsString, OsString)>,
}

/// Variables of this program alone, of which the configuration must hear nothing.
const OWN: &[&str] = &["ANDON_USER"];

/// Variables that say who calls.
const CALLER: &[&str] = &[
    "ANDON_BOARD",
    "ANDON_PROFILE",
    "ANDON_RUN",
    "ANDON_RUN_TOKEN",
    "ANDON_SESSION",
    "ANDON_TASK",
    "ANDON_TENANT",
    "ANDON_USER",
    "ANDON_WORKSPACE",
    "USER",
];

/// Starts of settings that matter to a server alone.
const SERVER_ALONE: &[&str] = &["ANDON_LISTEN", "ANDON_ALLOWED_HOSTS", "ANDON_API_"];

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
        let secret =
            |name: &OsString| name == "ANDON_RUN_TOKEN" || name == "ANDON_TOKEN" || name == DATABASE_URL;
        let shown = |name: &OsString| !secret(name) && !hidden.iter().any(|hidden| name == hidden);
        self.variables.iter().filter(|(name, _)| shown(name)).cloned().collect()
    }

    /// The same without the variables that say who calls, and with others that do.
    pub(crate) fn called_by(&self, caller: impl IntoIterator<Item = (String, String)>) -> Self {
        let kept =
            self.variables.iter().filter(|(name, _)| !CALLER.iter().any(|caller| name == caller)).cloned();
        let caller = caller.into_iter().filter(|(name, _)| CALLER.contains(&name.as_str()));
        Self { variables: kept.chain(caller.map(|(name, value)| (name.into(), value.into()))).collect() }
    }

    /// The variables that say who calls; none where one of them is no text.
    pub(crate) fn caller(&self) -> Option<BTreeMap<String, String>> {
        let said = self.variables.iter().filter(|(name, _)| CALLER.iter().any(|caller| name == caller));
        said.map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))).collect()
    }

    /// Checksums of the variables that change what a verb does, whoever calls.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        let matters = |name: &str| {
            let setting = name.starts_with("ANDON_") && !is_reserved(name) && !CALLER.contains(&name);
            let elsewhere = OWN.contains(&name) || SERVER_ALONE.iter().any(|start| name.starts_with(start));
            (setting && !elsewhere) || matches!(name, "HOME" | "TZ" | "ANDON_MACHINE_ID")
        };
        let checksum = |value: &OsString| {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            format!("{:016x}", hasher.finish())
        };
        let named = self.variables.iter().map(|(name, value)| (name.to_string_lossy(), value));
        named
            .filter(|(name, _)| matters(name))
            .map(|(name, value)| (name.into_owned(), checksum(value)))
            .collect()
    }

    /// What the configuration may look at.
    pub(crate) fn for_configuration(&self) -> impl Iterator<Item = (OsString, OsString)> + '_ {
        self.variables.iter().filter(|(name, _)| !OWN.iter().any(|own| name == own)).cloned()
    }
}
