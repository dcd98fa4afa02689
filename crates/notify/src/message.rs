//! What is told of an event: a line, the words behind it, where to look; and the same as data.

use andon_core::task::EventKind;
use andon_core::{BoardSlug, Millis};
use andon_store::operation::ToTell;
use andon_store::sql::attachments::Attachment;
use serde_json::{Value, json};

use crate::escape::{cut, line};

/// Most characters of a task's title (NT-04).
const TITLE: usize = 120;
/// Most characters of a summary or an error.
const WORDS: usize = 200;
/// Most characters of a reason.
const REASON: usize = 160;
/// Files that are named.
const FILES: usize = 10;

/// What a file is shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Anything else.
    Document,
}

impl FileKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Document => "document",
        }
    }

    fn of(name: &str) -> Self {
        let ending = name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase());
        match ending.as_str() {
            "png" | "jpg" | "jpeg" | "gif" | "webp" => Self::Image,
            "mp4" | "mov" | "avi" | "mkv" | "webm" | "3gp" => Self::Video,
            _ => Self::Document,
        }
    }
}

/// A file that a completed run handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What it is shown as.
    pub kind: FileKind,
    /// Its media type, as far as its name tells.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: i64,
}

impl From<&Attachment> for File {
    fn from(file: &Attachment) -> Self {
        Self {
            name: file.name.clone(),
            kind: FileKind::of(&file.name),
            content_type: file.content_type.clone(),
            size: file.size,
        }
    }
}

/// The task that a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its id.
    pub id: String,
    /// Its title, in full.
    pub title: String,
    /// Whose it is.
    pub assignee: Option<String>,
    /// Where it stands by now.
    pub status: String,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The same whenever the same event is told to the same channel again.
    pub id: String,
    /// The kind of the event.
    pub kind: String,
    /// On which board.
    pub board: String,
    /// The event's number on the board.
    pub number: i64,
    /// When it happened.
    pub at: Millis,
    /// Who did it.
    pub actor: String,
    /// Of which run.
    pub run: Option<String>,
    /// Details, as the board has them.
    pub data: Value,
    /// The task.
    pub task: Option<Subject>,
    /// What happened, on one line.
    pub headline: String,
    /// The words behind it: a summary, a question, an error.
    pub detail: Option<String>,
    /// What was handed over.
    pub files: Vec<File>,
    /// Where a person looks at it.
    pub url: Option<String>,
}

impl Message {
    /// What is told of an event. `public_url`: under which address people reach the dashboard.
    #[must_use]
    pub fn of(told: &ToTell, board: &BoardSlug, public_url: Option<&str>) -> Self {
        let event = &told.event;
        let task = told.task.as_ref().map(|task| Subject {
            id: task.id.to_string(),
            title: task.title.clone(),
            assignee: task.assignee.as_ref().map(ToString::to_string),
            status: task.state.status.to_string(),
        });
        let kind = event.kind.parse::<EventKind>().ok();
        let url = public_url.map(|url| {
            let url = format!("{}/b/{board}", url.trim_end_matches('/'));
            task.as_ref().map_or_else(|| url.clone(), |task| format!("{url}?task={}", task.id))
        });
        let mut detail = detail(&event.data);
        if let (Some(words), Some(EventKind::Crashed | EventKind::TimedOut | EventKind::Lost)) =
            (&mut detail, kind)
            && event.data.get("eligible_at").is_some()
        {
            words.push_str(" (it is tried again)");
        }
        Self {
            id: format!(
                "{}-{}-{}-{}",
                told.identity, told.cursor.epoch, event.number, told.subscription.channel
            ),
            kind: event.kind.clone(),
            board: board.to_string(),
            number: event.number,
            at: event.at,
            actor: event.actor.clone(),
            run: event.run.clone(),
            data: event.data.clone(),
            headline: headline(kind, &event.kind, &event.data, task.as_ref(), board.as_str()),
            detail,
            files: told.attachments.iter().take(FILES).map(File::from).collect(),
            task,
            url,
        }
    }

    /// One that says nothing but that the channel works.
    #[must_use]
    pub fn trial(chance: u64, now: Millis, by: &str) -> Self {
        Self {
            id: format!("test-{chance:016x}"),
            kind: "test".to_owned(),
            board: String::new(),
            number: 0,
            at: now,
            actor: by.to_owned(),
            run: None,
            data: Value::Null,
            task: None,
            headline: format!("✔ Andon can tell you something here (asked by {})", line(by, 64)),
            detail: None,
            files: Vec::new(),
            url: None,
        }
    }

    /// The message as programs read it.
    #[must_use]
    pub fn json(&self) -> Value {
        let at = jiff::Timestamp::from_millisecond(self.at.0).ok();
        let files = self.files.iter().map(|file| {
            json!({ "name": file.name, "kind": file.kind.as_str(), "content_type": file.content_type, "size": file.size })
        });
        let task = self.task.as_ref().map(|task| {
            json!({ "id": task.id, "title": task.title, "assignee": task.assignee, "status": task.status })
        });
        json!({
            "id": self.id,
            "type": if self.task.is_some() { format!("task.{}", self.kind) } else { format!("board.{}", self.kind) },
            "timestamp": at,
            "data": {
                "board": self.board, "number": self.number, "kind": self.kind, "actor": self.actor, "run": self.run,
                "task": task, "details": self.data, "headline": self.headline, "detail": self.detail,
                "files": files.collect::<Vec<_>>(), "url": self.url,
            },
        })
    }

