//! What the worker's text is made of. The store fills it in with one query per list, each with a limit.

use std::path::PathBuf;

use serde_json::Value;

use crate::id::{ProfileName, TaskId};
use crate::run::{EndsBy, Outcome};
use crate::task::{Actor, BlockKind, Phase, Status, WorkspaceKind};
use crate::text_enum::text_enum;
use crate::time::Millis;

text_enum! {
    /// Who wrote something.
    AuthorKind {
        /// A person, or a program that acts for one.
        Person => "person",
        /// A worker, in a run.
        Worker => "worker",
        /// Andon itself.
        System => "andon",
    }
}

/// An author as the board recorded it, never as the text claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Which kind.
    pub kind: AuthorKind,
    /// Its name.
    pub name: String,
}

impl From<&Actor> for Author {
    fn from(actor: &Actor) -> Self {
        let kind = match actor {
            Actor::Person(_) => AuthorKind::Person,
            Actor::Worker { .. } | Actor::Orchestrator { .. } => AuthorKind::Worker,
            Actor::System => AuthorKind::System,
        };
        Self { kind, name: actor.to_string() }
    }
}

/// Everything that the text says. Lists may come in any order and longer than is shown; each is cut to its newest.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextFacts {
    /// The task.
    pub task: TaskView,
    /// Its files.
    pub attachments: Vec<AttachmentView>,
    /// Its closed runs: at least the newest [`super::ATTEMPTS`].
    pub attempts: Vec<AttemptView>,
    /// How many closed runs there are.
    pub attempts_total: usize,
    /// When it was blocked before: at least the newest [`super::BLOCKS`].
    pub blocks: Vec<PastBlock>,
    /// Parents that are done: at least the first [`super::PARENTS`] by id.
    pub parents: Vec<ParentResult>,
    /// How many parents are done.
    pub parents_total: usize,
    /// Completed runs of the assignee on other tasks: at least the newest [`super::RECENT`].
    pub recent: Vec<RecentWork>,
    /// At least the newest [`super::COMMENTS`].
    pub comments: Vec<CommentView>,
    /// How many comments there are.
    pub comments_total: usize,
    /// How the reader's run ends; none when the reader has no run.
    pub ends_by: Option<EndsBy>,
}

/// The task's own facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// What is to be done.
    pub body: String,
    /// Who does it.
    pub assignee: Option<ProfileName>,
    /// Who created it.
    pub created_by: Option<Author>,
    /// Where it stands.
    pub status: Status,
    /// Whether to work or to review.
    pub phase: Phase,
    /// Its name space.
    pub tenant: Option<String>,
    /// What kind of directory it runs in.
    pub workspace_kind: WorkspaceKind,
    /// Which one; none until it is made.
    pub workspace_path: Option<PathBuf>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// How long a run may take, milliseconds.
    pub max_runtime: Option<i64>,
    /// How long one command of the worker may take, milliseconds.
    pub terminal_timeout: Option<i64>,
    /// When the reader's run is stopped for taking too long.
    pub deadline: Option<Millis>,
    /// Skills to use.
    pub skills: Vec<String>,
    /// In goal mode, how many turns it has.
    pub goal_turns: Option<u32>,
}

/// A file of the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentView {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// Where it lies, absolute.
    pub path: PathBuf,
}

/// A closed run of the task.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptView {
    /// Its number, from 1, in the order of the runs.
    pub number: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Whose run it was; none when a person ended a task without one.
    pub profile: Option<ProfileName>,
    /// When it ended.
    pub ended_at: Millis,
    /// What it handed over.
    pub summary: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// What it handed over for programs.
    pub metadata: Option<Value>,
}

/// A block that has ended, and what ended it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastBlock {
    /// Which kind.
    pub kind: BlockKind,
    /// The question or the cause.
    pub reason: String,
    /// Since when.
    pub at: Millis,
    /// Who blocked it.
    pub by: Author,
    /// What let it go on; none for a block that still stands or ended without a word.
    pub answer: Option<Answer>,
}

/// What let a blocked task go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who.
    pub by: Author,
    /// When.
    pub at: Millis,
    /// Their words; may be empty.
    pub text: String,
}

/// What a parent handed over.
#[derive(Clone, Debug, PartialEq)]
pub struct ParentResult {
    /// The parent.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// The summary of its newest completed run, else the result of the task.
    pub summary: Option<String>,
    /// The metadata of that run.
    pub metadata: Option<Value>,
}

/// A completed run of the same profile on another task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentWork {
    /// The other task.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// When that run ended.
    pub ended_at: Millis,
    /// What it handed over.
    pub summary: Option<String>,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentView {
    /// Who wrote it.
    pub by: Author,
    /// When.
    pub at: Millis,
    /// What it says.
    pub body: String,
}
