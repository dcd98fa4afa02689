//! What of the dispatcher's environment a run gets to see.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::folder::Profile;

/// Variables that every run gets. A trailing `*` stands for every ending.
pub const ALWAYS_PASSED: &[&str] =
    &["PATH", "HOME", "LANG", "LC_*", "TERM", "USER", "SHELL", "TMPDIR", "SSH_AUTH_SOCK"];

impl Profile {
    /// The environment of its runs, without Andon's own variables: of `from`, what every run gets and what `env_pass` names,
    /// then the profile's own `env`. Nothing else of the dispatcher's environment reaches a run, least of all the
    /// run token of another.
    pub fn environment<K, V>(&self, from: impl IntoIterator<Item = (K, V)>) -> BTreeMap<OsString, OsString>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let mut environment: BTreeMap<OsString, OsString> = from
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(name, _)| self.passes(name))
            .collect();
        environment.extend(self.settings.env.iter().map(|(name, value)| (name.into(), value.into())));
        environment
    }

    fn passes(&self, name: &OsStr) -> bool {
        let Some(name) = name.to_str().filter(|name| !name.starts_with("ANDON_")) else { return false };
        let of_runner = self.preset().into_iter().flat_map(|preset| &preset.env_pass);
        let own = self.settings.env_pass.iter().chain(of_runner).map(String::as_str);
        ALWAYS_PASSED.iter().copied().chain(own).any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        })
    }
}
