//! What crosses the wire: the shapes of requests and answers, problem details, and the names that stand in them.
//!
//! Each shape is one type, from which follow what is sent, what is read, and the OpenAPI document. Times are RFC 3339 in
//! UTC, lengths of time are milliseconds, what is not there is `null`. Keys are only ever added.

mod attention;
mod board;
mod call;
mod card;
mod change;
#[cfg(feature = "client")]
pub mod client;
mod insight;
mod names;
mod notice;
mod plan;
mod planning;
mod problem;
mod profile;
mod run;
mod task;
mod time;
mod token;
mod verb;

pub use attention::{Attention, AttentionList, ChangedFile, Diff, Need};
pub use board::{
    Assignee, Assignees, Board, BoardChanges, Boards, Column, Columns, Consumed, Cooldown, Dispatcher, Host,
    Hosts, NewBoard, Pause, Running, Stats, Usage, UsageDay,
};
pub use call::{VerbCall, VerbFacts, VerbFile, VerbFrame};
pub use card::{Card, Cards, Edge, Graph, Node};
pub use change::{NewTask, TaskChanges, Workspace};
pub use insight::{Action, Clear, Diagnostic, Diagnostics, Findings, Reason, Reasons, TaskFindings};
pub use names::{
    ActionKindName, BlockKindName, BlockRequest, BoardSlugText, DiagnosticKindName, OutcomeName, PhaseName,
    ProfileNameText, RunIdText, SeverityName, StatusName, TaskIdText, WorkspaceKindName,
};
pub use notice::{Channel, Channels, Retry, Subscribe, Subscription, SubscriptionState, Subscriptions};
pub use plan::{
    Claim, ClaimNext, Claimed, ClaimedRun, Decompose, Decomposed, PlannedChild, Recomputed, Specify,
};
pub use planning::{DescribeProfile, DescribeResult, PlanResult, PlanUsage};
pub use problem::{Fault, PROBLEM_TYPE, Problem, status_of};
pub use profile::{
    BrokenProfile, DashboardDefaults, Profile, ProfileChanges, Profiles, Settings, SettingsChanges,
};
pub use run::{Consumption, Lease, LogChunk, LogEnd, Process, Run, RunProcesses, Runs, Worker, Workers};
pub use task::{
    Attachment, Attachments, Comment, Comments, Deleted, Event, Events, Shown, Task, TaskRef, Tasks,
};
pub use time::Time;
pub use token::{Me, NewToken, Token, TokenMade, Tokens};
pub use verb::{
    Approve, Archive, Assign, Block, Bulk, BulkAction, BulkResult, BulkResults, Complete, Empty, Heartbeat,
    Hold, NewComment, NewLink, PauseAll, PauseBoard, Paused, Promote, RequestChanges, RequestReview,
    ResumeBoard, Resumed, Schedule, Stop, Unblock, WithReason,
};
