//! What the board's rules need to know of the profiles: profiles and configuration, as the core's [`Roster`].

use std::collections::BTreeSet;

use andon_core::ProfileName;
use andon_core::roster::{self, AssignableBy, ProfileFacts, Roster};

use crate::config::{Config, Reviewer};
use crate::profile::{self, Profile, Profiles};

/// The roster of a board. `board_reviewer` is the word of its `board.toml` and comes before the configuration's; `person`
/// there means that a person reviews, whoever the configuration names. A word that can be no profile's name counts as
/// none.
#[must_use]
pub fn roster(profiles: &Profiles, config: &Config, board_reviewer: Option<&str>) -> Roster {
    let configured = || match &config.reviewer {
        Some(Reviewer::Profile(name)) => Some(name.clone()),
        Some(Reviewer::Person) | None => None,
    };
    let reviewer = match board_reviewer.map(str::trim) {
        Some("person") => None,
        Some(name) => name.parse().ok(),
        None => configured(),
    };
    Roster {
        profiles: profiles.valid.values().map(|profile| (profile.name.clone(), facts(profile))).collect(),
        broken: profiles.broken.iter().map(|(name, error)| (name.clone(), error.to_string())).collect(),
        default_assignee: config.default_assignee.clone(),
        orchestrator: config.orchestrator.clone(),
        reviewer,
    }
}

/// What the rules need to know of one profile.
#[must_use]
pub fn facts(profile: &Profile) -> ProfileFacts {
    let settings = &profile.settings;
    ProfileFacts {
        lane: !profile.is_spawned(),
        max_running: settings.max_running,
        reviewer: settings.reviewer.as_ref().map(|reviewer| match reviewer {
            Reviewer::Profile(name) => roster::Reviewer::Profile(name.clone()),
            Reviewer::Person => roster::Reviewer::Person,
        }),
        assignable_by: match profile.assignable_by() {
            profile::AssignableBy::Person => AssignableBy::Persons,
            profile::AssignableBy::Anyone => AssignableBy::Anyone,
            profile::AssignableBy::Profiles(names) => {
                AssignableBy::Profiles(names.into_iter().collect::<BTreeSet<ProfileName>>())
            }
        },
        skills: profile.skills.iter().cloned().collect(),
        max_children: settings.max_children,
        may_pause: settings.may_pause,
        routes: settings.toolset.contains(&profile::Toolset::Board),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_roster_says_who_may_be_given_what() {
        let home = tempfile::tempdir().unwrap();
        let folder = Profiles::folder(home.path());
        for (name, text) in [
            ("coder", "runner = \"shell\"\nmax_running = 2\nreviewer = \"critic\"\n"),
            ("critic", "runner = \"lane\"\n"),
            ("odd", "runner = \"nothing\"\n"),
        ] {
            fs::create_dir_all(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("profile.toml"), text).unwrap();
        }
        let config =
            Config { reviewer: Some(Reviewer::Profile("critic".parse().unwrap())), ..Config::default() };
        let roster = |board| super::roster(&Profiles::load(home.path()), &config, board);
        let known = roster(None);
        let coder = &known.profiles[&"coder".parse().unwrap()];
        assert_eq!((coder.lane, coder.max_running), (false, Some(2)));
        assert_eq!(coder.assignable_by, AssignableBy::Persons);
        assert_eq!(coder.reviewer, Some(roster::Reviewer::Profile("critic".parse().unwrap())));
        assert!(known.profiles[&"critic".parse().unwrap()].lane);
        assert!(known.broken.contains_key("odd"));
        assert_eq!(known.reviewer, Some("critic".parse().unwrap()));
        assert_eq!(roster(Some("person")).reviewer, None);
        assert_eq!(roster(Some("coder")).reviewer, Some("coder".parse().unwrap()));
    }
}
