//! The simple types that keys of our files have.

use std::collections::BTreeMap;
use std::fmt;

use andon_core::ProfileName;
use toml_edit::{Array, InlineTable, Item, Value};

use super::problem::quoted;
use super::schema::{Range, Setting, Wrong};

impl Setting for u32 {
    fn expects(range: Range) -> String {
        match range {
            Some((low, high)) => format!("a whole number from {low} to {high}"),
            None => "a whole number".to_owned(),
        }
    }

    fn item(text: &str) -> Item {
        text.trim().parse::<i64>().map_or_else(|_| Item::from(text), Item::from)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        item.as_integer().and_then(|number| Self::try_from(number).ok()).ok_or(Wrong::Value)
    }

    fn within(&self, low: &str, high: &str) -> bool {
        low.parse().is_ok_and(|low| *self >= low) && high.parse().is_ok_and(|high| *self <= high)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(i64::from(*self)))
    }
}

impl Setting for bool {
    fn expects(_: Range) -> String {
        "true or false".to_owned()
    }

    fn item(text: &str) -> Item {
        match text.trim() {
            "true" | "1" => Item::from(true),
            "false" | "0" => Item::from(false),
            other => Item::from(other),
        }
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        item.as_bool().ok_or(Wrong::Value)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(*self))
    }
}

impl Setting for String {
    fn expects(_: Range) -> String {
        "a non-blank text".to_owned()
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        let text = item.as_str().ok_or(Wrong::Value)?;
        if text.contains('\0') {
            return Err(Wrong::Because("holds a NUL character".to_owned(), None));
        }
        if text.trim().is_empty() { Err(Wrong::Value) } else { Ok(text.to_owned()) }
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(self.as_str()))
    }
}

/// A text from the environment as a TOML array, or as itself, which no list accepts.
fn list_item(text: &str) -> Item {
    text.trim().parse::<Value>().ok().filter(Value::is_array).map_or_else(|| Item::from(text), Item::Value)
}

fn texts(item: &Item) -> Result<Vec<String>, Wrong> {
    let array = item.as_array().ok_or(Wrong::Value)?;
    let mut texts = Vec::with_capacity(array.len());
    for element in array {
        let text = element.as_str().ok_or(Wrong::Value)?;
        if text.contains('\0') {
            return Err(Wrong::Because("holds a NUL character".to_owned(), None));
        }
        texts.push(text.to_owned());
    }
    Ok(texts)
}

impl Setting for Vec<String> {
    fn expects(_: Range) -> String {
        "an array of texts, such as [\"one\", \"two\"]".to_owned()
    }

    fn item(text: &str) -> Item {
        list_item(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        texts(item)
    }

    fn value(&self) -> Option<Value> {
        (!self.is_empty()).then(|| Value::Array(self.iter().map(String::as_str).collect::<Array>()))
    }
}

impl Setting for BTreeMap<String, String> {
    fn expects(_: Range) -> String {
        "a table of texts, such as { LANG = \"C\" }".to_owned()
    }

    fn item(text: &str) -> Item {
        text.trim().parse::<Value>().map_or_else(|_| Item::from(text), Item::Value)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        let table = item.as_table_like().ok_or(Wrong::Value)?;
        let mut map = Self::new();
        for (key, value) in table.iter() {
            let Some(text) = value.as_str() else {
                let reason = format!("holds {}, whose value is no text: put it in quotes", quoted(key));
                return Err(Wrong::Because(reason, None));
            };
            map.insert(key.to_owned(), text.to_owned());
        }
        Ok(map)
    }

    fn value(&self) -> Option<Value> {
        let pairs = self.iter().map(|(key, text)| (key.as_str(), Value::from(text.as_str())));
        (!self.is_empty()).then(|| Value::InlineTable(pairs.collect::<InlineTable>()))
    }
}

impl Setting for ProfileName {
    fn expects(_: Range) -> String {
        "a profile's name (1 to 64 characters of a-z 0-9 _ -, first a letter or digit)".to_owned()
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        item.as_str().and_then(|name| name.parse().ok()).ok_or(Wrong::Value)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(self.as_str()))
    }
}

/// A command run for everything that needs a person: a program and its arguments, never a shell's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionCommand {
    argv: Vec<String>,
}

impl AttentionCommand {
    /// The program and its arguments; at least the program.
    #[must_use]
    pub fn argv(&self) -> &[String] {
        &self.argv
    }
}

impl Setting for AttentionCommand {
    fn expects(_: Range) -> String {
        "an array of texts, a program and its arguments, such as [\"notify-send\", \"Andon\"] (it is run without a shell)"
            .to_owned()
    }

    fn item(text: &str) -> Item {
        list_item(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        let argv = texts(item)?;
        if argv.first().is_none_or(|program| program.trim().is_empty()) {
            return Err(Wrong::Value);
        }
        Ok(Self { argv })
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Array(self.argv.iter().map(String::as_str).collect::<Array>()))
    }
}

/// Who reviews: a person, or a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reviewer {
    /// A person, at the board.
    Person,
    /// A run of this profile.
    Profile(ProfileName),
}

impl fmt::Display for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person => f.pad("person"),
            Self::Profile(name) => f.pad(name.as_str()),
        }
    }
}

impl Setting for Reviewer {
    fn expects(_: Range) -> String {
        "\"person\" or a profile's name".to_owned()
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        match item.as_str().map(str::trim) {
            Some("person") => Ok(Self::Person),
            _ => ProfileName::read(item).map(Self::Profile).map_err(|_| Wrong::Value),
        }
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(self.to_string()))
    }
}
