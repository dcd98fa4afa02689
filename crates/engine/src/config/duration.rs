//! Durations as people write them: `90s`, `15m`, `1h30m`, `1d`, or whole seconds.

use std::fmt;
use std::str::FromStr;

use jiff::{Span, SpanRelativeTo};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use toml_edit::{Item, Value};

use super::schema::{Range, Setting, Wrong};

/// A length of time of 0 or more, in whole milliseconds. A day is 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    millis: u64,
}

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no duration: write a number with its unit, such as 90s, 15m, 1h30m or 1d")]
pub struct DurationError {
    /// The offending text, cut to 80 characters.
    pub text: String,
}

/// The longest duration, about 1,000 years: sums with a time of day stay in range.
const LONGEST_MILLIS: u64 = 1_000 * 365 * 86_400_000;

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self { millis: 0 };

    /// So many milliseconds, at most 1,000 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self { millis: if millis > LONGEST_MILLIS { LONGEST_MILLIS } else { millis } }
    }

    /// So many seconds, at most 1,000 years.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self::from_millis(secs.saturating_mul(1_000))
    }

    /// Milliseconds, in the type of the store's times. Never negative.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.millis.cast_signed()
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.millis / 1_000
    }

    /// The same in the standard library's type.
    #[must_use]
    pub const fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.millis)
    }

    /// Whether it is no time at all, which many keys take as "never" (their text says so).
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.millis == 0
    }
}

/// Reads `90s`, `15m`, `1h 30m`, `1d`, `2 weeks`, or whole seconds without a unit. Months and years have no fixed length and
/// are refused, as is anything below 0.
///
/// # Errors
///
/// [`DurationError`] with the text.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let refuse = || DurationError { text: text.chars().take(80).collect() };
    let trimmed = text.trim();
    if !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
        return trimmed.parse().map(Duration::from_secs).map_err(|_| refuse());
    }
    let span: Span = trimmed.parse().map_err(|_| refuse())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| refuse())?;
    u64::try_from(length.as_millis()).map(Duration::from_millis).map_err(|_| refuse())
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        parse(text)
    }
}

impl fmt::Display for Duration {
    /// The shortest text that [`parse`] reads back as the same duration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let mut rest = self.millis;
        for (unit, millis) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
            if rest >= millis {
                text.push_str(&format!("{}{unit}", rest / millis));
                rest %= millis;
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrSeconds;

        impl serde::de::Visitor<'_> for TextOrSeconds {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"15m\", or whole seconds")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
                parse(text).map_err(E::custom)
            }

            fn visit_u64<E: serde::de::Error>(self, secs: u64) -> Result<Duration, E> {
                Ok(Duration::from_secs(secs))
            }

            fn visit_i64<E: serde::de::Error>(self, secs: i64) -> Result<Duration, E> {
                let refuse = |_| E::invalid_value(serde::de::Unexpected::Signed(secs), &self);
                u64::try_from(secs).map(Duration::from_secs).map_err(refuse)
            }
        }

        deserializer.deserialize_any(TextOrSeconds)
    }
}

impl Setting for Duration {
    fn expects(range: Range) -> String {
        match range {
            Some((low, high)) => format!("a duration from {low} to {high}, such as \"15m\" or whole seconds"),
            None => "a duration such as \"15m\", or whole seconds".to_owned(),
        }
    }

    fn item(text: &str) -> Item {
        Item::from(text)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        if let Some(secs) = item.as_integer() {
            return u64::try_from(secs).map(Self::from_secs).map_err(|_| Wrong::Value);
        }
        parse(item.as_str().ok_or(Wrong::Value)?).map_err(|_| Wrong::Value)
    }

    fn within(&self, low: &str, high: &str) -> bool {
        parse(low).is_ok_and(|low| *self >= low) && parse(high).is_ok_and(|high| *self <= high)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::from(self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn friendly_texts_and_seconds_are_read() {
        for (text, millis) in [
            ("90s", 90_000),
            ("15m", 900_000),
            ("1d", 86_400_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("2 weeks", 1_209_600_000),
            ("250ms", 250),
            ("PT5M", 300_000),
            ("300", 300_000),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn texts_without_a_fixed_length_are_refused_by_name() {
        for text in
            ["", " ", "soon", "1month", "1 year", "-5m", "5m ago", "1x", "99999999999999999999", "1.5"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(
            parse("soon").unwrap_err().to_string(),
            "\"soon\" is no duration: write a number with its unit, such as 90s, 15m, 1h30m or 1d"
        );
    }

    #[test]
    fn serde_takes_texts_and_seconds() {
        assert_eq!(serde_json::from_str::<Duration>("\"2m\"").unwrap(), Duration::from_secs(120));
        assert_eq!(serde_json::from_str::<Duration>("7").unwrap(), Duration::from_secs(7));
        assert!(serde_json::from_str::<Duration>("-7").is_err());
        assert_eq!(serde_json::to_string(&Duration::from_secs(3_600)).unwrap(), "\"1h\"");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(millis in 0..=LONGEST_MILLIS) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&duration.to_string()), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
