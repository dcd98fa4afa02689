//! What can happen to a task, who does it, and the facts that decide what becomes of it.

use std::fmt;

use super::status::BlockKind;
use crate::id::{ProfileName, RunId};
use crate::run::{Failure, Outcome};
use crate::text_enum::text_enum;
use crate::time::Millis;

/// Who does something. Names come from tokens and profiles, never from the text of a request (SEC-04).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person, or a program that acts for one.
    Person(String),
    /// A worker, known by the run that it holds.
    Worker {
        /// Its profile.
        profile: Option<ProfileName>,
        /// Its run.
        run: RunId,
    },
    /// A worker whose profile routes the work of others, and who acts on a task that is not its run's own.
    Orchestrator {
        /// Its profile.
        profile: Option<ProfileName>,
        /// Its run.
        run: RunId,
    },
    /// Andon itself: dispatcher, supervisor, timer, a parent's end.
    System,
}

impl Actor {
    /// Whether this is a person.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        matches!(self, Self::Person(_))
    }

    /// The run that the actor acts for.
    #[must_use]
    pub const fn run(&self) -> Option<&RunId> {
        match self {
            Self::Worker { run, .. } | Self::Orchestrator { run, .. } => Some(run),
            Self::Person(_) | Self::System => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => f.write_str(name),
            Self::Worker { profile: Some(profile), .. }
            | Self::Orchestrator { profile: Some(profile), .. } => {
                write!(f, "{profile}")
            }
            Self::Worker { profile: None, .. } | Self::Orchestrator { profile: None, .. } => {
                f.write_str("worker")
            }
            Self::System => f.write_str("andon"),
        }
    }
}

/// How a worker's or supervisor's run ended without the worker's word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// Which run ended; a run that is not the current one changes nothing.
    pub run: RunId,
    /// Which failure.
    pub failure: Failure,
    /// The words of it; cut to 500 characters when stored.
    pub error: String,
    /// Several tasks of this profile failed alike (SD2-08).
    pub systemic: bool,
}

/// What happens to a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A rough idea became a specification (ST-23, ST-24).
    Specify,
    /// Back to the ideas (ST-29).
    ToTriage,
    /// A new parent was linked (ST-21).
    Linked,
    /// A parent became satisfied, a link went, or the slow sweep looked (ST-05).
    ParentsSettled {
        /// Whether a parent's completion caused it; only that revives a given-up task.
        completion: bool,
    },
    /// A parent that was satisfied is open again (ST-29).
    ParentReopened,
    /// A person asks for it now (ST-17).
    Promote {
        /// Over open parents.
        force: bool,
    },
    /// A person parks it until a promote.
    Hold,
    /// A run takes it (ST-07, ST-08).
    Claim {
        /// The new run.
        run: RunId,
    },
    /// It is finished (ST-11).
    Complete,
    /// The worker asks for a review.
    RequestReview,
    /// The reviewer is content.
    Approve,
    /// The reviewer is not.
    RequestChanges {
        /// What to change.
        reason: String,
    },
    /// It cannot go on (ST-14).
    Block {
        /// Which kind.
        kind: BlockKind,
        /// The question or the cause.
        reason: String,
    },
    /// It waits for a parent that is open.
    BlockOnParent {
        /// What it waits for, in words.
        reason: String,
    },
    /// A person lets a blocked or scheduled task go on (ST-16).
    Unblock,
    /// It waits for a time, or is parked (ST-15).
    Schedule {
        /// When; none parks it.
        at: Option<Millis>,
        /// Why.
        reason: String,
    },
    /// The time has come.
    ScheduleDue,
    /// Andon found, before any start, that nobody can ever run it as it stands (SD1-04).
    Unrunnable {
        /// What is missing.
        reason: String,
    },
    /// Its run ended without the worker's word (§6).
    RunEnded(End),
    /// A person stops the run and the task.
    Stop {
        /// Why.
        reason: String,
    },
    /// A person takes the run back; the task may run again (ST-19).
    Reclaim {
        /// Why.
        reason: String,
    },
    /// The assignee changed (ST-18).
    Assigned,
    /// A person commented or edited: there is news.
    News,
    /// A person sets the failure counters to zero (SD4-10).
    ResetFailures,
    /// Put away (ST-25).
    Archive {
        /// Whether waiting children may go on; needed when there are any and it is unfinished.
        release: Option<bool>,
    },
    /// A person takes a finished task up again (ST-29).
    Reopen,
}

impl Event {
    /// The verb, for messages.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Specify => "specify",
            Self::ToTriage => "move to triage",
            Self::Linked => "link",
            Self::ParentsSettled { .. } => "settle",
            Self::ParentReopened => "demote",
            Self::Promote { .. } => "promote",
            Self::Hold => "hold",
            Self::Claim { .. } => "claim",
            Self::Complete => "complete",
            Self::RequestReview => "request a review of",
            Self::Approve => "approve",
            Self::RequestChanges { .. } => "request changes to",
            Self::Block { .. } | Self::BlockOnParent { .. } => "block",
            Self::Unblock => "unblock",
            Self::Schedule { .. } => "schedule",
            Self::ScheduleDue => "fire",
            Self::Unrunnable { .. } => "block",
            Self::RunEnded(_) => "end the run of",
            Self::Stop { .. } => "stop",
            Self::Reclaim { .. } => "reclaim",
            Self::Assigned => "assign",
            Self::News => "edit",
            Self::ResetFailures => "reset the failures of",
            Self::Archive { .. } => "archive",
            Self::Reopen => "reopen",
        }
    }
}

