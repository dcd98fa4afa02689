//! Making, changing and removing profiles.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use andon_core::ProfileName;
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::config::schema::unknown_key;
use crate::config::{Place, Problem, Problems, read_text};
use crate::runner::Runners;

use super::bundle::{Content, place_folder};
use super::error::ProfileError;
use super::files::{failed, replace, sibling, sync_folder};
use super::folder::{LARGEST_TEXT, Profile, Profiles};
use super::name::check_name;
use super::settings::{Settings, fields};

/// A profile to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewProfile {
    /// Its name, in any case.
    pub name: String,
    /// Its settings; a runner is needed.
    pub settings: Settings,
    /// Its `instructions.md`, if it gets one.
    pub instructions: Option<String>,
}

/// Makes a profile. Once it returns, the profile is there as a whole and durable; a crash leaves no half of one.
///
/// # Errors
///
/// [`ProfileError`]; nothing has been made.
pub fn create(home: &Path, new: &NewProfile) -> Result<ProfileName, ProfileError> {
    let name = check_name(&new.name)?;
    let mut files = BTreeMap::new();
    files.insert("profile.toml".to_owned(), Content::text(new.settings.to_toml()));
    if let Some(instructions) = &new.instructions {
        files.insert("instructions.md".to_owned(), Content::text(instructions.clone()));
    }
    place_folder(home, &name, &files, false)?;
    Ok(name)
}

/// Changes of a profile's settings and instructions, applied in order.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    steps: Vec<Step>,
    instructions: Option<Option<String>>,
}

#[derive(Clone, Debug)]
enum Step {
    Set(String, Value),
    SetText(String, String),
    Unset(String),
}

impl Changes {
    /// No change.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key to a value; `env.NAME` sets one variable, `agent.KEY` one key of the table `agent`.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.steps.push(Step::Set(key.to_owned(), value.into()));
        self
    }

    /// Sets a key to what a person wrote on a command line: `3`, `15m`, `true`, `["a", "b"]` by the key's type.
    #[must_use]
    pub fn set_text(mut self, key: &str, text: &str) -> Self {
        self.steps.push(Step::SetText(key.to_owned(), text.to_owned()));
        self
    }

    /// Sets a variable of the profile's environment.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.set(&format!("env.{name}"), value)
    }

    /// Removes a key, or a variable as `env.NAME`. A key that is not set stays so.
    #[must_use]
    pub fn unset(mut self, key: &str) -> Self {
        self.steps.push(Step::Unset(key.to_owned()));
        self
    }

    /// Replaces `instructions.md`; `None` removes it.
    #[must_use]
    pub fn instructions(mut self, text: Option<&str>) -> Self {
        self.instructions = Some(text.map(str::to_owned));
        self
    }

    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.instructions.is_none()
    }

    fn apply(&self, document: &mut DocumentMut) -> Result<(), Problems> {
        for step in &self.steps {
            match step {
                Step::Set(key, value) => set(document, key, value.clone())?,
                Step::SetText(key, text) => set(document, key, value_of(key, text)?)?,
                Step::Unset(key) => unset(document, key)?,
            }
        }
        let names = |wanted: &str| {
            self.steps.iter().any(|step| match step {
                Step::Set(key, _) | Step::SetText(key, _) | Step::Unset(key) => key == wanted,
            })
        };
        // What is not said to be a model's words are a person's (RS-35).
        if names("description") && !names("description_auto") {
            unset(document, "description_auto")?;
        }
        Ok(())
    }
}

/// Changes a profile. Other keys, their order and comments stay. A broken profile can be mended so, as long as its file is
/// TOML.
///
/// # Errors
///
/// [`ProfileError`]; nothing has been changed unless it is `profile_io`, where the settings may be new and the
/// instructions old.
pub fn edit(home: &Path, name: &str, changes: &Changes) -> Result<Profile, ProfileError> {
    let name = check_name(name)?;
    let folder = Profiles::folder(home).join(name.as_str());
    let file = folder.join("profile.toml");
    let Some(text) = read_text(&file, LARGEST_TEXT)? else {
        return Err(Profiles::load_one(home, name.as_str())
            .err()
            .unwrap_or(ProfileError::Unfinished { folder }));
    };
    let runners = Runners::load(home);
    let Ok(mut document) = text.parse::<DocumentMut>() else {
        let problems = Settings::read(&file, &text, &runners).err().unwrap_or(Problems(Vec::new()));
        return Err(ProfileError::Invalid(problems));
    };
    changes.apply(&mut document).map_err(ProfileError::Invalid)?;
    let text = document.to_string();
    let profile = Profile::from_text(name, &folder, &text, &runners)?;
    if !changes.steps.is_empty() {
        replace(&file, text.as_bytes())?;
    }
    let instructions = folder.join("instructions.md");
    match &changes.instructions {
        Some(Some(text)) => replace(&instructions, text.as_bytes())?,
        Some(None) => match fs::remove_file(&instructions) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &instructions)(error));
            }
            Ok(()) | Err(_) => {}
        },
        None => {}
    }
    Ok(profile)
}

