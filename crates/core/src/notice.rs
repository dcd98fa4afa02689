//! Who is told of what: which events a subscription wants, when it ends, and what becomes of one that cannot be told.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::policy::Policy;
use crate::run::backoff;
use crate::task::{EventKind, Status};
use crate::text_enum::text_enum;

text_enum! {
    /// Whether a subscription is told anything.
    SubscriptionState {
        /// It is.
        Active => "active",
        /// Its channel failed too often: it keeps its place until a person revives it.
        Suspended => "suspended",
        /// A person does not want on this board what the configuration sends there by itself.
        Off => "off",
    }
}

/// The name of a channel, as the configuration calls it: 1 to 32 of `a-z 0-9 - _`, the first a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(String);

impl ChannelName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ChannelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wellformed = (1..=32).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
            });
        if wellformed {
            Ok(Self(text.to_owned()))
        } else {
            Err("a channel's name is 1 to 32 of a-z 0-9 - _, the first a letter".to_owned())
        }
    }
}

/// What a subscription is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One task.
    Task,
    /// Every task of a board.
    Board,
}

/// One word of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// Whatever needs a person.
    Attention,
    /// Every event.
    All,
    /// Events of this kind.
    Kind(EventKind),
}

const ATTENTION: &str = "attention";
const ALL: &str = "all";

/// What a task's subscription is told unless it says otherwise: its ends, its stops, and how its runs fail.
const USUAL: &[EventKind] = &[
    EventKind::Completed,
    EventKind::Approved,
    EventKind::ReviewRequested,
    EventKind::Blocked,
    EventKind::GaveUp,
    EventKind::Crashed,
    EventKind::TimedOut,
    EventKind::ProtocolViolation,
    EventKind::SpawnFailed,
    EventKind::Lost,
    EventKind::Stale,
    EventKind::Stopped,
    EventKind::Archived,
];

/// Which events are wanted. Without a word: the usual ones, which for a whole board are those that need a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish(Vec<Word>);

impl Wish {
    /// A wish of these words: `attention`, `all`, or kinds of events.
    ///
    /// # Errors
    /// The first word that is none.
    pub fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, String> {
        let mut wish = Vec::new();
        for word in words.into_iter().map(str::trim).filter(|word| !word.is_empty()) {
            wish.push(match word {
                ATTENTION => Word::Attention,
                ALL => Word::All,
                kind => Word::Kind(kind.parse()?),
            });
        }
        wish.sort_unstable();
        wish.dedup();
        Ok(Self(wish))
    }

    /// Every word that can stand in a wish, for messages.
    pub fn words_there_are() -> impl Iterator<Item = &'static str> + Clone {
        [ATTENTION, ALL].into_iter().chain(EventKind::ALL.iter().map(|kind| kind.as_str()))
    }

    /// Its words; none for the usual.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        let word = |word: &Word| match word {
            Word::Attention => ATTENTION,
            Word::All => ALL,
            Word::Kind(kind) => kind.as_str(),
        };
        self.0.iter().map(word).collect()
    }

    /// Whether an event is wanted. A kind that this Andon does not know, as imported boards have, is wanted by `all` alone.
    #[must_use]
    pub fn wants(&self, scope: Scope, kind: Option<EventKind>, data: &Value) -> bool {
        let attention = || kind.is_some_and(|kind| needs_person(kind, data));
        if self.0.is_empty() {
            return match scope {
                Scope::Task => kind.is_some_and(|kind| USUAL.contains(&kind)),
                Scope::Board => attention(),
            };
        }
        self.0.iter().any(|word| match word {
            Word::Attention => attention(),
            Word::All => true,
            Word::Kind(wanted) => kind == Some(*wanted),
        })
    }
}

/// Whether an event needs a person who does not know of it yet: not what a person did, nor what a profile reviews.
#[must_use]
pub fn needs_person(kind: EventKind, data: &Value) -> bool {
    let by_a_person =
        kind == EventKind::Blocked && data.get("kind").and_then(Value::as_str) == Some("operator");
    let by_a_profile =
        kind == EventKind::ReviewRequested && data.get("reviewer").is_some_and(Value::is_string);
    kind.needs_attention() && !by_a_person && !by_a_profile
}

