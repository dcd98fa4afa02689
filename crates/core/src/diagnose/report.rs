//! What the rules say.

use serde::Serialize;
use serde_json::Value;

use crate::id::{ProfileName, RunId, TaskId};
use crate::task::Status;
use crate::text_enum::text_enum;
use crate::time::Millis;

text_enum! {
    /// How bad it is, ascending (EN-10).
    Severity {
        /// Look at it some time.
        Warning => "warning",
        /// It will not go well by itself.
        Error => "error",
        /// It has not gone well for long.
        Critical => "critical",
    }
}

text_enum! {
    /// What is wrong.
    DiagnosticKind {
        /// A completion named tasks that do not exist (DG-01).
        HallucinatedCards => "hallucinated_cards",
        /// A summary mentions tasks that do not exist (DG-03).
        ProsePhantomRefs => "prose_phantom_refs",
        /// It fails again and again (DG-04).
        RepeatedFailures => "repeated_failures",
        /// Its runs crash (DG-05).
        RepeatedCrashes => "repeated_crashes",
        /// Nobody answers (DG-06).
        StuckInBlocked => "stuck_in_blocked",
        /// Unblocking it does not help (DG-07).
        BlockUnblockCycling => "block_unblock_cycling",
        /// Nobody starts it (DG-08).
        StrandedInReady => "stranded_in_ready",
        /// It asks for skills that are not there (SD4-12).
        InvalidTaskSkills => "invalid_task_skills",
        /// Its assignee is not there or cannot be used (SD4-12).
        AssigneeProfileNotFound => "assignee_profile_not_found",
        /// A model has tried in vain to plan it.
        PlanningFailed => "planning_failed",
        /// A run that nobody holds keeps it (SD4-12).
        StaleRunningClaim => "stale_running_claim",
    }
}

text_enum! {
    /// What an action is, for a program that offers it as a button.
    ActionKind {
        /// Say something.
        Comment => "comment",
        /// Give it to another profile.
        Reassign => "reassign",
        /// Take the run back.
        Reclaim => "reclaim",
        /// Run the command and read, or decide.
        Command => "command",
    }
}

/// What a person can do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Which kind.
    pub kind: ActionKind,
    /// What it does, in words.
    pub label: String,
    /// A command of this program. What stands in `<…>` is for the person to fill in.
    pub command: String,
    /// Whether it is the first thing to try.
    pub suggested: bool,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostic {
    /// What is wrong.
    pub kind: DiagnosticKind,
    /// How bad it is.
    pub severity: Severity,
    /// On one line.
    pub title: String,
    /// In some sentences.
    pub detail: String,
    /// What to do, the suggested first.
    pub actions: Vec<Action>,
    /// The first evidence.
    pub first_seen_at: Millis,
    /// The last evidence.
    pub last_seen_at: Millis,
    /// How many pieces of evidence.
    pub count: u32,
    /// The run that it is about.
    pub run_id: Option<RunId>,
    /// The numbers behind it.
    pub data: Value,
}

/// A task and what is wrong with it (CL-27).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskDiagnostics {
    /// The task.
    pub task_id: TaskId,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Who works on it.
    pub assignee: Option<ProfileName>,
    /// The findings, worst first, never empty.
    pub diagnostics: Vec<Diagnostic>,
}
