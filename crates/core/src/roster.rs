//! Who can be an assignee: what the rules need to know of the profiles that exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::ProfileName;
use crate::nearest::nearest;
use crate::task::{Actor, Refusal};

/// Who may give a profile work (DESIGN §9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignableBy {
    /// Persons only: what a script author can do is theirs alone.
    Persons,
    /// Anybody.
    Anyone,
    /// Persons and workers of these profiles.
    Profiles(BTreeSet<ProfileName>),
}

/// Who judges a profile's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reviewer {
    /// A person, at the board.
    Person,
    /// A run of this profile.
    Profile(ProfileName),
}

/// What rules need to know of one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFacts {
    /// Pulled by hand, never spawned.
    pub lane: bool,
    /// Most runs at once.
    pub max_running: Option<u32>,
    /// Who reviews its work; none leaves it to the board.
    pub reviewer: Option<Reviewer>,
    /// Who may give it work.
    pub assignable_by: AssignableBy,
    /// Its skills.
    pub skills: BTreeSet<String>,
    /// Children that one of its runs may create.
    pub max_children: u32,
    /// Its workers may pull the cord.
    pub may_pause: bool,
    /// Its workers route the work of others: they answer their questions, assign and link their tasks.
    pub routes: bool,
}

/// The profiles that exist, as one moment saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// By name.
    pub profiles: BTreeMap<ProfileName, ProfileFacts>,
    /// Profiles whose file cannot be read, and why.
    pub broken: BTreeMap<String, String>,
    /// Who gets ready tasks that have no assignee.
    pub default_assignee: Option<ProfileName>,
    /// Who owns the whole of what was split, where somebody has said so.
    pub orchestrator: Option<ProfileName>,
    /// Who reviews where neither task nor profile says.
    pub reviewer: Option<ProfileName>,
}

impl Roster {
    /// The facts of a profile that must exist.
    ///
    /// # Errors
    /// `unknown_profile`, with the nearest names, or `profile_broken`.
    pub fn get(&self, name: &ProfileName) -> Result<&ProfileFacts, Refusal> {
        if let Some(problem) = self.broken.get(name.as_str()) {
            return Err(Refusal::BrokenProfile { name: name.to_string(), problem: problem.clone() });
        }
        self.profiles.get(name).ok_or_else(|| Refusal::UnknownProfile {
            name: name.to_string(),
            nearest: nearest(name.as_str(), self.profiles.keys().map(ProfileName::as_str))
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Whether `actor` may give `name` work.
    ///
    /// # Errors
    /// `unknown_profile` or `forbidden`.
    pub fn assignable(&self, name: &ProfileName, actor: &Actor) -> Result<&ProfileFacts, Refusal> {
        let facts = self.get(name)?;
        let allowed = match (actor, &facts.assignable_by) {
            (Actor::Person(_) | Actor::System, _)
            | (Actor::Worker { .. } | Actor::Orchestrator { .. }, AssignableBy::Anyone) => true,
            (Actor::Worker { .. } | Actor::Orchestrator { .. }, AssignableBy::Persons) => false,
            (
                Actor::Worker { profile, .. } | Actor::Orchestrator { profile, .. },
                AssignableBy::Profiles(names),
            ) => profile.as_ref().is_some_and(|profile| names.contains(profile)),
        };
        if allowed {
            return Ok(facts);
        }
        Err(Refusal::Forbidden {
            actor: actor.to_string(),
            verb: "give work to a profile by",
            why: "the profile's `assignable_by` does not name this worker",
        })
    }

    /// Who sees to it that the parts of an idea make a whole (ST-24): whoever is named, else the first profile that routes, else
    /// the board's default assignee; of these the first that is there and that `actor` may give work.
    #[must_use]
    pub fn orchestrator(&self, actor: &Actor) -> Option<ProfileName> {
        let may = |name: &&ProfileName| self.assignable(name, actor).is_ok();
        let routing = self.profiles.iter().filter(|(_, facts)| facts.routes).map(|(name, _)| name);
        self.orchestrator.iter().chain(routing).chain(self.default_assignee.as_ref()).find(may).cloned()
    }

    /// Whether a profile has these skills.
    ///
    /// # Errors
    /// `unknown_skill`, with the nearest names.
    pub fn check_skills(&self, name: &ProfileName, skills: &[String]) -> Result<(), Refusal> {
        let facts = self.get(name)?;
        let names: Vec<String> =
            skills.iter().filter(|skill| !facts.skills.contains(*skill)).cloned().collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut meant: Vec<String> = Vec::new();
        for like in names.iter().flat_map(|name| nearest(name, facts.skills.iter().map(String::as_str))) {
            if !meant.iter().any(|known| known == like) {
                meant.push(like.to_owned());
            }
        }
        Err(Refusal::UnknownSkill { names, nearest: meant })
    }

    /// Who reviews the work of `implementer` on a task: the task's own reviewer, else the profile's, else the board's,
    /// and never the implementer. None: a person.
    #[must_use]
    pub fn reviewer_for(
        &self,
        of_task: Option<&ProfileName>,
        implementer: Option<&ProfileName>,
    ) -> Option<ProfileName> {
        let profile = implementer.and_then(|name| self.profiles.get(name));
        let of_profile = match profile.and_then(|facts| facts.reviewer.as_ref()) {
            Some(Reviewer::Person) if of_task.is_none() => return None,
            Some(Reviewer::Profile(name)) => Some(name),
            Some(Reviewer::Person) | None => None,
        };
        [of_task, of_profile, self.reviewer.as_ref()]
            .into_iter()
            .flatten()
            .find(|name| Some(*name) != implementer && self.profiles.contains_key(*name))
            .cloned()
    }
}
