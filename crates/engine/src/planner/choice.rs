//! Which model plans: that of `[planner]` in `config.toml`, else that of the orchestrator's profile, else none.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use andon_agent::Stop;
use andon_agent::model::HostedModel;
use andon_agent::planner::idea::Planner;
use andon_agent::planner::{Asker, Colleague, PlanFailure};
use andon_agent::settings::{AgentSettings, ProfileFile};
use andon_core::Policy;
use andon_core::roster::Roster;
use andon_core::task::Actor;

use crate::config::Config;
use crate::profile::{Profile, Profiles};

const WAY_OUT: &str = "set `provider` and `model` in the table `[planner]` of config.toml";

fn no_model(reason: impl std::fmt::Display) -> PlanFailure {
    PlanFailure::NoModel(reason.to_string())
}

/// The model that plans for a home.
///
/// # Errors
/// No model is set up, or it cannot be.
pub fn asker(
    home: &Path,
    config: &Config,
    profiles: &Profiles,
    roster: &Roster,
) -> Result<Asker, PlanFailure> {
    let own = &config.planner;
    let (settings, name, key) = match &own.provider {
        Some(provider) => {
            let name = own.model.clone().ok_or_else(|| no_model(WAY_OUT))?;
            let settings = AgentSettings {
                provider: Some(provider.clone()),
                base_url: own.base_url.clone(),
                api_key_env: own.api_key_env.clone(),
                api_key_file: own.api_key_file.as_ref().map(Into::into),
                ..AgentSettings::default()
            };
            let key = settings.key(home, variable).map_err(no_model)?;
            (settings, name, key)
        }
        None => of_profile(orchestrator(profiles, roster)?, own.model.as_deref())?,
    };
    let model = HostedModel::new(&settings, &name, key)?;
    Ok(Asker {
        model: Box::new(model),
        name,
        timeout: own.timeout.as_std(),
        max_output_tokens: own.max_output_tokens,
        prices: settings,
    })
}

/// The name of the model that plans; none where none is set up.
#[must_use]
pub fn model_name(config: &Config, profiles: &Profiles, roster: &Roster) -> Option<String> {
    let own = &config.planner;
    if own.provider.is_some() {
        return own.model.clone();
    }
    let file = ProfileFile::read(&orchestrator(profiles, roster).ok()?.folder).ok()?;
    file.agent.provider.as_ref()?;
    own.model.clone().or_else(|| file.model(None).ok())
}

fn orchestrator<'p>(profiles: &'p Profiles, roster: &Roster) -> Result<&'p Profile, PlanFailure> {
    let name = roster.orchestrator(&Actor::System);
    let profile = name.and_then(|name| profiles.valid.get(name.as_str()));
    profile.ok_or_else(|| no_model(format!("there is no orchestrator whose model could; {WAY_OUT}")))
}

type Chosen = (AgentSettings, String, Option<andon_agent::Secret>);

fn of_profile(profile: &Profile, model: Option<&str>) -> Result<Chosen, PlanFailure> {
    let file = ProfileFile::read(&profile.folder).map_err(no_model)?;
    if file.agent.provider.is_none() {
        let reason =
            format!("the profile {} has no `provider` in its table `[agent]`; {WAY_OUT}", profile.name);
        return Err(no_model(reason));
    }
    let name = file.model(model).map_err(no_model)?;
    // The profile's runs see no more of this process either.
    #[expect(clippy::disallowed_methods, reason = "the key lies where the profile's runs would look for it")]
    let seen = profile.environment(std::env::vars_os());
    let variable = |name: &str| seen.get(OsStr::new(name))?.to_str().map(str::to_owned);
    let key = file.agent.key(&profile.folder, variable).map_err(no_model)?;
    Ok((file.agent, name, key))
}

#[expect(clippy::disallowed_methods, reason = "the configuration names the variable that holds the key")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Everything that planning on one board needs.
///
/// # Errors
/// As [`asker`].
pub fn planner(
    home: &Path,
    config: &Config,
    profiles: &Profiles,
    roster: Roster,
    policy: Policy,
    stop: Stop,
) -> Result<Planner, PlanFailure> {
    let asker = Arc::new(asker(home, config, profiles, &roster)?);
    let descriptions = profiles.valid.values().map(|profile| Colleague {
        name: profile.name.to_string(),
        description: profile.settings.description.clone(),
    });
    Ok(Planner {
        asker,
        descriptions: descriptions.collect(),
        auto_promote: config.auto_promote_children,
        roster,
        stop,
        policy,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::roster::roster;

    fn chosen(config: &Config, profiles: &[(&str, &str)]) -> Result<String, String> {
        let home = tempfile::tempdir().unwrap();
        for (name, text) in profiles {
            let folder = Profiles::folder(home.path()).join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("profile.toml"), text).unwrap();
        }
        let profiles = Profiles::load(home.path());
        let roster = roster(&profiles, config, None);
        let asker = asker(home.path(), config, &profiles, &roster);
        assert_eq!(
            model_name(config, &profiles, &roster),
            asker.as_ref().ok().map(|asker| asker.name.clone())
        );
        asker.map(|asker| asker.name).map_err(|failure| failure.code().to_owned())
    }

    #[test]
    fn the_table_comes_before_the_orchestrator_and_nothing_before_a_clear_refusal() {
        const LEAD: &str = "runner = \"agent\"\ntoolset = [\"board\"]\n[agent]\nprovider = \"ollama\"\nmodel = \"lead-model\"\n";
        let lead = [("lead", LEAD)];
        let mut config = Config::default();
        assert_eq!(chosen(&config, &[]), Err("model_missing".to_owned()));
        assert_eq!(
            chosen(&config, &[("lead", "runner = \"lane\"\ntoolset = [\"board\"]\n")]),
            Err("model_missing".to_owned())
        );
        assert_eq!(chosen(&config, &lead), Ok("lead-model".to_owned()));
        config.planner.model = Some("other".to_owned());
        assert_eq!(chosen(&config, &lead), Ok("other".to_owned()));
        config.planner.provider = Some("ollama".to_owned());
        assert_eq!(chosen(&config, &[]), Ok("other".to_owned()));
        config.planner.model = None;
        assert_eq!(chosen(&config, &lead), Err("model_missing".to_owned()));
    }
}
