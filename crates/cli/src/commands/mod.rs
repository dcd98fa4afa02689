//! The verbs: one file each, with its arguments and `run`.

#![expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments for itself, used up or not"
)]

pub(crate) mod approve;
pub(crate) mod archive;
pub(crate) mod assign;
pub(crate) mod assignees;
pub(crate) mod block;
pub(crate) mod claim;
pub(crate) mod comment;
pub(crate) mod complete;
pub(crate) mod context;
pub(crate) mod create;
pub(crate) mod decompose;
pub(crate) mod delete;
pub(crate) mod dispatch;
pub(crate) mod edit;
pub(crate) mod events;
pub(crate) mod exit_codes;
pub(crate) mod heartbeat;
pub(crate) mod hold;
pub(crate) mod init;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod pause;
pub(crate) mod promote;
pub(crate) mod reassign;
pub(crate) mod reclaim;
pub(crate) mod recompute;
pub(crate) mod reopen;
pub(crate) mod request_changes;
pub(crate) mod request_review;
pub(crate) mod resume;
pub(crate) mod runs;
pub(crate) mod schedule;
pub(crate) mod serve;
pub(crate) mod set_status;
pub(crate) mod show;
pub(crate) mod specify;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod supervise;
pub(crate) mod swarm;
pub(crate) mod tail;
pub(crate) mod triage;
pub(crate) mod unblock;
pub(crate) mod unlink;
pub(crate) mod watch;
pub(crate) mod why;
