//! All runners that a home knows: the built-in ones, and those of its `config.toml`, which win.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use andon_core::nearest::nearest;
use toml_edit::{Item, TableLike};

use crate::config::Problems;
use crate::config::schema::Reader;
use crate::config::{Config, read_text};

use super::builtin::BUILT_IN;
use super::preset::Preset;

/// Runners that are no settings but ways of their own.
pub const RESERVED: &[&str] = &["shell", "command", "lane"];

/// The runners of a home.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runners {
    own: BTreeMap<String, Arc<Preset>>,
}

impl Runners {
    /// The runners of a home. Where its `config.toml` cannot be read the built-in ones are left: whoever reads the
    /// configuration itself says what is wrong with it.
    #[must_use]
    pub fn load(home: &Path) -> Self {
        let path = Config::path(home);
        match read_text(&path, 1 << 20) {
            Ok(Some(text)) if text.contains("runners") => Self::read(&path, &text).0,
            Ok(_) | Err(_) => Self::default(),
        }
    }

    /// The table `[runners]` of a configuration, with every mistake in it.
    pub(crate) fn read(path: &Path, text: &str) -> (Self, Problems) {
        let mut reader = Reader::new(path, text);
        let mut runners = Self::default();
        if let Some(document) = reader.parse()
            && let Some(item) = document.get("runners")
        {
            match item.as_table_like() {
                Some(table) => runners.read_tables(&mut reader, table),
                None => reader.problem_with(
                    "runners",
                    "`runners` must be a table, written [runners.<name>]".to_owned(),
                    None,
                ),
            }
        }
        (runners, Problems(reader.problems))
    }

    fn read_tables(&mut self, reader: &mut Reader<'_>, tables: &dyn TableLike) {
        for (name, item) in tables.iter() {
            let before = reader.problems.len();
            if let Err(reason) = check_name(name) {
                reader.problem_with("runners", format!("`runners.{name}`: {reason}"), None);
                continue;
            }
            let Some(table) = Item::as_table_like(item) else {
                let message = format!("`runners.{name}` must be a table, written [runners.{name}]");
                reader.problem_with("runners", message, None);
                continue;
            };
            let preset = Preset::read_table(reader, table);
            if reader.problems.len() == before {
                self.own.insert(name.to_owned(), Arc::new(preset));
            }
        }
    }

    /// The runner of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Preset>> {
        if let Some(own) = self.own.get(name) {
            return Some(Arc::clone(own));
        }
        let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Preset::read(Path::new(name), text).ok().map(Arc::new)
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        RESERVED.contains(&name) || self.names().contains(&name)
    }

    /// Every name, those without settings first.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        let mut names: Vec<&str> = RESERVED.iter().copied().chain(built_in).collect();
        let own = self
            .own
            .keys()
            .map(String::as_str)
            .filter(|name| !BUILT_IN.iter().any(|(known, _)| known == name));
        names.extend(own);
        names
    }

    /// The one that was probably meant.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names()).first().copied()
    }

    /// Whether a home has put another in the place of a built-in one, or added it.
    #[must_use]
    pub fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let wellformed = !name.is_empty()
        && name.len() <= 32
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'));
    if !wellformed {
        return Err("a runner's name is 1 to 32 of a-z 0-9 - _, the first a letter".to_owned());
    }
    if RESERVED.contains(&name) {
        return Err(format!("`{name}` is no table of settings: choose another name"));
    }
    Ok(())
}