fn refusal(key: &str, message: String, nearest: Option<String>) -> Problems {
    Problems(vec![Problem { place: Place::Given, key: Some(key.to_owned()), message, nearest }])
}

fn unknown(key: &str) -> Problems {
    let (message, nearest) = unknown_key(key, fields().into_iter().map(|field| field.name));
    refusal(key, message, nearest)
}

/// The value that a person's text means for a key.
fn value_of(key: &str, text: &str) -> Result<Value, Problems> {
    match nested(key) {
        Some(("env", _)) => return Ok(Value::from(text)),
        // Whoever reads the table knows its types; what is no value of TOML is a text.
        Some(_) => return Ok(text.trim().parse().unwrap_or_else(|_| Value::from(text))),
        None => {}
    }
    let field = fields().into_iter().find(|field| field.name == key).ok_or_else(|| unknown(key))?;
    let mut owner = Settings::default();
    field
        .take(&mut owner, &(field.item)(text))
        .map_err(|(message, nearest)| refusal(key, message, nearest))?;
    (field.value)(&owner).map_or_else(|| (field.item)(text).into_value().map_err(|_| unknown(key)), Ok)
}

/// The table and the key in it of `env.NAME` and `agent.key`.
fn nested(key: &str) -> Option<(&'static str, &str)> {
    ["env", "agent"].into_iter().find_map(|table| Some((table, key.strip_prefix(table)?.strip_prefix('.')?)))
}

fn set(document: &mut DocumentMut, key: &str, mut value: Value) -> Result<(), Problems> {
    let (table, key) = match nested(key) {
        None if fields().iter().any(|field| field.name == key) => {
            (document.as_table_mut() as &mut dyn toml_edit::TableLike, key)
        }
        None => return Err(unknown(key)),
        Some((name, inner)) => {
            let item = document.entry(name).or_insert_with(|| Item::Table(Table::new()));
            let table = item
                .as_table_like_mut()
                .ok_or_else(|| refusal(name, format!("`{name}` must be a table"), None))?;
            (table, inner)
        }
    };
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            // The spaces and the comment around the old value stay.
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        _ => {
            table.insert(key, Item::Value(value));
        }
    }
    Ok(())
}

fn unset(document: &mut DocumentMut, key: &str) -> Result<(), Problems> {
    match nested(key) {
        Some((name, inner)) => {
            document.get_mut(name).and_then(Item::as_table_like_mut).map(|table| table.remove(inner));
        }
        // A key that is in the file by mistake may go as well.
        None if document.contains_key(key) || fields().iter().any(|field| field.name == key) => {
            document.remove(key);
        }
        None => return Err(unknown(key)),
    }
    Ok(())
}

/// Removes a profile, or what was left half-made under its name. Once it returns the name is free; what a link points to
/// stays.
///
/// # Errors
///
/// [`ProfileError`]; unless it is `profile_io`, nothing has been removed.
pub fn remove(home: &Path, name: &str) -> Result<(), ProfileError> {
    let name = check_name(name)?;
    let profiles = Profiles::folder(home);
    let folder = profiles.join(name.as_str());
    let found = match fs::symlink_metadata(&folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let nearest = Profiles::load(home).nearest(name.as_str()).map(str::to_owned);
            return Err(ProfileError::Unknown { name: name.to_string(), nearest });
        }
        Err(error) => return Err(failed("remove", &folder)(error)),
    };
    if found.is_dir() {
        // Out of sight at once, so that nobody sees half a profile.
        let doomed = sibling(&folder, "removed");
        fs::rename(&folder, &doomed).map_err(failed("remove", &folder))?;
        sync_folder(&profiles)?;
        fs::remove_dir_all(&doomed).map_err(failed("remove", &doomed))
    } else {
        fs::remove_file(&folder).map_err(failed("remove", &folder))?;
        sync_folder(&profiles)
    }
}
