//! Names of things: tasks, runs, boards, profiles and places in the event log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is no id or name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is not a {what}: {rule}")]
pub struct InvalidId {
    /// What the text should have been.
    pub what: &'static str,
    /// The offending text, cut to 80 characters.
    pub text: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

fn invalid(what: &'static str, text: &str, rule: &'static str) -> InvalidId {
    InvalidId { what, text: text.chars().take(80).collect(), rule }
}

macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// The id as it is stored and shown.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A task's id: `t_` and 8 Crockford base-32 characters, lower case. Agents mistype long ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

text_id!(TaskId);

impl TaskId {
    const RULE: &'static str = "it is `t_` and 8 characters of 0-9 a-z without i, l, o, u";

    /// The id made of the low 40 bits of `bits`.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        let mut text = String::with_capacity(10);
        text.push_str("t_");
        for shift in (0..8).rev() {
            text.push(char::from(CROCKFORD[((bits >> (shift * 5)) & 31) as usize]));
        }
        Self(text)
    }
}

impl FromStr for TaskId {
    type Err = InvalidId;

    /// Accepts upper case and Crockford's look-alikes (`i` and `l` for 1, `o` for 0).
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let lower = text.trim().to_ascii_lowercase();
        let Some(digits) = lower.strip_prefix("t_").filter(|digits| digits.len() == 8) else {
            return Err(invalid("task id", text, Self::RULE));
        };
        let digits: String = digits
            .chars()
            .map(|digit| match digit {
                'i' | 'l' => '1',
                'o' => '0',
                other => other,
            })
            .collect();
        if digits.bytes().all(|digit| CROCKFORD.contains(&digit)) {
            Ok(Self(format!("t_{digits}")))
        } else {
            Err(invalid("task id", text, Self::RULE))
        }
    }
}

/// A run's id: a ULID, 26 characters, upper case. It is the fencing token: every write of a worker carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

text_id!(RunId);

impl FromStr for RunId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let upper = text.trim().to_ascii_uppercase();
        let digits = upper.len() == 26
            && upper.bytes().all(|digit| CROCKFORD.contains(&digit.to_ascii_lowercase()))
            && upper.as_bytes()[0] <= b'7';
        if digits { Ok(Self(upper)) } else { Err(invalid("run id", text, "it is a ULID of 26 characters")) }
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 64
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

const NAME_RULE: &str = "it is 1 to 64 characters of a-z 0-9 _ -, and starts with a letter or digit";

/// A board's name in paths and on the command line (BD-02).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BoardSlug(String);

text_id!(BoardSlug);

impl FromStr for BoardSlug {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let lower = text.trim().to_lowercase();
        if is_name(&lower) { Ok(Self(lower)) } else { Err(invalid("board name", text, NAME_RULE)) }
    }
}

/// A profile's name: who can be an assignee (BD-54). Canonically lower case (DM-04).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

text_id!(ProfileName);

impl FromStr for ProfileName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let lower = text.trim().to_lowercase();
        if is_name(&lower) { Ok(Self(lower)) } else { Err(invalid("profile name", text, NAME_RULE)) }
    }
}

/// A reader's place in a board's event log. `restore` raises the epoch, so that an old place is recognised as such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// How often the board has been restored.
    pub epoch: i64,
    /// The last event number that the reader has seen.
    pub number: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.number)
    }
}

impl FromStr for Cursor {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let parsed = text.split_once('-').and_then(|(epoch, number)| {
            Some(Self { epoch: epoch.parse().ok()?, number: number.parse().ok()? })
        });
        parsed
            .ok_or_else(|| invalid("cursor", text, "it is `<epoch>-<number>`, as printed by an earlier call"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_ids_round_trip_and_forgive_look_alikes() {
        let id = TaskId::from_bits(0x12_3456_789a);
        assert_eq!(id.as_str().len(), 10);
        assert_eq!(id.as_str().parse::<TaskId>().as_ref(), Ok(&id));
        assert_eq!("T_OIL00000".parse::<TaskId>().unwrap().as_str(), "t_01100000");
        for bad in ["", "t_", "t_123", "t_1234567u", "x_12345678", "t_123456789", "t_1234567é"] {
            assert!(bad.parse::<TaskId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_whitelisted() {
        assert_eq!(" Default ".parse::<ProfileName>().unwrap().as_str(), "default");
        for bad in ["", "-a", "_a", "a/b", "..", "a b", "é", &"a".repeat(65)] {
            assert!(bad.parse::<BoardSlug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn cursors_round_trip() {
        let cursor = Cursor { epoch: 2, number: 40 };
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        assert!("7".parse::<Cursor>().is_err());
    }
}
