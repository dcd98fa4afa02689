//! The profiles of a home as they lie on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use andon_core::ProfileName;
use andon_core::nearest::nearest;

use crate::config::{FileError, read_text};
use crate::runner::{Preset, Runners};

use super::error::ProfileError;
use super::kinds::{AssignableBy, EndsBy, Runner, Terminal};
use super::name::{check_name, is_skill_name};
use super::settings::Settings;
use super::template::Template;

/// No settings, instructions or skill's text are larger, in bytes.
pub(crate) const LARGEST_TEXT: u64 = 1 << 20;

/// A profile that can be given work.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// Its folder.
    pub folder: PathBuf,
    /// What its `profile.toml` says.
    pub settings: Settings,
    /// The names of its skills, sorted: those that lie in its folder, and those that its agent has by itself.
    pub skills: Vec<String>,
    /// Those of `skills` that its agent has by itself, and is only told by name.
    pub own_skills: Vec<String>,
    runner: Runner,
    preset: Option<Arc<Preset>>,
}

impl Profile {
    /// How its runs are started.
    #[must_use]
    pub const fn runner(&self) -> &Runner {
        &self.runner
    }

    /// The settings of its runner, where that is not one of `shell`, `command` and `lane`.
    #[must_use]
    pub const fn preset(&self) -> Option<&Arc<Preset>> {
        self.preset.as_ref()
    }

    /// Whether a dispatcher ever starts its runs.
    #[must_use]
    pub fn is_spawned(&self) -> bool {
        self.runner != Runner::Lane
    }

    /// How its runs end well: as the profile says, else as its runner does.
    #[must_use]
    pub fn ends_by(&self) -> EndsBy {
        let of_runner = match &self.runner {
            Runner::Shell | Runner::Command => EndsBy::Exit,
            Runner::Lane => EndsBy::Protocol,
            Runner::Preset(_) => self.preset.as_ref().map_or(EndsBy::Protocol, |preset| preset.ends_by),
        };
        self.settings.ends_by.unwrap_or(of_runner)
    }

    /// Who may give it work: as the profile says, else persons alone where what a worker writes would become a script, and
    /// anyone where it becomes a prompt.
    #[must_use]
    pub fn assignable_by(&self) -> AssignableBy {
        self.settings.assignable_by.clone().unwrap_or(match self.runner {
            Runner::Shell | Runner::Command => AssignableBy::Person,
            Runner::Lane | Runner::Preset(_) => AssignableBy::Anyone,
        })
    }

    /// The terminal of its runs.
    #[must_use]
    pub fn terminal(&self) -> Terminal {
        self.settings.terminal.unwrap_or(Terminal::None)
    }

    /// Its `instructions.md`, read now; nothing when it has none.
    ///
    /// # Errors
    ///
    /// [`FileError`] when it is there and cannot be read as text.
    pub fn instructions(&self) -> Result<Option<String>, FileError> {
        read_text(&self.folder.join("instructions.md"), LARGEST_TEXT)
    }

    /// The text of one of its skills, read now; nothing when it has no such skill.
    ///
    /// # Errors
    ///
    /// [`FileError`] when it is there and cannot be read as text.
    pub fn skill_text(&self, skill: &str) -> Result<Option<String>, FileError> {
        if !is_skill_name(skill) {
            return Ok(None);
        }
        read_text(&self.folder.join("skills").join(skill).join("SKILL.md"), LARGEST_TEXT)
    }

    /// Whether it has a skill of this name.
    #[must_use]
    pub fn skill_exists(&self, skill: &str) -> bool {
        self.skills.iter().any(|known| known == skill)
    }

    /// The skill of the profile that was probably meant.
    #[must_use]
    pub fn nearest_skill(&self, skill: &str) -> Option<&str> {
        nearest(skill, self.skills.iter().map(String::as_str)).first().copied()
    }

    /// Reads the profile of a folder.
    pub(crate) fn read(name: ProfileName, folder: &Path, runners: &Runners) -> Result<Self, ProfileError> {
        let file = folder.join("profile.toml");
        let Some(text) = read_text(&file, LARGEST_TEXT)? else {
            return Err(ProfileError::Unfinished { folder: folder.to_owned() });
        };
        Self::from_text(name, folder, &text, runners)
    }

    /// The same with the text of `profile.toml` at hand.
    pub(crate) fn from_text(
        name: ProfileName,
        folder: &Path,
        text: &str,
        runners: &Runners,
    ) -> Result<Self, ProfileError> {
        let file = folder.join("profile.toml");
        let settings = Settings::read(&file, text, runners).map_err(ProfileError::Invalid)?;
        let Some(runner) = settings.runner.clone() else {
            return Err(ProfileError::Unfinished { folder: folder.to_owned() });
        };
        let preset = match &runner {
            Runner::Preset(name) => runners.get(name),
            Runner::Shell | Runner::Command | Runner::Lane => None,
        };
        let mut skills = skills_of(folder)?;
        let mut own_skills = preset.as_deref().map(|preset| own_skills(preset, &name)).unwrap_or_default();
        own_skills.retain(|skill| !skills.contains(skill));
        skills.extend(own_skills.iter().cloned());
        skills.sort();
        let profile = Self { name, folder: folder.to_owned(), settings, skills, own_skills, runner, preset };
        let missing = profile.settings.skills.iter().find(|skill| !profile.skill_exists(skill));
        match missing {
            None => Ok(profile),
            Some(skill) => Err(ProfileError::MissingSkill {
                file,
                skill: skill.clone(),
                nearest: profile.nearest_skill(skill).map(str::to_owned),
            }),
        }
    }
}

