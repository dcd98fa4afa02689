//! One reading of an agent's output: a pointer into lines of JSON, or a regular expression over text.

use regex::Regex;
use serde_json::Value;
use thiserror::Error;

use crate::profile::words;

words! {
    /// What an agent writes.
    #[derive(Default)]
    Format, "format" {
        /// A JSON value a line.
        JsonLines => "json-lines",
        /// Text.
        #[default]
        Text => "text",
    }
}

words! {
    /// How the prompt goes in.
    #[derive(Default)]
    PromptBy, "way of the prompt" {
        /// On its standard input, which is closed after it.
        Stdin => "stdin",
        /// Among its arguments.
        #[default]
        Argument => "argument",
        /// In the file that `$ANDON_PROMPT_FILE` names.
        File => "file",
    }
}

words! {
    /// What numbers of several lines mean.
    #[derive(Default)]
    Totals, "totals" {
        /// Each line counts.
        Add => "add",
        /// The last line holds for the process.
        #[default]
        Last => "last",
        /// The last line holds for the session with all its runs.
        Session => "session",
    }
}

/// Why a text is no reading.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadingError {
    /// No pointer.
    #[error("a reading of lines of JSON is `/<path>` or `<kind>:/<path>`")]
    NoPointer,
    /// No regular expression.
    #[error("{0}")]
    BadPattern(String),
    /// It captures nothing.
    #[error("the expression needs one group, `(…)`, around what is read")]
    NoGroup,
}

/// A reading that can be applied.
#[derive(Clone, Debug)]
pub enum Reading {
    /// A pointer into a line of a kind.
    Pointer {
        /// Where the kind stands.
        at: String,
        /// The kind that is meant; none: every line.
        kind: Option<String>,
        /// What is read.
        pointer: String,
    },
    /// The group of an expression.
    Pattern(Regex),
}

impl Reading {
    /// Reads a reading. `at` is the pointer to the kind of a line.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(format: Format, at: &str, text: &str) -> Result<Self, ReadingError> {
        match format {
            Format::Text => {
                let pattern =
                    Regex::new(text).map_err(|error| ReadingError::BadPattern(error.to_string()))?;
                if pattern.captures_len() < 2 {
                    Err(ReadingError::NoGroup)
                } else {
                    Ok(Self::Pattern(pattern))
                }
            }
            Format::JsonLines => {
                let (kind, pointer) = match text.split_once(":/") {
                    Some((kind, path)) if !kind.is_empty() => (Some(kind.to_owned()), format!("/{path}")),
                    Some(_) | None => (None, text.to_owned()),
                };
                if !pointer.starts_with('/') {
                    return Err(ReadingError::NoPointer);
                }
                Ok(Self::Pointer { at: at.to_owned(), kind, pointer })
            }
        }
    }

    /// What it finds in a line of JSON.
    #[must_use]
    pub fn of_json<'v>(&self, line: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Pointer { at, kind, pointer } => {
                let of_kind = kind.as_deref().is_none_or(|kind| {
                    line.pointer(at).and_then(Value::as_str).is_some_and(|found| found == kind)
                });
                line.pointer(pointer).filter(|found| of_kind && !found.is_null())
            }
            Self::Pattern(_) => None,
        }
    }

    /// What it finds in a line of text.
    #[must_use]
    pub fn of_text<'t>(&self, line: &'t str) -> Option<&'t str> {
        match self {
            Self::Pattern(pattern) => Some(pattern.captures(line)?.get(1)?.as_str()),
            Self::Pointer { .. } => None,
        }
    }
}
