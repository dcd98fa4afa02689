//! Moments and lengths of time, as models write them.

use andon_core::Millis;
use jiff::{SignedDuration, Timestamp};

use crate::error::{CallError, ToolError};

/// Reads RFC 3339, or a length of time from now: `in 2h`, `+90m`, `45 min`.
pub(crate) fn moment(text: &str, now: Millis) -> Result<Millis, ToolError> {
    let trimmed = text.trim();
    if let Ok(at) = trimmed.parse::<Timestamp>() {
        return Ok(Millis(at.as_millisecond()));
    }
    let relative = trimmed.strip_prefix("in ").or_else(|| trimmed.strip_prefix('+')).unwrap_or(trimmed);
    let length = relative.trim().parse::<SignedDuration>().ok().filter(|length| !length.is_negative());
    let millis = length.and_then(|length| i64::try_from(length.as_millis()).ok());
    let given: String = text.chars().take(80).collect();
    millis.map(|millis| now.plus(millis)).ok_or_else(|| {
        let message = format!(
            "`at`: {given:?} is no moment: write RFC 3339 such as 2030-01-31T09:00:00Z, or a length of time such as \"in 2h\""
        );
        CallError::BadArguments(message).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_models_write_them() {
        let now = Millis(1_000_000);
        for (text, at) in [
            ("1970-01-01T00:00:05Z", 5_000),
            ("1970-01-01T01:00:05+01:00", 5_000),
            ("in 2h", 1_000_000 + 7_200_000),
            ("+90s", 1_000_000 + 90_000),
            (" 1h 30m ", 1_000_000 + 5_400_000),
            ("45 minutes", 1_000_000 + 2_700_000),
        ] {
            assert_eq!(moment(text, now).unwrap(), Millis(at), "{text}");
        }
        for bad in ["", "soon", "in", "in -1h", "2030-01-31", "tomorrow"] {
            assert_eq!(moment(bad, now).unwrap_err().code, "bad_arguments", "{bad}");
        }
    }
}
