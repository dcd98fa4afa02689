//! A fleet to start with: an orchestrator, and those whom it gives work to.

use std::path::Path;

use andon_core::ProfileName;

use super::bundle::{Package, install};
use super::edit::{Changes, edit, remove};
use super::error::ProfileError;
use super::folder::Profiles;

/// Name and portable file of each profile of the fleet.
pub const STARTER: &[(&str, &str)] = &[
    ("orchestrator", include_str!("starter/orchestrator.toml")),
    ("researcher", include_str!("starter/researcher.toml")),
    ("writer", include_str!("starter/writer.toml")),
    ("analyst", include_str!("starter/analyst.toml")),
    ("engineer", include_str!("starter/engineer.toml")),
    ("reviewer", include_str!("starter/reviewer.toml")),
    ("ops", include_str!("starter/ops.toml")),
];

/// Installs the fleet. Its profiles are run by `runner`, where one is named. Unless all of them can be installed, none
/// is.
///
/// # Errors
/// [`ProfileError`]; `profile_exists` names the first profile that is there already, unless `overwrite` is given.
pub fn install_starter(
    home: &Path,
    runner: Option<&str>,
    overwrite: bool,
) -> Result<Vec<ProfileName>, ProfileError> {
    let taken = |name: &str| Profiles::folder(home).join(name).exists();
    if let Some((name, _)) = STARTER.iter().find(|(name, _)| !overwrite && taken(name)) {
        return Err(ProfileError::Exists { name: (*name).to_owned() });
    }
    let mut installed: Vec<ProfileName> = Vec::new();
    for (name, text) in STARTER {
        let done = one(home, name, text, runner, overwrite);
        match done {
            Ok(name) => installed.push(name),
            Err(error) => {
                // Half a fleet is none; what was there before and has been replaced stays.
                for name in installed.iter().filter(|_| !overwrite) {
                    let _ = remove(home, name.as_str());
                }
                return Err(error);
            }
        }
    }
    Ok(installed)
}

fn one(
    home: &Path,
    name: &str,
    text: &str,
    runner: Option<&str>,
    overwrite: bool,
) -> Result<ProfileName, ProfileError> {
    let installed =
        install(home, Package::Text { text, origin: "the starter fleet" }, Some(name), overwrite)?;
    if let Some(runner) = runner
        && let Err(error) = edit(home, name, &Changes::new().set_text("runner", runner))
    {
        if !overwrite {
            let _ = remove(home, name);
        }
        return Err(error);
    }
    Ok(installed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Runner, Toolset};

    #[test]
    fn the_fleet_is_installed_as_a_whole_and_each_of_it_has_instructions() {
        let home = tempfile::tempdir().unwrap();
        let names = install_starter(home.path(), None, false).unwrap();
        let profiles = Profiles::load(home.path());
        assert!(profiles.broken.is_empty(), "{:?}", profiles.broken);
        assert_eq!(names.len(), STARTER.len());
        for (name, profile) in &profiles.valid {
            assert_eq!(profile.runner(), &Runner::Preset("agent".to_owned()));
            assert!(profile.settings.description.is_some(), "{name}");
            assert!(profile.instructions().unwrap().unwrap().len() > 600, "{name}");
            assert_eq!(profile.settings.toolset == [Toolset::Board], name == "orchestrator");
        }
        let error = install_starter(home.path(), None, false).unwrap_err();
        assert_eq!(error.code(), "profile_exists");
        install_starter(home.path(), Some("claude"), true).unwrap();
        let writer = Profiles::load_one(home.path(), "writer").unwrap();
        assert_eq!(writer.runner().as_str(), "claude");
    }

    #[test]
    fn half_a_fleet_is_never_left() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(install_starter(home.path(), Some("claud"), false).unwrap_err().code(), "profile_invalid");
        assert!(Profiles::load(home.path()).valid.is_empty());
    }
}
