//! Why not: every refusal of the board, typed, each with a stable code, what happened, and the way out.
//!
//! A code becomes the CLI's exit code and `code` in JSON, the HTTP problem's type, and the tool's error.

use thiserror::Error;

use super::status::Status;
use crate::context::rfc3339;
use crate::id::{BoardSlug, ProfileName, RunId, TaskId};
use crate::time::Millis;

/// The board says no. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such task on this board.
    #[error("there is no task {0} on this board")]
    UnknownTask(String),
    /// A parent that does not exist.
    #[error("unknown parent task(s): {}", .0.join(", "))]
    UnknownParents(Vec<String>),
    /// No such run.
    #[error("there is no run {0} on this board")]
    UnknownRun(String),
    /// Two machines dispatch under one name.
    #[error("another machine dispatches this board under the host name {name:?}")]
    HostNameTaken {
        /// The name.
        name: String,
    },
    /// No such profile.
    #[error("there is no profile {name:?}{}", did_you_mean(.nearest))]
    UnknownProfile {
        /// The name given.
        name: String,
        /// Known names like it.
        nearest: Vec<String>,
    },
    /// A profile whose file cannot be used.
    #[error("the profile {name} cannot be used: {problem}")]
    BrokenProfile {
        /// Which.
        name: String,
        /// What is wrong with its file.
        problem: String,
    },
    /// No such skills.
    #[error("there is no skill {}{}", quoted(.names), did_you_mean(.nearest))]
    UnknownSkill {
        /// The names given that are of no skill: all of them (SD2-43).
        names: Vec<String>,
        /// Known names like it.
        nearest: Vec<String>,
    },
    /// No such board.
    #[error("there is no board {name:?}{}", did_you_mean(.nearest))]
    UnknownBoard {
        /// The name given.
        name: String,
        /// Known names like it.
        nearest: Vec<String>,
    },
    /// A board of that name exists.
    #[error("board {0} already exists")]
    BoardExists(BoardSlug),
    /// No such attachment.
    #[error("there is no attachment {0:?}")]
    UnknownAttachment(String),
    /// No such channel for notifications.
    #[error("there is no channel {name:?}{}", did_you_mean(.nearest))]
    UnknownChannel {
        /// The name given.
        name: String,
        /// Known names like it.
        nearest: Vec<String>,
    },
    /// Nobody is told there.
    #[error("channel {channel} is told of nothing here")]
    NotSubscribed {
        /// The channel.
        channel: String,
    },
    /// The task does not stand where the verb needs it.
    #[error("cannot {verb} a task that is {status}")]
    WrongStatus {
        /// What was asked.
        verb: &'static str,
        /// Where it stands.
        status: Status,
        /// How to get there.
        way_out: &'static str,
    },
    /// A write of a run that is not the task's current one.
    #[error("run {run} is no longer the current run of its task: it can change nothing any more")]
    StaleRun {
        /// The run that wrote.
        run: RunId,
        /// The current one, if any.
        current: Option<RunId>,
    },
    /// The actor may not do that.
    #[error("{actor} may not {verb} this task: {why}")]
    Forbidden {
        /// Who asked.
        actor: String,
        /// For what.
        verb: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// Parents are not finished.
    #[error("{count} parent(s) are not finished")]
    OpenParents {
        /// How many.
        count: u32,
        /// Which, at most ten.
        parents: Vec<TaskId>,
    },
    /// The cord is pulled.
    #[error("{0} is paused: nothing starts")]
    Paused(String),
    /// A cap is reached.
    #[error("{scope} already has {running} of at most {limit} running")]
    Capped {
        /// Board, profile or host.
        scope: String,
        /// Running or not yet reaped.
        running: u32,
        /// The cap.
        limit: u32,
    },
    /// Not yet.
    #[error("not claimable before {}: {reason}", rfc3339(*.until))]
    NotEligible {
        /// When.
        until: Millis,
        /// Why.
        reason: String,
    },
    /// A process of an earlier run may still live.
    #[error("a process of run {run} may still live: the task can go on when it is gone")]
    Unreaped {
        /// The earlier run; empty when unknown.
        run: String,
    },
    /// A profile cools down.
    #[error("profile {profile} cools down after a rate limit until {}", rfc3339(*.until))]
    CoolingDown {
        /// Which profile.
        profile: ProfileName,
        /// Until when.
        until: Millis,
    },
    /// A task cannot depend on itself.
    #[error("a task cannot be its own parent: {0}")]
    SelfLink(TaskId),
    /// A cycle of dependencies.
    #[error("that link would close a cycle: {}", join(.0))]
    Cycle(Vec<TaskId>),
    /// The link is not there.
    #[error("{child} has no parent {parent}")]
    NotLinked {
        /// The parent named.
        parent: TaskId,
        /// The child named.
        child: TaskId,
    },
    /// A value that cannot be.
    #[error("{field} {value:?} cannot be: {rule}")]
    InvalidValue {
        /// Which field.
        field: &'static str,
        /// The value, cut to 80 characters.
        value: String,
        /// The rule that it breaks.
        rule: String,
    },
    /// `kind=dependency` without anything to wait for.
    #[error("a dependency block needs an open parent")]
    NothingToWaitFor,
    /// Archiving or deleting an unfinished parent.
    #[error("{children} unfinished task(s) wait for this one")]
    WaitingChildren {
        /// How many.
        children: u32,
    },
    /// A completion names tasks that do not exist or are not the worker's.
    #[error("the completion names tasks that this worker did not create: {}", .phantom.join(", "))]
    PhantomCards {
        /// Those.
        phantom: Vec<String>,
    },
    /// A worker's run made too many children.
    #[error("run {run} has already created {limit} tasks")]
    TooManyChildren {
        /// The run.
        run: RunId,
        /// The limit.
        limit: u32,
    },
    /// Workers' children of workers' children …
    #[error("tasks created by workers may be at most {limit} generations deep")]
    TooDeep {
        /// The limit.
        limit: u32,
    },
    /// No task can be claimed.
    #[error("no task of {0} can be claimed now")]
    NothingToClaim(String),
    /// An attachment or artifact is too large.
    #[error("{name:?} has {size} bytes; an attachment may have at most {limit}")]
    TooLarge {
        /// The file.
        name: String,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A board that the worker may not use.
    #[error("this worker's board is {own}, not {asked}")]
    WrongBoard {
        /// The board that it belongs to.
        own: String,
        /// The board that it named.
        asked: String,
    },
    /// A model plans this idea right now.
    #[error("a model is at work on this idea")]
    BeingPlanned {
        /// Until when at the latest.
        until: Millis,
    },
    /// What a model planned is about an idea that has changed since, or that another call has now.
    #[error("the idea has changed meanwhile, and what a model made of it was thrown away")]
    PlanLapsed,
    /// A triage decomposition with nothing in it.
    #[error("{0}")]
    BadPlan(String),
}

fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(", ")) }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn join(ids: &[TaskId]) -> String {
    ids.iter().map(TaskId::as_str).collect::<Vec<_>>().join(" → ")
}

