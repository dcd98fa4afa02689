//! Runs, who works on what, and what they wrote.

use andon_core::run::Outcome;
use andon_core::task::Phase;
use andon_core::{ProfileName, RunId, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::{OutcomeName, PhaseName, ProfileNameText, RunIdText, TaskIdText};
use crate::task::TaskRef;
use crate::time::Time;

/// What was consumed; what nobody told is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Consumption {
    /// Tokens read.
    pub input_tokens: Option<i64>,
    /// Tokens written.
    pub output_tokens: Option<i64>,
    /// Tokens read from a cache.
    pub cached_tokens: Option<i64>,
    /// Dollars.
    pub cost_usd: Option<f64>,
}

/// One attempt at a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Its id.
    #[schema(value_type = RunIdText)]
    pub id: RunId,
    /// Of which task.
    #[schema(value_type = TaskIdText)]
    pub task_id: TaskId,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// Work or review.
    #[schema(value_type = PhaseName)]
    pub kind: Phase,
    /// How it ended; none while it is open.
    #[schema(value_type = Option<OutcomeName>)]
    pub outcome: Option<Outcome>,
    /// Under which profile.
    #[schema(value_type = Option<ProfileNameText>)]
    pub profile: Option<ProfileName>,
    /// On which host.
    pub host: Option<String>,
    /// Whether it was claimed by hand.
    pub by_hand: bool,
    /// When it was claimed.
    pub started_at: Time,
    /// When its process started.
    pub spawned_at: Option<Time>,
    /// When it was fenced.
    pub ended_at: Option<Time>,
    /// When its process tree was gone.
    pub reaped_at: Option<Time>,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// Signal.
    pub signal: Option<i64>,
    /// What it handed over.
    pub summary: Option<String>,
    /// The same as data.
    #[schema(value_type = Value)]
    pub metadata: Value,
    /// Why it failed.
    pub error: Option<String>,
    /// Where it worked.
    pub workspace_path: Option<String>,
    /// The session of its agent.
    pub session: Option<String>,
    /// The model that it used.
    pub model: Option<String>,
    /// Tokens and dollars.
    #[serde(flatten)]
    pub consumption: Consumption,
}

/// A page of runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Runs {
    /// The runs.
    pub runs: Vec<Run>,
    /// `before` of the next page; none at the end.
    pub next: Option<String>,
}

/// The right to execute a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    /// Of which run.
    #[schema(value_type = RunIdText)]
    pub run_id: RunId,
    /// When it runs out unless it is renewed.
    pub expires_at: Time,
    /// The host of its supervisor.
    pub host: Option<String>,
    /// The supervisor's process.
    pub pid: Option<i64>,
    /// When the worker last said that it makes progress.
    pub progress_at: Option<Time>,
    /// What it said.
    pub progress_note: Option<String>,
}

/// A run whose processes may live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Worker {
    /// The run.
    pub run: Run,
    /// Its task.
    pub task: TaskRef,
    /// Its lease.
    pub lease: Option<Lease>,
    /// The last line that it wrote: untrusted text.
    pub last_line: Option<String>,
}

/// The runs whose processes may live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Workers {
    /// The workers.
    pub workers: Vec<Worker>,
    /// How many there are.
    pub count: u32,
    /// When it was looked.
    pub checked_at: Time,
}

/// A piece of a log, as it is streamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogChunk {
    /// Where it starts, in bytes.
    pub offset: u64,
    /// What was written: untrusted text, with the colours of a terminal.
    pub text: String,
    /// The log was rotated: this is the start of a new one.
    pub reset: bool,
}

/// The end of a streamed log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogEnd {
    /// How the run ended.
    #[schema(value_type = Option<OutcomeName>)]
    pub outcome: Option<Outcome>,
}

/// What the processes of a run are doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunProcesses {
    /// Which run.
    #[schema(value_type = RunIdText)]
    pub run_id: RunId,
    /// Whether its supervisor lives. None where only another host knows.
    pub alive: Option<bool>,
    /// Why nothing more is told.
    pub reason: Option<String>,
    /// The host of its supervisor.
    pub host: Option<String>,
    /// Its supervisor.
    pub pid: Option<i64>,
    /// Processes, the supervisor among them.
    pub processes: Option<u32>,
    /// Threads.
    pub threads: Option<u32>,
    /// Memory that is resident, bytes.
    pub memory_bytes: Option<u64>,
    /// Processor time so far, milliseconds.
    pub cpu_millis: Option<u64>,
    /// The same as a share of the time since it started, percent of one core; over 100 where several were at work.
    pub cpu_percent: Option<u32>,
    /// Open files, sockets and pipes.
    pub descriptors: Option<u32>,
    /// The processes one by one, by number; at most 256.
    pub tree: Vec<Process>,
}

/// A process of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its parent's.
    pub parent: i32,
    /// The name of its program: untrusted text.
    pub name: String,
    /// What it does, in one letter, as the system has it: `R` runs, `S` and `D` wait, `T` is stopped, `Z` has ended.
    pub state: String,
    /// When it started.
    pub started_at: Time,
    /// Threads.
    pub threads: u32,
    /// Memory that is resident, bytes.
    pub memory_bytes: u64,
    /// Memory that it has addresses for, bytes.
    pub virtual_bytes: u64,
    /// Open files, sockets and pipes; none where the server may not count them.
    pub descriptors: Option<u32>,
    /// Processor time so far, milliseconds.
    pub cpu_millis: u64,
}
