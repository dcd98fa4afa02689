//! The change feed of the board: each line of `andon events --follow --json` as a change of one task.

use serde::Deserialize;
use serde_json::Value;

/// An event, as far as the demo looks at it.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) task_id: Option<String>,
    kind: String,
    #[serde(default)]
    payload: Value,
}

/// A task that somebody has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Created {
    pub(crate) task: String,
    pub(crate) assignee: String,
    /// Ids of the tasks that it waits for.
    pub(crate) parents: Vec<String>,
}

/// What an event means for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It may start.
    Ready,
    /// A profile works on it.
    Started { profile: String, attempt: u64, review: bool },
    /// It failed and is tried again.
    Retrying { error: String },
    /// It waits for a reviewer.
    InReview,
    /// A reviewer wants changes.
    SentBack { reason: String },
    /// Somebody has to say something.
    Blocked { reason: String },
    /// Somebody has.
    Unblocked,
    /// It was given up.
    GivenUp { error: String },
    /// It is done.
    Done { summary: String },
    /// A file was kept.
    Kept { file: String },
}

impl Event {
    /// Reads a line; nothing for one that is no event.
    pub(crate) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The task that it has made, if it has.
    pub(crate) fn created(&self) -> Option<Created> {
        let task = self.task_id.clone().filter(|_| self.kind == "created")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let parents = self.payload.get("parents").and_then(Value::as_array);
        Some(Created {
            task,
            assignee: self.payload.get("assignee").map(text).unwrap_or_default(),
            parents: parents.into_iter().flatten().map(text).collect(),
        })
    }

    /// What it means; nothing for events that nobody has to see.
    pub(crate) fn change(&self) -> Option<Change> {
        let text = |key: &str| self.payload.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(match self.kind.as_str() {
            "promoted" => Change::Ready,
            "claimed" => Change::Started {
                profile: text("profile"),
                attempt: self.payload.get("attempt").and_then(Value::as_u64).unwrap_or(1),
                review: text("phase") == "review",
            },
            "review_requested" => Change::InReview,
            "blocked" => Change::Blocked { reason: text("reason") },
            "unblocked" => Change::Unblocked,
            "gave_up" => Change::GivenUp { error: text("error") },
            "completed" | "approved" => Change::Done { summary: text("summary") },
            "attached" => Change::Kept { file: text("filename") },
            "changes_requested" => Change::SentBack { reason: text("reason") },
            // Every way to fail that is followed by another attempt says from when on.
            _ if self.payload.get("eligible_at").is_some_and(Value::is_i64) => {
                Change::Retrying { error: text("error") }
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(line: &str) -> Option<Change> {
        Event::read(line).unwrap().change()
    }

    #[test]
    fn a_failure_with_a_next_time_is_a_retry() {
        let line = r#"{"task_id":"t_1","kind":"crashed","payload":{"error":"exit 1","eligible_at":12}}"#;
        assert_eq!(change(line), Some(Change::Retrying { error: "exit 1".to_owned() }));
        assert_eq!(change(r#"{"task_id":"t_1","kind":"spawned","payload":{"pid":1}}"#), None);
        assert_eq!(change(r#"{"task_id":null,"kind":"promoted","payload":null}"#), Some(Change::Ready));
    }

    #[test]
    fn a_new_task_says_for_whom_it_is_and_what_it_waits_for() {
        let line = r#"{"task_id":"t_2","kind":"created","payload":{"assignee":"writer","parents":["t_1"]}}"#;
        let created = Event::read(line).unwrap().created().unwrap();
        assert_eq!((created.task.as_str(), created.assignee.as_str()), ("t_2", "writer"));
        assert_eq!(created.parents, ["t_1"]);
        assert_eq!(change(line), None);
    }

    #[test]
    fn an_approval_finishes_a_task() {
        let line = r#"{"task_id":"t_1","kind":"approved","payload":{"summary":"right"}}"#;
        assert_eq!(change(line), Some(Change::Done { summary: "right".to_owned() }));
    }
}
