//! When a rate limit ends, from what an agent says about it.

use std::sync::LazyLock;

use andon_core::Millis;
use regex::Regex;

/// A limit that is said to end later than this is not believed, milliseconds: weekly limits are the longest.
const FURTHEST: i64 = 8 * 86_400_000;

#[expect(clippy::expect_used, reason = "the expression is a constant that a test reads")]
static AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:(?:try|retry)(?: again)?|retry[- ]?after|reset(?:s)?|wait)\D{0,12}?\s(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b")
        .expect("a constant")
});

/// The moment that a number means: seconds or milliseconds since 1970.
pub(super) fn of_number(number: f64, now: Millis) -> Option<Millis> {
    #[expect(clippy::cast_possible_truncation, reason = "it is compared with now right after")]
    let at = if number > 1e11 { number as i64 } else { (number * 1_000.0) as i64 };
    believable(at, now)
}

/// The moment that a text means: a Unix time behind a bar, `try again in 20 s`, or RFC 3339.
pub(super) fn of_text(text: &str, now: Millis) -> Option<Millis> {
    let trimmed = text.trim();
    if let Ok(number) = trimmed.parse::<f64>() {
        return of_number(number, now);
    }
    if let Some(number) = trimmed.rsplit('|').next().and_then(|last| last.trim().parse::<f64>().ok()) {
        return of_number(number, now);
    }
    if let Ok(stamp) = trimmed.parse::<jiff::Timestamp>() {
        return believable(stamp.as_millisecond(), now);
    }
    let found = AFTER.captures(text)?;
    let count: f64 = found.get(1)?.as_str().parse().ok()?;
    let unit = found.get(2)?.as_str().to_lowercase();
    let scale = match unit.as_bytes() {
        [b'm', b's', ..] | [b'm', b'i', b'l', ..] => 1.0,
        [b'm', ..] => 60_000.0,
        [b'h', ..] => 3_600_000.0,
        _ => 1_000.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "it is compared with now right after")]
    let wait = (count * scale).ceil() as i64;
    believable(now.0.saturating_add(wait), now)
}

fn believable(at: i64, now: Millis) -> Option<Millis> {
    (at > now.0 && at - now.0 <= FURTHEST).then_some(Millis(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_limit_is_understood_in_every_way_that_agents_say_it() {
        let now = Millis(1_800_000_000_000);
        for (text, after) in [
            ("Please try again in 20s.", Some(20_000)),
            ("Rate limit reached. Please try again in 1.5 seconds", Some(1_500)),
            ("retry after 3 minutes", Some(180_000)),
            ("Retry-After: 30 s", Some(30_000)),
            ("quota will reset in 2h", Some(7_200_000)),
            ("try again in 250ms", Some(250)),
            ("Claude AI usage limit reached|1800003600", Some(3_600_000)),
            ("2027-01-15T08:10:00Z", Some(600_000)),
            ("1800000060", Some(60_000)),
            ("resets tomorrow", None),
            ("1700000000", None),
            ("1900000000", None),
        ] {
            assert_eq!(of_text(text, now).map(|at| at.0 - now.0), after, "{text}");
        }
    }
}
