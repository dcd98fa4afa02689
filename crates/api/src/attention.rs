//! What needs a person now, and what a reviewer looks at.

use andon_core::BoardSlug;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::card::Card;
use crate::insight::Diagnostic;
use crate::names::BoardSlugText;
use crate::time::Time;

/// Why a task needs a person; in the order in which they are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Its worker asked something.
    Answer,
    /// It waits for a person's review.
    Review,
    /// It goes round in circles, was given up, or lacks something.
    Rescue,
    /// Something is wrong with it, though it goes on.
    Look,
}

/// A task that needs a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attention {
    /// Why.
    pub need: Need,
    /// On which board.
    #[schema(value_type = BoardSlugText)]
    pub board: BoardSlug,
    /// The task.
    pub task: Card,
    /// The question or cause, in full.
    pub reason: Option<String>,
    /// Since when.
    pub since: Time,
    /// What is wrong with it, the worst first.
    pub diagnostics: Vec<Diagnostic>,
}

/// What needs a person, the most urgent first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttentionList {
    /// The tasks, each once.
    pub items: Vec<Attention>,
    /// Whether there are more than are given.
    pub truncated: bool,
    /// The cursor of the next page, where there is one.
    pub next: Option<String>,
}

/// A file that a task's worktree changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedFile {
    /// Its path in the repository: untrusted text.
    pub path: String,
    /// Lines that are new; none where it is no text.
    pub added: Option<u64>,
    /// Lines that are gone; none where it is no text.
    pub removed: Option<u64>,
    /// Whether git does not know it yet: its content is not in the patch.
    pub untracked: bool,
}

/// What a task's branch changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diff {
    /// The commit that it is compared with: where the branch left what is checked out in the repository.
    pub base: String,
    /// The branch.
    pub branch: Option<String>,
    /// Whether the worktree is there: what is not committed is part of the comparison then.
    pub live: bool,
    /// The files.
    pub files: Vec<ChangedFile>,
    /// The changes as a unified patch: untrusted text, without control characters.
    pub patch: String,
    /// Whether there is more than is given.
    pub truncated: bool,
}
