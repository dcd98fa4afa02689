//! The JSON that tools give: what is not there is left out, times are RFC 3339 in UTC.

use andon_core::context::rfc3339;
use andon_core::why::Reason;
use andon_core::{Millis, TaskId};
use andon_store::files;
use andon_store::query::Shown;
use andon_store::sql::attachments::Attachment;
use andon_store::sql::comments::Comment;
use andon_store::sql::events::Event;
use andon_store::sql::runs::Run;
use andon_store::sql::tasks::Task;
use serde_json::{Value, json};
use std::path::Path;

/// Most ids of one list of links.
const LINKS: usize = 200;

fn at(at: Option<Millis>) -> Option<String> {
    at.map(rfc3339)
}

/// The object without what is null or an empty list.
fn dense(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            Value::Object(object.into_iter().filter(|(_, value)| !empty(value)).collect())
        }
        other => other,
    }
}

/// A task with what bears on it.
pub(crate) fn task(task: &Task) -> Value {
    let state = &task.state;
    let block = state.block.as_ref();
    dense(json!({
        "id": task.id, "title": task.title, "body": task.body,
        "status": state.status, "phase": state.phase,
        "assignee": task.assignee, "reviewer": task.reviewer,
        "priority": task.priority, "tenant": task.tenant,
        "block_kind": block.map(|block| block.kind),
        "block_reason": block.map(|block| &block.reason),
        "blocked_at": at(block.map(|block| block.at)),
        "eligible_at": at(state.eligible.as_ref().map(|eligible| eligible.at)),
        "eligible_reason": state.eligible.as_ref().map(|eligible| &eligible.reason),
        "scheduled_at": at(state.scheduled_at),
        "held": state.held.then_some(true),
        "consecutive_failures": state.counters.failures,
        "last_failure_error": state.last_failure_error,
        "current_run_id": state.current_run,
        "workspace_kind": task.workspace_kind, "workspace_path": task.workspace_path, "branch": task.branch,
        "model": task.model, "skills": task.skills,
        "max_runtime_seconds": task.max_runtime.map(|millis| millis / 1_000),
        "goal_mode": task.goal_mode.then_some(true), "goal_max_turns": task.goal_max_turns,
        "created_by": task.created_by, "created_by_run": task.created_by_run,
        "created_at": rfc3339(task.created_at), "updated_at": rfc3339(task.updated_at),
        "started_at": at(state.started_at), "completed_at": at(state.completed_at),
        "result": task.result,
    }))
}

/// A task in a list.
pub(crate) fn listed(task: &Task, parents: &[TaskId], children: &[TaskId]) -> Value {
    dense(json!({
        "id": task.id, "title": task.title, "status": task.state.status,
        "assignee": task.assignee, "priority": task.priority, "tenant": task.tenant,
        "block_kind": task.state.block.as_ref().map(|block| block.kind),
        "current_run_id": task.state.current_run,
        "created_at": rfc3339(task.created_at), "updated_at": rfc3339(task.updated_at),
        "completed_at": at(task.state.completed_at),
        "parents": some(parents), "children": some(children),
        "parent_count": parents.len(), "child_count": children.len(),
    }))
}

/// The first of many ids.
fn some(ids: &[TaskId]) -> &[TaskId] {
    &ids[..ids.len().min(LINKS)]
}

fn comment(comment: &Comment) -> Value {
    dense(json!({
        "id": comment.id, "author": comment.author, "author_kind": comment.author_kind,
        "run_id": comment.run, "body": comment.body, "created_at": rfc3339(comment.created_at),
    }))
}

fn event(event: &Event) -> Value {
    dense(json!({
        "number": event.number, "kind": event.kind, "actor": event.actor,
        "run_id": event.run, "payload": event.data, "created_at": rfc3339(event.at),
    }))
}

fn run(run: &Run) -> Value {
    dense(json!({
        "id": run.id, "attempt": run.attempt, "kind": run.kind, "profile": run.profile,
        "started_at": rfc3339(run.started_at), "ended_at": at(run.ended_at), "outcome": run.outcome,
        "summary": run.summary, "metadata": run.metadata, "error": run.error,
    }))
}

/// A file, with where it lies.
pub(crate) fn attachment(board: &Path, attachment: &Attachment) -> Value {
    dense(json!({
        "id": attachment.id, "name": attachment.name, "content_type": attachment.content_type,
        "size": attachment.size, "sha256": attachment.sha256, "run_id": attachment.run,
        "added_by": attachment.added_by, "created_at": rfc3339(attachment.created_at),
        "path": files::path_of(board, attachment).ok(),
    }))
}

/// Everything about a task.
pub(crate) fn shown(board: &Path, shown: &Shown, worker_context: &str) -> Value {
    let comments: Vec<Value> = shown.comments.iter().map(comment).collect();
    json!({
        "ok": true,
        "task": task(&shown.task),
        "parents": some(&shown.parents), "parent_count": shown.parents.len(),
        "children": some(&shown.children), "child_count": shown.children.len(),
        "comments": comments, "comment_count": shown.comment_count,
        "events": shown.events.iter().map(event).collect::<Vec<_>>(),
        "runs": shown.runs.iter().map(run).collect::<Vec<_>>(),
        "attachments": shown.attachments.iter().map(|file| attachment(board, file)).collect::<Vec<_>>(),
        "worker_context": worker_context,
    })
}

/// One reason why a task does not run.
pub(crate) fn reason(reason: &Reason) -> Value {
    dense(json!({
        "code": reason.code, "message": reason.message, "until": at(reason.until),
        "clear": reason.clear.as_ref().map(|clear| json!({ "command": clear.command })),
    }))
}
