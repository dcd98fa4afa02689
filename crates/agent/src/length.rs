//! Lengths of time in settings: `"500ms"`, `"30s"`, `"5m"`, `"1h"`, or seconds as a number.

use std::time::Duration;

use serde::{Deserialize as _, Deserializer, de::Error as _};

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Given {
    Seconds(u64),
    Text(String),
}

/// Reads a length.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match Given::deserialize(deserializer)? {
        Given::Seconds(seconds) => Ok(Duration::from_secs(seconds)),
        Given::Text(text) => parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no length of time: write it as \"500ms\", \"30s\", \"5m\" or \"1h\""
            ))
        }),
    }
}

fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_a_unit() {
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("2 m"), Some(Duration::from_secs(120)));
        assert_eq!(parse("5"), None);
        assert_eq!(parse("-5s"), None);
        assert_eq!(parse("99999999999999999999h"), None);
    }
}
