//! The verbs of a task, as sub-resources.

use andon_api::{
    Approve, Archive, Assign, Block, Bulk, BulkAction, BulkResult, BulkResults, Complete, Empty, Heartbeat,
    Hold, Promote, RequestChanges, RequestReview, Schedule, Stop, Task, Unblock, WithReason,
};
use andon_core::task::Refusal;
use andon_store::operation as op;
use axum::response::Response;
use serde_json::Value;

use super::super::body::{Answer, Body, task};
use super::super::context::{OnBoard, OnTask};
use super::super::failure::Failure;
use super::super::limits::IDS;
use super::super::work::act;
use super::Problems;

macro_rules! verbs {
    ($($(#[doc = $doc:literal])+ $name:ident $path:literal $body:ident $action:ident;)+) => {$(
        $(#[doc = $doc])+
        #[utoipa::path(post, path = $path, tag = "verbs", request_body = $body,
            params(("board" = String, Path, description = "The board"), ("task" = String, Path, description = "The task")),
            responses((status = 200, body = Task, description = "The task afterwards"), Problems))]
        pub(crate) async fn $name(at: OnTask, Body(body): Body<$body>) -> Result<Response, Failure> {
            act(&at.on, &at.task, BulkAction::$action(body)).await?;
            at.answer().await
        }
    )+};
}

verbs! {
    /// Complete a task; its children go on.
    complete "/boards/{board}/tasks/{task}/complete" Complete Complete;
    /// Stop a task until somebody lets it go on, or put it behind a parent.
    block "/boards/{board}/tasks/{task}/block" Block Block;
    /// Let a blocked or scheduled task go on.
    unblock "/boards/{board}/tasks/{task}/unblock" Unblock Unblock;
    /// Want a task now: over a block, a hold or a wait.
    promote "/boards/{board}/tasks/{task}/promote" Promote Promote;
    /// Keep a task from starting until a promote.
    hold "/boards/{board}/tasks/{task}/hold" Hold Hold;
    /// Send a task back to the ideas.
    triage "/boards/{board}/tasks/{task}/triage" WithReason Triage;
    /// Give a task to a profile, or to nobody.
    assign "/boards/{board}/tasks/{task}/assign" Assign Assign;
    /// Put a task away; a running one is stopped.
    archive "/boards/{board}/tasks/{task}/archive" Archive Archive;
    /// Take a finished task up again.
    reopen "/boards/{board}/tasks/{task}/reopen" Empty Reopen;
    /// Stop the run of a task; it stays blocked.
    stop "/boards/{board}/tasks/{task}/stop" Stop Stop;
    /// Take the run of a task back; it may run again when the old processes are gone.
    reclaim "/boards/{board}/tasks/{task}/reclaim" Stop Reclaim;
    /// Put a task off until a time, or park it.
    schedule "/boards/{board}/tasks/{task}/schedule" Schedule Schedule;
    /// Approve a task in review.
    approve "/boards/{board}/tasks/{task}/approve" Approve Approve;
    /// Request changes to a task in review.
    request_changes "/boards/{board}/tasks/{task}/request-changes" RequestChanges RequestChanges;
    /// Set the failure counters of a task to zero.
    reset_failures "/boards/{board}/tasks/{task}/reset-failures" Empty ResetFailures;
}

/// Ask for a review of a task.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/request-review", tag = "verbs", request_body = RequestReview,
    params(("board" = String, Path, description = "The board"), ("task" = String, Path, description = "The task")),
    responses((status = 200, body = Task, description = "The task afterwards"), Problems))]
pub(crate) async fn request_review(at: OnTask, Body(body): Body<RequestReview>) -> Result<Response, Failure> {
    let metadata = body.metadata.unwrap_or(Value::Null);
    if !(metadata.is_null() || metadata.is_object()) {
        return Err(Refusal::invalid("metadata", &metadata.to_string(), "it must be a JSON object").into());
    }
    let review = op::RequestReview {
        task: at.task.clone(),
        caller: at.on.caller(),
        summary: body.summary,
        metadata,
        roster: at.on.rules.roster.clone(),
        policy: at.on.rules.policy.clone(),
    };
    at.on.change(review).await?;
    at.answer().await
}

/// Say that the run of a task makes progress, and renew a claim by hand.
#[utoipa::path(post, path = "/boards/{board}/tasks/{task}/heartbeat", tag = "verbs", request_body = Heartbeat,
    params(("board" = String, Path, description = "The board"), ("task" = String, Path, description = "The task")),
    responses((status = 200, body = Task, description = "The task"), Problems))]
pub(crate) async fn heartbeat(at: OnTask, Body(body): Body<Heartbeat>) -> Result<Response, Failure> {
    let heartbeat = op::Heartbeat {
        caller: at.on.caller(),
        task: Some(at.task.clone()),
        note: body.note,
        ttl: None,
        policy: at.on.rules.policy.clone(),
    };
    at.on.change(heartbeat).await?;
    at.answer().await
}

/// Do one thing to several tasks, each by itself.
#[utoipa::path(post, path = "/boards/{board}/tasks/bulk", tag = "verbs", request_body = Bulk,
    params(("board" = String, Path, description = "The board")),
    responses((status = 200, body = BulkResults, description = "What became of each"), Problems))]
pub(crate) async fn bulk(at: OnBoard, Body(body): Body<Bulk>) -> Result<Answer<BulkResults>, Failure> {
    if body.ids.is_empty() || body.ids.len() > IDS {
        let rule = format!("1 to {IDS} tasks are named");
        return Err(Refusal::invalid("ids", &body.ids.len().to_string(), rule).into());
    }
    let gone = matches!(body.action, BulkAction::Delete(_));
    let mut results = Vec::new();
    for text in body.ids {
        let done = async {
            let id = task(&text)?;
            Box::pin(act(&at, &id, body.action.clone())).await?;
            if gone { Ok(None) } else { at.task(&id).await.map(Some) }
        };
        results.push(match done.await {
            Ok(task) => BulkResult { id: text, ok: true, task, problem: None },
            Err(Failure(problem)) => BulkResult { id: text, ok: false, task: None, problem: Some(*problem) },
        });
    }
    Ok(Answer(BulkResults { results }))
}
