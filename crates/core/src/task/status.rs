//! The words for where a task stands.

use crate::text_enum::text_enum;

text_enum! {
    /// Where a task stands (EN-01), in the order of the board's columns.
    Status {
        /// An idea that somebody has yet to specify.
        Triage => "triage",
        /// Waits for parents, or for a person when held.
        Todo => "todo",
        /// Waits for a time, or for a person when it has none.
        Scheduled => "scheduled",
        /// May be claimed for work.
        Ready => "ready",
        /// Has a run.
        Running => "running",
        /// Waits for a reviewer.
        Review => "review",
        /// Stopped until somebody lets it go on.
        Blocked => "blocked",
        /// Finished.
        Done => "done",
        /// Put away.
        Archived => "archived",
    }
}

impl Status {
    /// Whether nothing more will happen by itself: `done` and `archived`.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Archived)
    }
}

text_enum! {
    /// What the next run of a task is for.
    Phase {
        /// The implementer works on it.
        Work => "work",
        /// A reviewer judges it.
        Review => "review",
    }
}

text_enum! {
    /// Why a task is blocked. All but `gave_up` are sticky: only an explicit act of a person lets go.
    BlockKind {
        /// The worker has a question.
        NeedsInput => "needs_input",
        /// The worker lacks a right, a tool or a login.
        Capability => "capability",
        /// The worker met an outside failure that it expects to pass.
        Transient => "transient",
        /// A person stopped it.
        Operator => "operator",
        /// It was blocked again and again without news in between.
        Recurring => "recurring",
        /// The circuit breaker tripped.
        GaveUp => "gave_up",
    }
}

impl BlockKind {
    /// Whether only an explicit unblock ends it (SD0-01).
    #[must_use]
    pub const fn is_sticky(self) -> bool {
        match self {
            Self::NeedsInput | Self::Capability | Self::Transient | Self::Operator | Self::Recurring => true,
            Self::GaveUp => false,
        }
    }
}

text_enum! {
    /// What kind of directory a run works in (EN-03).
    WorkspaceKind {
        /// A directory of the task's own, removed when it is finished.
        Scratch => "scratch",
        /// A directory that somebody names.
        Dir => "dir",
        /// A git worktree on a branch of the task's own.
        Worktree => "worktree",
    }
}
