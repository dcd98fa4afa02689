//! Every JSON shape that verbs print: a documented contract. Keys are only ever added.
//!
//! Times are RFC 3339 in UTC, lengths of time are milliseconds, what is not there is `null`.

use andon_core::diagnose::{Action, Diagnostic, DiagnosticKind, Severity};
use andon_core::run::Outcome;
use andon_core::task::{BlockKind, Phase, Status, WorkspaceKind};
use andon_core::why::{Clear, Reason};
use andon_core::{Millis, ProfileName, RunId, TaskId};
use andon_store::operation::Claimed;
use andon_store::sql::attachments::Attachment;
use andon_store::sql::comments::Comment;
use andon_store::sql::events::Event;
use andon_store::sql::runs::Run;
use andon_store::sql::tasks::Task;
use serde::Serialize;
use serde_json::Value;

use crate::time::rfc3339;

fn at(at: Option<Millis>) -> Option<String> {
    at.map(rfc3339)
}

/// A task: `create`, `list`, and the verbs that change one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TaskJson {
    id: TaskId,
    title: String,
    body: Option<String>,
    status: Status,
    phase: Phase,
    assignee: Option<ProfileName>,
    reviewer: Option<ProfileName>,
    priority: i64,
    tenant: Option<String>,
    parents: Vec<TaskId>,
    children: Vec<TaskId>,
    block_kind: Option<BlockKind>,
    block_reason: Option<String>,
    blocked_at: Option<String>,
    eligible_at: Option<String>,
    eligible_reason: Option<String>,
    scheduled_at: Option<String>,
    held: bool,
    parents_waived: bool,
    consecutive_failures: u32,
    reclaims: u32,
    rate_limits: u32,
    interruptions: u32,
    blocks: u32,
    review_rounds: u32,
    last_failure_error: Option<String>,
    current_run_id: Option<RunId>,
    workspace_kind: WorkspaceKind,
    workspace_path: Option<String>,
    branch: Option<String>,
    model: Option<String>,
    skills: Vec<String>,
    requires: Vec<String>,
    max_runtime: Option<i64>,
    max_retries: Option<u32>,
    goal_mode: bool,
    goal_max_turns: Option<i64>,
    idempotency_key: Option<String>,
    session_id: Option<String>,
    workflow_template_id: Option<String>,
    step_key: Option<String>,
    generation: u32,
    result: Option<String>,
    created_by: String,
    created_by_run: Option<String>,
    created_at: String,
    updated_at: String,
    started_at: Option<String>,
    completed_at: Option<String>,
}

impl TaskJson {
    /// A task with its links.
    pub(crate) fn new(task: &Task, parents: &[TaskId], children: &[TaskId]) -> Self {
        let state = &task.state;
        let counters = &state.counters;
        Self {
            id: task.id.clone(),
            title: task.title.clone(),
            body: task.body.clone(),
            status: state.status,
            phase: state.phase,
            assignee: task.assignee.clone(),
            reviewer: task.reviewer.clone(),
            priority: task.priority,
            tenant: task.tenant.clone(),
            parents: parents.to_vec(),
            children: children.to_vec(),
            block_kind: state.block.as_ref().map(|block| block.kind),
            block_reason: state.block.as_ref().map(|block| block.reason.clone()),
            blocked_at: at(state.block.as_ref().map(|block| block.at)),
            eligible_at: at(state.eligible.as_ref().map(|eligible| eligible.at)),
            eligible_reason: state.eligible.as_ref().map(|eligible| eligible.reason.clone()),
            scheduled_at: at(state.scheduled_at),
            held: state.held,
            parents_waived: state.parents_waived,
            consecutive_failures: counters.failures,
            reclaims: counters.reclaims,
            rate_limits: counters.rate_limits,
            interruptions: counters.interruptions,
            blocks: counters.blocks,
            review_rounds: counters.review_rounds,
            last_failure_error: state.last_failure_error.clone(),
            current_run_id: state.current_run.clone(),
            workspace_kind: task.workspace_kind,
            workspace_path: task.workspace_path.clone(),
            branch: task.branch.clone(),
            model: task.model.clone(),
            skills: task.skills.clone(),
            requires: task.requires.clone(),
            max_runtime: task.max_runtime,
            max_retries: task.max_retries,
            goal_mode: task.goal_mode,
            goal_max_turns: task.goal_max_turns,
            idempotency_key: task.idempotency_key.clone(),
            session_id: task.session_id.clone(),
            workflow_template_id: task.workflow_template_id.clone(),
            step_key: task.step_key.clone(),
            generation: task.generation,
            result: task.result.clone(),
            created_by: task.created_by.clone(),
            created_by_run: task.created_by_run.clone(),
            created_at: rfc3339(task.created_at),
            updated_at: rfc3339(task.updated_at),
            started_at: at(state.started_at),
            completed_at: at(state.completed_at),
        }
    }
}

/// A comment: `show`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CommentJson {
    id: i64,
    author: String,
    author_kind: String,
    run_id: Option<String>,
    body: String,
    created_at: String,
}

impl From<&Comment> for CommentJson {
    fn from(comment: &Comment) -> Self {
        Self {
            id: comment.id,
            author: comment.author.clone(),
            author_kind: comment.author_kind.clone(),
            run_id: comment.run.clone(),
            body: comment.body.clone(),
            created_at: rfc3339(comment.created_at),
        }
    }
}

