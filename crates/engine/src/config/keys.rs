//! The list of keys, for `andon config` and the documentation.

use toml_edit::Value;

use super::load::Source;
use super::schema::Field;
use super::settings::{Config, DASHBOARD_FIELDS, DIAGNOSTICS_FIELDS, PLANNER_FIELDS, TOP_FIELDS};

/// A key as people read about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDoc {
    /// The full name, with dots.
    pub name: &'static str,
    /// What it means.
    pub doc: String,
    /// The default as it stands in a file; `None` for unset.
    pub default: Option<&'static str>,
    /// What a value must be.
    pub expects: String,
    /// The environment variable that overrides it.
    pub variable: String,
}

/// A key with the value that holds, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The full name, with dots.
    pub key: &'static str,
    /// The value as it stands in a file, secrets hidden; `None` for unset.
    pub value: Option<String>,
    /// Where it was said.
    pub source: Source,
}

/// Every field of the configuration, in the order of the documentation.
pub(crate) fn fields() -> Vec<&'static Field<Config>> {
    TOP_FIELDS.iter().chain(DIAGNOSTICS_FIELDS).chain(PLANNER_FIELDS).chain(DASHBOARD_FIELDS).collect()
}

/// The environment variable of a key: `diagnostics.stranded_after` → `ANDON_DIAGNOSTICS__STRANDED_AFTER`.
pub(crate) fn variable(name: &str) -> String {
    format!("ANDON_{}", name.replace('.', "__").to_uppercase())
}

/// The lines of a doc comment as one text.
pub(crate) fn doc_text(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

impl Config {
    /// Every key, in the order of the documentation.
    #[must_use]
    pub fn keys() -> Vec<KeyDoc> {
        let describe = |field: &'static Field<Self>| KeyDoc {
            name: field.name,
            doc: doc_text(field.doc),
            default: (!field.default.is_empty()).then_some(field.default),
            expects: (field.expects)(),
            variable: variable(field.name),
        };
        fields().into_iter().map(describe).collect()
    }

    /// The value of a key as it stands in a file, secrets hidden; `None` when it is unset or there is no such key.
    #[must_use]
    pub fn shown(&self, key: &str) -> Option<String> {
        let field = fields().into_iter().find(|field| field.name == key)?;
        (field.value)(self).map(|value: Value| value.to_string())
    }
}