/// What the shell has looked up, in the same transaction, for the core to decide by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    /// Parents that are not satisfied. Ids are for messages; the count is what decides.
    pub open_parents: u32,
    /// Children that are not finished.
    pub waiting_children: u32,
    /// Whether an earlier run's process tree may still live.
    pub unreaped_run: bool,
    /// The scope of a pause that covers this task, in words.
    pub paused: Option<String>,
    /// The profile that cools down after a rate limit, and until when, where that keeps this claim from being made.
    pub cooling: Option<(ProfileName, Millis)>,
    /// The task's own breaker limit (DM-29).
    pub max_retries: Option<u32>,
    /// Jitter for a back-off, 0 to 999.
    pub jitter: u16,
    /// Whether somebody is known who reviews.
    pub has_reviewer: bool,
}

text_enum! {
    /// The kinds of rows in the event log.
    EventKind {
        /// A task came to be.
        Created => "created",
        /// Specified.
        Specified => "specified",
        /// Split into children.
        Decomposed => "decomposed",
        /// A model's attempt at planning an idea failed; it is tried again.
        PlanFailed => "plan_failed",
        /// An idea was tried as often as a model may try by itself.
        PlanGaveUp => "plan_gave_up",
        /// Moved back to triage.
        Triaged => "triaged",
        /// Its parents are satisfied.
        Promoted => "promoted",
        /// A person promoted it.
        PromotedManual => "promoted_manual",
        /// The slow sweep found it promotable: a defect.
        PromotedBySweep => "promoted_by_sweep",
        /// A given-up task got a fresh budget from a parent's completion.
        Revived => "revived",
        /// A parent is open: it waits again.
        Demoted => "demoted",
        /// Held for a person.
        Held => "held",
        /// A run took it.
        Claimed => "claimed",
        /// A claim found open parents.
        ClaimRejected => "claim_rejected",
        /// A supervisor took the run.
        Supervised => "supervised",
        /// The worker's process started.
        Spawned => "spawned",
        /// The worker says that it makes progress.
        Heartbeat => "heartbeat",
        /// An expired lease was extended, its supervisor being alive (SD2-40).
        ClaimExtended => "claim_extended",
        /// Completed.
        Completed => "completed",
        /// A review was asked for.
        ReviewRequested => "review_requested",
        /// A reviewer approved.
        Approved => "approved",
        /// A reviewer wants changes.
        ChangesRequested => "changes_requested",
        /// Blocked.
        Blocked => "blocked",
        /// A worker found that it must wait for a parent.
        WaitsForParent => "waits_for_parent",
        /// A person let it go on.
        Unblocked => "unblocked",
        /// Waits for a time.
        Scheduled => "scheduled",
        /// The time came.
        ScheduleFired => "schedule_fired",
        /// The run could not start.
        SpawnFailed => "spawn_failed",
        /// The run crashed.
        Crashed => "crashed",
        /// The worker left without a word.
        ProtocolViolation => "protocol_violation",
        /// The run took too long.
        TimedOut => "timed_out",
        /// The provider limited the rate.
        RateLimited => "rate_limited",
        /// The supervisor was lost.
        Lost => "lost",
        /// No progress.
        Stale => "stale",
        /// Shutdown or reboot.
        Interrupted => "interrupted",
        /// The breaker tripped.
        GaveUp => "gave_up",
        /// A person stopped it.
        Stopped => "stopped",
        /// A person took the run back.
        Reclaimed => "reclaimed",
        /// The process tree of a run is gone.
        Reaped => "reaped",
        /// A write of a fenced run was refused.
        StaleWrite => "stale_write",
        /// Work was not started again yet, and why (DI-50..53).
        RespawnGuarded => "respawn_guarded",
        /// The assignee changed.
        Assigned => "assigned",
        /// A parent was linked.
        Linked => "linked",
        /// A parent was unlinked.
        Unlinked => "unlinked",
        /// A comment.
        Commented => "commented",
        /// An attachment came.
        Attached => "attached",
        /// An attachment went.
        AttachmentRemoved => "attachment_removed",
        /// Fields changed.
        Edited => "edited",
        /// The priority changed.
        Reprioritized => "reprioritized",
        /// Failure counters were set to zero.
        FailuresReset => "failures_reset",
        /// A completion named tasks that do not exist (EV-10).
        PhantomCards => "completion_blocked_hallucination",
        /// A summary mentions tasks that do not exist (EV-11).
        PhantomReferences => "suspected_hallucinated_references",
        /// Put away.
        Archived => "archived",
        /// Deleted, with all that belonged to it.
        Deleted => "deleted",
        /// Taken up again.
        Reopened => "reopened",
        /// The board or a profile was paused.
        Paused => "paused",
        /// And resumed.
        Resumed => "resumed",
        /// A profile cools down after a rate limit.
        CoolingDown => "cooling_down",
        /// The board was restored or imported.
        Restored => "restored",
        /// What a workspace's preparation or cleanup had to say.
        Workspace => "workspace",
    }
}

impl EventKind {
    /// Whether a person should look (`on_attention`).
    #[must_use]
    pub const fn needs_attention(self) -> bool {
        matches!(self, Self::Blocked | Self::GaveUp | Self::ReviewRequested | Self::PlanGaveUp)
    }

    /// The event that says how a run failed.
    #[must_use]
    pub const fn of_failure(failure: Failure) -> Self {
        match failure {
            Failure::SpawnFailed { .. } => Self::SpawnFailed,
            Failure::Crashed => Self::Crashed,
            Failure::ProtocolViolation => Self::ProtocolViolation,
            Failure::TimedOut => Self::TimedOut,
            Failure::RateLimited => Self::RateLimited,
            Failure::Lost => Self::Lost,
            Failure::Stale => Self::Stale,
            Failure::Interrupted => Self::Interrupted,
            Failure::AuthenticationFailed => Self::Crashed,
        }
    }
}

impl End {
    /// The outcome that the run gets.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.failure.outcome()
    }
}
