//! What must not be on a board: each with its stable code, how bad it is, and what is done about it.

use andon_core::diagnose::Severity;
use andon_core::{RunId, TaskId};

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A task contradicts itself.
    TaskState {
        /// Which.
        task: String,
        /// The rule that it breaks.
        rule: String,
    },
    /// A row holds what no row can hold.
    UnreadableRow {
        /// Of which table.
        table: &'static str,
        /// Which.
        id: String,
        /// What is wrong.
        detail: String,
    },
    /// A task is running, and its run is not open or not there.
    RunningWithoutRun {
        /// Which task.
        task: TaskId,
        /// The run that it names.
        run: RunId,
    },
    /// A run is open, and its task does not name it.
    RunWithoutTask {
        /// Which run.
        run: RunId,
        /// Its task.
        task: TaskId,
    },
    /// A task has more than one run that is not reaped.
    SeveralRuns {
        /// Which task.
        task: TaskId,
        /// How many.
        count: u32,
    },
    /// The column that children look at is not what the task's status says.
    Satisfied {
        /// Which task.
        task: TaskId,
        /// What it should be.
        should: bool,
    },
    /// Tasks that wait for each other.
    Cycle {
        /// In their order, the first again at the end.
        path: Vec<TaskId>,
    },
    /// Children of a parent have not been told yet.
    Unsettled {
        /// Which parent.
        parent: TaskId,
        /// Of what.
        mode: String,
        /// After which child.
        after: String,
    },
    /// A task waits though nothing holds it.
    Forgotten {
        /// Which.
        task: TaskId,
    },
    /// A lease of a run that is reaped.
    LeaseOfReapedRun {
        /// Which run.
        run: RunId,
    },
    /// An open run without a lease: nobody would ever end it.
    OpenRunWithoutLease {
        /// Which run.
        run: RunId,
        /// Its task.
        task: TaskId,
    },
    /// A run that has ended, whose processes nobody looks for.
    UnreapedWithoutLease {
        /// Which run.
        run: RunId,
        /// Its task.
        task: TaskId,
    },
    /// A counter below zero.
    NegativeCounter {
        /// Which task.
        task: TaskId,
    },
    /// A cool-down that waits for a run that is over.
    StuckProbe {
        /// Of which profile.
        profile: String,
        /// The run.
        run: String,
    },
}

impl Defect {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TaskState { .. } => "task_state",
            Self::UnreadableRow { .. } => "unreadable_row",
            Self::RunningWithoutRun { .. } => "running_without_run",
            Self::RunWithoutTask { .. } => "run_without_task",
            Self::SeveralRuns { .. } => "several_runs",
            Self::Satisfied { .. } => "satisfied_column",
            Self::Cycle { .. } => "link_cycle",
            Self::Unsettled { .. } => "unsettled_children",
            Self::Forgotten { .. } => "forgotten_task",
            Self::LeaseOfReapedRun { .. } => "lease_of_reaped_run",
            Self::OpenRunWithoutLease { .. } => "run_without_lease",
            Self::UnreapedWithoutLease { .. } => "unreaped_without_lease",
            Self::NegativeCounter { .. } => "negative_counter",
            Self::StuckProbe { .. } => "stuck_probe",
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::TaskState { .. }
            | Self::RunningWithoutRun { .. }
            | Self::RunWithoutTask { .. }
            | Self::Satisfied { .. }
            | Self::OpenRunWithoutLease { .. } => Severity::Error,
            Self::UnreadableRow { .. } | Self::SeveralRuns { .. } | Self::Cycle { .. } => Severity::Critical,
            Self::Unsettled { .. }
            | Self::Forgotten { .. }
            | Self::LeaseOfReapedRun { .. }
            | Self::UnreapedWithoutLease { .. }
            | Self::NegativeCounter { .. }
            | Self::StuckProbe { .. } => Severity::Warning,
        }
    }

    /// What it is, in words.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::TaskState { task, rule } => format!("{task} breaks a rule: {rule}"),
            Self::UnreadableRow { table, id, detail } => format!("{table} {id} cannot be read: {detail}"),
            Self::RunningWithoutRun { task, run } => {
                format!("{task} is running, but its run {run} is not open")
            }
            Self::RunWithoutTask { run, task } => format!("run {run} is open, but {task} does not name it"),
            Self::SeveralRuns { task, count } => format!("{task} has {count} runs that are not reaped"),
            Self::Satisfied { task, should } => {
                let says = if *should { "lets" } else { "does not let" };
                format!("{task} {says} its children run, but they are told otherwise")
            }
            Self::Cycle { path } => {
                let path: Vec<&str> = path.iter().map(TaskId::as_str).collect();
                format!("tasks wait for each other: {}", path.join(" → "))
            }
            Self::Unsettled { parent, mode, .. } => {
                format!("some children of {parent} have not been told yet ({mode})")
            }
            Self::Forgotten { task } => format!("{task} waits though nothing holds it"),
            Self::LeaseOfReapedRun { run } => format!("run {run} is gone, but its lease is not"),
            Self::OpenRunWithoutLease { run, task } => {
                format!("run {run} of {task} is open without a lease: nobody would end it")
            }
            Self::UnreapedWithoutLease { run, task } => {
                format!("run {run} of {task} has ended, and nobody is known to stop its processes")
            }
            Self::NegativeCounter { task } => format!("{task} has a counter below zero"),
            Self::StuckProbe { profile, run } => {
                format!("profile {profile} cools down until run {run} ends, which has ended")
            }
        }
    }

    /// What `--repair` does about it; none where only a person can know.
    #[must_use]
    pub const fn repair(&self) -> Option<&'static str> {
        match self {
            Self::RunningWithoutRun { .. } => {
                Some("the run counts as lost; the task starts again after its back-off")
            }
            Self::RunWithoutTask { .. } => Some("the run ends as interrupted"),
            Self::Satisfied { .. } => Some("the column is written anew"),
            Self::Unsettled { .. } => Some("they are told"),
            Self::Forgotten { .. } => Some("it goes on"),
            Self::LeaseOfReapedRun { .. } => Some("the lease goes"),
            Self::OpenRunWithoutLease { .. } => Some("the run ends as lost"),
            Self::NegativeCounter { .. } => Some("it becomes zero"),
            Self::StuckProbe { .. } => Some("another run probes"),
            Self::TaskState { .. }
            | Self::UnreadableRow { .. }
            | Self::SeveralRuns { .. }
            | Self::Cycle { .. }
            | Self::UnreapedWithoutLease { .. } => None,
        }
    }

    /// What a person can do where `--repair` does nothing.
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        match self {
            Self::Cycle { path } => {
                let (first, second) = (path.first()?, path.get(1)?);
                Some(format!("andon unlink {first} {second}"))
            }
            Self::UnreapedWithoutLease { task, .. } => Some(format!("andon edit {task} --clear-claim")),
            Self::TaskState { .. } | Self::UnreadableRow { .. } | Self::SeveralRuns { .. } => {
                Some("andon doctor --recover <new file>".to_owned())
            }
            Self::RunningWithoutRun { .. }
            | Self::RunWithoutTask { .. }
            | Self::Satisfied { .. }
            | Self::Unsettled { .. }
            | Self::Forgotten { .. }
            | Self::LeaseOfReapedRun { .. }
            | Self::OpenRunWithoutLease { .. }
            | Self::NegativeCounter { .. }
            | Self::StuckProbe { .. } => None,
        }
    }
}