impl Refusal {
    /// Every code, each with its own page in `docs/errors`.
    pub const ALL_CODES: &'static [&'static str] = &[
        "unknown_task",
        "unknown_parents",
        "unknown_run",
        "host_name_taken",
        "unknown_profile",
        "profile_broken",
        "unknown_skill",
        "unknown_board",
        "board_exists",
        "unknown_attachment",
        "unknown_channel",
        "not_subscribed",
        "wrong_status",
        "stale_run",
        "forbidden",
        "open_parents",
        "paused",
        "capped",
        "not_eligible",
        "unreaped",
        "cooling_down",
        "self_link",
        "cycle",
        "not_linked",
        "invalid_value",
        "nothing_to_wait_for",
        "waiting_children",
        "phantom_cards",
        "too_many_children",
        "too_deep",
        "nothing_to_claim",
        "too_large",
        "wrong_board",
        "being_planned",
        "plan_lapsed",
        "bad_plan",
    ];

    /// A value that breaks a rule.
    #[must_use]
    pub fn invalid(field: &'static str, value: &str, rule: impl Into<String>) -> Self {
        Self::InvalidValue { field, value: value.chars().take(80).collect(), rule: rule.into() }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownTask(_) => "unknown_task",
            Self::UnknownParents(_) => "unknown_parents",
            Self::UnknownRun(_) => "unknown_run",
            Self::HostNameTaken { .. } => "host_name_taken",
            Self::UnknownProfile { .. } => "unknown_profile",
            Self::BrokenProfile { .. } => "profile_broken",
            Self::UnknownSkill { .. } => "unknown_skill",
            Self::UnknownBoard { .. } => "unknown_board",
            Self::BoardExists(_) => "board_exists",
            Self::UnknownAttachment(_) => "unknown_attachment",
            Self::UnknownChannel { .. } => "unknown_channel",
            Self::NotSubscribed { .. } => "not_subscribed",
            Self::WrongStatus { .. } => "wrong_status",
            Self::StaleRun { .. } => "stale_run",
            Self::Forbidden { .. } => "forbidden",
            Self::OpenParents { .. } => "open_parents",
            Self::Paused(_) => "paused",
            Self::Capped { .. } => "capped",
            Self::NotEligible { .. } => "not_eligible",
            Self::Unreaped { .. } => "unreaped",
            Self::CoolingDown { .. } => "cooling_down",
            Self::SelfLink(_) => "self_link",
            Self::Cycle(_) => "cycle",
            Self::NotLinked { .. } => "not_linked",
            Self::InvalidValue { .. } => "invalid_value",
            Self::NothingToWaitFor => "nothing_to_wait_for",
            Self::WaitingChildren { .. } => "waiting_children",
            Self::PhantomCards { .. } => "phantom_cards",
            Self::TooManyChildren { .. } => "too_many_children",
            Self::TooDeep { .. } => "too_deep",
            Self::NothingToClaim(_) => "nothing_to_claim",
            Self::TooLarge { .. } => "too_large",
            Self::WrongBoard { .. } => "wrong_board",
            Self::BeingPlanned { .. } => "being_planned",
            Self::PlanLapsed => "plan_lapsed",
            Self::BadPlan(_) => "bad_plan",
        }
    }

    /// Whether the refusal is about an id that is not there (exit code 4).
    #[must_use]
    pub const fn is_unknown_id(&self) -> bool {
        matches!(
            self,
            Self::UnknownTask(_)
                | Self::UnknownParents(_)
                | Self::UnknownRun(_)
                | Self::UnknownProfile { .. }
                | Self::UnknownSkill { .. }
                | Self::UnknownBoard { .. }
                | Self::UnknownAttachment(_)
                | Self::UnknownChannel { .. }
                | Self::NotSubscribed { .. }
        )
    }

    /// The way out, for the person who reads it at 3 a.m.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::UnknownTask(_) | Self::UnknownParents(_) => {
                "`andon list` shows the tasks of this board; `--board` chooses another".to_owned()
            }
            Self::UnknownRun(_) => "`andon runs <task>` shows the runs of a task".to_owned(),
            Self::HostNameTaken { .. } => {
                "give this one a name of its own: `host_name` in its config.toml; `andon hosts` shows the other".to_owned()
            }
            Self::UnknownProfile { name, .. } => {
                format!("`andon profile list` shows them; `andon profile create {name} --runner …` makes it")
            }
            Self::BrokenProfile { name, .. } => {
                format!("`andon profile edit {name}` mends it; the file was not changed")
            }
            Self::UnknownSkill { .. } => "`andon profile show <profile>` lists its skills".to_owned(),
            Self::UnknownBoard { name, .. } => {
                format!("`andon boards list` shows them; `andon boards create {name}` makes it")
            }
            Self::UnknownChannel { name, .. } => {
                format!("`andon notify channels` shows them; [channels.{name}] in config.toml makes it")
            }
            Self::NotSubscribed { channel } => format!("`andon notify add {channel}` subscribes it"),
            Self::WrongStatus { way_out, .. } => (*way_out).to_owned(),
            Self::StaleRun { .. } => "stop working on the task; a newer run or a person has it".to_owned(),
            Self::OpenParents { .. } => "wait for them, unlink them, or promote with `--force`".to_owned(),
            Self::Paused(_) => "`andon resume` lets it go on".to_owned(),
            Self::Capped { .. } => "it starts when another run ends; raise the cap to start more".to_owned(),
            Self::NotEligible { .. } => "`andon promote <task>` starts it now".to_owned(),
            Self::Unreaped { .. } => {
                "a dispatcher on that host stops it; `andon stop <task>` does it now".to_owned()
            }
            Self::NothingToWaitFor => "name it with `--on <task>`, or choose another kind".to_owned(),
            Self::WaitingChildren { .. } => {
                "say `--release` to let them go on without it, or `--hold` to keep them waiting".to_owned()
            }
            Self::PhantomCards { .. } => {
                "nothing has changed: complete again without those ids, or with an empty list".to_owned()
            }
            Self::WrongBoard { own, .. } => format!("leave `--board` out, or say `--board {own}`"),
            Self::CoolingDown { .. } => "it is tried again by itself after that time; `andon claim --force` takes it by hand now".to_owned(),
            Self::BeingPlanned { .. } => "wait for it, or specify the idea by hand".to_owned(),
            Self::PlanLapsed => "have it planned again".to_owned(),
            Self::TooManyChildren { .. } => "complete, and let a follow-up task create the rest".to_owned(),
            Self::BoardExists(_)
            | Self::UnknownAttachment(_)
            | Self::Forbidden { .. }
            | Self::SelfLink(_)
            | Self::Cycle(_)
            | Self::NotLinked { .. }
            | Self::InvalidValue { .. }
            | Self::TooDeep { .. }
            | Self::NothingToClaim(_)
            | Self::TooLarge { .. }
            | Self::BadPlan(_) => return None,
        };
        Some(text)
    }
}
