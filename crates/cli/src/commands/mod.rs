//! The verbs: one file each, with its arguments and `run`.

#![expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments for itself, used up or not"
)]

pub(crate) mod agent;
pub(crate) mod approve;
pub(crate) mod archive;
pub(crate) mod assign;
pub(crate) mod assignees;
pub(crate) mod attach;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod block;
pub(crate) mod boards;
pub(crate) mod claim;
pub(crate) mod comment;
pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod context;
pub(crate) mod copy;
pub(crate) mod create;
pub(crate) mod decompose;
pub(crate) mod delete;
pub(crate) mod diagnostics;
pub(crate) mod dispatch;
pub(crate) mod doctor;
pub(crate) mod edit;
pub(crate) mod events;
pub(crate) mod exit_codes;
pub(crate) mod gc;
pub(crate) mod heartbeat;
pub(crate) mod hold;
pub(crate) mod hosts;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod man;
pub(crate) mod mcp;
pub(crate) mod notify;
pub(crate) mod pause;
mod planning;
pub(crate) mod profile;
pub(crate) mod promote;
pub(crate) mod reassign;
pub(crate) mod reclaim;
pub(crate) mod recompute;
pub(crate) mod reopen;
pub(crate) mod request_changes;
pub(crate) mod request_review;
pub(crate) mod restore;
pub(crate) mod resume;
pub(crate) mod runs;
pub(crate) mod schedule;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod set_status;
pub(crate) mod show;
pub(crate) mod specify;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod supervise;
pub(crate) mod swarm;
pub(crate) mod tail;
pub(crate) mod token;
pub(crate) mod triage;
pub(crate) mod unblock;
pub(crate) mod unlink;
pub(crate) mod watch;
pub(crate) mod why;
