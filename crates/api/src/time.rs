//! Times on the wire.

use andon_core::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A moment: RFC 3339 in UTC, always with milliseconds, so that times sort as texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-01-31T09:00:00.000Z"))]
#[serde(transparent)]
pub struct Time(String);

impl Time {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment, where the text is one.
    #[must_use]
    pub fn millis(&self) -> Option<Millis> {
        self.0.parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()))
    }
}

impl From<Millis> for Time {
    fn from(at: Millis) -> Self {
        let text = jiff::Timestamp::from_millisecond(at.0);
        Self(text.map_or_else(|_| at.0.to_string(), |at| format!("{at:.3}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_texts_and_come_back() {
        let (one, other) = (Time::from(Millis(0)), Time::from(Millis(1_700_000_000_001)));
        assert_eq!(one.as_str(), "1970-01-01T00:00:00.000Z");
        assert!(one < other);
        assert_eq!(other.millis(), Some(Millis(1_700_000_000_001)));
    }
}
