//! The arguments of each tool. The comments are what a model reads.

use andon_core::task::{Status, WorkspaceKind};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::lenient;

/// Why a worker's task can be blocked.
pub(crate) const BLOCKS: [&str; 4] = ["needs_input", "capability", "transient", "dependency"];
/// Where a new task can stand.
pub(crate) const STARTS: [&str; 3] = ["running", "blocked", "triage"];

macro_rules! arguments {
    ($($name:ident { $($rest:tt)* })*) => { $(
        arguments!(@fields $name [] $($rest)*);
    )* };
    (@fields $name:ident [$($done:tt)*] $(#[doc = $doc:literal])* $field:ident: $kind:ident, $($rest:tt)*) => {
        arguments!(@$kind $name [$($done)*] [$(#[doc = $doc])*] $field $($rest)*);
    };
    (@fields $name:ident [$($done:tt)*] $(#[doc = $doc:literal])* $field:ident: word($words:expr), $($rest:tt)*) => {
        arguments!(@fields $name [$($done)* $(#[doc = $doc])*
            #[serde(default, deserialize_with = "lenient::text")]
            #[schemars(with = "String", extend("enum" = $words))] pub(crate) $field: Option<String>,] $($rest)*);
    };
    (@fields $name:ident [$($done:tt)*]) => {
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        pub(crate) struct $name {
            $($done)*
            /// The board, where it is not the one of this session. A worker leaves it out.
            #[serde(default, deserialize_with = "lenient::text")]
            #[schemars(with = "String")]
            pub(crate) board: Option<String>,
        }
    };
    (@required $name:ident [$($done:tt)*] [$($doc:tt)*] $field:ident $($rest:tt)*) => {
        arguments!(@fields $name [$($done)* $($doc)*
            #[serde(deserialize_with = "lenient::required")] pub(crate) $field: String,] $($rest)*);
    };
    (@text $name:ident [$($done:tt)*] [$($doc:tt)*] $field:ident $($rest:tt)*) => {
        arguments!(@fields $name [$($done)* $($doc)*
            #[serde(default, deserialize_with = "lenient::text")]
            #[schemars(with = "String")] pub(crate) $field: Option<String>,] $($rest)*);
    };
    (@whole $name:ident [$($done:tt)*] [$($doc:tt)*] $field:ident $($rest:tt)*) => {
        arguments!(@fields $name [$($done)* $($doc)*
            #[serde(default, deserialize_with = "lenient::whole")]
            #[schemars(with = "i64")] pub(crate) $field: Option<i64>,] $($rest)*);
    };
    (@flag $name:ident [$($done:tt)*] [$($doc:tt)*] $field:ident $($rest:tt)*) => {
        arguments!(@fields $name [$($done)* $($doc)*
            #[serde(default, deserialize_with = "lenient::flag")]
            #[schemars(with = "bool")] pub(crate) $field: Option<bool>,] $($rest)*);
    };
    (@list $name:ident [$($done:tt)*] [$($doc:tt)*] $field:ident $($rest:tt)*) => {
        arguments!(@fields $name [$($done)* $($doc)*
            #[serde(default, deserialize_with = "lenient::list")]
            #[schemars(with = "Vec<String>")] pub(crate) $field: Vec<String>,] $($rest)*);
    };
    (@names $name:ident [$($done:tt)*] [$($doc:tt)*] $field:ident $($rest:tt)*) => {
        arguments!(@fields $name [$($done)* $($doc)*
            #[serde(default, deserialize_with = "lenient::names")]
            #[schemars(with = "Vec<String>")] pub(crate) $field: Vec<String>,] $($rest)*);
    };
    (@object $name:ident [$($done:tt)*] [$($doc:tt)*] $field:ident $($rest:tt)*) => {
        arguments!(@fields $name [$($done)* $($doc)*
            #[serde(default, deserialize_with = "lenient::object")]
            #[schemars(with = "Map<String, Value>")] pub(crate) $field: Option<Map<String, Value>>,] $($rest)*);
    };
}

arguments! {
    Show {
        /// Which task, such as t_0123abcd. Your own where it is left out.
        task_id: text,
    }
    List {
        /// Only tasks of this profile.
        assignee: text,
        /// Only tasks that stand there: triage, todo, scheduled, ready, running, review, blocked, done or archived.
        status: word(Status::ALL),
        /// Only tasks of this name space.
        tenant: text,
        /// Archived tasks too.
        include_archived: flag,
        /// At most so many: 1 to 200, else 50.
        limit: whole,
    }
    Assignees {}
    Complete {
        /// Your own task where it is left out.
        task_id: text,
        /// What was done and what came of it, in one to three sentences, for whoever goes on with it. Never secrets. Needed unless `result` is given.
        summary: text,
        /// The same as data, for programs: files changed, tests run, decisions.
        metadata: object,
        /// A short result, where it differs from the summary.
        result: text,
        /// Ids of tasks that you created in this run. Each is checked; leave out what you did not create.
        created_cards: names,
        /// Files of your workspace to keep. They are copied before the workspace goes.
        artifacts: list,
    }
    Block {
        /// Your own task where it is left out.
        task_id: text,
        /// The question, or what is missing, so that a person can answer without asking back.
        reason: required,
        /// needs_input (a person must answer; this is meant where it is left out), capability (a tool, right or login is missing), transient (something outside is down), or dependency (another task must be done first; name it in `on`).
        kind: word(BLOCKS),
        /// With kind dependency: the id of the task to wait for.
        on: text,
    }
    Heartbeat {
        /// Your own task where it is left out.
        task_id: text,
        /// What you are doing, in a few words.
        note: text,
    }
    Comment {
        /// On which task.
        task_id: required,
        /// The comment, in Markdown. It is signed with your profile.
        body: required,
    }
    Create {
        /// What is to be done, on one line.
        title: required,
        /// The profile that works on it; it must exist. Left out, the answer names those there are.
        assignee: text,
        /// The specification: goal, where things are, how to tell that it is done. Its worker knows nothing but this, its parents' results and its comments.
        body: text,
        /// Ids of tasks that must be done first. It starts by itself when they are; say them here rather than linking later.
        parents: names,
        /// A name space inside the board; that of your task where it is left out.
        tenant: text,
        /// Higher starts first; 0 is usual.
        priority: whole,
        /// Where it works: scratch (a directory of its own that goes when it is done), dir (a directory that stays) or worktree (a git worktree). Where both this and `workspace_path` are left out, that of your task.
        workspace_kind: word(WorkspaceKind::ALL),
        /// The absolute path for dir, or of the repository for worktree.
        workspace_path: text,
        /// The branch of a worktree.
        branch: text,
        /// An idea only, which somebody has yet to specify; it does not start.
        triage: flag,
        /// Calls with the same key make one task: give one where you may be retried.
        idempotency_key: text,
        /// How long one run may take, in seconds.
        max_runtime_seconds: whole,
        /// running (it starts as soon as it can; this is meant where it is left out), blocked (it waits for a person) or triage.
        initial_status: word(STARTS),
        /// Skills that its worker gets.
        skills: names,
        /// The profile that reviews it.
        reviewer: text,
        /// The model that its runs use.
        model: text,
        /// Let a judge decide turn by turn whether the goal is reached.
        goal_mode: flag,
        /// Turns of the goal mode.
        goal_max_turns: whole,
        /// The session that it comes from.
        session_id: text,
    }
    Unblock {
        /// Which task.
        task_id: required,
        /// The answer, or why it may go on; it becomes a comment that the worker reads.
        reason: text,
    }
    Assign {
        /// Which task.
        task_id: required,
        /// To which profile; `none` takes it from everybody.
        assignee: required,
    }
    Link {
        /// The task that must be done first.
        parent_id: required,
        /// The task that waits; for a worker, its own.
        child_id: required,
    }
    RequestReview {
        /// Your own task where it is left out.
        task_id: text,
        /// What was done, and what the reviewer should look at.
        summary: text,
        /// The same as data: branch, files changed, tests run.
        metadata: object,
    }
    RequestChanges {
        /// The task that you review; your own where it is left out.
        task_id: text,
        /// What has to change, point by point, so that the implementer can do it without asking back.
        reason: required,
    }
    Approve {
        /// The task that you review; your own where it is left out.
        task_id: text,
        /// What you found.
        summary: text,
    }
    Schedule {
        /// Your own task where it is left out.
        task_id: text,
        /// When it goes on: RFC 3339 such as 2030-01-31T09:00:00Z, or a length of time such as "in 2h". Left out, it is parked until a person lets it go on.
        at: text,
        /// What it waits for.
        reason: text,
    }
    Attach {
        /// Your own task where it is left out.
        task_id: text,
        /// The file, as a path in your workspace. Give this or `content`.
        path: text,
        /// The text of the file, where there is no file; `name` says what it is called.
        content: text,
        /// What it is called; the name of the file where it is left out.
        name: text,
    }
    Attachments {
        /// Your own task where it is left out.
        task_id: text,
    }
    Why {
        /// Your own task where it is left out.
        task_id: text,
    }
}
