//! A model's description of a profile (LL-11).

use std::path::Path;
use std::time::Duration;

use andon_agent::planner::{Asker, PlanFailure, Portrait, Spent, prompt, reading};
use andon_agent::settings::ProfileFile;

use crate::profile::{Changes, Profile, ProfileError, Profiles, edit};

/// A description takes no longer.
const LONGEST: Duration = Duration::from_secs(60);

/// What became of it.
#[derive(Debug)]
pub struct Described {
    /// The description, or why not.
    pub result: Result<String, PlanFailure>,
    /// What it cost, where a model was asked.
    pub spent: Option<Spent>,
}

/// Has a model describe a profile. What a person has written stays, unless `overwrite`.
///
/// # Errors
/// The profile is not there or broken, or cannot be written.
pub async fn describe(
    home: &Path,
    name: &str,
    overwrite: bool,
    asker: &Asker,
) -> Result<Described, ProfileError> {
    let profile = Profiles::load_one(home, name)?;
    if let Some(failure) = by_a_person(&profile, overwrite) {
        return Ok(Described { result: Err(failure), spent: None });
    }
    let prompt = prompt::describe(&portrait(&profile));
    let (said, spent) = match tokio::time::timeout(LONGEST.min(asker.timeout), asker.ask(&prompt)).await {
        Ok((said, spent)) => (said, Some(spent)),
        Err(_) => (Err(PlanFailure::Slow(LONGEST)), None),
    };
    let result = match said.and_then(|said| reading::description(&said)) {
        Ok(description) => description,
        Err(failure) => return Ok(Described { result: Err(failure), spent }),
    };
    // A person may have written one meanwhile.
    if let Some(failure) = by_a_person(&Profiles::load_one(home, name)?, overwrite) {
        return Ok(Described { result: Err(failure), spent });
    }
    let changes = Changes::new().set("description", result.as_str()).set("description_auto", true);
    edit(home, name, &changes)?;
    Ok(Described { result: Ok(result), spent })
}

fn by_a_person(profile: &Profile, overwrite: bool) -> Option<PlanFailure> {
    let settings = &profile.settings;
    let written = settings.description.as_deref().is_some_and(|text| !text.trim().is_empty());
    (written && !settings.description_auto && !overwrite)
        .then(|| PlanFailure::Described(profile.name.to_string()))
}

fn portrait(profile: &Profile) -> Portrait {
    let file = ProfileFile::read(&profile.folder).ok();
    Portrait {
        name: profile.name.to_string(),
        runner: profile.settings.runner.as_ref().map(ToString::to_string),
        model: profile
            .settings
            .model
            .clone()
            .or_else(|| file.as_ref().and_then(|file| file.model(None).ok())),
        provider: file.and_then(|file| file.agent.provider),
        skills: profile.skills.clone(),
    }
}
