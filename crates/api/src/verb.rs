//! What verbs are told.

use andon_core::{ProfileName, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::change::TaskChanges;
use crate::names::{BlockRequest, ProfileNameText, TaskIdText};
use crate::plan::Specify;
use crate::problem::Problem;
use crate::task::Task;
use crate::time::Time;

macro_rules! bodies {
    ($($(#[doc = $doc:literal])+ $name:ident {$(
        $(#[doc = $field_doc:literal])+ $(#[schema($($schema:tt)+)])? $(#[serde($($serde:tt)+)])? $field:ident: $type:ty
    ),* $(,)?})+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {$(
            $(#[doc = $field_doc])+
            $(#[schema($($schema)+)])?
            $(#[serde($($serde)+)])?
            pub $field: $type,
        )*}
    )+};
}

bodies! {
    /// Nothing is to be said.
    Empty {}

    /// Why.
    WithReason {
        /// Why; becomes a comment where it is not blank.
        reason: Option<String>,
    }

    /// Completes a task.
    Complete {
        /// The short result; the summary where there is none.
        result: Option<String>,
        /// What was done, for whoever goes on with it.
        summary: Option<String>,
        /// The same as data: an object.
        #[schema(value_type = Option<Object>)]
        metadata: Option<Value>,
        /// Tasks that the worker says it created.
        #[serde(default)]
        created_cards: Vec<String>,
    }

    /// Blocks a task.
    Block {
        /// The question or cause.
        reason: String,
        /// Why; `needs_input` for a worker and `operator` for a person where it is left out.
        kind: Option<BlockRequest>,
        /// The parent to wait for, with `dependency`.
        #[schema(value_type = Option<TaskIdText>)]
        on: Option<TaskId>,
    }

    /// Lets a blocked or scheduled task go on.
    Unblock {
        /// The answer; becomes a comment.
        reason: Option<String>,
        /// The next run starts a new session, instead of going on with the last one's.
        #[serde(default)]
        fresh: bool,
    }

    /// Wants a task now.
    Promote {
        /// Why; becomes a comment.
        reason: Option<String>,
        /// Over open parents.
        #[serde(default)]
        force: bool,
        /// The next run starts a new session.
        #[serde(default)]
        fresh: bool,
    }

    /// Keeps a task from starting until a promote.
    Hold {
        /// Why; becomes a comment.
        reason: Option<String>,
    }

    /// Gives a task to somebody.
    Assign {
        /// To whom; `null` is nobody.
        #[schema(value_type = Option<ProfileNameText>)]
        assignee: Option<ProfileName>,
        /// Take a running one back first, for this reason.
        reclaim: Option<String>,
    }

    /// Puts a task away.
    Archive {
        /// Whether unfinished tasks that wait for it go on without it.
        release: Option<bool>,
    }

    /// Stops or takes back a run.
    Stop {
        /// Why.
        reason: Option<String>,
    }

    /// Puts a task off.
    Schedule {
        /// Until when; parked without end where it is left out.
        at: Option<Time>,
        /// Why.
        reason: Option<String>,
    }

    /// Asks for a review.
    RequestReview {
        /// What was done.
        summary: Option<String>,
        /// The same as data: an object.
        #[schema(value_type = Option<Object>)]
        metadata: Option<Value>,
    }

    /// Approves a task in review.
    Approve {
        /// In words.
        summary: Option<String>,
    }

    /// Requests changes to a task in review.
    RequestChanges {
        /// What to change; also a comment.
        reason: String,
    }

    /// Says that a run makes progress.
    Heartbeat {
        /// What it does.
        note: Option<String>,
    }

    /// A comment to be made. Its author is the caller.
    NewComment {
        /// What.
        body: String,
    }

    /// Pulls the cord over everything.
    PauseAll {
        /// Why.
        reason: Option<String>,
        /// Stop what runs, too; it stays blocked.
        #[serde(default)]
        stop_running: bool,
    }

    /// Pulls the cord over a board, or over one profile on it.
    PauseBoard {
        /// Only this profile.
        #[schema(value_type = Option<ProfileNameText>)]
        profile: Option<ProfileName>,
        /// Why.
        reason: Option<String>,
        /// Stop what runs, too; it stays blocked.
        #[serde(default)]
        stop_running: bool,
    }

    /// Lets the cord of a board or of one profile on it go.
    ResumeBoard {
        /// Only this profile.
        #[schema(value_type = Option<ProfileNameText>)]
        profile: Option<ProfileName>,
    }
}

/// A dependency to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// Who must finish first.
    #[schema(value_type = TaskIdText)]
    pub parent: TaskId,
    /// Who waits.
    #[schema(value_type = TaskIdText)]
    pub child: TaskId,
}

/// What pulling a cord did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Paused {
    /// `everything`, `board` or `profile:<name>`.
    pub paused: String,
    /// Whether it was not pulled yet.
    pub new: bool,
    /// The tasks that were stopped.
    #[schema(value_type = Vec<TaskIdText>)]
    pub stopped: Vec<TaskId>,
}

/// What letting a cord go did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resumed {
    /// `everything`, `board` or `profile:<name>`.
    pub resumed: String,
    /// Whether it was pulled.
    pub was_paused: bool,
}

/// What is done to each of several tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum BulkAction {
    /// Completes.
    Complete(Complete),
    /// Blocks.
    Block(Block),
    /// Lets go on.
    Unblock(Unblock),
    /// Wants now.
    Promote(Promote),
    /// Keeps from starting.
    Hold(Hold),
    /// Sends back to the ideas.
    Triage(WithReason),
    /// Turns an idea into work.
    Specify(Specify),
    /// Gives to somebody.
    Assign(Assign),
    /// Puts away.
    Archive(Archive),
    /// Takes up again.
    Reopen(Empty),
    /// Stops.
    Stop(Stop),
    /// Takes back.
    Reclaim(Stop),
    /// Puts off.
    Schedule(Schedule),
    /// Approves.
    Approve(Approve),
    /// Requests changes.
    RequestChanges(RequestChanges),
    /// Sets the failure counters to zero.
    ResetFailures(Empty),
    /// Edits.
    Edit(Box<TaskChanges>),
    /// Deletes.
    Delete(Archive),
}

/// One action on several tasks, each by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// Which tasks, at most 500.
    #[schema(max_items = 500, min_items = 1)]
    pub ids: Vec<String>,
    /// What is done to each.
    pub action: BulkAction,
}

/// What became of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkResult {
    /// Which.
    pub id: String,
    /// Whether it was done.
    pub ok: bool,
    /// The task afterwards; none where it is gone.
    pub task: Option<Task>,
    /// Why not.
    pub problem: Option<Problem>,
}

/// What became of each task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkResults {
    /// In the order in which they were named.
    pub results: Vec<BulkResult>,
}
