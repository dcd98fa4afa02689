//! The plain values that cross the driver port, and how rows are read.

use andon_core::Millis;
use serde_json::Value;

use crate::error::DbError;

/// A value of a column or parameter: all that our tables need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Val {
    /// SQL null.
    Null,
    /// Numbers, times (milliseconds), booleans (0 and 1).
    Int(i64),
    /// Text, ids, JSON.
    Text(String),
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u32> for Val {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<Millis> for Val {
    fn from(value: Millis) -> Self {
        Self::Int(value.0)
    }
}
impl From<&str> for Val {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Val {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&String> for Val {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<&Value> for Val {
    fn from(value: &Value) -> Self {
        if value.is_null() { Self::Null } else { Self::Text(value.to_string()) }
    }
}
impl<T: Into<Self>> From<Option<T>> for Val {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! val_from_text {
    ($($type:ty),+) => {$(
        impl From<&$type> for Val {
            fn from(value: &$type) -> Self {
                Self::Text(value.as_str().to_owned())
            }
        }
    )+};
}
val_from_text!(andon_core::TaskId, andon_core::RunId, andon_core::ProfileName, andon_core::BoardSlug);

macro_rules! val_from_enum {
    ($($type:ty),+) => {$(
        impl From<$type> for Val {
            fn from(value: $type) -> Self {
                Self::Text(value.as_str().to_owned())
            }
        }
    )+};
}
val_from_enum!(
    andon_core::task::Status,
    andon_core::task::Phase,
    andon_core::task::BlockKind,
    andon_core::task::WorkspaceKind,
    andon_core::task::EventKind,
    andon_core::run::Outcome,
    andon_core::notice::SubscriptionState
);

/// Parameters from anything that converts.
#[macro_export]
macro_rules! vals {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Val::from($value)),*] };
}

/// One row, read from left to right.
#[derive(Debug)]
pub struct Row {
    values: std::vec::IntoIter<Val>,
    table: &'static str,
    id: String,
}

impl Row {
    /// A row of `table`; the first column that is text names the row in errors.
    #[must_use]
    pub fn new(values: Vec<Val>) -> Self {
        let id = values.iter().find_map(|value| match value {
            Val::Text(text) => Some(text.chars().take(40).collect()),
            Val::Int(number) => Some(number.to_string()),
            Val::Null => None,
        });
        Self { values: values.into_iter(), table: "row", id: id.unwrap_or_default() }
    }

    /// The values that were not read yet.
    #[must_use]
    pub fn into_values(self) -> Vec<Val> {
        self.values.collect()
    }

    /// Names the table for errors.
    #[must_use]
    pub fn of(mut self, table: &'static str) -> Self {
        self.table = table;
        self
    }

    /// An error about this row.
    pub fn bad(&self, detail: impl Into<String>) -> DbError {
        DbError::BadRow { table: self.table, id: self.id.clone(), detail: detail.into() }
    }

    fn next(&mut self) -> Result<Val, DbError> {
        self.values.next().ok_or_else(|| self.bad("a column is missing"))
    }

    /// A number or null.
    ///
    /// # Errors
    /// `bad_row` when it is text.
    pub fn opt_int(&mut self) -> Result<Option<i64>, DbError> {
        match self.next()? {
            Val::Null => Ok(None),
            Val::Int(value) => Ok(Some(value)),
            Val::Text(text) => Err(self.bad(format!("{text:?} is not a number"))),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// `bad_row` when it is not.
    pub fn int(&mut self) -> Result<i64, DbError> {
        self.opt_int()?.ok_or_else(|| self.bad("a number is null"))
    }

    /// A count: negative numbers read as 0, too large ones as the largest.
    ///
    /// # Errors
    /// `bad_row` when it is not a number.
    pub fn count(&mut self) -> Result<u32, DbError> {
        Ok(u32::try_from(self.int()?.max(0)).unwrap_or(u32::MAX))
    }

    /// 0 or 1.
    ///
    /// # Errors
    /// `bad_row` when it is not a number.
    pub fn flag(&mut self) -> Result<bool, DbError> {
        Ok(self.int()? != 0)
    }

    /// A time.
    ///
    /// # Errors
    /// `bad_row` when it is not a number.
    pub fn at(&mut self) -> Result<Millis, DbError> {
        Ok(Millis(self.int()?))
    }

    /// A time or null.
    ///
    /// # Errors
    /// `bad_row` when it is not a number.
    pub fn opt_at(&mut self) -> Result<Option<Millis>, DbError> {
        Ok(self.opt_int()?.map(Millis))
    }

    /// Text or null.
    ///
    /// # Errors
    /// `bad_row` when a column is missing.
    pub fn opt_text(&mut self) -> Result<Option<String>, DbError> {
        Ok(match self.next()? {
            Val::Null => None,
            Val::Int(value) => Some(value.to_string()),
            Val::Text(text) => Some(text),
        })
    }

    /// Text.
    ///
    /// # Errors
    /// `bad_row` when it is null.
    pub fn text(&mut self) -> Result<String, DbError> {
        self.opt_text()?.ok_or_else(|| self.bad("a text is null"))
    }

    /// An id or enum.
    ///
    /// # Errors
    /// `bad_row` when it does not parse.
    pub fn parse<T: std::str::FromStr>(&mut self) -> Result<T, DbError> {
        let text = self.text()?;
        text.parse().map_err(|_| self.bad(format!("{text:?} cannot be read")))
    }

    /// An id or enum, or null.
    ///
    /// # Errors
    /// `bad_row` when it does not parse.
    pub fn opt_parse<T: std::str::FromStr>(&mut self) -> Result<Option<T>, DbError> {
        let Some(text) = self.opt_text()? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.bad(format!("{text:?} cannot be read")))
    }

    /// JSON; text that is none reads as null (DM-76).
    ///
    /// # Errors
    /// `bad_row` when a column is missing.
    pub fn json(&mut self) -> Result<Value, DbError> {
        Ok(self.opt_text()?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null))
    }

    /// A JSON array of texts; anything else reads as none.
    ///
    /// # Errors
    /// `bad_row` when a column is missing.
    pub fn texts(&mut self) -> Result<Vec<String>, DbError> {
        Ok(self.opt_text()?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }
}