/// Whether the subscription of a task that stands there has nothing more to wait for, once it was told all (NT-07).
#[must_use]
pub const fn is_over(status: Status) -> bool {
    status.is_terminal()
}

/// Whether a task that stands there stays so until somebody does something: a new subscriber is told at once.
#[must_use]
pub const fn stands_still(status: Status) -> bool {
    matches!(status, Status::Done | Status::Archived | Status::Blocked | Status::Review)
}

/// What becomes of a subscription whose channel has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same message is tried again after so many milliseconds.
    Again(i64),
    /// A person has to look: it keeps its place, and is tried no more.
    Suspend,
}

/// No receiver makes anybody wait longer, milliseconds.
const LONGEST_WISH: i64 = 3_600_000;

/// Judges the `failures`th failure in a row, this one among them, of at most `limit`. `asked`: how long the receiver
/// wants to be left alone, milliseconds; `gone`: it said that it never takes anything again.
#[must_use]
pub fn judge(
    failures: u32,
    limit: u32,
    asked: Option<i64>,
    gone: bool,
    policy: &Policy,
    jitter: u16,
) -> Verdict {
    if gone || failures >= limit {
        return Verdict::Suspend;
    }
    let own = backoff(failures, policy, jitter);
    Verdict::Again(own.max(asked.unwrap_or(0).clamp(0, LONGEST_WISH)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wants(words: &[&str], scope: Scope, kind: EventKind, data: &Value) -> bool {
        Wish::of(words.iter().copied()).unwrap().wants(scope, Some(kind), data)
    }

    #[test]
    fn a_task_is_told_of_by_its_ends_and_a_board_by_what_needs_a_person() {
        let none = Value::Null;
        assert!(wants(&[], Scope::Task, EventKind::Completed, &none));
        assert!(!wants(&[], Scope::Board, EventKind::Completed, &none));
        assert!(!wants(&[], Scope::Task, EventKind::Heartbeat, &none));
        assert!(wants(&[], Scope::Board, EventKind::Blocked, &json!({ "kind": "needs_input" })));
        assert!(!wants(&[], Scope::Board, EventKind::Blocked, &json!({ "kind": "operator" })));
        assert!(wants(&[], Scope::Task, EventKind::Blocked, &json!({ "kind": "operator" })));
        assert!(!wants(
            &["attention"],
            Scope::Board,
            EventKind::ReviewRequested,
            &json!({ "reviewer": "judge" })
        ));
        assert!(wants(&["attention", "completed"], Scope::Board, EventKind::Completed, &none));
        assert!(wants(&["all"], Scope::Task, EventKind::Heartbeat, &none));
        assert!(Wish::of(["all"]).unwrap().wants(Scope::Task, None, &none));
        assert_eq!(Wish::of(["completed", "blockd"]).unwrap_err(), "blockd");
    }

    #[test]
    fn failures_are_bounded_and_a_receiver_that_is_gone_is_left_alone() {
        let policy = Policy::default();
        assert_eq!(judge(1, 3, None, false, &policy, 0), Verdict::Again(policy.backoff_base));
        assert_eq!(judge(1, 3, Some(90_000), false, &policy, 0), Verdict::Again(90_000));
        assert_eq!(judge(1, 3, Some(i64::MAX), false, &policy, 0), Verdict::Again(LONGEST_WISH));
        assert_eq!(judge(3, 3, None, false, &policy, 0), Verdict::Suspend);
        assert_eq!(judge(1, 3, None, true, &policy, 0), Verdict::Suspend);
    }

    #[test]
    fn names_of_channels_are_plain() {
        for name in ["ops", "on-call_2"] {
            assert_eq!(name.parse::<ChannelName>().unwrap().as_str(), name);
        }
        for name in ["", "Ops", "2x", "a b", "a/b", &"x".repeat(33)] {
            assert!(name.parse::<ChannelName>().is_err(), "{name}");
        }
    }
}
