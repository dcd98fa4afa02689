//! What a profile still needs before the built-in agent can work for it, found out without asking anybody.

use std::path::Path;

use crate::model::HostedModel;
use crate::settings::{ProfileFile, SettingsError};

/// Something that its next run would fail on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// `settings`, `provider`, `model` or `login`.
    pub what: &'static str,
    /// What is missing, and the way out.
    pub message: String,
}

/// What the profile in `folder` lacks, where its runs see these variables.
#[must_use]
pub fn lacks(folder: &Path, variable: impl Fn(&str) -> Option<String>) -> Vec<Lack> {
    let lack = |what, message: String| Lack { what, message };
    let file = match ProfileFile::read(folder) {
        Ok(file) => file,
        Err(error) => return vec![lack("settings", error.to_string())],
    };
    let mut found = Vec::new();
    let model = file.model(None);
    if file.agent.provider.is_none() {
        found.push(lack("provider", SettingsError::NoProvider.to_string()));
    } else if let Err(error) = HostedModel::new(&file.agent, model.as_deref().unwrap_or("none"), None) {
        found.push(lack("provider", error.to_string()));
    }
    if let Err(error) = &model {
        found.push(lack("model", error.to_string()));
    }
    match file.agent.key(folder, variable) {
        Ok(Some(_)) => {}
        Ok(None) => {
            if let Some(name) = file.agent.usual_variable().filter(|_| file.agent.base_url.is_none()) {
                found.push(lack("login", SettingsError::KeyNotSet { name: name.to_owned() }.to_string()));
            }
        }
        Err(error) => found.push(lack("login", error.to_string())),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(agent: &str, key: Option<&str>) -> Vec<&'static str> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("profile.toml"), format!("runner = \"agent\"\n{agent}")).unwrap();
        let variable = |name: &str| key.filter(|_| name == "OPENAI_API_KEY").map(str::to_owned);
        lacks(folder.path(), variable).into_iter().map(|lack| lack.what).collect()
    }

    #[test]
    fn a_profile_lacks_what_its_next_run_would_fail_on() {
        let whole = "[agent]\nprovider = \"openai\"\nmodel = \"m\"\n";
        assert!(of(whole, Some("sk-123456")).is_empty());
        assert_eq!(of(whole, None), ["login"]);
        assert_eq!(of("", None), ["provider", "model"]);
        assert_eq!(of("model = \"m\"\n[agent]\nprovider = \"opnai\"\n", None), ["provider"]);
        assert_eq!(of("[agent]\nprovider = \"ollama\"\nmodel = \"m\"\n", None), [""; 0]);
        let local = "[agent]\nprovider = \"openai\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
        assert!(of(local, None).is_empty());
        assert_eq!(of(&format!("{local}api_key_env = \"MY_KEY\"\n"), None), ["login"]);
        assert_eq!(of("[agent]\ncolour = 1\n", None), ["settings"]);
    }
}