/// An event: `show`, `events`, `tail`, `watch`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EventJson {
    number: i64,
    task_id: Option<String>,
    run_id: Option<String>,
    kind: String,
    actor: String,
    payload: Value,
    created_at: String,
}

impl From<&Event> for EventJson {
    fn from(event: &Event) -> Self {
        Self {
            number: event.number,
            task_id: event.task.clone(),
            run_id: event.run.clone(),
            kind: event.kind.clone(),
            actor: event.actor.clone(),
            payload: event.data.clone(),
            created_at: rfc3339(event.at),
        }
    }
}

/// Millionths of a dollar as dollars.
#[expect(clippy::cast_precision_loss, reason = "no bill has sixteen digits")]
pub(crate) fn in_dollars(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// A run: `show`, `runs`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunJson {
    id: RunId,
    task_id: TaskId,
    attempt: u32,
    kind: Phase,
    outcome: Option<Outcome>,
    profile: Option<ProfileName>,
    host: Option<String>,
    by_hand: bool,
    started_at: String,
    spawned_at: Option<String>,
    ended_at: Option<String>,
    reaped_at: Option<String>,
    exit_code: Option<i64>,
    signal: Option<i64>,
    summary: Option<String>,
    metadata: Value,
    error: Option<String>,
    workspace_path: Option<String>,
    session: Option<String>,
    model: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    cached_tokens: Option<i64>,
    cost_usd: Option<f64>,
}

impl From<&Run> for RunJson {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id.clone(),
            task_id: run.task.clone(),
            attempt: run.attempt,
            kind: run.kind,
            outcome: run.outcome,
            profile: run.profile.clone(),
            host: run.host.clone(),
            by_hand: run.by_hand,
            started_at: rfc3339(run.started_at),
            spawned_at: at(run.spawned_at),
            ended_at: at(run.ended_at),
            reaped_at: at(run.reaped_at),
            exit_code: run.exit_code,
            signal: run.signal,
            summary: run.summary.clone(),
            metadata: run.metadata.clone(),
            error: run.error.clone(),
            workspace_path: run.workspace_path.clone(),
            session: run.usage.session_ref.clone(),
            model: run.usage.model.clone(),
            input_tokens: run.usage.input_tokens,
            output_tokens: run.usage.output_tokens,
            cached_tokens: run.usage.cached_tokens,
            cost_usd: run.usage.cost_micros.map(in_dollars),
        }
    }
}

/// An attachment: `show`, `attachments`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AttachmentJson {
    id: i64,
    name: String,
    content_type: Option<String>,
    size: i64,
    sha256: String,
    run_id: Option<String>,
    added_by: String,
    created_at: String,
}

impl From<&Attachment> for AttachmentJson {
    fn from(attachment: &Attachment) -> Self {
        Self {
            id: attachment.id,
            name: attachment.name.clone(),
            content_type: attachment.content_type.clone(),
            size: attachment.size,
            sha256: attachment.sha256.clone(),
            run_id: attachment.run.clone(),
            added_by: attachment.added_by.clone(),
            created_at: rfc3339(attachment.created_at),
        }
    }
}

/// What a claim by hand gives: `claim`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ClaimJson {
    task: TaskJson,
    run: ClaimedRunJson,
    workspace: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ClaimedRunJson {
    id: RunId,
    token: String,
    expires_at: String,
}

impl ClaimJson {
    /// A claim with its prepared workspace.
    pub(crate) fn new(claimed: &Claimed, task: TaskJson, workspace: Option<String>) -> Self {
        let run = ClaimedRunJson {
            id: claimed.run.id.clone(),
            token: claimed.token.clone(),
            expires_at: rfc3339(claimed.expires_at),
        };
        Self { task, run, workspace }
    }
}

/// What a promote did or would do: `promote` (CL-36).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PromoteJson {
    /// Which task.
    pub(crate) task_id: String,
    /// Whether it was promoted.
    pub(crate) promoted: bool,
    /// Whether it was only asked what would happen.
    pub(crate) dry_run: bool,
    /// Whether open parents are passed over.
    pub(crate) forced: bool,
    /// Why, as given.
    pub(crate) reason: Option<String>,
    /// Why not.
    pub(crate) error: Option<String>,
}

/// What keeps a task from running: `why`, `show`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ReasonJson {
    code: &'static str,
    message: String,
    until: Option<String>,
    clear: Option<Clear>,
}

impl From<Reason> for ReasonJson {
    fn from(reason: Reason) -> Self {
        Self { code: reason.code, message: reason.message, until: at(reason.until), clear: reason.clear }
    }
}

/// What is wrong with a task: `show`, `diagnostics`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DiagnosticJson {
    kind: DiagnosticKind,
    severity: Severity,
    title: String,
    detail: String,
    actions: Vec<Action>,
    first_seen_at: String,
    last_seen_at: String,
    count: u32,
    run_id: Option<RunId>,
    data: Value,
}

impl From<&Diagnostic> for DiagnosticJson {
    fn from(found: &Diagnostic) -> Self {
        Self {
            kind: found.kind,
            severity: found.severity,
            title: found.title.clone(),
            detail: found.detail.clone(),
            actions: found.actions.clone(),
            first_seen_at: rfc3339(found.first_seen_at),
            last_seen_at: rfc3339(found.last_seen_at),
            count: found.count,
            run_id: found.run_id.clone(),
            data: found.data.clone(),
        }
    }
}