    /// The names of its files, on one line.
    pub(crate) fn files_line(&self) -> Option<String> {
        let names: Vec<String> = self.files.iter().map(|file| line(&file.name, 80)).collect();
        (!names.is_empty()).then(|| format!("Files: {}", names.join(", ")))
    }
}

/// The first words that an event brings: what was handed over, what is asked, what went wrong.
fn detail(data: &Value) -> Option<String> {
    let text = |key: &str| data.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    if let Some(summary) = text("summary") {
        let first = summary.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Some(line(first, WORDS));
    }
    text("reason")
        .map(|reason| line(reason, REASON))
        .or_else(|| text("error").map(|error| line(error, WORDS)))
}

fn headline(
    kind: Option<EventKind>,
    name: &str,
    data: &Value,
    task: Option<&Subject>,
    board: &str,
) -> String {
    let Some(task) = task else {
        return format!("· {} on board {board}", line(&name.replace('_', " "), 60));
    };
    let who = task.assignee.as_ref().map(|who| format!("@{who} ")).unwrap_or_default();
    let (id, title) = (&task.id, line(&task.title, TITLE));
    let asks = data.get("kind").and_then(Value::as_str) == Some("needs_input");
    let does = |sign: &str, words: &str| format!("{sign} {who}{words} {id}: {title}");
    let is = |sign: &str, words: &str| format!("{sign} {who}{id} {words}: {title}");
    match kind {
        Some(EventKind::Completed) => does("✔", "has finished"),
        Some(EventKind::Approved) => is("✔", "is approved"),
        Some(EventKind::ReviewRequested) => is("◎", "waits for a review"),
        Some(EventKind::ChangesRequested) => is("↺", "is to be changed"),
        Some(EventKind::Blocked) if asks => is("?", "has a question"),
        Some(EventKind::Blocked) => is("‖", "is blocked"),
        Some(EventKind::GaveUp) => is("✖", "was given up"),
        Some(EventKind::Crashed) => is("!", "crashed"),
        Some(EventKind::TimedOut) => is("!", "took too long"),
        Some(EventKind::SpawnFailed) => is("!", "could not start"),
        Some(EventKind::ProtocolViolation) => is("!", "ended without a word"),
        Some(EventKind::Lost) => is("!", "lost its supervisor"),
        Some(EventKind::Stale) => is("!", "showed no progress"),
        Some(EventKind::Stopped) => is("■", "was stopped"),
        Some(EventKind::Archived) => is("·", "is put away"),
        Some(_) | None => is("·", &cut(&line(&name.replace('_', " "), 60), 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(title: &str) -> Subject {
        Subject {
            id: "t_0123abcd".to_owned(),
            title: title.to_owned(),
            assignee: Some("coder".to_owned()),
            status: "blocked".to_owned(),
        }
    }

    fn shown(kind: EventKind, data: &Value, title: &str) -> (String, Option<String>) {
        (headline(Some(kind), kind.as_str(), data, Some(&subject(title)), "web"), detail(data))
    }

    #[test]
    fn each_message_says_who_what_and_why() {
        let (line, why) =
            shown(EventKind::Completed, &json!({ "summary": "\n all green \nmore" }), "Mend it");
        assert_eq!(line, "✔ @coder has finished t_0123abcd: Mend it");
        assert_eq!(why.as_deref(), Some("all green"));
        let asked = json!({ "kind": "needs_input", "reason": "which colour?" });
        let (line, why) = shown(EventKind::Blocked, &asked, "Paint");
        assert_eq!(line, "? @coder t_0123abcd has a question: Paint");
        assert_eq!(why.as_deref(), Some("which colour?"));
        let (line, why) = shown(EventKind::GaveUp, &json!({ "error": "exit 1" }), "Paint");
        assert_eq!(line, "✖ @coder t_0123abcd was given up: Paint");
        assert_eq!(why.as_deref(), Some("exit 1"));
        assert_eq!(
            shown(EventKind::Heartbeat, &Value::Null, "Paint").0,
            "· @coder t_0123abcd heartbeat: Paint"
        );
    }

    #[test]
    fn lengths_are_counted_in_characters_and_lines_stay_lines() {
        let (line, why) =
            shown(EventKind::Blocked, &json!({ "reason": "ü".repeat(500) }), &"ß\n".repeat(300));
        assert!(!line.contains('\n') && line.ends_with('…'), "{line}");
        assert_eq!(line.rsplit(": ").next().unwrap().chars().count(), TITLE);
        assert_eq!(why.unwrap().chars().count(), REASON);
    }

    #[test]
    fn files_are_told_apart_by_what_they_are_shown_as() {
        let kinds = ["a.PNG", "b.webm", "c.pdf", "none"].map(FileKind::of);
        assert_eq!(kinds, [FileKind::Image, FileKind::Video, FileKind::Document, FileKind::Document]);
    }
}
