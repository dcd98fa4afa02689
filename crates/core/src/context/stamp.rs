//! Points in time and spans as text, in UTC: the core knows no time zones.

use crate::time::Millis;

const DAY: i64 = 86_400_000;
/// 0000-01-01 and the last millisecond of 9999, between which RFC 3339 has a text.
const YEARS: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

/// `at` in RFC 3339, UTC, to the second. Times outside the years 0 to 9999 show as the nearest end of that range.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    let at = at.0.clamp(YEARS.0, YEARS.1);
    let (year, month, day) = civil(at.div_euclid(DAY));
    let second = at.rem_euclid(DAY) / 1_000;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of the proleptic Gregorian calendar, `days` after 1970-01-01. The year is counted from March, so
/// that the leap day is its last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A span of milliseconds in its two largest units: `45 s`, `2 h 5 min`, `4 d`. A negative one counts as zero.
#[must_use]
pub fn span(millis: i64) -> String {
    let seconds = millis.max(0) / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let two = |large: i64, unit: &str, small: i64, smaller: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {smaller}"),
    };
    if days > 0 {
        two(days, "d", hours, "h")
    } else if hours > 0 {
        two(hours, "h", minutes, "min")
    } else if minutes > 0 {
        two(minutes, "min", seconds % 60, "s")
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_795_219_199_999, "2026-11-20T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
            (i64::MIN, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(Millis(millis)), text, "{millis}");
        }
    }

    #[test]
    fn every_day_of_the_calendar_follows_the_one_before() {
        let mut last = (0, 1, 0);
        for day in (YEARS.0 / DAY)..=(YEARS.1 / DAY) {
            let (year, month, date) = civil(day);
            let next_day = (year, month) == (last.0, last.1) && date == last.2 + 1;
            let next_month =
                date == 1 && (28..=31).contains(&last.2) && year * 12 + month == last.0 * 12 + last.1 + 1;
            assert!(next_day || next_month, "{last:?} then {year}-{month}-{date}");
            last = (year, month, date);
        }
        assert_eq!(last, (9_999, 12, 31));
    }

    #[test]
    fn spans_name_their_two_largest_units() {
        for (millis, text) in [
            (-5, "0 s"),
            (999, "0 s"),
            (45_000, "45 s"),
            (125_000, "2 min 5 s"),
            (7_200_000, "2 h"),
            (90_061_000, "1 d 1 h"),
        ] {
            assert_eq!(span(millis), text);
        }
    }
}
