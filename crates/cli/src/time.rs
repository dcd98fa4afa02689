//! Times and lengths of time, as people say and read them.

use andon_core::Millis;
use andon_engine::config::{Duration, duration};
use jiff::civil::{self, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

/// RFC 3339 in UTC, as JSON has it.
pub(crate) fn rfc3339(at: Millis) -> String {
    // Always three digits, so that times sort as texts.
    Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| format!("{at:.3}"))
}

/// A moment in the reader's time zone, to the second.
pub(crate) fn local(at: Millis, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(at.0) else { return at.0.to_string() };
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `3m ago`, `in 2h`, `now`.
pub(crate) fn relative(at: Millis, now: Millis) -> String {
    let passed = now.since(at);
    match passed.abs() {
        0..1_000 => "now".to_owned(),
        _ if passed > 0 => format!("{} ago", length(passed)),
        _ => format!("in {}", length(passed)),
    }
}

/// A length of time by its largest unit, or its two largest where that tells more: `45s`, `3m`, `2h 5m`, `12d`.
pub(crate) fn length(millis: i64) -> String {
    let secs = millis.unsigned_abs() / 1_000;
    match secs {
        0 => format!("{}ms", millis.unsigned_abs()),
        1..120 => format!("{secs}s"),
        120..7_200 => format!("{}m", secs / 60),
        7_200..172_800 if secs % 3_600 < 60 => format!("{}h", secs / 3_600),
        7_200..172_800 => format!("{}h {}m", secs / 3_600, secs % 3_600 / 60),
        _ => format!("{}d", secs / 86_400),
    }
}

/// Reads a moment: RFC 3339, a date of the zone with or without its time, `in 2h`, `+2h`, or `tomorrow 9:00`.
///
/// # Errors
/// The text, and what would be right.
pub(crate) fn moment(text: &str, now: Millis, zone: &TimeZone) -> Result<Millis, String> {
    let trimmed = text.trim();
    let refuse = || {
        format!(
            "{:?} is no moment: write 2030-01-31T09:00:00Z, a local \"2030-01-31 09:00\", \"in 2h\" or \"tomorrow 9:00\"",
            text.chars().take(80).collect::<String>()
        )
    };
    if let Some(rest) = trimmed.strip_prefix("in ").or_else(|| trimmed.strip_prefix('+')) {
        return duration::parse(rest).map(|length| now.plus(length.as_millis())).map_err(|_| refuse());
    }
    if let Ok(at) = trimmed.parse::<Timestamp>() {
        return Ok(Millis(at.as_millisecond()));
    }
    if let Ok(at) = trimmed.parse::<Zoned>() {
        return Ok(Millis(at.timestamp().as_millisecond()));
    }
    let civil = civil_moment(trimmed, now, zone).ok_or_else(refuse)?;
    let zoned = civil.to_zoned(zone.clone()).map_err(|_| refuse())?;
    Ok(Millis(zoned.timestamp().as_millisecond()))
}

fn civil_moment(text: &str, now: Millis, zone: &TimeZone) -> Option<DateTime> {
    if let Ok(at) = text.parse::<DateTime>() {
        return Some(at);
    }
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let today = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).date();
    let day = match word {
        "today" => today,
        "tomorrow" => today.checked_add(1.day()).ok()?,
        _ => return None,
    };
    Some(day.to_datetime(clock(rest.trim().trim_start_matches("at ").trim())?))
}

/// `9:00`, `09:00`, `21:30:15`; nothing is midnight.
fn clock(text: &str) -> Option<civil::Time> {
    if text.is_empty() {
        return Some(civil::Time::midnight());
    }
    let mut parts = text.splitn(3, ':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    civil::Time::new(hour, minute, second, 0).ok()
}

/// For clap: a length of time.
pub(crate) fn parse_length(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let (now, zone) = (Millis(1_900_000_000_000), TimeZone::system());
        assert_eq!(moment("in 2h", now, &zone), Ok(now.plus(7_200_000)));
        assert_eq!(moment("+90s", now, &zone), Ok(now.plus(90_000)));
        assert_eq!(moment("1970-01-01T00:00:01Z", now, &zone), Ok(Millis(1_000)));
        assert_eq!(moment("1970-01-01T01:00:00+01:00", now, &zone), Ok(Millis(0)));
        assert!(moment("2030-01-31 09:00", now, &zone).is_ok());
        assert!(moment("2030-01-31", now, &zone).is_ok());
        assert!(moment("tomorrow 9:00", now, &zone).unwrap() > now);
        for bad in ["", "soon", "in", "in -1h", "25:00", "tomorrow 25:00", "2030-13-01"] {
            assert!(moment(bad, now, &zone).unwrap_err().contains("is no moment"), "{bad}");
        }
    }

    #[test]
    fn times_are_shown_by_their_largest_unit() {
        let now = Millis(10_000_000_000);
        for (millis, text) in [
            (500, "now"),
            (45_000, "45s ago"),
            (180_000, "3m ago"),
            (7_500_000, "2h 5m ago"),
            (7_200_000, "2h ago"),
            (1_036_800_000, "12d ago"),
            (-60_000, "in 60s"),
        ] {
            assert_eq!(relative(now.plus(-millis), now), text);
        }
        assert_eq!(rfc3339(Millis(1_234)), "1970-01-01T00:00:01.234Z");
    }
}
