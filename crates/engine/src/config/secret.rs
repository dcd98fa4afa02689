//! A text that never shows itself.

use std::fmt;

use toml_edit::{Item, Value};

use super::schema::{Range, Setting, Wrong};

/// A password or an address that holds one. `Debug` and every listing hide it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl Setting for Secret {
    const HIDDEN: bool = true;

    fn expects(_: Range) -> String {
        "a non-blank text".to_owned()
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        String::read(item).map(Self)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from("(hidden)"))
    }
}