/// The names of the skills that an agent has by itself: folders with a `SKILL.md`, a few levels below its own folders.
pub(crate) fn own_skills(preset: &Preset, profile: &ProfileName) -> Vec<String> {
    let mut found = BTreeSet::new();
    for folder in preset.skill_folders.iter().filter_map(|folder| in_user_home(folder, profile.as_str())) {
        look_below(Path::new(&folder), 4, &mut found);
    }
    found.into_iter().collect()
}

/// A path of a runner's settings; none where there is no user's home to look in.
pub(crate) fn in_user_home(path: &str, profile: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "an agent keeps its own files in the user's home")]
    let home = std::env::var("HOME").ok();
    let template = Template::parse_part(&[path.to_owned()]).ok()?;
    if path.contains("{user_home") && home.is_none() {
        return None;
    }
    let value = |name: &'static str| match name {
        "user_home" => home.as_deref(),
        "profile" => Some(profile),
        _ => None,
    };
    template.fill(value).ok()?.pop()
}

fn look_below(folder: &Path, depth: u32, found: &mut BTreeSet<String>) {
    /// No agent has more skills than this.
    const MOST: usize = 1_000;
    for entry in entries(folder).unwrap_or_default() {
        if !entry.is_dir() || found.len() >= MOST {
            continue;
        }
        if let Some(name) = entry.file_name().and_then(|name| name.to_str())
            && is_skill_name(name)
            && entry.join("SKILL.md").is_file()
        {
            found.insert(name.to_owned());
        } else if depth > 1 {
            look_below(&entry, depth - 1, found);
        }
    }
}

/// The sorted names of the folders in `skills/` that have a `SKILL.md`.
fn skills_of(folder: &Path) -> Result<Vec<String>, ProfileError> {
    let path = folder.join("skills");
    let mut skills = Vec::new();
    for entry in entries(&path)? {
        if let Some(name) = entry.file_name().and_then(|name| name.to_str())
            && is_skill_name(name)
            && entry.join("SKILL.md").is_file()
        {
            skills.push(name.to_owned());
        }
    }
    skills.sort();
    Ok(skills)
}

/// The paths in a folder; none when it is absent.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, ProfileError> {
    let failed = |source| ProfileError::Io { action: "list", path: folder.to_owned(), source };
    match fs::read_dir(folder) {
        Ok(found) => found.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

/// Every profile of a home, the good and the broken.
#[derive(Debug, Default)]
pub struct Profiles {
    /// Those that can be given work, by name.
    pub valid: BTreeMap<String, Profile>,
    /// Folders that are no profile, and why, by name of the folder.
    pub broken: BTreeMap<String, ProfileError>,
    /// Why the folder of profiles could not be listed, when it could not.
    pub unreadable: Option<ProfileError>,
}

impl Profiles {
    /// Where a home keeps its profiles.
    #[must_use]
    pub fn folder(home: &Path) -> PathBuf {
        home.join("profiles")
    }

    /// Reads every profile of a home. One that is broken keeps no other from being read; a home without profiles has none.
    /// Files, and folders whose name starts with a dot, are not looked at.
    #[must_use]
    pub fn load(home: &Path) -> Self {
        let mut profiles = Self::default();
        let found = match entries(&Self::folder(home)) {
            Ok(found) => found,
            Err(error) => {
                profiles.unreadable = Some(error);
                return profiles;
            }
        };
        let runners = Runners::load(home);
        for folder in found {
            let label = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if label.starts_with('.') || !folder.is_dir() {
                continue;
            }
            match Self::read(&label, &folder, &runners) {
                Ok(profile) => profiles.valid.insert(label, profile).map_or((), drop),
                Err(error) => profiles.broken.insert(label, error).map_or((), drop),
            }
        }
        profiles
    }

    /// Reads the one profile of this name, without looking at the others.
    ///
    /// # Errors
    ///
    /// Why it is no profile; an unknown name with the nearest known one.
    pub fn load_one(home: &Path, name: &str) -> Result<Profile, ProfileError> {
        let parsed = check_name(name)?;
        let folder = Self::folder(home).join(parsed.as_str());
        if folder.is_dir() {
            return Self::read(parsed.as_str(), &folder, &Runners::load(home));
        }
        Err(Self::load(home).unknown(name))
    }

    fn read(label: &str, folder: &Path, runners: &Runners) -> Result<Profile, ProfileError> {
        let bad = |reason: String| ProfileError::BadFolder { folder: folder.to_owned(), reason };
        let name = check_name(label).map_err(|error| bad(error.to_string()))?;
        if name.as_str() != label {
            return Err(bad(format!("a profile's folder is written in lower case, `{name}`")));
        }
        Profile::read(name, folder, runners)
    }

    /// Whether work can be given to this name. This is the one place that decides it.
    #[must_use]
    pub fn exists(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The profile of this name, in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.valid.get(&name.trim().to_lowercase())
    }

    /// The same, or why there is none.
    ///
    /// # Errors
    ///
    /// [`ProfileError::BadName`], [`ProfileError::Broken`] with what is wrong, or [`ProfileError::Unknown`] with the nearest
    /// known name.
    pub fn require(&self, name: &str) -> Result<&Profile, ProfileError> {
        let canonical = check_name(name)?;
        match (self.valid.get(canonical.as_str()), self.broken.get(canonical.as_str())) {
            (Some(profile), _) => Ok(profile),
            (None, Some(error)) => {
                Err(ProfileError::Broken { name: canonical.to_string(), reason: error.to_string() })
            }
            (None, None) => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> ProfileError {
        ProfileError::Unknown { name: name.to_owned(), nearest: self.nearest(name).map(str::to_owned) }
    }

    /// The known name that was probably meant.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names()).first().copied()
    }

    /// The names of those that can be given work, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.valid.keys().map(String::as_str)
    }
}
